/* SPDX-License-Identifier: MIT */
/* Logs to lines: files, pipes and standard input, in one buffer of fixed size. */
#ifndef LG_REPORT_INPUT_H
#define LG_REPORT_INPUT_H

#include "shim/command/report/aggregate.h"

struct lg_report_inputs {
    unsigned read;           /* inputs read to their end */
    unsigned text;           /* inputs with records in format text, which are not summed up */
    unsigned unreadable;     /* inputs that could not be opened, or not be read to their end */
    const char *broken_name; /* where the first broken line is, or NULL */
    uint64_t broken_line;    /* from 1 */
    enum lg_report_line broken_kind;
};

/*
 * Counts the lines of the file at `name`, or of standard input for "-". What goes wrong is said on
 * standard error and counted in `inputs`. A compressed log is refused with the command that reads
 * it: its bytes would be nothing but broken lines. `name` must outlive `inputs`.
 */
void lg_report_input_read(struct lg_report_inputs *inputs, struct lg_aggregate *aggregate, const char *name);

#endif
