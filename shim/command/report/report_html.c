/* SPDX-License-Identifier: MIT */
/* The report as one page that needs nothing else: no script, no font, no picture from elsewhere. */
#include "shim/command/report/report.h"
#include "shim/command/report/report_text.h"

#include <stdlib.h>
#include <string.h>

#define SHORT_ROWS 12u /* a table that a printed page should not split */

/* Terminated text that is safe for a terminal already. */
static void put_escaped(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        case '\'':
            fputs("&#39;", out);
            break;
        default:
            fputc(*text, out);
        }
    }
}

/* Runs `write` into memory and writes what it wrote, escaped. */
typedef void write_fn(const struct lg_report *report, FILE *out, const void *context);

static bool put_escaped_by(const struct lg_report *report, write_fn *write, const void *context)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);

    if (memory == NULL)
        return false;
    write(report, memory, context);
    if (fclose(memory) != 0) {
        free(text);
        return false;
    }
    put_escaped(report->out, text);
    free(text);
    return true;
}

static void write_part(const struct lg_report *report, FILE *out, const void *context)
{
    const struct lg_text *part = context;

    (void)report;
    if (part->at == NULL)
        fputs("(not known)", out);
    else
        lg_put_safe(out, *part, false);
}

static void write_broken(const struct lg_report *report, FILE *out, const void *context)
{
    (void)context;
    lg_report_put_broken(report, out);
}

static bool put_part(const struct lg_report *report, const struct lg_group *group, unsigned index)
{
    struct lg_text part = lg_group_part(group, index);

    return put_escaped_by(report, write_part, &part);
}

/* The first cell of a row: the parts of the key, frames of a caller below the program. */
static bool put_key(const struct lg_report *report, enum lg_table table, const struct lg_group *group)
{
    bool is_done;

    if (group->key == NULL) {
        fputs("(others)", report->out);
        return true;
    }
    fputs("<code>", report->out);
    is_done = put_part(report, group, 0);
    if (table == LG_TABLE_CAUSE) {
        fputs("</code>, <code>", report->out);
        is_done = is_done && put_part(report, group, 1);
        fputs("</code> &#8594; <code>", report->out);
        is_done = is_done && put_part(report, group, 2);
    } else if (table == LG_TABLE_SITE || table == LG_TABLE_PROBLEM) {
        for (unsigned i = 1; i == 1 || lg_group_part(group, i).at != NULL; i++) {
            fputs("<span class=\"frames\">", report->out);
            is_done = is_done && put_part(report, group, i);
            fputs("</span>", report->out);
        }
    }
    fputs("</code>", report->out);
    return is_done;
}

static void put_bytes_cell(const struct lg_report *report, uint64_t bytes, const char *class)
{
    char room[LG_NUMBER_ROOM];

    fprintf(report->out, "<td class=\"%s\">%s</td>", bytes == 0 ? "zero" : class, lg_bytes_text(room, bytes));
}

static bool put_row(const struct lg_report *report, enum lg_table table, const struct lg_group *group)
{
    const struct lg_count *count = &group->count;
    double share = 100.0 * (double)count->records / (double)report->aggregate->totals.records;
    char room[LG_NUMBER_ROOM];
    bool is_done;

    fputs("<tr><td>", report->out);
    is_done = put_key(report, table, group);
    fprintf(report->out, "<span class=\"bar\"><i style=\"width:%.2f%%\"></i></span></td>", share);
    fprintf(report->out, "<td>%s</td>", lg_count_text(room, count->records));
    fprintf(report->out, "<td>%s</td>", lg_count_text(room, count->connections));
    put_bytes_cell(report, count->saved_bytes, "won");
    put_bytes_cell(report, count->lost_bytes, "gone");
    fprintf(report->out, "<td class=\"seen\">%s",
            count->first_us <= count->last_us ? lg_time_text(room, count->first_us) : "not known");
    if (count->first_us < count->last_us)
        fprintf(report->out, "<br>%s", lg_time_text(room, count->last_us));
    fputs("</td></tr>\n", report->out);
    return is_done;
}

static bool put_table(const struct lg_report *report, const struct lg_report_table *table)
{
    struct lg_report_rows rows;
    char room[2][LG_NUMBER_ROOM];
    bool is_done = true;

    if (!lg_report_rows(report, table->table, &rows))
        return false;
    fprintf(report->out,
            "<section%s><h2>%s</h2>\n<div class=\"scroll\"><table><thead><tr><th></th><th>records</th>"
            "<th>connections</th><th>saved</th><th>lost</th><th>first and last seen</th></tr></thead><tbody>\n",
            rows.count <= SHORT_ROWS ? " class=\"short\"" : "", table->title);
    for (size_t i = 0; i < rows.count; i++)
        is_done = put_row(report, table->table, rows.groups[i]) && is_done;
    fputs("</tbody></table></div>\n", report->out);
    if (rows.left_out != 0)
        fprintf(report->out, "<p class=\"soft\">and %s more with %s records</p>\n",
                lg_count_text(room[0], rows.left_out), lg_count_text(room[1], rows.rest.records));
    fputs("</section>\n", report->out);
    free(rows.groups);
    return is_done;
}

static bool put_problems(const struct lg_report *report)
{
    struct lg_report_rows rows;
    char room[LG_NUMBER_ROOM];
    bool is_done = true;

    if (report->aggregate->lines[LG_REPORT_LINE_PROBLEM] == 0)
        return true;
    if (!lg_report_rows(report, LG_TABLE_PROBLEM, &rows))
        return false;
    fputs("<section><h2>Problems that the library reported</h2>\n<div class=\"scroll\"><table><thead><tr><th></th>"
          "<th>times</th></tr></thead><tbody>\n",
          report->out);
    for (size_t i = 0; i < rows.count; i++) {
        fputs("<tr><td>", report->out);
        is_done = put_key(report, LG_TABLE_PROBLEM, rows.groups[i]) && is_done;
        fprintf(report->out, "</td><td>%s</td></tr>\n", lg_count_text(room, rows.groups[i]->count.records));
    }
    fputs("</tbody></table></div>\n", report->out);
    if (rows.left_out != 0)
        fprintf(report->out, "<p class=\"soft\">and %s more</p>\n", lg_count_text(room, rows.left_out));
    fputs("</section>\n", report->out);
    free(rows.groups);
    return is_done;
}

static void put_card(const struct lg_report *report, const char *class, const char *number, const char *name,
                     const char *about)
{
    fprintf(report->out, "<div class=\"card %s\"><b>%s</b><span>%s</span><small>%s</small></div>\n", class, number,
            name, about);
}

static void put_bytes_card(const struct lg_report *report, const char *class, uint64_t bytes, const char *name,
                           const char *about)
{
    char room[LG_NUMBER_ROOM];

    put_card(report, bytes == 0 ? "" : class, lg_bytes_text(room, bytes), name, about);
}

static void put_cards(const struct lg_report *report)
{
    const struct lg_aggregate *aggregate = report->aggregate;
    const struct lg_count *totals = &aggregate->totals;
    uint64_t all = lg_sum(totals->records, totals->suppressed);
    char room[2][LG_NUMBER_ROOM];
    char about[128];

    fputs("<div class=\"cards\">\n", report->out);
    put_bytes_card(report, "good", totals->saved_bytes, "saved", lg_about_saved);
    put_bytes_card(report, "bad", totals->lost_bytes, "lost", lg_about_lost);
    put_bytes_card(report, "bad", totals->deadline_bytes, "left at the deadline", lg_about_deadline);
    put_bytes_card(report, "bad", totals->discarded_bytes, "input thrown away", lg_about_discarded);
    put_bytes_card(report, "", aggregate->drained_bytes, "input drained", lg_about_drained);
    snprintf(about, sizeof(about), "in closes, all together; the longest took %s ms",
             lg_count_text(room[0], aggregate->waited_most_ms));
    snprintf(room[1], sizeof(room[1]), "%s ms", lg_count_text(room[0], aggregate->waited_ms));
    put_card(report, "", room[1], "waited", about);
    snprintf(about, sizeof(about), "of %s records dropped by the limit", lg_count_text(room[0], all));
    put_card(report, totals->suppressed == 0 ? "" : "bad", lg_percent_text(room[1], totals->suppressed, all),
             "suppressed", about);
    snprintf(about, sizeof(about), "with %s records", lg_count_text(room[0], totals->records));
    put_card(report, "", lg_count_text(room[1], totals->connections), "connections", about);
    fputs("</div>\n", report->out);
}

static void put_head(const struct lg_report *report)
{
    const struct lg_count *totals = &report->aggregate->totals;
    uint32_t programs = report->aggregate->tables[LG_TABLE_PROGRAM].group_count - 1;
    char room[3][LG_NUMBER_ROOM];

    fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
          "<title>lingerguard report</title>\n<style>\n",
          report->out);
    fputs(lg_report_style, report->out);
    fputs("</style></head>\n<body><main>\n<h1>How connections ended</h1>\n<p class=\"soft\">", report->out);
    if (totals->records == 0)
        fputs("no records", report->out);
    else
        fprintf(report->out, "%s program%s", lg_count_text(room[0], programs), programs == 1 ? "" : "s");
    if (totals->first_us <= totals->last_us)
        fprintf(report->out, " from %s to %s UTC (%s)", lg_time_text(room[0], totals->first_us),
                lg_time_text(room[1], totals->last_us),
                lg_duration_text(room[2], (totals->last_us - totals->first_us) / 1000000));
    fputs("</p>\n", report->out);
}

static bool put_foot(const struct lg_report *report)
{
    const struct lg_aggregate *aggregate = report->aggregate;
    char room[LG_NUMBER_ROOM];
    bool is_done = true;

    fputs("<footer>\n", report->out);
    if (lg_report_has_others(report))
        fprintf(report->out, "<p>(others) stands for what is beyond %s groups of a table.</p>\n",
                lg_count_text(room, LG_GROUPS_MAX));
    if (aggregate->join.pushed_out != 0)
        fprintf(report->out,
                "<p>%s sockets were forgotten before their close was seen; if it came, it counts apart.</p>\n",
                lg_count_text(room, aggregate->join.pushed_out));
    if (lg_aggregate_broken(aggregate) != 0) {
        fputs("<p>", report->out);
        is_done = put_escaped_by(report, write_broken, NULL);
        fputs(".</p>\n", report->out);
    }
    fputs("<p>Written by lingerguard " LG_VERSION ".</p>\n</footer>\n</main></body></html>\n", report->out);
    return is_done;
}

bool lg_report_as_html(const struct lg_report *report)
{
    bool is_done = true;

    put_head(report);
    if (report->aggregate->totals.records != 0) {
        put_cards(report);
        lg_report_put_svg(report);
        for (unsigned i = 0; i < LG_REPORT_TABLES && is_done; i++)
            is_done = put_table(report, &lg_report_tables[i]);
    }
    return is_done && put_problems(report) && put_foot(report);
}
