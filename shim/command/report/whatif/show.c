/* SPDX-License-Identifier: MIT */
/* What another policy would have done, for a terminal and as json. */
#include "policy/print.h"
#include "policy/text.h"
#include "shim/command/common/output.h"
#include "shim/command/report/terminal/style.h"
#include "shim/command/report/text.h"
#include "shim/command/report/whatif/whatif.h"

#include <inttypes.h>
#include <stdlib.h>

#define FORM_VERSION 1 /* grows when a key changes its meaning or goes */

/* Where a file is written to, and how. */
struct sink {
    FILE *out;
    enum lg_safe_form form;
};

static void put_safe(void *context, const char *at, size_t length_bytes)
{
    const struct sink *sink = context;

    lg_put_safe(sink->out, lg_text_make(at, length_bytes), sink->form);
}

static void put_rule(const struct lg_whatif *whatif, uint32_t rule, struct sink *sink, const char *between)
{
    bool is_rule = rule < whatif->policy->rule_count;
    const struct lg_decision decision = {.rule = is_rule ? &whatif->policy->rules[rule] : NULL};

    lg_decision_source_print(whatif->policy, &decision, put_safe, sink);
    fputs(between, sink->out);
    if (is_rule)
        lg_rule_print(whatif->policy, decision.rule, put_safe, sink);
    else
        fputs("the end of every policy", sink->out);
}

/* What becomes of the bytes, or of the connection where there are none. */
static const char *fate_of_row(const struct lg_whatif_row *row, const struct lg_verdict *verdict, bool has_bytes)
{
    static const char *const fates[LG_VERDICT_COUNT] = {
        [LG_VERDICT_ALLOW] = "as the program asks",     [LG_VERDICT_OBSERVE] = "as the program asks",
        [LG_VERDICT_REJECT] = "the request would fail", [LG_VERDICT_ORDERLY] = "would be left to the kernel",
        [LG_VERDICT_LINGER] = "would be waited for",    [LG_VERDICT_DRAIN] = "would be drained",
    };
    bool is_lost = lg_whatif_loses(row->cause, verdict);

    if (!lg_whatif_changes(row, verdict))
        return "as before";
    if (row->was_lost && !is_lost)
        return has_bytes ? "would not be lost" : "no RST any more";
    if (!row->was_lost && is_lost)
        return has_bytes ? "would be lost" : "a RST";
    return is_lost ? "lost as before" : fates[verdict->kind];
}

struct line {
    const struct lg_whatif_row *row;
    struct lg_verdict verdict;
};

static void put_line(const struct lg_report *report, FILE *out, const void *context)
{
    const struct line *line = context;
    const struct lg_whatif_row *row = line->row;
    uint64_t bytes = lg_sum(row->count->lost_bytes, row->count->released_bytes);
    char room[LG_NUMBER_ROOM];

    fprintf(out, "%s, ", lg_cause_name(row->cause));
    lg_put_safe(out, row->verdict.at ? row->verdict : lg_text_of("undecided"), lg_style_form(report));
    fputs(", ", out);
    lg_put_safe(out, row->outcome, lg_style_form(report));
    fprintf(out, " -> %s: ", lg_verdict_name(line->verdict.kind));
    if (bytes != 0)
        fprintf(out, "%s unsent ", lg_bytes_text(room, bytes));
    fputs(fate_of_row(row, &line->verdict, bytes != 0), out);
}

static bool put_rows(const struct lg_whatif *whatif, const struct lg_report *report, uint32_t rule)
{
    size_t count;
    struct lg_whatif_row *rows = lg_whatif_rows(whatif, rule, &count);
    bool is_done = rows != NULL;
    char room[LG_NUMBER_ROOM];

    if (is_done && count == 0)
        fputs("          0  decides nothing\n", report->out);
    for (size_t i = 0; i < count && is_done; i++) {
        struct line line = {&rows[i], lg_whatif_verdict(whatif, rule, rows[i].cause)};
        char *text = lg_style_text(report, put_line, &line);

        fprintf(report->out, "  %9s  ", lg_count_text(room, rows[i].count->connections));
        is_done = text != NULL;
        lg_style_wrap(report, is_done ? text : "", 13, 13);
        free(text);
    }
    free(rows);
    return is_done;
}

static void put_rule_line(const struct lg_report *report, FILE *out, const void *context)
{
    const struct {
        const struct lg_whatif *whatif;
        uint32_t rule;
    } *what = context;
    struct sink sink = {out, lg_style_form(report)};

    put_rule(what->whatif, what->rule, &sink, ": ");
}

static bool put_rule_block(const struct lg_whatif *whatif, const struct lg_report *report, uint32_t rule)
{
    const struct {
        const struct lg_whatif *whatif;
        uint32_t rule;
    } what = {whatif, rule};
    char *text = lg_style_text(report, put_rule_line, &what);

    if (text == NULL)
        return false;
    fputc('\n', report->out);
    lg_style_start(report, LG_STYLE_BOLD);
    lg_style_wrap(report, text, 0, 4);
    lg_style_end(report);
    free(text);
    return put_rows(whatif, report, rule);
}

static bool asks_for_process(const struct lg_policy *policy)
{
    unsigned matches = 0;

    for (uint32_t i = 0; i < policy->rule_count; i++)
        matches |= policy->rules[i].matches;
    return matches & (LG_MATCH_USER | LG_MATCH_CGROUP);
}

static void put_notes(const struct lg_whatif *whatif, const struct lg_report *report)
{
    char room[LG_NUMBER_ROOM], note[3 * LG_NUMBER_ROOM];

    fputc('\n', report->out);
    if (whatif->unknown != 0) {
        snprintf(note, sizeof(note),
                 "Of %s connections the record lacks what a rule asks for; it is taken not to match.",
                 lg_count_text(room, whatif->unknown));
        lg_style_wrap(report, note, 0, 0);
    }
    if (asks_for_process(whatif->policy))
        lg_style_wrap(report, "User and cgroup are in no record: rules that ask for them are taken not to match.", 0,
                      0);
    if (report->aggregate->totals.suppressed != 0) {
        snprintf(note, sizeof(note), "%s records were dropped by the limit, and are not in it.",
                 lg_count_text(room, report->aggregate->totals.suppressed));
        lg_style_wrap(report, note, 0, 0);
    }
    lg_style_wrap(report, "What the policy in force allows or keeps quiet is in no record, and not in it either.", 0,
                  0);
}

bool lg_whatif_as_table(const struct lg_whatif *whatif, const struct lg_report *report)
{
    char room[3][LG_NUMBER_ROOM], line[6 * LG_NUMBER_ROOM];
    bool is_done = true;

    fputs("What ", report->out);
    lg_put_safe(report->out, lg_text_of(whatif->name), lg_style_form(report));
    fprintf(report->out, " would have done\n");
    snprintf(line, sizeof(line), "%s connections, %s of them with another verdict than they had",
             lg_count_text(room[0], whatif->connections), lg_count_text(room[1], whatif->changed));
    lg_style_wrap(report, line, 0, 0);
    snprintf(line, sizeof(line), "%s were lost, %s would have been", lg_bytes_text(room[0], whatif->lost_bytes),
             lg_bytes_text(room[1], whatif->lost_bytes_then));
    lg_style_wrap(report, line, 0, 0);
    for (uint32_t rule = 0; rule <= whatif->policy->rule_count && is_done; rule++)
        is_done = put_rule_block(whatif, report, rule);
    put_notes(whatif, report);
    return is_done;
}

static void json_row(const struct lg_whatif_row *row, const struct lg_verdict *verdict, FILE *out)
{
    fprintf(out, "{\"cause\":\"%s\",\"was_verdict\":", lg_cause_name(row->cause));
    if (row->verdict.at)
        lg_json_text(out, row->verdict);
    else
        fputs("null", out);
    fputs(",\"was_outcome\":", out);
    lg_json_text(out, row->outcome);
    fprintf(out, ",\"verdict\":\"%s\",\"changes\":%s,\"connections\":%" PRIu64, lg_verdict_name(verdict->kind),
            lg_whatif_changes(row, verdict) ? "true" : "false", row->count->connections);
    fprintf(out, ",\"unsent_bytes\":%" PRIu64 ",\"was_lost\":%s,\"would_be_lost\":%s}",
            lg_sum(row->count->lost_bytes, row->count->released_bytes), row->was_lost ? "true" : "false",
            lg_whatif_loses(row->cause, verdict) ? "true" : "false");
}

static bool json_rule(const struct lg_whatif *whatif, uint32_t rule, FILE *out)
{
    struct sink sink = {out, LG_SAFE_JSON};
    size_t count;
    struct lg_whatif_row *rows = lg_whatif_rows(whatif, rule, &count);

    fputs(rule == 0 ? "\n{\"rule\":\"" : ",\n{\"rule\":\"", out);
    put_rule(whatif, rule, &sink, "\",\"text\":\"");
    fputs("\",\"rows\":[", out);
    for (size_t i = 0; rows != NULL && i < count; i++) {
        struct lg_verdict verdict = lg_whatif_verdict(whatif, rule, rows[i].cause);
        fputs(i == 0 ? "" : ",", out);
        json_row(&rows[i], &verdict, out);
    }
    fputs("]}", out);
    free(rows);
    return rows != NULL;
}

bool lg_whatif_as_json(const struct lg_whatif *whatif, const struct lg_report *report)
{
    FILE *out = report->out;
    bool is_done = true;

    fprintf(out, "{\"version\":%d,\"policy_file\":", FORM_VERSION);
    lg_json_string(out, whatif->name);
    fprintf(out, ",\"policy\":\"%08x\",\"connections\":%" PRIu64 ",\"changed\":%" PRIu64,
            lg_policy_digest(whatif->policy), whatif->connections, whatif->changed);
    fprintf(out,
            ",\"lost_bytes\":%" PRIu64 ",\"lost_bytes_then\":%" PRIu64 ",\"facts_missing\":%" PRIu64 ",\"rules\":[",
            whatif->lost_bytes, whatif->lost_bytes_then, whatif->unknown);
    for (uint32_t rule = 0; rule <= whatif->policy->rule_count && is_done; rule++)
        is_done = json_rule(whatif, rule, out);
    fputs("]}\n", out);
    return is_done;
}
