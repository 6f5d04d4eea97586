/* SPDX-License-Identifier: MIT */
/* The report as one page that needs nothing else: no script, no font, no picture from elsewhere. */
#include "shim/command/report/report.h"
#include "shim/command/report/text.h"

#include <stdlib.h>

#define SHORT_ROWS 12u /* a table that a printed page should not split */

/* No font and no picture from elsewhere; for dark screens and for paper too. */
static const char style[] =
    ":root{color-scheme:light dark;--ground:#f6f7f9;--card:#fff;--text:#1b2027;--soft:#5c6672;--line:#dfe3e8;"
    "--bar:#c9dcf2;--orderly:#2f74b5;--cut:#c98a12;--aborted:#c9372c;--asked:#a3adb8;--good:#1d7a4c}\n"
    "@media (prefers-color-scheme:dark){:root{--ground:#14171b;--card:#1d2126;--text:#e6e9ec;--soft:#98a2ad;"
    "--line:#323840;--bar:#26405c;--orderly:#5a9bdc;--cut:#dba53c;--aborted:#ec6a5e;--asked:#6c7681;--good:#57b985}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0;background:var(--ground);color:var(--text);font:15px/1.45 system-ui,-apple-system,'Segoe UI',"
    "Roboto,'Liberation Sans','DejaVu Sans',sans-serif}\n"
    "main{max-width:66rem;margin:0 auto;padding:2rem 1.25rem 3rem}\n"
    "h1{font-size:1.6rem;margin:0;letter-spacing:-.01em}\n"
    "h2{font-size:1.05rem;margin:0 0 .75rem}\n"
    "p{margin:.25rem 0}\n"
    ".soft{color:var(--soft)}\n"
    "section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:1.1rem 1.25rem;"
    "margin-top:1.25rem}\n"
    ".cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(14rem,1fr));gap:.75rem;margin-top:1.25rem}\n"
    ".card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:.8rem 1rem}\n"
    ".card b{display:block;font-size:1.5rem;line-height:1.25;font-weight:650;font-variant-numeric:tabular-nums}\n"
    ".card span{font-weight:600}\n"
    ".card small{display:block;color:var(--soft);font-size:.8rem;line-height:1.35;margin-top:.15rem}\n"
    ".good b{color:var(--good)}.bad b{color:var(--aborted)}\n"
    ".scroll{overflow-x:auto}\n"
    "table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}\n"
    "th,td{padding:.42rem .6rem;text-align:right;vertical-align:top;white-space:nowrap;"
    "border-bottom:1px solid var(--line)}\n"
    "th{font-size:.78rem;font-weight:600;color:var(--soft)}\n"
    "tbody tr:last-child>*{border-bottom:0}\n"
    "th:first-child,td:first-child{text-align:left;white-space:normal;width:42%;min-width:15rem;padding-left:0}\n"
    "td:last-child,th:last-child{padding-right:0}\n"
    "td code{font:.86rem/1.4 ui-monospace,'DejaVu Sans Mono','Liberation Mono',monospace;overflow-wrap:anywhere}\n"
    "td .frames{display:block;color:var(--soft)}\n"
    ".bar{display:block;height:5px;margin-top:.3rem;border-radius:3px;background:var(--line)}\n"
    ".bar i{display:block;height:100%;min-width:2px;border-radius:3px;background:var(--orderly)}\n"
    ".seen{color:var(--soft);font-size:.82rem}\n"
    ".zero{color:var(--soft);opacity:.6}.won{color:var(--good)}.gone{color:var(--aborted)}\n"
    "svg{display:block;width:100%;height:auto}\n"
    "svg text{fill:var(--soft);font-size:12px}\n"
    "svg .grid{stroke:var(--line)}\n"
    ".orderly{fill:var(--orderly);background:var(--orderly)}.cut{fill:var(--cut);background:var(--cut)}\n"
    ".aborted{fill:var(--aborted);background:var(--aborted)}.asked{fill:var(--asked);background:var(--asked)}\n"
    ".legend{display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;margin:.6rem 0 0;padding:0;list-style:none;"
    "font-size:.85rem}\n"
    ".legend i{display:inline-block;width:.75rem;height:.75rem;border-radius:2px;margin-right:.4rem}\n"
    "footer{margin-top:1.25rem;font-size:.85rem;color:var(--soft)}\n"
    "@page{size:A4;margin:14mm}\n"
    "@media print{:root{color-scheme:light;--ground:#fff;--card:#fff;--text:#000;--soft:#444;--line:#ccc;"
    "--orderly:#2f74b5;--cut:#c98a12;--aborted:#c9372c;--asked:#a3adb8;--good:#1d7a4c}\n"
    "*{-webkit-print-color-adjust:exact;print-color-adjust:exact}\n"
    "body{font-size:9.5pt}main{max-width:none;padding:0}\n"
    "section{border:0;border-radius:0;padding:0;margin-top:7mm}\n"
    ".cards{grid-template-columns:repeat(4,1fr);gap:2.5mm}.card{padding:2mm 2.5mm;break-inside:avoid}\n"
    ".card b{font-size:13pt}.card small{font-size:7.5pt}\n"
    "thead{display:table-header-group}tr,svg,.legend,.short{break-inside:avoid}.legend{font-size:8.5pt}h2{break-after:"
    "avoid}\n"
    ".scroll{overflow:visible}th,td{padding:1.2mm 1.6mm}th:first-child,td:first-child{min-width:0}td "
    "code{font-size:8.3pt}.seen{font-size:8pt}}\n";

static void put_part(const struct lg_report *report, const struct lg_group *group, unsigned index)
{
    lg_report_put_part(report->out, LG_SAFE_HTML, group, index);
}

/* The first cell of a row: the parts of the key, frames of a caller below the program. */
static void put_key(const struct lg_report *report, enum lg_table table, const struct lg_group *group)
{
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
    }
    fputs("</code>", report->out);
}

static void put_bytes_cell(const struct lg_report *report, uint64_t bytes, const char *class)
{
    char room[LG_NUMBER_ROOM];

    fprintf(report->out, "<td class=\"%s\">%s</td>", bytes == 0 ? "zero" : class, lg_bytes_text(room, bytes));
}

static void put_row(const struct lg_report *report, enum lg_table table, const struct lg_group *group)
{
    const struct lg_count *count = &group->count;
    double share = 100.0 * (double)count->records / (double)report->aggregate->totals.records;
    char room[LG_NUMBER_ROOM];

    fputs("<tr><td>", report->out);
    put_key(report, table, group);
    fprintf(report->out, "<span class=\"bar\"><i style=\"width:%.2f%%\"></i></span></td>", share);
    fprintf(report->out, "<td>%s</td>", lg_count_text(room, count->records));
    fprintf(report->out, "<td>%s</td>", lg_count_text(room, count->connections));
    put_bytes_cell(report, count->lost_bytes, "gone");
    put_bytes_cell(report, count->saved_bytes, "won");
    put_bytes_cell(report, count->released_bytes, "left");
    fprintf(report->out, "<td class=\"seen\">%s",
            count->first_us <= count->last_us ? lg_time_text(room, count->first_us) : "not known");
    if (count->first_us < count->last_us)
        fprintf(report->out, "<br>%s", lg_time_text(room, count->last_us));
    fputs("</td></tr>\n", report->out);
}

static bool put_table(const struct lg_report *report, const struct lg_report_table *table)
{
    struct lg_report_rows rows;
    char room[2][LG_NUMBER_ROOM];

    if (!lg_report_rows(report, table->table, &rows))
        return false;
    fprintf(report->out,
            "<section%s><h2>%s</h2>\n<div class=\"scroll\"><table><thead><tr><th></th><th>records</th>"
            "<th>connections</th><th>lost</th><th>saved</th><th>released</th><th>first and last "
            "seen</th></tr></thead><tbody>\n",
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
    put_bytes_card(report, "bad", totals->lost_bytes, "lost", lg_about_lost);
    put_bytes_card(report, "good", totals->saved_bytes, "saved", lg_about_saved);
    put_bytes_card(report, "", totals->released_bytes, "released", lg_about_released);
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
    fputs(style, report->out);
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

static void put_foot(const struct lg_report *report)
{
    const struct lg_aggregate *aggregate = report->aggregate;
    char room[LG_NUMBER_ROOM];

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
        lg_report_put_broken(report, LG_SAFE_HTML);
        fputs(".</p>\n", report->out);
    }
    fputs("<p>Written by lingerguard " LG_VERSION ".</p>\n</footer>\n</main></body></html>\n", report->out);
}

bool lg_report_as_html(const struct lg_report *report)
{
    bool is_done = true;

    put_head(report);
    if (report->aggregate->totals.records != 0) {
        put_cards(report);
        lg_report_put_svg(report);
        for (unsigned i = 0; i < LG_REPORT_TABLES && is_done; i++)
            is_done = !lg_report_shows(report, lg_report_tables[i].table) || put_table(report, &lg_report_tables[i]);
    }
    if (!is_done || !put_problems(report))
        return false;
    put_foot(report);
    return true;
}
