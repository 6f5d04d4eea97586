/* SPDX-License-Identifier: MIT */
/*
 * A record as one line: JSON with the keys of liblingerguard(7), or text for people. Facts that are
 * not known are left out. The line ends in a line end and is valid however long the strings are.
 *
 * Async-signal-safe, thread-safe, fork-safe.
 */
#ifndef LG_FORMAT_H
#define LG_FORMAT_H

#include "policy/policy.h"
#include "shim/base/line.h"
#include "shim/caller/caller.h"
#include "shim/record/event.h"

/* Below PIPE_BUF (4096), so that a pipe takes it whole; on the stack, which may be a signal's of 8 KiB, so no longer.
 */
#define LG_RECORD_BYTES_MAX 2560u

/* Who writes, and when. */
struct lg_stamp {
    int64_t seconds; /* CLOCK_REALTIME */
    int64_t nanoseconds;
    int pid;
    int tid;
    struct lg_text exe;
    struct lg_text tag;  /* {NULL, 0} without one */
    uint64_t suppressed; /* records dropped since the last one */
};

void lg_format_event(struct lg_line *line, enum lg_format format, const struct lg_stamp *stamp,
                     const struct lg_event *event, const struct lg_frames *frames);

/* How many records were dropped: a line with `suppressed` and nothing else. */
void lg_format_dropped(struct lg_line *line, enum lg_format format, const struct lg_stamp *stamp);

void lg_format_problem(struct lg_line *line, enum lg_format format, const struct lg_stamp *stamp,
                       const struct lg_text *parts, unsigned count);

#endif
