/* SPDX-License-Identifier: MIT */
/* The list for a terminal: a line for each process and, where something is to be told, a second one. */
#include "policy/print.h"
#include "policy/text.h"
#include "shim/command/common/output.h"
#include "shim/command/processes/rows.h"
#include <stdlib.h>
#include <unistd.h>

#define WIDTH_MIN    60u
#define WIDTH_MAX    512u
#define DOTS         3u /* "..." for what is cut off */
#define DIGESTS_TOLD 8u
#define VERSION_MAX  12u
#define NOTE_INDENT  8

/* Characters, which is columns but for some scripts of the east. */
static size_t columns_of_safe(struct lg_text safe)
{
    size_t columns = 0;

    for (size_t i = 0; i < safe.length_bytes; i++)
        columns += ((unsigned char)safe.at[i] & 0xc0) != 0x80;
    return columns;
}

static size_t columns_of(struct lg_text text)
{
    char room[LG_SAFE_BYTES_MAX];
    size_t columns = 0;

    while (text.length_bytes > 0)
        columns += columns_of_safe(lg_safe_take(&text, LG_SAFE_TERMINAL, room));
    return columns;
}

/* Its end, so that what is left of `columns` has `width` at most. */
static struct lg_text cut_front(struct lg_text text, size_t columns, size_t width)
{
    char room[LG_SAFE_BYTES_MAX];

    while (columns > width)
        columns -= columns_of_safe(lg_safe_take(&text, LG_SAFE_TERMINAL, room));
    return text;
}

static struct lg_text cut_end(struct lg_text text, size_t width)
{
    struct lg_text rest = text;
    char room[LG_SAFE_BYTES_MAX];
    size_t columns = 0;

    for (text.length_bytes = 0; rest.length_bytes > 0; text.length_bytes = (size_t)(rest.at - text.at)) {
        columns += columns_of_safe(lg_safe_take(&rest, LG_SAFE_TERMINAL, room));
        if (columns > width)
            break;
    }
    return text;
}

/* A cell and the blank behind it. */
static void put_cell(const char *name, size_t width, bool keep_end)
{
    struct lg_text text = lg_text_of(name[0] ? name : "-");
    size_t columns = columns_of(text);
    bool cut = columns > width;

    if (cut)
        text = keep_end ? cut_front(text, columns, width - DOTS) : cut_end(text, width - DOTS);
    if (cut && keep_end)
        fputs("...", stdout);
    lg_put_safe(stdout, text, LG_SAFE_TERMINAL);
    if (cut && !keep_end)
        fputs("...", stdout);
    columns = cut ? columns_of(text) + DOTS : columns;
    printf("%*s ", (int)(width - columns), "");
}

struct columns {
    int pid;
    size_t program;
    size_t unit;
    size_t version;
};

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Program and unit share what the other columns leave: each has what it needs, or half and what the other leaves. */
static void fit(struct columns *columns, const struct lg_rows *rows, size_t others)
{
    size_t left, program = sizeof("PROGRAM") - 1, unit = sizeof("UNIT") - 1;
    char number[16];

    *columns = (struct columns){.pid = 5, .version = sizeof("VERSION") - 1};
    for (size_t i = 0; i < rows->count; i++) {
        const struct lg_row *row = &rows->rows[i];
        int digits = snprintf(number, sizeof(number), "%d", (int)row->pid);

        columns->pid = digits > columns->pid ? digits : columns->pid;
        program = larger(program, columns_of(lg_text_of(row->exe)));
        unit = larger(unit, columns_of(lg_text_of(row->unit)));
        if (row->shown)
            columns->version = larger(columns->version, columns_of(lg_text_of(lg_visible_version(&row->visible))));
    }
    columns->version = columns->version < VERSION_MAX ? columns->version : VERSION_MAX;
    left = lg_terminal_width(WIDTH_MIN, WIDTH_MAX) - (size_t)columns->pid - others -
           (columns->version - (sizeof("VERSION") - 1)) - 3;
    if (program + unit > left) {
        size_t half = left / 2, program_part = unit < half ? left - unit : half;

        program = program < program_part ? program : program_part;
        unit = unit < left - program ? unit : left - program;
    }
    columns->program = program;
    columns->unit = unit;
}

static void put_place(const struct columns *columns, const struct lg_row *row)
{
    printf("%*d ", columns->pid, (int)row->pid);
    put_cell(row->exe, columns->program, true);
    put_cell(row->unit, columns->unit, false);
}

static void put_heads(const struct columns *columns)
{
    printf("%*s %-*s %-*s ", columns->pid, "PID", (int)columns->program, "PROGRAM", (int)columns->unit, "UNIT");
}

static const char *reach_word(const struct lg_reach *reach)
{
    static const char *const words[] = {"-", "yes", "no", "?"};

    return words[reach->answer];
}

static bool has_digest(const struct lg_row *row)
{
    return lg_row_is_loaded(row) && !(row->visible.flags & LG_VISIBLE_OFF);
}

static void put_note(bool *any, const char *what, const char *name, const char *why)
{
    printf("%*s%s", *any ? 0 : NOTE_INDENT, "", *any ? "; " : "");
    fputs(what, stdout);
    if (name) {
        putchar(' ');
        lg_put_safe(stdout, lg_text_of(name), LG_SAFE_TERMINAL);
        printf(": %s", why);
    }
    *any = true;
}

/* What is not as it should be, below the line of the process. */
static void put_notes(const struct lg_row *row)
{
    bool any = false, loaded = lg_row_is_loaded(row);

    for (const struct lg_flag_words *words = lg_flag_words; words->word && row->shown; words++) {
        if (row->visible.flags & words->flag)
            put_note(&any, words->text, NULL, NULL);
    }
    if (row->deleted)
        put_note(&any, "library deleted", NULL, NULL);
    if (row->denied)
        put_note(&any, "no permission to read its memory", NULL, NULL);
    else if (!row->shown)
        put_note(&any, "other version, which does not show itself", NULL, NULL);
    else if (!loaded)
        put_note(&any, "not started", NULL, NULL);
    if (row->shown && strcmp(lg_visible_version(&row->visible), LG_VERSION) != 0)
        put_note(&any, "other version", NULL, NULL);
    if (row->log.why[0])
        put_note(&any, "log", row->visible.log, row->log.why);
    if (row->drainer.why[0])
        put_note(&any, "drainer", row->visible.drainer, row->drainer.why);
    if (any)
        putchar('\n');
}

static void put_process(const struct columns *columns, const struct lg_row *row)
{
    put_place(columns, row);
    put_cell(row->shown ? lg_visible_version(&row->visible) : "", columns->version, false);
    if (has_digest(row))
        lg_digest_print(row->visible.digest, lg_put_file, stdout);
    else
        fputs("-       ", stdout);
    printf(" %-3s %s\n", reach_word(&row->log), reach_word(&row->drainer));
    put_notes(row);
}

/* How many processes have which policy: what an edit has reached. */
static void put_policies(const struct lg_rows *rows)
{
    struct {
        uint32_t digest;
        size_t count;
    } policies[DIGESTS_TOLD];
    size_t known = 0, rest = 0;

    for (size_t i = 0; i < rows->count; i++) {
        size_t at = 0;

        if (!has_digest(&rows->rows[i]))
            continue;
        while (at < known && policies[at].digest != rows->rows[i].visible.digest)
            at++;
        if (at == DIGESTS_TOLD) {
            rest++;
            continue;
        }
        policies[at].digest = rows->rows[i].visible.digest;
        policies[at].count = at == known ? 1 : policies[at].count + 1;
        known = larger(known, at + 1);
    }
    for (size_t i = 0; i < known; i++) {
        printf("%5zu under policy ", policies[i].count);
        lg_digest_print(policies[i].digest, lg_put_file, stdout);
        putchar('\n');
    }
    if (rest > 0)
        printf("%5zu under others\n", rest);
}

static void put_processes(const struct lg_rows *rows)
{
    struct columns columns;

    fit(&columns, rows, sizeof("12345678 LOG DRAINER") + sizeof("VERSION ") - 1);
    if (rows->count > 0) {
        put_heads(&columns);
        printf("%-*s %-8s %-3s DRAINER\n", (int)columns.version, "VERSION", "POLICY", "LOG");
    }
    for (size_t i = 0; i < rows->count; i++)
        put_process(&columns, &rows->rows[i]);
    printf("%s%zu %s the library, %zu without\n", rows->count ? "\n" : "", rows->count,
           rows->count == 1 ? "process with" : "processes with", rows->others);
    put_policies(rows);
}

static void put_missing(const struct lg_rows *rows)
{
    size_t longest = sizeof("WHY") - 1;
    struct columns columns;

    for (size_t i = 0; i < rows->count; i++)
        longest = larger(longest, strlen(lg_why_text(rows->rows[i].why)));
    fit(&columns, rows, longest);
    if (rows->count > 0) {
        put_heads(&columns);
        puts("WHY");
    }
    for (size_t i = 0; i < rows->count; i++) {
        put_place(&columns, &rows->rows[i]);
        puts(lg_why_text(rows->rows[i].why));
    }
    if (rows->count == 0)
        puts("none is missing");
}

void lg_rows_table(const struct lg_rows *rows, bool missing)
{
    if (missing)
        put_missing(rows);
    else
        put_processes(rows);
}
