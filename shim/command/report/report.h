/* SPDX-License-Identifier: MIT */
/* What the output formats of `lingerguard report` share: a finished aggregate and how to show it. */
#ifndef LG_REPORT_H
#define LG_REPORT_H

#include "policy/safe_text.h"
#include "shim/command/report/aggregate.h"
#include "shim/command/report/input.h"

#include <stdio.h>

struct lg_report {
    FILE *out;
    const struct lg_aggregate *aggregate;
    const struct lg_report_inputs *inputs;
    const char *host;   /* where the report is made */
    char *const *names; /* of the logs, ends in NULL; none for standard input */
    size_t rows;        /* of each table, 0 for all */
    unsigned width;     /* columns of the terminal */
    bool utf8;          /* the locale's charset is UTF-8 */
    bool colour;
};

/* A table that people see: its key in the json form, its title, a short one, and the names of its key's parts. */
struct lg_report_table {
    enum lg_table table;
    const char *key;
    const char *title;
    const char *heading;  /* at most 15 columns */
    const char *parts[3]; /* of a call site, the last takes all frames */
};

#define LG_REPORT_TABLES 7u
extern const struct lg_report_table lg_report_tables[LG_REPORT_TABLES];

/* A line of explanation for each of the byte counts, in words that all formats use. */
extern const char lg_about_saved[];
extern const char lg_about_released[];
extern const char lg_about_lost[];
extern const char lg_about_deadline[];
extern const char lg_about_discarded[];
extern const char lg_about_drained[];

/* The rows to show of a table: as lg_group_sort, cut to `rows`. What is left out is summed up in `rest`. */
struct lg_report_rows {
    const struct lg_group **groups; /* free() it */
    size_t count;
    size_t left_out;
    struct lg_count rest;
};

/* False without memory. */
bool lg_report_rows(const struct lg_report *report, enum lg_table table, struct lg_report_rows *rows);

/* Part `index` of a group's key as text of `form`, or that it is not known. */
void lg_report_put_part(FILE *out, enum lg_safe_form form, const struct lg_group *group, unsigned index);

/* "3 of 10 lines are broken (2 not JSON, 1 bad value); the first: FILE:7"; nothing without one. */
void lg_report_put_broken(const struct lg_report *report, enum lg_safe_form form);

/* Whether a table has more than one group, and whether people see it: one digest or tag alone tells nothing. */
bool lg_report_has_several(const struct lg_report *report, enum lg_table table);
bool lg_report_shows(const struct lg_report *report, enum lg_table table);

/*
 * What no record can know: how many connections may have been reset after their close, and of how many there is no
 * end. One sentence each, LG_REPORT_UNSEEN of them, or an empty text.
 */
#define LG_REPORT_UNSEEN      2u
#define LG_REPORT_UNSEEN_ROOM 320u
const char *lg_report_unseen(const struct lg_report *report, unsigned sentence, char room[LG_REPORT_UNSEEN_ROOM]);

/* Whether a table has a group that stands for all others. */
bool lg_report_has_others(const struct lg_report *report);

/* The formats. Each writes the whole report; errors show in ferror(out). False without memory. */
bool lg_report_as_table(const struct lg_report *report);
bool lg_report_as_json(const struct lg_report *report);
bool lg_report_as_html(const struct lg_report *report);
bool lg_report_as_prometheus(const struct lg_report *report);

/* The timeline of the html form: one inline SVG. */
void lg_report_put_svg(const struct lg_report *report);

#endif
