/* SPDX-License-Identifier: MIT */
/* What a record says of its connection: how it ended, and what became of its bytes. Pure. */
#ifndef LG_REPORT_FATE_H
#define LG_REPORT_FATE_H

#include "shim/command/report/group.h"
#include "shim/command/report/record.h"
#include "shim/command/report/timeline.h"

/* Whether an abort was asked for here, as opposed to a connection that ended. */
bool lg_fate_asks(const struct lg_report_record *record);

/* A listener has no peer; the connections that it resets are not counted one by one by the record. */
bool lg_fate_is_listener(const struct lg_report_record *record);

/*
 * Whether the drainer wrote it: of a connection of which the program's own record, if it is here,
 * says `handed`. Its unsent bytes are those of the end, not of the hand-over.
 */
bool lg_fate_is_drainers(const struct lg_report_record *record);

/*
 * What to draw of a record; LG_TIMELINE_KINDS for nothing: an outcome that this version does not know,
 * or a connection that was handed to the drainer, whose own record says how it ended.
 */
enum lg_timeline_kind lg_fate_kind(const struct lg_report_record *record);

/* What one record, seen alone, adds to every group that it is in. */
struct lg_count lg_fate_count(const struct lg_report_record *record);

#endif
