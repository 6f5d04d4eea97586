/* SPDX-License-Identifier: MIT */
/* The report as one JSON object; its keys are documented in lingerguard(1) and stay. */
#include "shim/command/common/build_id.h"
#include "shim/command/common/output.h"
#include "shim/command/report/report.h"
#include "shim/command/report/text.h"

#include <inttypes.h>
#include <stdlib.h>

#define FORM_VERSION 1 /* grows when a key changes its meaning or goes */

static void put_number(const struct lg_report *report, const char *name, uint64_t number)
{
    fprintf(report->out, "\"%s\":%" PRIu64 ",", name, number);
}

static void put_time(const struct lg_report *report, const char *name, bool is_known, int64_t time_us)
{
    char room[LG_NUMBER_ROOM];

    fprintf(report->out, "\"%s\":", name);
    if (is_known)
        lg_json_string(report->out, lg_rfc3339_text(room, time_us));
    else
        fputs("null", report->out);
}

/* Without the braces, since what surrounds it has more to say. */
static void put_count(const struct lg_report *report, const struct lg_count *count)
{
    bool has_time = count->first_us <= count->last_us;

    put_number(report, "records", count->records);
    put_number(report, "connections", count->connections);
    put_number(report, "saved_bytes", count->saved_bytes);
    put_number(report, "released_bytes", count->released_bytes);
    put_number(report, "lost_bytes", count->lost_bytes);
    put_number(report, "deadline_bytes", count->deadline_bytes);
    put_number(report, "discarded_bytes", count->discarded_bytes);
    put_number(report, "suppressed", count->suppressed);
    put_time(report, "first", has_time, count->first_us);
    fputc(',', report->out);
    put_time(report, "last", has_time, count->last_us);
}

static void put_text(const struct lg_report *report, struct lg_text text)
{
    if (text.at == NULL)
        fputs("null", report->out);
    else
        lg_json_text(report->out, text);
}

/* As in a record: a string, or an array where there are several frames. */
static void put_callers(const struct lg_report *report, const struct lg_group *group)
{
    if (lg_group_part(group, 2).at == NULL) {
        put_text(report, lg_group_part(group, 1));
        return;
    }
    for (unsigned i = 1; lg_group_part(group, i).at != NULL; i++) {
        fputc(i == 1 ? '[' : ',', report->out);
        lg_json_text(report->out, lg_group_part(group, i));
    }
    fputc(']', report->out);
}

static bool is_number(struct lg_text part)
{
    return part.at != NULL && part.at[0] >= '0' && part.at[0] <= '9';
}

/* Of the innermost frame's module, where its file is here. */
static void put_build_id(const struct lg_report *report, const struct lg_group *group)
{
    char hex[LG_BUILD_ID_ROOM];

    if (group->key != NULL && lg_build_id_of_caller(lg_group_part(group, 1), hex))
        fprintf(report->out, "\"build_id\":\"%s\",", hex);
    else
        fputs("\"build_id\":null,", report->out);
}

static void put_key(const struct lg_report *report, const struct lg_report_table *table, const struct lg_group *group)
{
    for (unsigned i = 0; i < 3 && table->parts[i] != NULL; i++) {
        fprintf(report->out, "\"%s\":", table->parts[i]);
        if (group->key == NULL)
            fputs("null", report->out);
        else if (table->table == LG_TABLE_SITE && i == 1)
            put_callers(report, group);
        else if (table->table == LG_TABLE_PORT && is_number(lg_group_part(group, i)))
            fputs(lg_group_part(group, i).at, report->out);
        else
            put_text(report, lg_group_part(group, i));
        fputc(',', report->out);
    }
    if (table->table == LG_TABLE_SITE)
        put_build_id(report, group);
    fprintf(report->out, "\"others\":%s,", group->key == NULL ? "true" : "false");
}

static bool put_table(const struct lg_report *report, const struct lg_report_table *table)
{
    struct lg_report_rows rows;

    if (!lg_report_rows(report, table->table, &rows))
        return false;
    fprintf(report->out, ",\n\"%s\":{", table->key);
    put_number(report, "groups", rows.count + rows.left_out);
    put_number(report, "left_out", rows.left_out);
    fputs("\"rows\":[", report->out);
    for (size_t i = 0; i < rows.count; i++) {
        fputs(i == 0 ? "\n{" : ",\n{", report->out);
        put_key(report, table, rows.groups[i]);
        put_count(report, &rows.groups[i]->count);
        fputc('}', report->out);
    }
    fputs("]}", report->out);
    free(rows.groups);
    return true;
}

static void put_totals(const struct lg_report *report)
{
    const struct lg_aggregate *aggregate = report->aggregate;
    const struct lg_count *totals = &aggregate->totals;
    uint64_t all = lg_sum(totals->records, totals->suppressed);

    fputs("\"totals\":{", report->out);
    put_number(report, "programs", aggregate->tables[LG_TABLE_PROGRAM].group_count - 1u);
    put_number(report, "drained_bytes", aggregate->drained_bytes);
    put_number(report, "waited_ms", aggregate->waited_ms);
    put_number(report, "waited_most_ms", aggregate->waited_most_ms);
    put_number(report, "problems", aggregate->lines[LG_REPORT_LINE_PROBLEM]);
    put_number(report, "left_connections", aggregate->left);
    put_number(report, "endless_connections", aggregate->endless);
    put_number(report, "forgotten_sockets", aggregate->join.pushed_out);
    fprintf(report->out, "\"suppressed_share\":%.6f,", all == 0 ? 0.0 : (double)totals->suppressed / (double)all);
    put_count(report, totals);
    fputc('}', report->out);
}

static void put_input(const struct lg_report *report)
{
    const uint64_t *lines = report->aggregate->lines;
    const struct lg_report_inputs *inputs = report->inputs;
    uint64_t all = 0;

    for (unsigned kind = 0; kind < LG_REPORT_LINE_COUNT; kind++)
        all = lg_sum(all, lines[kind]);
    fputs(",\n\"input\":{", report->out);
    put_number(report, "read", inputs->read);
    put_number(report, "unreadable", inputs->unreadable);
    put_number(report, "lines", all);
    put_number(report, "broken_lines", lg_aggregate_broken(report->aggregate));
    put_number(report, "not_json", lines[LG_REPORT_LINE_NOT_JSON]);
    put_number(report, "in_text", lines[LG_REPORT_LINE_TEXT]);
    put_number(report, "no_record", lines[LG_REPORT_LINE_NOT_RECORD]);
    put_number(report, "bad_value", lines[LG_REPORT_LINE_BAD_VALUE]);
    put_number(report, "too_long", lines[LG_REPORT_LINE_TOO_LONG]);
    fputs("\"first_broken\":", report->out);
    if (inputs->broken_name == NULL) {
        fputs("null}", report->out);
        return;
    }
    fputs("{\"input\":", report->out);
    lg_json_string(report->out, inputs->broken_name);
    fprintf(report->out, ",\"line\":%" PRIu64 "}}", inputs->broken_line);
}

static void put_timeline(const struct lg_report *report)
{
    const struct lg_timeline *timeline = &report->aggregate->timeline;
    unsigned used = lg_timeline_used(timeline);

    fputs(",\n\"timeline\":{", report->out);
    put_time(report, "start", used != 0, timeline->start * timeline->width_s * 1000000);
    fprintf(report->out, ",\"bucket_s\":%" PRId64 ",\"buckets\":[", timeline->width_s);
    for (unsigned i = 0; i < used; i++) {
        fputs(i == 0 ? "\n{" : ",\n{", report->out);
        for (unsigned kind = 0; kind < LG_TIMELINE_KINDS; kind++)
            fprintf(report->out, "%s\"%s\":%" PRIu64, kind == 0 ? "" : ",",
                    lg_timeline_kind_name((enum lg_timeline_kind)kind), timeline->buckets[i].records[kind]);
        fputc('}', report->out);
    }
    fputs("]}", report->out);
}

bool lg_report_as_json(const struct lg_report *report)
{
    static const struct lg_report_table problems = {LG_TABLE_PROBLEM, "problems", NULL, NULL, {"exe", "error", NULL}};
    bool is_done = true;

    fprintf(report->out, "{\"version\":%d,\n", FORM_VERSION);
    put_totals(report);
    put_input(report);
    for (unsigned i = 0; i < LG_REPORT_TABLES && is_done; i++)
        is_done = put_table(report, &lg_report_tables[i]);
    is_done = is_done && put_table(report, &problems);
    put_timeline(report);
    fputs("}\n", report->out);
    return is_done;
}
