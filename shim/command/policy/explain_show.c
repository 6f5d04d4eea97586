/* SPDX-License-Identifier: MIT */
/* An explanation for people and as json. Names of other people are in all of it, so all is made safe as it is written.
 */
#include "policy/print.h"
#include "policy/text.h"
#include "shim/command/common/command.h"
#include "shim/command/common/output.h"
#include "shim/command/policy/explain.h"
#include <errno.h>
#include <stdlib.h>

/* A rule longer than this does not push the reasons of all others to the right. */
#define ALIGN_MAX 64u

/* lg_put_fn whose context is a FILE; each is given whole characters. */
static void put_terminal(void *file, const char *at, size_t length_bytes)
{
    lg_put_safe(file, lg_text_make(at, length_bytes), LG_SAFE_TERMINAL);
}

static void put_json(void *file, const char *at, size_t length_bytes)
{
    lg_put_safe(file, lg_text_make(at, length_bytes), LG_SAFE_JSON);
}

/* An lg_put_fn whose context is the number of bytes so far. */
static void put_count(void *count, const char *at, size_t length_bytes)
{
    (void)at;
    *(size_t *)count += length_bytes;
}

/* FILE:LINE; `rule` NULL is the end of every policy. */
static void put_place(const struct lg_explanation *explanation, const struct lg_rule *rule, const struct lg_out *out)
{
    const struct lg_decision decision = {.rule = rule};

    lg_decision_source_print(explanation->policy, &decision, out->put, out->context);
}

static void put_meaning(const struct lg_explanation *explanation, const struct lg_out *out)
{
    lg_decision_meaning(explanation->facts, &explanation->decision, out);
    if (explanation->decision.quiet || explanation->decision.verdict.kind == LG_VERDICT_ALLOW)
        lg_put_word(out, " No record is written.");
    else if (explanation->settings->settings.log == LG_LOG_OFF)
        lg_put_word(out, " No record is written: the log is off.");
    else
        lg_put_word(out, " A record is written.");
}

static void put_address_reason(const struct lg_address *address, const struct lg_out *out)
{
    lg_address_print(address, out->put, out->context);
    if (address->family == 0)
        lg_put_word(out, "not known");
    else if (address->port == 0)
        lg_put_word(out, ", its port is not known");
}

static void put_reason(const struct lg_explanation *explanation, const struct lg_rule *rule, const struct lg_out *out)
{
    const struct lg_facts *facts = explanation->facts;

    switch (lg_rule_mismatch(explanation->policy, rule, facts)) {
    case LG_MISMATCH_CAUSE:
        lg_put_word(out, "cause is ");
        lg_put_word(out, lg_cause_name(facts->cause));
        break;
    case LG_MISMATCH_EXE:
        lg_put_word(out, facts->exe.at ? "exe is " : "exe is not known");
        lg_put_text(out, facts->exe);
        break;
    case LG_MISMATCH_LOCAL:
        lg_put_word(out, "local is ");
        put_address_reason(&facts->local, out);
        break;
    case LG_MISMATCH_PEER:
        lg_put_word(out, "peer is ");
        put_address_reason(&facts->peer, out);
        break;
    case LG_MISMATCH_ROLE:
        lg_put_word(out, "role is ");
        lg_put_word(out, facts->role == LG_ROLE_UNKNOWN ? "not known" : lg_role_name(facts->role));
        break;
    case LG_MISMATCH_UNSENT:
        lg_put_word(out, "unsent is ");
        lg_put_word(out, facts->unsent == LG_UNSENT_UNKNOWN ? "not known" : lg_unsent_name(facts->unsent));
        break;
    case LG_MISMATCH_USER:
        lg_put_word(out, facts->user == LG_USER_UNKNOWN ? "user is not known" : "user is another");
        break;
    case LG_MISMATCH_CGROUP:
        lg_put_word(out, facts->cgroup.at ? "cgroup is another" : "cgroup is not known");
        break;
    case LG_MISMATCH_NONE:
    case LG_MISMATCH_COUNT:
        break;
    }
}

/* How many rules were asked: all, or those up to the one that decides. */
static uint32_t count_asked(const struct lg_explanation *explanation)
{
    const struct lg_rule *rule = explanation->decision.rule;

    return rule ? (uint32_t)(rule - explanation->policy->rules) + 1 : explanation->policy->rule_count;
}

static void show_sources(const struct lg_explanation *explanation, FILE *file)
{
    uint32_t count = explanation->policy->rule_count;

    fputs("Policy: ", file);
    if (explanation->rules_from)
        fprintf(file, "rules (%s)", explanation->rules_from);
    if (explanation->rules_from && explanation->file)
        fputs(", then ", file);
    lg_put_safe(file, lg_text_of(explanation->file), LG_SAFE_TERMINAL);
    if (explanation->file)
        fprintf(file, " (%s)", explanation->file_from);
    if (!explanation->rules_from && !explanation->file)
        fputs("the built-in one", file);
    fprintf(file, "; %u rule%s\n", count, count == 1 ? "" : "s");
}

static void show_facts(const struct lg_facts *facts, FILE *file)
{
    fprintf(file, "Facts:  cause %s", lg_cause_name(facts->cause));
    fputs(facts->exe.at ? ", exe " : "", file);
    lg_put_safe(file, facts->exe, LG_SAFE_TERMINAL);
    fputs(facts->local.family ? ", local " : "", file);
    lg_address_print(&facts->local, put_terminal, file);
    fputs(facts->peer.family ? ", peer " : "", file);
    lg_address_print(&facts->peer, put_terminal, file);
    if (facts->role != LG_ROLE_UNKNOWN)
        fprintf(file, ", role %s", lg_role_name(facts->role));
    fputs("\n\n", file);
}

static void put_rule(const struct lg_explanation *explanation, const struct lg_rule *rule, const struct lg_out *out)
{
    put_place(explanation, rule, out);
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

    for (uint32_t i = 0; i < count_asked(explanation); i++) {
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
    } else {
        fputs("no: ", file);
        put_reason(explanation, rule, &out);
        fputc('\n', file);
    }
}

/* The settings as lines of a policy; the caller frees them. */
static char *lines_of_settings(const struct lg_policy *settings)
{
    char *lines = NULL;
    size_t length_bytes;
    FILE *file = open_memstream(&lines, &length_bytes);

    if (file)
        lg_policy_print(settings, lg_put_file, file);
    if (!file || fclose(file) != 0) {
        lg_say_error("%s", strerror(errno));
        exit(LG_EXIT_USAGE);
    }
    return lines;
}

static void show_settings(const struct lg_policy *settings, FILE *file)
{
    char *lines = lines_of_settings(settings), *rest = NULL;

    fputs(lines[0] ? "\nSettings that are not the default:\n" : "", file);
    for (char *line = strtok_r(lines, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        lg_put_safe(file, lg_text_of(line), LG_SAFE_TERMINAL);
        fputc('\n', file);
    }
    free(lines);
}

void lg_explanation_show_text(const struct lg_explanation *explanation, FILE *file)
{
    const struct lg_out out = {put_terminal, file};
    size_t widest = widest_rule(explanation);

    show_sources(explanation, file);
    show_facts(explanation->facts, file);
    for (uint32_t i = 0; i < count_asked(explanation); i++)
        show_rule(explanation, &explanation->policy->rules[i], widest, file);
    if (!explanation->decision.rule)
        fputs("default: no rule matches, the end of every policy decides\n", file);
    fputs("\nVerdict: ", file);
    lg_verdict_print(&explanation->decision.verdict, put_terminal, file);
    fputs(explanation->decision.quiet ? " quiet (" : " (", file);
    put_place(explanation, explanation->decision.rule, &out);
    fputs(")\n", file);
    put_meaning(explanation, &out);
    fputc('\n', file);
    show_settings(explanation->settings, file);
}

static void json_address(FILE *file, const char *key, const struct lg_address *address)
{
    if (address->family == 0)
        return;
    fprintf(file, ",\"%s\":\"", key);
    lg_address_print(address, put_json, file);
    fputc('"', file);
}

static void json_facts(const struct lg_facts *facts, FILE *file)
{
    fprintf(file, "\"facts\":{\"cause\":\"%s\"", lg_cause_name(facts->cause));
    if (facts->exe.at) {
        fputs(",\"exe\":", file);
        lg_json_text(file, facts->exe);
    }
    json_address(file, "local", &facts->local);
    json_address(file, "peer", &facts->peer);
    if (facts->role != LG_ROLE_UNKNOWN)
        fprintf(file, ",\"role\":\"%s\"", lg_role_name(facts->role));
    fputs("}", file);
}

static void json_rule(const struct lg_explanation *explanation, const struct lg_rule *rule, FILE *file)
{
    const struct lg_out out = {put_json, file};
    bool matches = rule == explanation->decision.rule;

    fprintf(file, "{\"matches\":%s,\"rule\":\"", matches ? "true" : "false");
    put_place(explanation, rule, &out);
    fputs("\",\"text\":\"", file);
    lg_rule_print(explanation->policy, rule, put_json, file);
    fputs(matches ? "" : "\",\"reason\":\"", file);
    if (!matches)
        put_reason(explanation, rule, &out);
    fputs("\"}", file);
}

static void json_settings(const struct lg_policy *settings, FILE *file)
{
    char *lines = lines_of_settings(settings), *rest = NULL;
    const char *separator = "";

    fputs(",\"settings\":[", file);
    for (char *line = strtok_r(lines, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        fputs(separator, file);
        lg_json_string(file, line);
        separator = ",";
    }
    fputs("]", file);
    free(lines);
}

void lg_explanation_show_json(const struct lg_explanation *explanation, FILE *file)
{
    const struct lg_out out = {put_json, file};

    fputs("{", file);
    json_facts(explanation->facts, file);
    fputs(",\"rules\":[", file);
    for (uint32_t i = 0; i < count_asked(explanation); i++) {
        fputs(i > 0 ? "," : "", file);
        json_rule(explanation, &explanation->policy->rules[i], file);
    }
    fputs("]", file);
    if (explanation->file) {
        fputs(",\"policy_file\":", file);
        lg_json_string(file, explanation->file);
    }
    fputs(",\"rule\":\"", file);
    put_place(explanation, explanation->decision.rule, &out);
    fputs("\",\"verdict\":\"", file);
    lg_verdict_print(&explanation->decision.verdict, put_json, file);
    fprintf(file, "\",\"quiet\":%s,\"meaning\":\"", explanation->decision.quiet ? "true" : "false");
    put_meaning(explanation, &out);
    fputc('"', file);
    json_settings(explanation->settings, file);
    fputs("}\n", file);
}
