/* SPDX-License-Identifier: MIT */
/* The report for a terminal: two lines a group, its key and then a bar, the numbers, and when it was seen. */
#include "shim/command/report/terminal/style.h"
#include "shim/command/report/text.h"

#include <stdlib.h>
#include <string.h>

#define NUMBERS_COLUMNS 53u /* records to lost, with the spaces before each */
#define SPAN_COLUMNS    25u /* first and last seen */
#define LAST_COLUMNS    14u /* last seen alone */
#define BAR_COLUMNS_MIN 11u
#define BAR_COLUMNS_LOW 9u /* where nothing but the bar can give way */
#define INDENT_COLUMNS  2u

/* How the rows of a table lie: the label on the bar's line where all of them have room, else above it. */
struct layout {
    unsigned label; /* columns of the label and a space, 0 when it has a line of its own */
    unsigned bar;
    unsigned seen;  /* SPAN_COLUMNS, LAST_COLUMNS or 0 */
    bool is_narrow; /* no row of numbers has room: they stand below one another */
};

static struct layout layout_of(const struct lg_report *report, size_t label_columns)
{
    struct layout layout = {.seen = SPAN_COLUMNS, .is_narrow = report->width < LG_NARROW_COLUMNS};
    unsigned taken = NUMBERS_COLUMNS + INDENT_COLUMNS;

    if (report->width >= taken + SPAN_COLUMNS + label_columns + 1 + BAR_COLUMNS_MIN)
        layout.label = (unsigned)label_columns + 1;
    else if (report->width < taken + SPAN_COLUMNS + BAR_COLUMNS_MIN)
        layout.seen = report->width < taken + LAST_COLUMNS + BAR_COLUMNS_MIN ? 0 : LAST_COLUMNS;
    taken += layout.seen + layout.label;
    layout.bar = report->width > taken + BAR_COLUMNS_LOW ? report->width - taken : BAR_COLUMNS_LOW;
    if (layout.is_narrow)
        layout.bar =
            report->width > INDENT_COLUMNS + BAR_COLUMNS_LOW ? report->width - INDENT_COLUMNS : BAR_COLUMNS_LOW;
    return layout;
}

/* A bar in eighths of a column; whatever is not nothing shows. */
static void put_bar(const struct lg_report *report, unsigned columns, uint64_t part, uint64_t whole)
{
    unsigned eighths = whole == 0 ? 0 : (unsigned)((double)part / (double)whole * columns * 8 + 0.5);
    unsigned used = 0;

    if (part != 0 && eighths == 0)
        eighths = 1;
    lg_style_start(report, LG_STYLE_CYAN);
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
    lg_style_end(report);
    fprintf(report->out, "%*s", (int)(columns - used), "");
}

struct label {
    enum lg_table table;
    const struct lg_group *group;
};

/* The frames of a call site behind the innermost. */
static void put_outer_frames(const struct lg_report *report, FILE *out, const struct lg_group *group)
{
    for (unsigned i = 2; lg_group_part(group, i).at != NULL; i++) {
        fputs(report->utf8 ? " \xE2\x80\xB9 " : " < ", out);
        lg_report_put_part(out, lg_style_form(report), group, i);
    }
}

/* The key of a group in one line; for (others) as well. */
static void put_key(const struct lg_report *report, FILE *out, const void *context)
{
    const struct label *label = context;
    enum lg_safe_form form = lg_style_form(report);

    if (label->group->key == NULL) {
        fputs("(others)", out);
        return;
    }
    lg_report_put_part(out, form, label->group, 0);
    if (label->table == LG_TABLE_CAUSE) {
        fputs(", ", out);
        lg_report_put_part(out, form, label->group, 1);
        fputs(report->utf8 ? " \xE2\x86\x92 " : " -> ", out);
        lg_report_put_part(out, form, label->group, 2);
    } else if (label->table == LG_TABLE_RULE && lg_report_has_several(report, LG_TABLE_POLICY)) {
        fputs(" of policy ", out);
        lg_report_put_part(out, form, label->group, 1);
    } else if (label->table == LG_TABLE_SITE) {
        fputs("  ", out);
        lg_report_put_part(out, form, label->group, 1);
        put_outer_frames(report, out, label->group);
    }
}

static void put_program(const struct lg_report *report, FILE *out, const void *group)
{
    lg_report_put_part(out, lg_style_form(report), group, 0);
}

static void put_innermost(const struct lg_report *report, FILE *out, const void *group)
{
    lg_report_put_part(out, lg_style_form(report), group, 1);
}

static void put_outer(const struct lg_report *report, FILE *out, const void *group)
{
    put_outer_frames(report, out, group);
}

/* Cut in its middle to the terminal's width: both ends of a path tell most. */
static void put_cut(const struct lg_report *report, const char *text)
{
    const char *dots = report->utf8 ? "\xE2\x80\xA6" : "..";
    size_t dots_columns = report->utf8 ? 1 : 2;
    size_t head;

    if (lg_style_columns(report, text) <= report->width || report->width < 2 * dots_columns + 2) {
        fputs(text, report->out);
        return;
    }
    head = (report->width - dots_columns) / 3;
    fwrite(text, 1, lg_head_bytes(text, head, !report->utf8), report->out);
    fputs(dots, report->out);
    fputs(text + lg_tail_start(text, report->width - dots_columns - head, !report->utf8), report->out);
}

/* As much of the outer frames as fits behind `used` columns. */
static void put_head(const struct lg_report *report, const char *text, size_t used)
{
    const char *dots = report->utf8 ? "\xE2\x80\xA6" : "..";
    size_t dots_columns = report->utf8 ? 1 : 2;

    if (used + lg_style_columns(report, text) <= report->width) {
        fputs(text, report->out);
    } else if (used + dots_columns < report->width) {
        fwrite(text, 1, lg_head_bytes(text, report->width - used - dots_columns, !report->utf8), report->out);
        fputs(dots, report->out);
    }
}

/* A call site that has no room in one line. The innermost frame stands whole: it is what addr2line(1) takes. */
static bool put_site(const struct lg_report *report, const struct lg_group *group)
{
    char *program = lg_style_text(report, put_program, group);
    char *innermost = lg_style_text(report, put_innermost, group);
    char *outer = lg_style_text(report, put_outer, group);
    bool is_done = program != NULL && innermost != NULL && outer != NULL;

    if (is_done) {
        size_t columns = lg_style_columns(report, innermost);
        size_t indent = columns + INDENT_COLUMNS <= report->width ? INDENT_COLUMNS : 0;

        put_cut(report, program);
        fprintf(report->out, "\n%*s%s", (int)indent, "", innermost);
        put_head(report, outer, indent + columns);
    }
    free(program);
    free(innermost);
    free(outer);
    return is_done;
}

static bool put_label(const struct lg_report *report, const struct layout *layout, const struct label *label)
{
    char *text = lg_style_text(report, put_key, label);
    bool is_done = text != NULL;

    if (!is_done)
        return false;
    if (layout->label != 0)
        fprintf(report->out, "%*s", (int)INDENT_COLUMNS, "");
    lg_style_start(report, LG_STYLE_BOLD);
    if (layout->label != 0 || lg_style_columns(report, text) <= report->width)
        fputs(text, report->out);
    else if (label->table == LG_TABLE_SITE && label->group->key != NULL)
        is_done = put_site(report, label->group);
    else
        put_cut(report, text);
    lg_style_end(report);
    if (layout->label != 0)
        fprintf(report->out, "%*s", (int)(layout->label - lg_style_columns(report, text)), "");
    else
        fprintf(report->out, "\n%*s", (int)INDENT_COLUMNS, "");
    free(text);
    return is_done;
}

static bool widest_label(const struct lg_report *report, enum lg_table table, const struct lg_report_rows *rows,
                         size_t *columns)
{
    *columns = 0;
    for (size_t i = 0; i < rows->count; i++) {
        struct label label = {table, rows->groups[i]};
        char *text = lg_style_text(report, put_key, &label);
        if (text == NULL)
            return false;
        if (lg_style_columns(report, text) > *columns)
            *columns = lg_style_columns(report, text);
        free(text);
    }
    return true;
}

static void put_bytes(const struct lg_report *report, uint64_t bytes, const char *style)
{
    char room[LG_NUMBER_ROOM];

    lg_style_start(report, bytes != 0 ? style : LG_STYLE_DIM);
    fprintf(report->out, " %10s", lg_bytes_text(room, bytes));
    lg_style_end(report);
}

static void put_numbers(const struct lg_report *report, const struct layout *layout, const struct lg_count *count)
{
    char room[LG_NUMBER_ROOM];
    bool is_timed = count->first_us <= count->last_us;

    fprintf(report->out, " %9s", lg_count_text(room, count->records));
    fprintf(report->out, " %9s", lg_count_text(room, count->connections));
    put_bytes(report, count->lost_bytes, LG_STYLE_RED);
    put_bytes(report, count->saved_bytes, LG_STYLE_GREEN);
    put_bytes(report, count->released_bytes, LG_STYLE_BOLD);
    lg_style_start(report, LG_STYLE_DIM);
    if (layout->seen == SPAN_COLUMNS && is_timed)
        fprintf(report->out, "  %s", lg_span_text(room, count->first_us, count->last_us));
    else if (layout->seen == LAST_COLUMNS && is_timed)
        fprintf(report->out, "  %.11s", lg_time_text(room, count->last_us) + 5);
    lg_style_end(report);
    fputc('\n', report->out);
}

static void put_bytes_below(const struct lg_report *report, const char *name, uint64_t bytes, const char *style)
{
    char room[LG_NUMBER_ROOM];

    if (bytes == 0)
        return;
    fprintf(report->out, "%*s%-9s", (int)INDENT_COLUMNS, "", name);
    lg_style_start(report, style);
    fprintf(report->out, "%11s", lg_bytes_text(room, bytes));
    lg_style_end(report);
    fputc('\n', report->out);
}

/* Where no row has room: what there is. */
static void put_numbers_below(const struct lg_report *report, const struct lg_count *count)
{
    char room[2][LG_NUMBER_ROOM];

    fprintf(report->out, "%s record%s, %s connection%s\n", lg_count_text(room[0], count->records),
            count->records == 1 ? "" : "s", lg_count_text(room[1], count->connections),
            count->connections == 1 ? "" : "s");
    put_bytes_below(report, "lost", count->lost_bytes, LG_STYLE_RED);
    put_bytes_below(report, "saved", count->saved_bytes, LG_STYLE_GREEN);
    put_bytes_below(report, "released", count->released_bytes, LG_STYLE_BOLD);
}

static void put_heading(const struct lg_report *report, const struct layout *layout, const char *title)
{
    int title_columns = (int)(INDENT_COLUMNS + layout->label + layout->bar);

    fputc('\n', report->out);
    lg_style_put(report, LG_STYLE_BOLD, title);
    if (layout->is_narrow) {
        fputc('\n', report->out);
        return;
    }
    fprintf(report->out, "%*s", title_columns + 10 - (int)strlen(title), "records");
    fprintf(report->out, " %9s %10s %10s %10s%s\n", "conns", "lost", "saved", "released",
            layout->seen == SPAN_COLUMNS   ? "  seen (UTC)"
            : layout->seen == LAST_COLUMNS ? "  last (UTC)"
                                           : "");
}

static void put_left_out(const struct lg_report *report, const struct lg_report_rows *rows)
{
    char room[2][LG_NUMBER_ROOM], line[4 * LG_NUMBER_ROOM];

    if (rows->left_out == 0)
        return;
    snprintf(line, sizeof(line), "and %s more with %s records (-n 0 shows all)", lg_count_text(room[0], rows->left_out),
             lg_count_text(room[1], rows->rest.records));
    fprintf(report->out, "%*s", (int)INDENT_COLUMNS, "");
    lg_style_start(report, LG_STYLE_DIM);
    lg_style_wrap(report, line, INDENT_COLUMNS, INDENT_COLUMNS);
    lg_style_end(report);
}

static bool put_table(const struct lg_report *report, const struct lg_report_table *table)
{
    struct lg_report_rows rows;
    struct layout layout;
    size_t columns;
    bool is_done;

    if (!lg_report_rows(report, table->table, &rows))
        return false;
    is_done = widest_label(report, table->table, &rows, &columns);
    layout = layout_of(report, columns);
    put_heading(report, &layout, table->heading);
    for (size_t i = 0; i < rows.count && is_done; i++) {
        const struct lg_count *count = &rows.groups[i]->count;
        is_done = put_label(report, &layout, &(struct label){table->table, rows.groups[i]});
        if (layout.is_narrow) {
            put_numbers_below(report, count);
            continue;
        }
        put_bar(report, layout.bar, count->records, report->aggregate->totals.records);
        put_numbers(report, &layout, count);
    }
    put_left_out(report, &rows);
    free(rows.groups);
    return is_done;
}

bool lg_report_as_table(const struct lg_report *report)
{
    char room[LG_NUMBER_ROOM];
    bool is_done = true;

    if (report->aggregate->totals.records == 0) {
        fputs("no records", report->out);
        if (report->aggregate->totals.suppressed != 0)
            fprintf(report->out, ", but %s that the limit dropped",
                    lg_count_text(room, report->aggregate->totals.suppressed));
        fputc('\n', report->out);
    } else {
        lg_terminal_summary(report);
        for (unsigned i = 0; i < LG_REPORT_TABLES && is_done; i++)
            is_done = !lg_report_shows(report, lg_report_tables[i].table) || put_table(report, &lg_report_tables[i]);
    }
    is_done = is_done && lg_terminal_problems(report);
    lg_terminal_notes(report);
    return is_done;
}
