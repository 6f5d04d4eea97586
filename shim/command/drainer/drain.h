/* SPDX-License-Identifier: MIT */
/*
 * The life of the connections: taken, read until the peer's FIN, D, I or a number of bytes, and
 * closed. A close never waits, and never cuts off what is unsent: what is queued for reading, which
 * the kernel would answer with RST, is discarded before. Nothing is discarded while somebody else may
 * be reading (LG_HAND_OFF_OTHER_READER).
 */
#ifndef LG_DRAIN_H
#define LG_DRAIN_H

#include "shim/command/drainer/connection.h"
#include "shim/command/drainer/log.h"
#include "shim/command/drainer/record.h"

#define LG_DRAIN_BYTES_MAX (64u << 20) /* of one peer, as in shim/release/graceful.h */

struct lg_drains {
    struct lg_table table;
    struct lg_drainer_log log;
    enum lg_format format;
    struct lg_drainer_counts counts;
    const char *exe; /* the drainer's */
    int pid;
    uint32_t max_time_ms; /* caps D and I */
    uint32_t sweep_at;    /* where the search for connections with nothing unsent goes on */
    int epoll;            /* whose events are the connections' */
    uint64_t now_ms;      /* CLOCK_MONOTONIC, as of this turn */
};

/* Returns 0 or a negative errno. The log is open already. */
int lg_drains_init(struct lg_drains *drains, uint32_t max);

/*
 * True when there is room for one more; where there is none, the one with nothing unsent for longest is
 * let go.
 */
bool lg_drains_make_room(struct lg_drains *drains);

/* Takes a connection that is looked at; there is room. The descriptor belongs to it from now on. */
void lg_drains_take(struct lg_drains *drains, int fd, const struct lg_connection *connection,
                    const struct lg_hand_off *message);

/* What epoll tells of a connection. */
void lg_drains_event(struct lg_drains *drains, uint64_t data, uint32_t events);

/* Ends those whose time has come. Returns when to call it again, UINT64_MAX for no need. */
uint64_t lg_drains_tick(struct lg_drains *drains);

/* Lets all of them go. */
void lg_drains_end_all(struct lg_drains *drains);

/* Writes a line: the counts, and a sentence. */
void lg_drains_tell_counts(struct lg_drains *drains, unsigned links);
void lg_drains_tell(struct lg_drains *drains, const char *note);

#endif
