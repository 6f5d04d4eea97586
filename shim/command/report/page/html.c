/* SPDX-License-Identifier: MIT */
/* The report as one page that needs nothing else: no script, no font, no picture from elsewhere. */
#include "policy/text.h"
#include "shim/command/common/build_id.h"
#include "shim/command/common/output.h"
#include "shim/command/report/page/style.h"
#include "shim/command/report/report.h"
#include "shim/command/report/text.h"

#include <inttypes.h>
#include <stdlib.h>

#define ITEMS_MAX  20u /* of a list of names */
#define SHORT_ROWS 12u /* a table that a printed page should not split */

static void put_part(const struct lg_report *report, const struct lg_group *group, unsigned index)
{
    lg_report_put_part(report->out, LG_SAFE_HTML, group, index);
}

/* The first cell of a row: the parts of the key, frames of a caller below the program. */
static void put_key(const struct lg_report *report, enum lg_table table, const struct lg_group *group)
{
    char hex[LG_BUILD_ID_ROOM];

    if (group->key == NULL) {
        fputs("(others)", report->out);
        return;
    }
    fputs("<code>", report->out);
    put_part(report, group, 0);
    if (table == LG_TABLE_CAUSE) {
        fputs("</code>, <code>", report->out);
        put_part(report, group, 1);
        fputs("</code> &#8594; <code>", report->out);
        put_part(report, group, 2);
    } else if (table == LG_TABLE_RULE && lg_report_has_several(report, LG_TABLE_POLICY)) {
        fputs("</code> of policy <code>", report->out);
        put_part(report, group, 1);
    } else if (table == LG_TABLE_SITE || table == LG_TABLE_PROBLEM) {
        for (unsigned i = 1; i == 1 || lg_group_part(group, i).at != NULL; i++) {
            fputs("<span class=\"frames\">", report->out);
            put_part(report, group, i);
            fputs("</span>", report->out);
        }
        if (table == LG_TABLE_SITE && lg_build_id_of_caller(lg_group_part(group, 1), hex))
            fprintf(report->out, "<span class=\"frames\">build %s</span>", hex);
        else if (table == LG_TABLE_SITE && lg_group_part(group, 1).at != NULL && lg_group_part(group, 1).at[0] == '/')
            fputs("<span class=\"frames\">build not known here</span>", report->out);
    }
    fputs("</code>", report->out);
}

/* A cell knows its number, to be sorted by, and its heading, which a narrow screen has no row for. */
static void put_bytes_cell(const struct lg_report *report, const char *heading, uint64_t bytes, const char *class)
{
    char room[LG_NUMBER_ROOM];

    fprintf(report->out, "<td class=\"%s\" data-l=\"%s\" data-v=\"%" PRIu64 "\">%s</td>", bytes == 0 ? "zero" : class,
            heading, bytes, lg_bytes_text(room, bytes));
}

static void put_count_cell(const struct lg_report *report, const char *heading, uint64_t count)
{
    char room[LG_NUMBER_ROOM];

    fprintf(report->out, "<td data-l=\"%s\" data-v=\"%" PRIu64 "\">%s</td>", heading, count,
            lg_count_text(room, count));
}

static void put_row(const struct lg_report *report, enum lg_table table, const struct lg_group *group)
{
    const struct lg_count *count = &group->count;
    double share = 100.0 * (double)count->records / (double)report->aggregate->totals.records;
    char room[LG_NUMBER_ROOM];

    fputs("<tr><td>", report->out);
    put_key(report, table, group);
    fprintf(report->out, "<span class=\"bar\"><i style=\"width:%.2f%%\"></i></span></td>", share);
    put_bytes_cell(report, "lost", count->lost_bytes, "gone");
    put_bytes_cell(report, "saved", count->saved_bytes, "won");
    put_bytes_cell(report, "released", count->released_bytes, "left");
    put_count_cell(report, "connections", count->connections);
    put_count_cell(report, "records", count->records);
    fprintf(report->out, "<td class=\"seen\" data-l=\"seen\" data-v=\"%" PRId64 "\"><span>%s",
            count->first_us <= count->last_us ? count->last_us : 0,
            count->first_us <= count->last_us ? lg_time_text(room, count->first_us) : "not known");
    if (count->first_us / 1000000 < count->last_us / 1000000)
        fprintf(report->out, "<br>%s", lg_time_text(room, count->last_us));
    fputs("</span></td></tr>\n", report->out);
}

static bool put_table(const struct lg_report *report, const struct lg_report_table *table)
{
    struct lg_report_rows rows;
    char room[2][LG_NUMBER_ROOM];

    if (!lg_report_rows(report, table->table, &rows))
        return false;
    fprintf(report->out,
            "<section%s><h2>%s</h2>\n<div class=\"scroll\"><table class=\"rows\"><thead><tr><th>what</th>"
            "<th aria-sort=\"descending\">lost</th><th>saved</th><th>released</th><th>connections</th><th>records</th>"
            "<th>first and last seen</th></tr></thead><tbody>\n",
            rows.count <= SHORT_ROWS ? " class=\"short\"" : "", table->title);
    for (size_t i = 0; i < rows.count; i++)
        put_row(report, table->table, rows.groups[i]);
    fputs("</tbody></table></div>\n", report->out);
    if (rows.left_out != 0)
        fprintf(report->out, "<p class=\"soft\">and %s more with %s records</p>\n",
                lg_count_text(room[0], rows.left_out), lg_count_text(room[1], rows.rest.records));
    fputs("</section>\n", report->out);
    free(rows.groups);
    return true;
}

static bool put_problems(const struct lg_report *report)
{
    struct lg_report_rows rows;
    char room[LG_NUMBER_ROOM];

    if (report->aggregate->lines[LG_REPORT_LINE_PROBLEM] == 0)
        return true;
    if (!lg_report_rows(report, LG_TABLE_PROBLEM, &rows))
        return false;
    fputs("<section><h2>Problems that the library reported</h2>\n<div class=\"scroll\"><table><thead><tr><th></th>"
          "<th>times</th></tr></thead><tbody>\n",
          report->out);
    for (size_t i = 0; i < rows.count; i++) {
        fputs("<tr><td>", report->out);
        put_key(report, LG_TABLE_PROBLEM, rows.groups[i]);
        fprintf(report->out, "</td><td>%s</td></tr>\n", lg_count_text(room, rows.groups[i]->count.records));
    }
    fputs("</tbody></table></div>\n", report->out);
    if (rows.left_out != 0)
        fprintf(report->out, "<p class=\"soft\">and %s more</p>\n", lg_count_text(room, rows.left_out));
    fputs("</section>\n", report->out);
    free(rows.groups);
    return true;
}

static void put_answer(const struct lg_report *report, const char *class, uint64_t bytes, const char *name,
                       const char *about)
{
    char room[LG_NUMBER_ROOM];

    fprintf(report->out, "<div class=\"%s\"><b>%s</b><span>%s</span><small>%s</small></div>\n", bytes == 0 ? "" : class,
            lg_bytes_text(room, bytes), name, about);
}

static void put_fact(const struct lg_report *report, const char *name, const char *value)
{
    fprintf(report->out, "<div><dt>%s</dt><dd>%s</dd></div>\n", name, value);
}

/* The first screen is the answer: three numbers, and below them what else was counted. */
static void put_answers(const struct lg_report *report)
{
    const struct lg_aggregate *aggregate = report->aggregate;
    const struct lg_count *totals = &aggregate->totals;
    uint64_t all = lg_sum(totals->records, totals->suppressed);
    char room[3][LG_NUMBER_ROOM], value[4 * LG_NUMBER_ROOM];

    fputs("<section><div class=\"answer\">\n", report->out);
    put_answer(report, "bad", totals->lost_bytes, "lost", lg_about_lost);
    put_answer(report, "good", totals->saved_bytes, "saved", lg_about_saved);
    put_answer(report, "", totals->released_bytes, "released", lg_about_released);
    fputs("</div>\n<dl>\n", report->out);
    put_fact(report, "connections", lg_count_text(room[0], totals->connections));
    put_fact(report, "records", lg_count_text(room[0], totals->records));
    put_fact(report, "released, left at a deadline", lg_bytes_text(room[0], totals->deadline_bytes));
    put_fact(report, "input not read when aborted", lg_bytes_text(room[0], totals->discarded_bytes));
    put_fact(report, "input drained", lg_bytes_text(room[0], aggregate->drained_bytes));
    snprintf(value, sizeof(value), "%s ms, at most %s ms", lg_count_text(room[0], aggregate->waited_ms),
             lg_count_text(room[1], aggregate->waited_most_ms));
    put_fact(report, "waited in closes", value);
    snprintf(value, sizeof(value), "%s (%s of %s)", lg_count_text(room[0], totals->suppressed),
             lg_percent_text(room[1], totals->suppressed, all), lg_count_text(room[2], all));
    put_fact(report, "records dropped by the limit", value);
    fputs("</dl></section>\n", report->out);
}

/* Somebody else's text as one of a list. */
static void put_item(const struct lg_report *report, struct lg_text text, bool is_first)
{
    fputs(is_first ? "<code>" : ", <code>", report->out);
    lg_put_safe(report->out, text, LG_SAFE_HTML);
    fputs("</code>", report->out);
}

static void put_groups(const struct lg_report *report, const char *name, enum lg_table table)
{
    const struct lg_group_table *groups = &report->aggregate->tables[table];
    unsigned shown = 0;

    for (uint32_t i = 1; i < groups->group_count && shown < ITEMS_MAX; i++) {
        if (lg_group_part(&groups->groups[i], 0).at == NULL)
            continue;
        if (shown == 0)
            fprintf(report->out, "<div><dt>%s</dt><dd>", name);
        put_item(report, lg_group_part(&groups->groups[i], 0), shown++ == 0);
    }
    if (shown > 0)
        fprintf(report->out, "%s</dd></div>\n", groups->group_count - 1 > shown + 1 ? ", and more" : "");
}

/* Where all this is from. */
static void put_origin(const struct lg_report *report)
{
    fputs("<dl class=\"from\">\n<div><dt>report made on</dt><dd>", report->out);
    put_item(report, lg_text_of(report->host), true);
    fputs(" by lingerguard " LG_VERSION "</dd></div>\n<div><dt>logs</dt><dd>", report->out);
    if (report->names[0] == NULL)
        fputs("standard input", report->out);
    for (unsigned i = 0; report->names[i] != NULL && i < ITEMS_MAX; i++)
        put_item(report, lg_text_of(report->names[i]), i == 0);
    fputs("</dd></div>\n", report->out);
    put_groups(report, "policies", LG_TABLE_POLICY);
    put_groups(report, "tags", LG_TABLE_TAG);
    fputs("</dl>\n", report->out);
}

static void put_head(const struct lg_report *report)
{
    const struct lg_count *totals = &report->aggregate->totals;
    uint32_t programs = report->aggregate->tables[LG_TABLE_PROGRAM].group_count - 1;
    char room[3][LG_NUMBER_ROOM];

    fprintf(report->out,
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
            "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
            "script-src 'sha256-%s'\">\n<title>lingerguard report</title>\n<style>\n%s</style></head>\n<body><main>\n"
            "<h1>How connections ended</h1>\n<p class=\"soft\">",
            lg_page_script_hash, lg_page_style);
    if (totals->records == 0)
        fputs("no records", report->out);
    else
        fprintf(report->out, "%s program%s", lg_count_text(room[0], programs), programs == 1 ? "" : "s");
    if (totals->first_us <= totals->last_us)
        fprintf(report->out, " from %s to %s UTC (%s)", lg_time_text(room[0], totals->first_us),
                lg_time_text(room[1], totals->last_us),
                lg_duration_text(room[2], (totals->last_us - totals->first_us) / 1000000));
    fputs("</p>\n", report->out);
    put_origin(report);
}

static void put_foot(const struct lg_report *report)
{
    const struct lg_aggregate *aggregate = report->aggregate;
    char room[LG_NUMBER_ROOM], unseen[LG_REPORT_UNSEEN_ROOM];

    fputs("<footer>\n", report->out);
    if (lg_report_has_others(report))
        fprintf(report->out, "<p>(others) stands for what is beyond %s groups of a table.</p>\n",
                lg_count_text(room, LG_GROUPS_MAX));
    for (unsigned i = 0; i < LG_REPORT_UNSEEN; i++)
        if (lg_report_unseen(report, i, unseen)[0] != '\0')
            fprintf(report->out, "<p>%s</p>\n", unseen);
    if (aggregate->join.pushed_out != 0)
        fprintf(report->out,
                "<p>%s sockets were forgotten before their close was seen; if it came, it counts apart.</p>\n",
                lg_count_text(room, aggregate->join.pushed_out));
    if (lg_aggregate_broken(aggregate) != 0) {
        fputs("<p>", report->out);
        lg_report_put_broken(report, LG_SAFE_HTML);
        fputs(".</p>\n", report->out);
    }
    fprintf(report->out,
            "<p>Written by lingerguard " LG_VERSION ".</p>\n</footer>\n</main><script>%s</script></body></html>\n",
            lg_page_script);
}

bool lg_report_as_html(const struct lg_report *report)
{
    bool is_done = true;

    put_head(report);
    if (report->aggregate->totals.records != 0) {
        put_answers(report);
        lg_report_put_svg(report);
        for (unsigned i = 0; i < LG_REPORT_TABLES && is_done; i++)
            is_done = !lg_report_shows(report, lg_report_tables[i].table) || put_table(report, &lg_report_tables[i]);
    }
    if (!is_done || !put_problems(report))
        return false;
    put_foot(report);
    return true;
}
