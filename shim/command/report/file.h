/* SPDX-License-Identifier: MIT */
/* Where a report is written to. */
#ifndef LG_REPORT_FILE_H
#define LG_REPORT_FILE_H

#include <stdbool.h>
#include <stdio.h>

/* Standard output, or a new file that takes the place of `path` when it is complete. */
struct lg_report_file {
    FILE *out;
    const char *path; /* NULL for standard output */
    char *temporary;  /* NULL when written in place: a device or a pipe */
};

/* Both say on standard error what went wrong and return false. A failed finish leaves `path` as it was. */
bool lg_report_file_open(struct lg_report_file *file, const char *path);
bool lg_report_file_finish(struct lg_report_file *file);

/* Ends without a trace, after an error elsewhere. */
void lg_report_file_drop(struct lg_report_file *file);

#endif
