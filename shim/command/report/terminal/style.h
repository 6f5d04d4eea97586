/* SPDX-License-Identifier: MIT */
/* How the report is put on a terminal: styles, and lines that are not wider than it. */
#ifndef LG_REPORT_STYLE_H
#define LG_REPORT_STYLE_H

#include "shim/command/report/report.h"

#define LG_STYLE_BOLD  "1"
#define LG_STYLE_DIM   "2"
#define LG_STYLE_GREEN "32"
#define LG_STYLE_RED   "31"
#define LG_STYLE_CYAN  "36"

/* Below this many columns no row of numbers has room: they stand below one another. */
#define LG_NARROW_COLUMNS 64u

/* Nothing without colour. */
void lg_style_start(const struct lg_report *report, const char *style);
void lg_style_end(const struct lg_report *report);
void lg_style_put(const struct lg_report *report, const char *style, const char *text);

/* How other people's text is shown. */
enum lg_safe_form lg_style_form(const struct lg_report *report);

/* The columns of `text`, which is safe for the terminal. */
size_t lg_style_columns(const struct lg_report *report, const char *text);

/*
 * Safe text in lines that are not wider than the terminal, broken at blanks: a longer word stays
 * whole, since it is a path that somebody copies. The first line starts where `used` columns are taken, the others have
 * `indent`. Ends in a line end.
 */
void lg_style_wrap(const struct lg_report *report, const char *text, size_t used, size_t indent);

/* What goes into a text in memory of its own, for lg_style_wrap and to be measured; free() it. NULL without memory. */
typedef void lg_text_fn(const struct lg_report *report, FILE *out, const void *context);
char *lg_style_text(const struct lg_report *report, lg_text_fn *put, const void *context);

/* The summary before the tables, and what comes behind them. The second is false without memory. */
void lg_terminal_summary(const struct lg_report *report);
bool lg_terminal_problems(const struct lg_report *report);
void lg_terminal_notes(const struct lg_report *report);

#endif
