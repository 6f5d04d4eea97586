/* SPDX-License-Identifier: MIT */
/* An explanation for people and as json. */
#include "policy/print.h"
#include "policy/text.h"
#include "shim/command/common/command.h"
#include "shim/command/common/output.h"
#include "shim/command/policy/explain.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A rule longer than this does not push the reasons of all others to the right. */
#define ALIGN_MAX 64

/* Text in memory, for what has to be measured or escaped. close_text ends it. */
struct text_file {
    FILE *file;
    char *at;
    size_t length_bytes;
};

static void open_text(struct text_file *text)
{
    *text = (struct text_file){0};
    text->file = open_memstream(&text->at, &text->length_bytes);
    if (!text->file) {
        lg_say_error("%s", strerror(errno));
        exit(LG_EXIT_USAGE);
    }
}

/* The caller frees it. */
static char *close_text(struct text_file *text)
{
    if (fclose(text->file) != 0) {
        lg_say_error("%s", strerror(errno));
        exit(LG_EXIT_USAGE);
    }
    return text->at;
}

/* FILE:LINE and the rule; `rule` NULL is the end of every policy. */
static char *place_of(const struct lg_policy *policy, const struct lg_rule *rule)
{
    const struct lg_decision decision = {.rule = rule};
    struct text_file text;

    open_text(&text);
    lg_decision_source_print(policy, &decision, lg_put_file, text.file);
    return close_text(&text);
}

/* A terminated text with somebody else's names in it. */
static void put_text(const char *text, FILE *file)
{
    lg_put_safe(file, lg_text_of(text), LG_SAFE_TERMINAL);
}

static char *text_of_rule(const struct lg_policy *policy, const struct lg_rule *rule)
{
    struct text_file text;

    open_text(&text);
    lg_rule_print(policy, rule, lg_put_file, text.file);
    return close_text(&text);
}

static char *text_of_verdict(const struct lg_verdict *verdict)
{
    struct text_file text;

    open_text(&text);
    lg_verdict_print(verdict, lg_put_file, text.file);
    return close_text(&text);
}

static char *text_of_address(const struct lg_address *address)
{
    struct text_file text;

    open_text(&text);
    lg_address_print(address, lg_put_file, text.file);
    return close_text(&text);
}

static char *text_of_settings(const struct lg_policy *settings)
{
    struct text_file text;

    open_text(&text);
    lg_policy_print(settings, lg_put_file, text.file);
    return close_text(&text);
}

static void put_record(const struct lg_explanation *explanation, FILE *file)
{
    if (explanation->decision.quiet || explanation->decision.verdict.kind == LG_VERDICT_ALLOW)
        fputs("No record is written.", file);
    else if (explanation->settings->settings.log == LG_LOG_OFF)
        fputs("No record is written: the log is off.", file);
    else
        fputs("A record is written.", file);
}

static char *meaning_of(const struct lg_explanation *explanation)
{
    struct text_file text;

    open_text(&text);
    lg_decision_meaning(explanation->facts, &explanation->decision, text.file);
    fputs(" ", text.file);
    put_record(explanation, text.file);
    return close_text(&text);
}

static void put_address_reason(const char *key, const struct lg_address *address, FILE *file)
{
    fprintf(file, "%s is %s", key, address->family == 0 ? "not known" : "");
    lg_address_print(address, lg_put_file, file);
    if (address->family != 0 && address->port == 0)
        fputs(", its port is not known", file);
}

static void put_reason(const struct lg_policy *policy, const struct lg_rule *rule, const struct lg_facts *facts,
                       FILE *file)
{
    switch (lg_rule_mismatch(policy, rule, facts)) {
    case LG_MISMATCH_CAUSE:
        fprintf(file, "cause is %s", lg_cause_name(facts->cause));
        break;
    case LG_MISMATCH_EXE:
        fprintf(file, "exe is %s", facts->exe.at ? "" : "not known");
        lg_put_safe(file, facts->exe, LG_SAFE_TERMINAL);
        break;
    case LG_MISMATCH_LOCAL:
        put_address_reason("local", &facts->local, file);
        break;
    case LG_MISMATCH_PEER:
        put_address_reason("peer", &facts->peer, file);
        break;
    case LG_MISMATCH_ROLE:
        fprintf(file, "role is %s", facts->role == LG_ROLE_UNKNOWN ? "not known" : lg_role_name(facts->role));
        break;
    case LG_MISMATCH_UNSENT:
        fprintf(file, "unsent is %s", facts->unsent == LG_UNSENT_UNKNOWN ? "not known" : lg_unsent_name(facts->unsent));
        break;
    case LG_MISMATCH_USER:
        fputs(facts->user == LG_USER_UNKNOWN ? "user is not known" : "user is another", file);
        break;
    case LG_MISMATCH_CGROUP:
        fputs(facts->cgroup.at ? "cgroup is another" : "cgroup is not known", file);
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
    put_text(explanation->file, file);
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
    lg_address_print(&facts->local, lg_put_file, file);
    fputs(facts->peer.family ? ", peer " : "", file);
    lg_address_print(&facts->peer, lg_put_file, file);
    if (facts->role != LG_ROLE_UNKNOWN)
        fprintf(file, ", role %s", lg_role_name(facts->role));
    fputs("\n\n", file);
}

static int measure(const struct lg_explanation *explanation, const struct lg_rule *rule)
{
    char *place = place_of(explanation->policy, rule), *text = rule ? text_of_rule(explanation->policy, rule) : NULL;
    size_t width = strlen(place) + 2 + (text ? strlen(text) : 0);

    free(place);
    free(text);
    return width > ALIGN_MAX ? 0 : (int)width;
}

static int measure_all(const struct lg_explanation *explanation)
{
    int widest = 0;

    for (uint32_t i = 0; i < count_asked(explanation); i++) {
        int width = measure(explanation, &explanation->policy->rules[i]);

        if (width > widest)
            widest = width;
    }
    return widest;
}

static void show_rule(const struct lg_explanation *explanation, const struct lg_rule *rule, int width, FILE *file)
{
    char *place = place_of(explanation->policy, rule), *text = text_of_rule(explanation->policy, rule);
    int written = (int)(strlen(place) + 2 + strlen(text));

    put_text(place, file);
    fputs(": ", file);
    put_text(text, file);
    fprintf(file, "%*s", written < width ? width - written + 3 : 3, "");
    if (rule == explanation->decision.rule) {
        fputs("yes\n", file);
    } else {
        fputs("no: ", file);
        put_reason(explanation->policy, rule, explanation->facts, file);
        fputc('\n', file);
    }
    free(place);
    free(text);
}

/* One a line, as in a policy. */
static void show_settings(char *lines, FILE *file)
{
    char *rest = NULL;

    fputs(lines[0] ? "\nSettings that are not the default:\n" : "", file);
    for (char *line = strtok_r(lines, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        put_text(line, file);
        fputc('\n', file);
    }
    free(lines);
}

void lg_explanation_show_text(const struct lg_explanation *explanation, FILE *file)
{
    char *place = place_of(explanation->policy, explanation->decision.rule), *meaning = meaning_of(explanation);
    int width = measure_all(explanation);

    show_sources(explanation, file);
    show_facts(explanation->facts, file);
    for (uint32_t i = 0; i < count_asked(explanation); i++)
        show_rule(explanation, &explanation->policy->rules[i], width, file);
    if (!explanation->decision.rule)
        fputs("default: no rule matches, the end of every policy decides\n", file);
    fputs("\nVerdict: ", file);
    lg_verdict_print(&explanation->decision.verdict, lg_put_file, file);
    fputs(explanation->decision.quiet ? " quiet (" : " (", file);
    put_text(place, file);
    fprintf(file, ")\n%s\n", meaning);
    show_settings(text_of_settings(explanation->settings), file);
    free(place);
    free(meaning);
}

/* `,"key":"value"`; frees the value. */
static void json_member(FILE *file, const char *key, char *value)
{
    fprintf(file, ",\"%s\":", key);
    lg_json_string(file, value);
    free(value);
}

static void json_facts(const struct lg_facts *facts, FILE *file)
{
    fputs("\"facts\":{\"cause\":", file);
    lg_json_string(file, lg_cause_name(facts->cause));
    if (facts->exe.at) {
        fputs(",\"exe\":", file);
        lg_json_text(file, facts->exe);
    }
    if (facts->local.family)
        json_member(file, "local", text_of_address(&facts->local));
    if (facts->peer.family)
        json_member(file, "peer", text_of_address(&facts->peer));
    if (facts->role != LG_ROLE_UNKNOWN)
        fprintf(file, ",\"role\":\"%s\"", lg_role_name(facts->role));
    fputs("}", file);
}

static void json_rule(const struct lg_explanation *explanation, const struct lg_rule *rule, FILE *file)
{
    bool matches = rule == explanation->decision.rule;
    struct text_file reason;

    fprintf(file, "{\"matches\":%s", matches ? "true" : "false");
    json_member(file, "rule", place_of(explanation->policy, rule));
    json_member(file, "text", text_of_rule(explanation->policy, rule));
    if (!matches) {
        open_text(&reason);
        put_reason(explanation->policy, rule, explanation->facts, reason.file);
        json_member(file, "reason", close_text(&reason));
    }
    fputs("}", file);
}

static void json_settings(char *lines, FILE *file)
{
    char *rest = NULL;
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
    fputs("{", file);
    json_facts(explanation->facts, file);
    fputs(",\"rules\":[", file);
    for (uint32_t i = 0; i < count_asked(explanation); i++) {
        if (i > 0)
            fputs(",", file);
        json_rule(explanation, &explanation->policy->rules[i], file);
    }
    fputs("]", file);
    if (explanation->file) {
        fputs(",\"policy_file\":", file);
        lg_json_string(file, explanation->file);
    }
    json_member(file, "rule", place_of(explanation->policy, explanation->decision.rule));
    json_member(file, "verdict", text_of_verdict(&explanation->decision.verdict));
    fprintf(file, ",\"quiet\":%s", explanation->decision.quiet ? "true" : "false");
    json_member(file, "meaning", meaning_of(explanation));
    json_settings(text_of_settings(explanation->settings), file);
    fputs("}\n", file);
}
