/* SPDX-License-Identifier: MIT */
/* An explanation as one JSON object; its keys are documented in lingerguard(1) and stay. */
#include "policy/print.h"
#include "policy/text.h"
#include "shim/command/common/output.h"
#include "shim/command/policy/explain_words.h"
#include <stdlib.h>
#include <string.h>

/* lg_put_fn whose context is a FILE; each is given whole characters. */
static void put_json(void *file, const char *at, size_t length_bytes)
{
    lg_put_safe(file, lg_text_make(at, length_bytes), LG_SAFE_JSON);
}

static void json_address(FILE *file, const char *key, const struct lg_address *address)
{
    if (address->family == 0)
        return;
    fprintf(file, ",\"%s\":\"", key);
    lg_explain_address(address, &(struct lg_out){put_json, file});
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
    if (facts->unsent != LG_UNSENT_UNKNOWN)
        fprintf(file, ",\"unsent\":\"%s\"", lg_unsent_name(facts->unsent));
    if (facts->user != LG_USER_UNKNOWN)
        fprintf(file, ",\"user\":%lld", (long long)facts->user);
    if (facts->cgroup.at) {
        fputs(",\"cgroup\":", file);
        lg_json_text(file, facts->cgroup);
    }
    fputs("}", file);
}

static void json_rule(const struct lg_explanation *explanation, const struct lg_rule *rule, FILE *file)
{
    const struct lg_out out = {put_json, file};
    bool matches = rule == explanation->decision.rule;
    struct lg_text missed = {NULL, 0};

    if (explanation->known->executable)
        missed = lg_rule_misses(explanation->policy, rule, explanation->known->executable);

    fprintf(file, "{\"matches\":%s,\"rule\":\"", matches ? "true" : "false");
    lg_explain_place(explanation, rule, &out);
    fputs("\",\"text\":\"", file);
    lg_rule_print(explanation->policy, rule, put_json, file);
    fputs(matches ? "" : "\",\"reason\":\"", file);
    if (!matches)
        lg_explain_reason(explanation, rule, &out);
    if (lg_explain_is_open(explanation, rule)) {
        fputs("\",\"if\":\"", file);
        lg_rule_condition(explanation->policy, rule, lg_explain_facts_of(explanation), &out);
    }
    fputc('"', file);
    if (missed.at) {
        fputs(",\"misses\":", file);
        lg_json_text(file, missed);
    }
    fputc('}', file);
}

static void json_settings(const struct lg_policy *settings, FILE *file)
{
    char *lines = lg_explain_settings(settings), *rest = NULL;
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
    json_facts(lg_explain_facts_of(explanation), file);
    fputs(",\"rules\":[", file);
    for (uint32_t i = 0; i < lg_explain_asked(explanation); i++) {
        fputs(i > 0 ? "," : "", file);
        json_rule(explanation, &explanation->policy->rules[i], file);
    }
    fputs("]", file);
    if (explanation->file) {
        fputs(",\"policy_file\":", file);
        lg_json_string(file, explanation->file);
    }
    fputs(",\"rule\":\"", file);
    lg_explain_place(explanation, explanation->decision.rule, &out);
    fputs("\",\"verdict\":\"", file);
    lg_verdict_print(&explanation->decision.verdict, put_json, file);
    fprintf(file, "\",\"quiet\":%s,\"undecided\":%s,\"meaning\":\"", explanation->decision.quiet ? "true" : "false",
            explanation->decision.undecided ? "true" : "false");
    lg_explain_meaning(explanation, &out);
    fputc('"', file);
    json_settings(explanation->settings, file);
    fputs("}\n", file);
}
