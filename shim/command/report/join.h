/* SPDX-License-Identifier: MIT */
/*
 * Which records are of one connection: a fixed table of sockets by cookie. The record of a
 * setsockopt says who asked for the abort, the record of the close what became of it; they may come
 * in either order and from different processes.
 *
 * The table is lossy: when a set is full, the socket that is complete, or else the one not heard of
 * for longest, makes room. A record that comes after that counts as a connection of its own.
 */
#ifndef LG_REPORT_JOIN_H
#define LG_REPORT_JOIN_H

#include "shim/command/report/group.h"

#define LG_JOIN_SOCKETS 131072u /* for a report; any power of two from 8 */
#define LG_JOIN_TABLES  8u      /* tables in which a socket's group is remembered */

struct lg_join_socket {
    uint64_t cookie; /* 0: free */
    uint64_t peer;   /* hash of the peer's address and port, 0 while it is not known */
    uint32_t heard;  /* when, on the table's clock */
    bool is_connection;
    bool is_closed;
    bool is_refused;                 /* what was asked for last failed */
    uint32_t asker;                  /* call site of the last setsockopt, or LG_GROUP_NONE */
    uint32_t closer;                 /* call site of the last close, or LG_GROUP_NONE */
    uint32_t groups[LG_JOIN_TABLES]; /* where it was counted last, or LG_GROUP_NONE */
    struct lg_count end;             /* of the close records, until it is known who asked */
    bool may_inherit;                /* its end may be one that a listening socket was armed for */
    uint64_t place;                  /* lg_armed_place of its program and port */
    uint64_t program;                /* and of its program alone */
    bool is_handed;                  /* to the drainer, whose record was not seen: */
    bool is_drained;                 /* the drainer's record came, and that of the hand-over did not */
    uint64_t unsent_bytes;           /* at the hand-over, or at the drainer's end */
};

/* Takes over what a socket still holds: it is leaving the table. */
typedef void lg_join_leave_fn(void *context, const struct lg_join_socket *socket);

struct lg_join {
    struct lg_join_socket *sockets;
    uint32_t socket_count;
    uint32_t clock;
    uint64_t pushed_out; /* sockets that left before their close was seen */
    lg_join_leave_fn *leave;
    void *context;
};

/* Returns false when there is no memory; for LG_JOIN_SOCKETS it takes 27 MiB. */
bool lg_join_init(struct lg_join *join, uint32_t socket_count, lg_join_leave_fn *leave, void *context);

/* Every socket leaves. */
void lg_join_flush(struct lg_join *join);
void lg_join_free(struct lg_join *join);

/*
 * The socket of `cookie`, made if need be; valid until the next call. A `peer` that is known and
 * another than before is another connection under the same cookie (another host or boot, or a
 * second connect), and starts anew.
 */
struct lg_join_socket *lg_join_find(struct lg_join *join, uint64_t cookie, uint64_t peer);

#endif
