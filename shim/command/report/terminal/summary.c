/* SPDX-License-Identifier: MIT */
/* What stands before the tables of a terminal, and behind them. */
#include "shim/command/report/terminal/style.h"
#include "shim/command/report/text.h"

#include <stdlib.h>
#include <string.h>

static void put_about(const struct lg_report *report, const char *about)
{
    /* Only where the line stays one line. */
    if (27 + strlen(about) > report->width)
        return;
    fputs("  ", report->out);
    lg_style_put(report, LG_STYLE_DIM, about);
}

static void put_bytes_total(const struct lg_report *report, const char *name, uint64_t bytes, const char *style,
                            const char *about)
{
    char room[LG_NUMBER_ROOM];

    fprintf(report->out, "  %-11s", name);
    lg_style_start(report, bytes != 0 ? style : LG_STYLE_DIM);
    fprintf(report->out, "%12s", lg_bytes_text(room, bytes));
    lg_style_end(report);
    if (bytes != 0) /* only what is there is explained */
        put_about(report, about);
    fputc('\n', report->out);
}

/* "  over time    " and "  23 h 59 min each" */
#define BESIDE_COLUMNS (15u + 18u)

/* As many of the blocks U+2581 to U+2588 as fit: how the records are spread over the time. */
static void put_sparkline(const struct lg_report *report)
{
    const struct lg_timeline *timeline = &report->aggregate->timeline;
    unsigned used = lg_timeline_used(timeline);
    unsigned per_column = 1;
    uint64_t sums[LG_TIMELINE_BUCKETS] = {0};
    uint64_t most = 0;
    char room[LG_NUMBER_ROOM];

    if (!report->utf8 || used < 2 || report->width < 40)
        return;
    while ((used + per_column - 1) / per_column > report->width - BESIDE_COLUMNS)
        per_column++;
    for (unsigned i = 0; i < used; i++) {
        for (unsigned kind = 0; kind < LG_TIMELINE_KINDS; kind++)
            sums[i / per_column] += timeline->buckets[i].records[kind];
        if (sums[i / per_column] > most)
            most = sums[i / per_column];
    }
    fprintf(report->out, "  %-11s  ", "over time");
    lg_style_start(report, LG_STYLE_CYAN);
    for (unsigned i = 0; i * per_column < used; i++) {
        unsigned eighths = (unsigned)((double)sums[i] / (double)most * 8 + 0.999);
        if (sums[i] == 0)
            fputc(' ', report->out);
        else
            fprintf(report->out, "\xE2\x96%c", (char)(0x80 + (int)(eighths > 8 ? 8 : eighths < 1 ? 1 : eighths)));
    }
    lg_style_end(report);
    lg_style_start(report, LG_STYLE_DIM);
    fprintf(report->out, "  %s each\n", lg_duration_text(room, timeline->width_s * per_column));
    lg_style_end(report);
}

static void put_waited(const struct lg_report *report)
{
    char room[LG_NUMBER_ROOM], about[2 * LG_NUMBER_ROOM];

    if (report->aggregate->waited_ms == 0)
        return;
    fprintf(report->out, "  %-11s%9s ms", "waited", lg_count_text(room, report->aggregate->waited_ms));
    snprintf(about, sizeof(about), "in closes; the longest took %s ms",
             lg_count_text(room, report->aggregate->waited_most_ms));
    put_about(report, about);
    fputc('\n', report->out);
}

static void put_suppressed(const struct lg_report *report)
{
    const struct lg_count *totals = &report->aggregate->totals;
    uint64_t all = lg_sum(totals->records, totals->suppressed);
    char room[3][LG_NUMBER_ROOM], about[4 * LG_NUMBER_ROOM];

    fprintf(report->out, "  %-11s%12s", "suppressed", lg_count_text(room[0], totals->suppressed));
    snprintf(about, sizeof(about), "of %s records dropped by the limit (%s)", lg_count_text(room[1], all),
             lg_percent_text(room[2], totals->suppressed, all));
    if (totals->suppressed != 0)
        put_about(report, about);
    fputc('\n', report->out);
}

void lg_terminal_summary(const struct lg_report *report)
{
    const struct lg_aggregate *aggregate = report->aggregate;
    const struct lg_count *totals = &aggregate->totals;
    char room[4][LG_NUMBER_ROOM], line[5 * LG_NUMBER_ROOM];
    uint32_t programs = aggregate->tables[LG_TABLE_PROGRAM].group_count - 1;

    snprintf(line, sizeof(line), "%s record%s of %s connection%s, %s program%s",
             lg_count_text(room[0], totals->records), totals->records == 1 ? "" : "s",
             lg_count_text(room[1], totals->connections), totals->connections == 1 ? "" : "s",
             lg_count_text(room[2], programs), programs == 1 ? "" : "s");
    lg_style_start(report, LG_STYLE_BOLD);
    lg_style_wrap(report, line, 0, 0);
    lg_style_end(report);
    if (totals->first_us <= totals->last_us) {
        snprintf(line, sizeof(line), "%s to %s UTC (%s)", lg_time_text(room[0], totals->first_us),
                 lg_time_text(room[1], totals->last_us),
                 lg_duration_text(room[2], (totals->last_us - totals->first_us) / 1000000));
        lg_style_wrap(report, line, 0, 0);
    }
    fputc('\n', report->out);
    put_bytes_total(report, "lost", totals->lost_bytes, LG_STYLE_RED, lg_about_lost);
    put_bytes_total(report, "saved", totals->saved_bytes, LG_STYLE_GREEN, lg_about_saved);
    put_bytes_total(report, "released", totals->released_bytes, LG_STYLE_BOLD, lg_about_released);
    put_bytes_total(report, "at deadline", totals->deadline_bytes, LG_STYLE_RED, lg_about_deadline);
    put_bytes_total(report, "discarded", totals->discarded_bytes, LG_STYLE_RED, lg_about_discarded);
    put_bytes_total(report, "drained", aggregate->drained_bytes, LG_STYLE_BOLD, lg_about_drained);
    put_waited(report);
    put_suppressed(report);
    put_sparkline(report);
}

static void put_problem(const struct lg_report *report, FILE *out, const void *group)
{
    lg_report_put_part(out, lg_style_form(report), group, 0);
    fputs("  ", out);
    lg_report_put_part(out, lg_style_form(report), group, 1);
}

bool lg_terminal_problems(const struct lg_report *report)
{
    struct lg_report_rows rows;
    char room[LG_NUMBER_ROOM];
    bool is_done = true;

    if (report->aggregate->lines[LG_REPORT_LINE_PROBLEM] == 0)
        return true;
    if (!lg_report_rows(report, LG_TABLE_PROBLEM, &rows))
        return false;
    fputc('\n', report->out);
    lg_style_put(report, LG_STYLE_BOLD, "Problems that the library reported");
    fputc('\n', report->out);
    for (size_t i = 0; i < rows.count && is_done; i++) {
        char *text = lg_style_text(report, put_problem, rows.groups[i]);

        lg_style_start(report, LG_STYLE_RED);
        fprintf(report->out, "  %7s  ", lg_count_text(room, rows.groups[i]->count.records));
        lg_style_end(report);
        is_done = text != NULL;
        lg_style_wrap(report, is_done ? text : "", 11, 11);
        free(text);
    }
    if (rows.left_out != 0)
        fprintf(report->out, "  and %s more (-n 0 shows all)\n", lg_count_text(room, rows.left_out));
    free(rows.groups);
    return is_done;
}

static void put_broken(const struct lg_report *report, FILE *out, const void *context)
{
    struct lg_report into = *report;

    (void)context;
    into.out = out;
    lg_report_put_broken(&into, lg_style_form(report));
    fputc('.', out);
}

void lg_terminal_notes(const struct lg_report *report)
{
    const struct lg_aggregate *aggregate = report->aggregate;
    char room[LG_NUMBER_ROOM], note[4 * LG_NUMBER_ROOM], unseen[LG_REPORT_UNSEEN_ROOM];
    char *broken;

    for (unsigned i = 0; i < LG_REPORT_UNSEEN; i++) {
        if (lg_report_unseen(report, i, unseen)[0] == '\0')
            continue;
        fputc('\n', report->out);
        lg_style_wrap(report, unseen, 0, 0);
    }
    if (lg_report_has_others(report)) {
        snprintf(note, sizeof(note), "(others) stands for what is beyond %s groups of a table.",
                 lg_count_text(room, LG_GROUPS_MAX));
        fputc('\n', report->out);
        lg_style_wrap(report, note, 0, 0);
    }
    if (aggregate->join.pushed_out != 0) {
        snprintf(note, sizeof(note),
                 "%s sockets were forgotten before their close was seen; if it came, it counts apart.",
                 lg_count_text(room, aggregate->join.pushed_out));
        fputc('\n', report->out);
        lg_style_wrap(report, note, 0, 0);
    }
    if (lg_aggregate_broken(aggregate) == 0)
        return;
    broken = lg_style_text(report, put_broken, NULL);
    fputc('\n', report->out);
    lg_style_wrap(report, broken != NULL ? broken : "Some lines are broken.", 0, 0);
    free(broken);
}
