/* SPDX-License-Identifier: MIT */
/*
 * Records over time, in a fixed number of buckets whose width doubles whenever the span outgrows
 * them: one pass, bounded memory, any order of times.
 */
#ifndef LG_REPORT_TIMELINE_H
#define LG_REPORT_TIMELINE_H

#include <stdint.h>

#define LG_TIMELINE_BUCKETS 240u /* even */

/* What a record tells of a connection, in the order in which it is drawn. */
enum lg_timeline_kind {
    LG_TIMELINE_ORDERLY = 0, /* ended in order: orderly, lingered, drained, muted, disarmed at the close */
    LG_TIMELINE_CUT,         /* a graceful close that a deadline or the peer ended */
    LG_TIMELINE_ABORTED,
    LG_TIMELINE_ASKED, /* an abort was asked for: the setsockopt; nothing has ended yet */
    LG_TIMELINE_KINDS  /* always last */
};

struct lg_timeline_bucket {
    uint64_t records[LG_TIMELINE_KINDS];
};

struct lg_timeline {
    int64_t width_s; /* of a bucket; 0 before the first record */
    int64_t start;   /* of the first bucket, in widths since 1970 */
    struct lg_timeline_bucket buckets[LG_TIMELINE_BUCKETS];
};

/* Counts one record at `time_us`. A zeroed timeline is an empty one. */
void lg_timeline_add(struct lg_timeline *timeline, int64_t time_us, enum lg_timeline_kind kind);

/* The number of buckets up to the last one with a record. */
unsigned lg_timeline_used(const struct lg_timeline *timeline);

const char *lg_timeline_kind_name(enum lg_timeline_kind kind); /* "orderly" */

#endif
