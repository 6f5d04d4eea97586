/* SPDX-License-Identifier: MIT */
/* The resets of a host and what our log knows of them, for a terminal and as json. */
#include "policy/text.h"
#include "shim/command/common/output.h"
#include "shim/command/report/resets/resets.h"
#include "shim/command/report/terminal/style.h"
#include "shim/command/report/text.h"

#include <inttypes.h>
#include <stdlib.h>

#define FORM_VERSION 1 /* grows when a key changes its meaning or goes */

static void put_part(const struct lg_report *report, FILE *out, const char *before, struct lg_text part)
{
    if (part.at == NULL)
        return;
    fputs(before, out);
    lg_put_safe(out, part, lg_style_form(report));
}

/* "linger-zero, /usr/bin/server, port 80, aborted by policy:4, TCP_STATE" */
static void put_row(const struct lg_report *report, FILE *out, const void *context)
{
    const struct lg_resets_row *row = context;
    bool is_outgoing = row->port.at != NULL && row->port.at[0] == '>';

    if (row->account == LG_ACCOUNT_COUNT)
        fputs("(others)", out);
    put_part(report, out, "", row->cause);
    put_part(report, out, ", ", row->program);
    put_part(report, out, is_outgoing ? ", to port " : ", port ", is_outgoing ? lg_text_skip(row->port, 1) : row->port);
    put_part(report, out, ", ", row->outcome);
    put_part(report, out, " by ", row->rule);
    put_part(report, out, "; ", row->reason);
}

static bool put_text(const struct lg_report *report, lg_text_fn *put, const void *context, size_t used, size_t indent)
{
    char *text = lg_style_text(report, put, context);

    if (text != NULL)
        lg_style_wrap(report, text, used, indent);
    free(text);
    return text != NULL;
}

static void put_heading(const struct lg_report *report, enum lg_account account)
{
    char line[256];

    fputc('\n', report->out);
    snprintf(line, sizeof(line), "%s: %s", account < LG_ACCOUNT_COUNT ? lg_account_name(account) : "(others)",
             account < LG_ACCOUNT_COUNT ? lg_account_about(account) : "more kinds than are kept apart");
    lg_style_start(report, LG_STYLE_BOLD);
    lg_style_wrap(report, line, 0, 4);
    lg_style_end(report);
}

/* The rows of one account, the last ones summed up; `*at` is moved behind them. */
static bool put_account(const struct lg_resets_row *rows, size_t count, size_t *at, const struct lg_report *report)
{
    enum lg_account account = rows[*at].account;
    size_t shown = 0, left = 0;
    uint64_t left_resets = 0;
    char room[2][LG_NUMBER_ROOM], note[2 * LG_NUMBER_ROOM + 32];

    put_heading(report, account);
    for (; *at < count && rows[*at].account == account; (*at)++) {
        if (report->rows != 0 && shown == report->rows) {
            left++;
            left_resets = lg_sum(left_resets, rows[*at].resets);
            continue;
        }
        shown++;
        fprintf(report->out, "  %9s  ", lg_count_text(room[0], rows[*at].resets));
        if (!put_text(report, put_row, &rows[*at], 13, 13))
            return false;
    }
    if (left == 0)
        return true;
    snprintf(note, sizeof(note), "in %s more rows", lg_count_text(room[1], left));
    fprintf(report->out, "  %9s  ", lg_count_text(room[0], left_resets));
    lg_style_wrap(report, note, 13, 13);
    return true;
}

static void put_name_line(const struct lg_report *report, FILE *out, const void *context)
{
    const struct lg_resets *resets = context;

    fputs("What became of the resets in ", out);
    lg_put_safe(out, lg_text_of(resets->name), lg_style_form(report));
}

static void put_span(const struct lg_report *report, const char *what, uint64_t number, int64_t first_us,
                     int64_t last_us)
{
    char room[2][LG_NUMBER_ROOM], line[4 * LG_NUMBER_ROOM];

    snprintf(line, sizeof(line), "%s %s%s%s", lg_count_text(room[0], number), what, first_us <= last_us ? ", " : "",
             first_us <= last_us ? lg_span_text(room[1], first_us, last_us) : "");
    lg_style_wrap(report, line, 0, 0);
}

static void put_notes(const struct lg_resets *resets, const struct lg_report *report)
{
    const struct lg_count *totals = &report->aggregate->totals;
    char room[LG_NUMBER_ROOM], note[3 * LG_NUMBER_ROOM];

    fputc('\n', report->out);
    if (resets->left_out != 0) {
        snprintf(note, sizeof(note), "%s resets were more than are kept, and are in no row.",
                 lg_count_text(room, resets->left_out));
        lg_style_wrap(report, note, 0, 0);
    }
    if (resets->broken != 0) {
        snprintf(note, sizeof(note), "%s lines are none of a trace, the first is line %llu.",
                 lg_count_text(room, resets->broken), (unsigned long long)resets->broken_line);
        lg_style_wrap(report, note, 0, 0);
    }
    if (totals->suppressed != 0) {
        snprintf(note, sizeof(note),
                 "%s records were dropped by the limit: what is said to have none may have had one.",
                 lg_count_text(room, totals->suppressed));
        lg_style_wrap(report, note, 0, 0);
    }
    if (resets->resets != 0 && totals->records != 0 &&
        (totals->last_us < resets->first_us || totals->first_us > resets->last_us))
        lg_style_wrap(report, "Trace and log are of different times.", 0, 0);
}

bool lg_resets_as_table(const struct lg_resets *resets, const struct lg_report *report)
{
    const struct lg_count *totals = &report->aggregate->totals;
    size_t count, at = 0;
    struct lg_resets_row *rows = lg_resets_rows(resets, &count);
    bool is_done = rows != NULL && put_text(report, put_name_line, resets, 0, 4);

    if (is_done) {
        put_span(report, "resets", resets->resets, resets->first_us, resets->last_us);
        put_span(report, "records", totals->records, totals->first_us, totals->last_us);
    }
    while (is_done && at < count)
        is_done = put_account(rows, count, &at, report);
    if (is_done)
        put_notes(resets, report);
    free(rows);
    return is_done;
}

static void json_part(FILE *out, const char *key, struct lg_text part)
{
    fprintf(out, ",\"%s\":", key);
    if (part.at == NULL)
        fputs("null", out);
    else
        lg_json_text(out, part);
}

static void json_row(const struct lg_resets_row *row, FILE *out)
{
    bool has_port = row->port.at != NULL;
    bool is_outgoing = has_port && row->port.at[0] == '>';

    fprintf(out, "{\"account\":\"%s\"", row->account < LG_ACCOUNT_COUNT ? lg_account_name(row->account) : "others");
    json_part(out, "cause", row->cause);
    json_part(out, "program", row->program);
    fprintf(out, ",\"local_port\":%s,\"peer_port\":%s", has_port && !is_outgoing ? row->port.at : "null",
            is_outgoing ? row->port.at + 1 : "null");
    json_part(out, "outcome", row->outcome);
    json_part(out, "rule", row->rule);
    json_part(out, "reason", row->reason);
    fprintf(out, ",\"resets\":%" PRIu64 "}", row->resets);
}

static void json_time(FILE *out, const char *key, bool is_known, int64_t time_us)
{
    char room[LG_NUMBER_ROOM];

    fprintf(out, is_known ? ",\"%s\":\"%s\"" : ",\"%s\":null", key, is_known ? lg_rfc3339_text(room, time_us) : "");
}

bool lg_resets_as_json(const struct lg_resets *resets, const struct lg_report *report)
{
    FILE *out = report->out;
    size_t count;
    struct lg_resets_row *rows = lg_resets_rows(resets, &count);

    fprintf(out, "{\"version\":%d,\"resets_file\":", FORM_VERSION);
    lg_json_string(out, resets->name);
    fprintf(out, ",\"resets\":%" PRIu64 ",\"broken_lines\":%" PRIu64 ",\"not_kept\":%" PRIu64, resets->resets,
            resets->broken, resets->left_out);
    json_time(out, "first", resets->resets != 0, resets->first_us);
    json_time(out, "last", resets->resets != 0, resets->last_us);
    fprintf(out, ",\"records\":%" PRIu64 ",\"suppressed\":%" PRIu64 ",\"accounts\":{",
            report->aggregate->totals.records, report->aggregate->totals.suppressed);
    for (unsigned account = 0; account < LG_ACCOUNT_COUNT; account++)
        fprintf(out, "%s\"%s\":%" PRIu64, account == 0 ? "" : ",", lg_account_name((enum lg_account)account),
                resets->counts[account]);
    fputs("},\"rows\":[", out);
    for (size_t i = 0; rows != NULL && i < count; i++) {
        fputs(i == 0 ? "\n" : ",\n", out);
        json_row(&rows[i], out);
    }
    fputs("]}\n", out);
    free(rows);
    return rows != NULL;
}
