/* SPDX-License-Identifier: MIT */
/* An explanation for people. Names of other people are in all of it, so all is made safe as it is written. */
#include "policy/print.h"
#include "policy/text.h"
#include "shim/command/common/output.h"
#include "shim/command/policy/explain_words.h"
#include <stdlib.h>
#include <string.h>

/* A rule longer than this does not push the reasons of all others to the right. */
#define ALIGN_MAX 64u

/* lg_put_fn whose context is a FILE; each is given whole characters. */
static void put_terminal(void *file, const char *at, size_t length_bytes)
{
    lg_put_safe(file, lg_text_make(at, length_bytes), LG_SAFE_TERMINAL);
}

/* An lg_put_fn whose context is the number of bytes so far. */
static void put_count(void *count, const char *at, size_t length_bytes)
{
    (void)at;
    *(size_t *)count += length_bytes;
}

static void show_source(const struct lg_explanation *explanation, const struct lg_source *source, FILE *file)
{
    if (source->kind == LG_SOURCE_RULES) {
        fprintf(file, "rules (%s)", explanation->rules_from);
        return;
    }
    lg_put_safe(file, source->name, LG_SAFE_TERMINAL);
    if (source->name.at == explanation->file)
        fprintf(file, " (%s)", explanation->file_from);
}

static void show_sources(const struct lg_explanation *explanation, FILE *file)
{
    const struct lg_policy *policy = explanation->policy;
    const char *between = "Policy: ";

    for (uint32_t i = 0; i < policy->source_count; i++) {
        fputs(between, file);
        show_source(explanation, &policy->sources[i], file);
        between = ", then ";
    }
    if (!explanation->rules_from && !explanation->file)
        fprintf(file, "%sthe built-in one", between);
    fprintf(file, "; %u rule%s\n", policy->rule_count, policy->rule_count == 1 ? "" : "s");
}

static void show_facts(const struct lg_facts *facts, FILE *file)
{
    const struct lg_out out = {put_terminal, file};

    fprintf(file, "Facts:  cause %s", lg_cause_name(facts->cause));
    fputs(facts->exe.at ? ", exe " : "", file);
    lg_put_safe(file, facts->exe, LG_SAFE_TERMINAL);
    fputs(facts->local.family ? ", local " : "", file);
    lg_explain_address(&facts->local, &out);
    fputs(facts->peer.family ? ", peer " : "", file);
    lg_explain_address(&facts->peer, &out);
    if (facts->role != LG_ROLE_UNKNOWN)
        fprintf(file, ", role %s", lg_role_name(facts->role));
    if (facts->unsent != LG_UNSENT_UNKNOWN)
        fprintf(file, ", unsent %s", lg_unsent_name(facts->unsent));
    if (facts->user != LG_USER_UNKNOWN)
        fprintf(file, ", user %lld", (long long)facts->user);
    fputs(facts->cgroup.at ? ", cgroup " : "", file);
    lg_put_safe(file, facts->cgroup, LG_SAFE_TERMINAL);
    fputc('\n', file);
}

/* What rules hold their patterns against, and which of them were meant for the name that was typed. */
static void show_executable(const struct lg_explanation *explanation, FILE *file)
{
    const struct lg_explain_facts *known = explanation->known;
    const struct lg_policy *policy = explanation->policy;
    const struct lg_out out = {put_terminal, file};

    if (!known->exe)
        return;
    fputs("Rules match: exe ", file);
    lg_put_safe(file, known->facts.exe, LG_SAFE_TERMINAL);
    fputs(known->executable ? "\n" : " (not a program here: taken as it is)\n", file);
    for (uint32_t i = 0; known->executable && i < policy->rule_count; i++) {
        struct lg_text glob = lg_rule_misses(policy, &policy->rules[i], known->executable);
        if (!glob.at)
            continue;
        lg_explain_place(explanation, &policy->rules[i], &out);
        fputs(": exe ", file);
        lg_put_safe(file, glob, LG_SAFE_TERMINAL);
        fputs(" does not match: it is a name that leads there, not the path\n", file);
    }
}

static void put_rule(const struct lg_explanation *explanation, const struct lg_rule *rule, const struct lg_out *out)
{
    lg_explain_place(explanation, rule, out);
    lg_put_word(out, ": ");
    lg_rule_print(explanation->policy, rule, out->put, out->context);
}

static size_t measure(const struct lg_explanation *explanation, const struct lg_rule *rule)
{
    size_t width = 0;

    put_rule(explanation, rule, &(struct lg_out){put_count, &width});
    return width;
}

/* Of the rules that are not too long to be aligned. */
static size_t widest_rule(const struct lg_explanation *explanation)
{
    size_t widest = 0;

    for (uint32_t i = 0; i < lg_explain_asked(explanation); i++) {
        size_t width = measure(explanation, &explanation->policy->rules[i]);

        if (width > widest && width <= ALIGN_MAX)
            widest = width;
    }
    return widest;
}

static void show_rule(const struct lg_explanation *explanation, const struct lg_rule *rule, size_t widest, FILE *file)
{
    const struct lg_out out = {put_terminal, file};
    size_t width = measure(explanation, rule);

    put_rule(explanation, rule, &out);
    fprintf(file, "%*s", width < widest ? (int)(widest - width) + 3 : 3, "");
    if (rule == explanation->decision.rule) {
        fputs("yes\n", file);
    } else if (lg_explain_is_open(explanation, rule)) {
        fputs("if ", file);
        lg_rule_condition(explanation->policy, rule, lg_explain_facts_of(explanation), &out);
        fputc('\n', file);
    } else {
        fputs("no: ", file);
        lg_explain_reason(explanation, rule, &out);
        fputc('\n', file);
    }
}

static void show_settings(const struct lg_policy *settings, FILE *file)
{
    char *lines = lg_explain_settings(settings), *rest = NULL;

    fputs(lines[0] ? "\nSettings that are not the default:\n" : "", file);
    for (char *line = strtok_r(lines, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        lg_put_safe(file, lg_text_of(line), LG_SAFE_TERMINAL);
        fputc('\n', file);
    }
    free(lines);
}

static void show_verdict(const struct lg_explanation *explanation, const struct lg_verdict *verdict, bool quiet,
                         const struct lg_rule *rule, FILE *file)
{
    const struct lg_out out = {put_terminal, file};

    lg_verdict_print(verdict, put_terminal, file);
    fputs(quiet ? " quiet (" : " (", file);
    lg_explain_place(explanation, rule, &out);
    fputc(')', file);
}

/* What the close decides: "if role connected: allow (policy:3); else drain 2s (policy:4)". */
static void show_decision(const struct lg_explanation *explanation, FILE *file)
{
    const struct lg_decision *decision = &explanation->decision;
    const struct lg_out out = {put_terminal, file};
    bool is_quiet = decision->rule ? decision->rule->quiet : decision->quiet && !decision->undecided;

    fputs("\nVerdict: ", file);
    for (uint32_t i = 0; decision->undecided && i < lg_explain_asked(explanation); i++) {
        const struct lg_rule *rule = &explanation->policy->rules[i];
        if (!lg_explain_is_open(explanation, rule))
            continue;
        fputs("if ", file);
        lg_rule_condition(explanation->policy, rule, lg_explain_facts_of(explanation), &out);
        fputs(": ", file);
        show_verdict(explanation, &rule->verdict, rule->quiet, rule, file);
        fputs("; ", file);
    }
    fputs(decision->undecided ? "else " : "", file);
    show_verdict(explanation, &decision->verdict, is_quiet, decision->rule, file);
    fputc('\n', file);
}

void lg_explanation_show_text(const struct lg_explanation *explanation, FILE *file)
{
    const struct lg_out out = {put_terminal, file};
    size_t widest = widest_rule(explanation);

    show_sources(explanation, file);
    show_facts(lg_explain_facts_of(explanation), file);
    show_executable(explanation, file);
    fputc('\n', file);
    for (uint32_t i = 0; i < lg_explain_asked(explanation); i++)
        show_rule(explanation, &explanation->policy->rules[i], widest, file);
    if (!explanation->decision.rule)
        fputs(explanation->decision.undecided ? "default: where no rule matches, the end of every policy decides\n"
                                              : "default: no rule matches, the end of every policy decides\n",
              file);
    show_decision(explanation, file);
    lg_explain_meaning(explanation, &out);
    fputc('\n', file);
    show_settings(explanation->settings, file);
}
