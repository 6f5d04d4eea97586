/* SPDX-License-Identifier: MIT */
/*
 * What is wrong with the settings or with the log, told once, and only when there is a record to
 * write: a process that has nothing to record says nothing. It goes to the log and to syslog, and to
 * standard error where the library was asked for in this environment (see lg_sink_tell).
 */
#ifndef LG_TROUBLE_H
#define LG_TROUBLE_H

#include <stdbool.h>

#include "policy/policy.h"

/*
 * Keeps one line, its `parts` put together, for the next record; a long one is cut. False while another thread does
 * so, or tells. One at a time: for the constructor, and for who has the process's turn (shim/base/copied.h).
 */
bool lg_trouble_note(const struct lg_text *parts, unsigned count);

/* In a process whose memory is a copy of another's. */
void lg_trouble_forked(void);

/* One line, its `parts` put together, to all who are to be told: lg_record_problem. */
typedef void lg_tell_fn(const struct lg_text *parts, unsigned count);

/* Tells what was kept, if it has not been told yet. Async-signal-safe, thread-safe, fork-safe. */
void lg_trouble_tell(lg_tell_fn *tell);

/*
 * Before a record: makes the log ready, and tells what there is to tell. False when the record cannot
 * be written. Async-signal-safe, thread-safe, fork-safe.
 */
bool lg_trouble_log_is_ready(lg_tell_fn *tell);

/* After a record that was not written: tells, once, that standard error is not there any more, as daemons have it. */
void lg_trouble_not_written(lg_tell_fn *tell);

#endif
