/* SPDX-License-Identifier: MIT */
/* The report for a terminal: two lines a group, its key and then a bar, the numbers, and when it was seen. */
#include "shim/command/report/report.h"
#include "shim/command/report/text.h"

#include <stdlib.h>
#include <string.h>

#define NUMBERS_COLUMNS 67u /* records to seen, with the spaces before each */
#define BAR_COLUMNS_MIN 11u
#define INDENT_COLUMNS  2u

#define BOLD  "1"
#define DIM   "2"
#define GREEN "32"
#define RED   "31"
#define CYAN  "36"

static void start_style(const struct lg_report *report, const char *style)
{
    if (report->colour)
        fprintf(report->out, "\033[%sm", style);
}

static void end_style(const struct lg_report *report)
{
    if (report->colour)
        fputs("\033[0m", report->out);
}

static void put_styled(const struct lg_report *report, const char *style, const char *text)
{
    start_style(report, style);
    fputs(text, report->out);
    end_style(report);
}

/* How the rows of a table lie: the label on the bar's line where all of them have room, else above it. */
struct layout {
    unsigned label; /* columns of the label and a space, 0 when it has a line of its own */
    unsigned bar;
};

static struct layout layout_of(const struct lg_report *report, size_t label_columns)
{
    size_t taken = NUMBERS_COLUMNS + INDENT_COLUMNS;

    if (report->width >= taken + label_columns + 1 + BAR_COLUMNS_MIN)
        return (struct layout){(unsigned)label_columns + 1, (unsigned)(report->width - taken - label_columns - 1)};
    return (struct layout){0, report->width > taken + BAR_COLUMNS_MIN ? (unsigned)(report->width - taken)
                                                                      : BAR_COLUMNS_MIN};
}

/* A bar in eighths of a column; whatever is not nothing shows. */
static void put_bar(const struct lg_report *report, unsigned columns, uint64_t part, uint64_t whole)
{
    unsigned eighths = whole == 0 ? 0 : (unsigned)((double)part / (double)whole * columns * 8 + 0.5);
    unsigned used = 0;

    if (part != 0 && eighths == 0)
        eighths = 1;
    start_style(report, CYAN);
    if (!report->utf8) {
        for (; used < (eighths + 4) / 8 || used == 0; used++)
            fputc('#', report->out);
    } else {
        for (; used < eighths / 8; used++)
            fputs("\xE2\x96\x88", report->out);
        if (eighths % 8 != 0) {
            /* U+2589 has seven eighths, U+258F one */
            fprintf(report->out, "\xE2\x96%c", (char)(0x90 - (int)(eighths % 8)));
            used++;
        }
    }
    end_style(report);
    fprintf(report->out, "%*s", (int)(columns - used), "");
}

/* How other people's text is shown. */
static enum lg_safe_form form_of(const struct lg_report *report)
{
    return report->utf8 ? LG_SAFE_TERMINAL : LG_SAFE_ASCII;
}

/* The key of a group in one line; for (others) as well. */
static void put_key(const struct lg_report *report, FILE *out, enum lg_table table, const struct lg_group *group)
{
    enum lg_safe_form form = form_of(report);

    if (group->key == NULL) {
        fputs("(others)", out);
        return;
    }
    lg_report_put_part(out, form, group, 0);
    if (table == LG_TABLE_CAUSE) {
        fputs(", ", out);
        lg_report_put_part(out, form, group, 1);
        fputs(report->utf8 ? " \xE2\x86\x92 " : " -> ", out);
        lg_report_put_part(out, form, group, 2);
    } else if (table == LG_TABLE_SITE || table == LG_TABLE_PROBLEM) {
        fputs("  ", out);
        lg_report_put_part(out, form, group, 1);
        for (unsigned i = 2; lg_group_part(group, i).at != NULL; i++) {
            fputs(report->utf8 ? " \xE2\x80\xB9 " : " < ", out);
            lg_report_put_part(out, form, group, i);
        }
    }
}

/* The label of a group in memory of its own, or NULL. */
static char *make_label(const struct lg_report *report, enum lg_table table, const struct lg_group *group)
{
    char *label = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&label, &size);

    if (memory == NULL)
        return NULL;
    put_key(report, memory, table, group);
    if (fclose(memory) == 0)
        return label;
    free(label);
    return NULL;
}

/* Cut in its middle to the terminal's width: both ends of a path, and its offset, tell most. */
static void put_cut(const struct lg_report *report, const char *label)
{
    const char *dots = report->utf8 ? "\xE2\x80\xA6" : "..";
    size_t dots_columns = report->utf8 ? 1 : 2;
    size_t head;

    if (lg_columns(label, !report->utf8) <= report->width || report->width < 2 * dots_columns + 2) {
        fputs(label, report->out);
        return;
    }
    head = (report->width - dots_columns) / 3;
    fwrite(label, 1, lg_head_bytes(label, head, !report->utf8), report->out);
    fputs(dots, report->out);
    fputs(label + lg_tail_start(label, report->width - dots_columns - head, !report->utf8), report->out);
}

static bool put_label(const struct lg_report *report, const struct layout *layout, enum lg_table table,
                      const struct lg_group *group)
{
    char *label = make_label(report, table, group);

    if (label == NULL)
        return false;
    if (layout->label != 0)
        fprintf(report->out, "%*s", (int)INDENT_COLUMNS, "");
    start_style(report, BOLD);
    if (layout->label != 0)
        fputs(label, report->out);
    else
        put_cut(report, label);
    end_style(report);
    if (layout->label != 0)
        fprintf(report->out, "%*s", (int)(layout->label - lg_columns(label, !report->utf8)), "");
    else
        fprintf(report->out, "\n%*s", (int)INDENT_COLUMNS, "");
    free(label);
    return true;
}

static bool widest_label(const struct lg_report *report, enum lg_table table, const struct lg_report_rows *rows,
                         size_t *columns)
{
    *columns = 0;
    for (size_t i = 0; i < rows->count; i++) {
        char *label = make_label(report, table, rows->groups[i]);
        if (label == NULL)
            return false;
        if (lg_columns(label, !report->utf8) > *columns)
            *columns = lg_columns(label, !report->utf8);
        free(label);
    }
    return true;
}

static void put_numbers(const struct lg_report *report, const struct lg_count *count)
{
    char room[LG_NUMBER_ROOM];

    fprintf(report->out, " %9s", lg_count_text(room, count->records));
    fprintf(report->out, " %9s", lg_count_text(room, count->connections));
    start_style(report, count->saved_bytes != 0 ? GREEN : DIM);
    fprintf(report->out, " %10s", lg_bytes_text(room, count->saved_bytes));
    end_style(report);
    start_style(report, count->lost_bytes != 0 ? RED : DIM);
    fprintf(report->out, " %10s", lg_bytes_text(room, count->lost_bytes));
    end_style(report);
    start_style(report, DIM);
    fprintf(report->out, "  %s\n", lg_span_text(room, count->first_us, count->last_us));
    end_style(report);
}

static void put_heading(const struct lg_report *report, const struct layout *layout, const char *title)
{
    int title_columns = (int)(INDENT_COLUMNS + layout->label + layout->bar);

    fputc('\n', report->out);
    put_styled(report, BOLD, title);
    fprintf(report->out, "%*s", title_columns + 10 - (int)strlen(title), "records");
    fprintf(report->out, " %9s %10s %10s  %s\n", "conns", "saved", "lost", "seen (UTC)");
}

static bool put_table(const struct lg_report *report, const struct lg_report_table *table)
{
    struct lg_report_rows rows;
    struct layout layout;
    size_t columns;
    bool is_done = true;
    char room[2][LG_NUMBER_ROOM];

    if (!lg_report_rows(report, table->table, &rows))
        return false;
    is_done = widest_label(report, table->table, &rows, &columns);
    layout = layout_of(report, columns);
    put_heading(report, &layout, table->heading);
    for (size_t i = 0; i < rows.count && is_done; i++) {
        const struct lg_count *count = &rows.groups[i]->count;
        is_done = put_label(report, &layout, table->table, rows.groups[i]);
        put_bar(report, layout.bar, count->records, report->aggregate->totals.records);
        put_numbers(report, count);
    }
    if (rows.left_out != 0) {
        start_style(report, DIM);
        fprintf(report->out, "  and %s more with %s records (-n 0 shows all)\n", lg_count_text(room[0], rows.left_out),
                lg_count_text(room[1], rows.rest.records));
        end_style(report);
    }
    free(rows.groups);
    return is_done;
}

static void put_bytes_total(const struct lg_report *report, const char *name, uint64_t bytes, const char *style,
                            const char *about)
{
    char room[LG_NUMBER_ROOM];

    fprintf(report->out, "  %-11s", name);
    start_style(report, bytes != 0 ? style : DIM);
    fprintf(report->out, "%12s", lg_bytes_text(room, bytes));
    end_style(report);
    start_style(report, DIM);
    /* Only what is there is explained, and only where the line stays one line. */
    if (bytes != 0 && 27 + strlen(about) <= report->width)
        fprintf(report->out, "  %s", about);
    end_style(report);
    fputc('\n', report->out);
}

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
    while ((used + per_column - 1) / per_column > report->width - 13 - 16)
        per_column++;
    for (unsigned i = 0; i < used; i++) {
        for (unsigned kind = 0; kind < LG_TIMELINE_KINDS; kind++)
            sums[i / per_column] += timeline->buckets[i].records[kind];
        if (sums[i / per_column] > most)
            most = sums[i / per_column];
    }
    fprintf(report->out, "  %-11s  ", "over time");
    start_style(report, CYAN);
    for (unsigned i = 0; i * per_column < used; i++) {
        unsigned eighths = (unsigned)((double)sums[i] / (double)most * 8 + 0.999);
        if (sums[i] == 0)
            fputc(' ', report->out);
        else
            fprintf(report->out, "\xE2\x96%c", (char)(0x80 + (int)(eighths > 8 ? 8 : eighths < 1 ? 1 : eighths)));
    }
    end_style(report);
    start_style(report, DIM);
    fprintf(report->out, "  %s each\n", lg_duration_text(room, timeline->width_s * per_column));
    end_style(report);
}

static void put_suppressed(const struct lg_report *report)
{
    const struct lg_count *totals = &report->aggregate->totals;
    uint64_t all = lg_sum(totals->records, totals->suppressed);
    char room[3][LG_NUMBER_ROOM];

    fprintf(report->out, "  %-11s%12s", "suppressed", lg_count_text(room[0], totals->suppressed));
    if (totals->suppressed != 0)
        fprintf(report->out, "  of %s records dropped by the limit (%s)", lg_count_text(room[1], all),
                lg_percent_text(room[2], totals->suppressed, all));
    fputc('\n', report->out);
}

static void put_summary(const struct lg_report *report)
{
    const struct lg_aggregate *aggregate = report->aggregate;
    const struct lg_count *totals = &aggregate->totals;
    char room[4][LG_NUMBER_ROOM];
    uint32_t programs = aggregate->tables[LG_TABLE_PROGRAM].group_count - 1;

    start_style(report, BOLD);
    fprintf(report->out, "%s record%s of %s connection%s, %s program%s", lg_count_text(room[0], totals->records),
            totals->records == 1 ? "" : "s", lg_count_text(room[1], totals->connections),
            totals->connections == 1 ? "" : "s", lg_count_text(room[2], programs), programs == 1 ? "" : "s");
    end_style(report);
    fputc('\n', report->out);
    if (totals->first_us <= totals->last_us)
        fprintf(report->out, "%s to %s UTC (%s)\n", lg_time_text(room[0], totals->first_us),
                lg_time_text(room[1], totals->last_us),
                lg_duration_text(room[2], (totals->last_us - totals->first_us) / 1000000));
    fputc('\n', report->out);
    put_bytes_total(report, "saved", totals->saved_bytes, GREEN, lg_about_saved);
    put_bytes_total(report, "lost", totals->lost_bytes, RED, lg_about_lost);
    put_bytes_total(report, "at deadline", totals->deadline_bytes, RED, lg_about_deadline);
    put_bytes_total(report, "discarded", totals->discarded_bytes, RED, lg_about_discarded);
    put_bytes_total(report, "drained", aggregate->drained_bytes, BOLD, lg_about_drained);
    if (aggregate->waited_ms != 0)
        fprintf(report->out, "  %-11s%9s ms  in closes; the longest took %s ms\n", "waited",
                lg_count_text(room[0], aggregate->waited_ms), lg_count_text(room[1], aggregate->waited_most_ms));
    put_suppressed(report);
    put_sparkline(report);
}

static bool put_problems(const struct lg_report *report)
{
    struct lg_report_rows rows;
    char room[LG_NUMBER_ROOM];

    if (report->aggregate->lines[LG_REPORT_LINE_PROBLEM] == 0)
        return true;
    if (!lg_report_rows(report, LG_TABLE_PROBLEM, &rows))
        return false;
    fputc('\n', report->out);
    put_styled(report, BOLD, "Problems that the library reported");
    fputc('\n', report->out);
    for (size_t i = 0; i < rows.count; i++) {
        start_style(report, RED);
        fprintf(report->out, "  %9s  ", lg_count_text(room, rows.groups[i]->count.records));
        end_style(report);
        put_key(report, report->out, LG_TABLE_PROBLEM, rows.groups[i]);
        fputc('\n', report->out);
    }
    if (rows.left_out != 0)
        fprintf(report->out, "  and %s more (-n 0 shows all)\n", lg_count_text(room, rows.left_out));
    free(rows.groups);
    return true;
}

static void put_notes(const struct lg_report *report)
{
    const struct lg_aggregate *aggregate = report->aggregate;
    char room[LG_NUMBER_ROOM];

    if (lg_report_has_others(report))
        fprintf(report->out, "\n(others) stands for what is beyond %s groups of a table.\n",
                lg_count_text(room, LG_GROUPS_MAX));
    if (aggregate->join.pushed_out != 0)
        fprintf(report->out, "\n%s sockets were forgotten before their close was seen; if it came, it counts apart.\n",
                lg_count_text(room, aggregate->join.pushed_out));
    if (lg_aggregate_broken(aggregate) != 0) {
        fputc('\n', report->out);
        lg_report_put_broken(report, form_of(report));
        fputs(".\n", report->out);
    }
}

bool lg_report_as_table(const struct lg_report *report)
{
    bool is_done = true;

    if (report->aggregate->totals.records == 0) {
        fputs("no records\n", report->out);
    } else {
        put_summary(report);
        for (unsigned i = 0; i < LG_REPORT_TABLES && is_done; i++)
            is_done = put_table(report, &lg_report_tables[i]);
    }
    is_done = is_done && put_problems(report);
    put_notes(report);
    return is_done;
}
