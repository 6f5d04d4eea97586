/* SPDX-License-Identifier: MIT */
/*
 * The drainer's lines: a record for each connection, with the keys of the library's (liblingerguard(7))
 * and what the program said of itself, and the counts. What is not known is left out. Pure.
 */
#ifndef LG_DRAINER_RECORD_H
#define LG_DRAINER_RECORD_H

#include "shim/base/line.h"
#include "shim/command/drainer/table.h"

#define LG_DRAINER_LINE_BYTES 2048u /* below PIPE_BUF, so that a pipe takes it whole */

enum lg_drained { LG_DRAINED = 0, LG_DRAINED_DEADLINE, LG_DRAINED_PEER_RESET, LG_DRAINED_ORDERLY, LG_DRAINED_COUNT };

struct lg_drainer_counts {
    uint64_t handed; /* connections taken */
    uint64_t ended[LG_DRAINED_COUNT];
    uint64_t no_room;          /* of these that ended orderly: let go, since others needed the room */
    uint64_t other_reader;     /* the same, since somebody else was reading */
    uint64_t refused_senders;  /* links of users that are not allowed */
    uint64_t refused_messages; /* links that ended for a message that was not taken */
    uint64_t drained_bytes;
    uint32_t most; /* connections at a time */
};

/* Who writes, and when. */
struct lg_drainer_stamp {
    int64_t seconds; /* CLOCK_REALTIME */
    int64_t nanoseconds;
    int pid;
    const char *exe; /* the drainer's; may be NULL */
    uint64_t dropped;
};

/* How one connection ended. */
void lg_drainer_format(struct lg_line *line, enum lg_format format, const struct lg_drainer_stamp *stamp,
                       const struct lg_entry *entry, enum lg_drained end, int64_t unsent_bytes, uint64_t elapsed_ms);

/* The counts, and how many connections and links there are now. */
void lg_drainer_format_counts(struct lg_line *line, enum lg_format format, const struct lg_drainer_stamp *stamp,
                              const struct lg_drainer_counts *counts, uint32_t open, unsigned links);

/* A sentence of the drainer's own. */
void lg_drainer_format_note(struct lg_line *line, enum lg_format format, const struct lg_drainer_stamp *stamp,
                            const char *note);

#endif
