/* SPDX-License-Identifier: MIT */
/*
 * What is written down about an event: one line, one write, at most PIPE_BUF bytes.
 *
 * A record is written in two steps, so that one that the limit drops costs nothing more:
 * lg_record_wanted takes a place within the limit (or counts the record as suppressed), then the
 * caller gathers facts and hands them to lg_record_write.
 *
 * Recording never blocks, never raises a signal, never changes errno, and never writes into a
 * descriptor that is not the log. Async-signal-safe, thread-safe, fork-safe.
 */
#ifndef LG_RECORD_H
#define LG_RECORD_H

#include <stdbool.h>

#include "shim/record/event.h"

/* False when the decision can have no record, whatever the limit says. */
bool lg_record_possible(const struct lg_decision *decision);

/* True when a record is to be written now; then lg_record_write or lg_record_withdraw must follow. */
bool lg_record_take(void);

/* Both: possible, and within the limit. */
bool lg_record_wanted(const struct lg_decision *decision);

void lg_record_write(const struct lg_event *event);

/* Gives a place within the limit back: there was nothing to record after all. */
void lg_record_withdraw(void);

/* One line about a setting or a policy that cannot be used; `parts` are put together. */
void lg_record_problem(const struct lg_text *parts, unsigned count);

/* Writes down how many records were dropped, if any were: at the end of the process. */
void lg_record_dropped(void);

/* The same once the second of the limit is over; costs a load while there are none. */
void lg_record_dropped_before(void);

/* The child of a fork starts without the counts of its parent, who reports them. */
void lg_record_forked(void);

/* The settings that are in force from now on; they stay where they are. */
void lg_record_start(const struct lg_settings *settings, struct lg_text exe);

#endif
