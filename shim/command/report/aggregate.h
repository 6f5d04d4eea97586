/* SPDX-License-Identifier: MIT */
/*
 * Records summed up, in memory that does not grow with their number: at most about 180 MiB, and
 * that only for a log of hostile variety. Not thread-safe; one aggregate per report.
 */
#ifndef LG_REPORT_AGGREGATE_H
#define LG_REPORT_AGGREGATE_H

#include "shim/command/report/armed.h"
#include "shim/command/report/group.h"
#include "shim/command/report/join.h"
#include "shim/command/report/key.h"
#include "shim/command/report/record.h"
#include "shim/command/report/timeline.h"

_Static_assert(LG_TABLE_JOINED == LG_JOIN_TABLES, "a socket remembers one group of each of these tables");

/* Called for each record, with the context that was set. */
typedef void lg_record_fn(void *context, const struct lg_report_record *record);

struct lg_aggregate {
    lg_record_fn *each; /* or NULL */
    void *each_context;
    struct lg_group_table tables[LG_TABLE_COUNT];
    struct lg_join join;
    struct lg_armed armed;
    struct lg_modules modules;
    struct lg_timeline timeline;
    struct lg_count totals;
    uint64_t left;          /* connections whose end was left to the kernel: RST for what came later is in no record */
    uint64_t endless;       /* connections that asked for an abort, of whose end there is no record */
    uint64_t drained_bytes; /* input that graceful closes read and discarded */
    uint64_t waited_ms;     /* in closes, all together */
    uint64_t waited_most_ms;
    uint64_t lines[LG_REPORT_LINE_COUNT];
    char key[LG_KEY_ROOM];
    char scratch[LG_REPORT_LINE_BYTES_MAX];
};

/* Large: belongs on the heap. `socket_count` is that of lg_join_init. False when there is no memory; lg_aggregate_free
 * is allowed all the same. */
bool lg_aggregate_init(struct lg_aggregate *aggregate, uint32_t socket_count);
void lg_aggregate_free(struct lg_aggregate *aggregate);

/* Counts one line, without its end; says what it was. */
enum lg_report_line lg_aggregate_line(struct lg_aggregate *aggregate, struct lg_text line);

/* A line that was too long to be kept. */
void lg_aggregate_skip(struct lg_aggregate *aggregate);

/* After the last line: sockets that still wait for the other record are counted. */
void lg_aggregate_finish(struct lg_aggregate *aggregate);

/* Lines that are neither blank, nor a record, nor a problem report. */
uint64_t lg_aggregate_broken(const struct lg_aggregate *aggregate);

#endif
