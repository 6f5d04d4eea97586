/* SPDX-License-Identifier: MIT */
/*
 * What the drainer asks of a descriptor, and does to it, by system calls alone. Nothing here waits:
 * of a descriptor that is not known to be a TCP connection only socket options are asked, which no
 * file system answers.
 */
#ifndef LG_CONNECTION_H
#define LG_CONNECTION_H

#include "policy/policy.h"

struct lg_connection {
    uint64_t cookie; /* SO_COOKIE; 0: not known */
    struct lg_address local;
    struct lg_address peer; /* not known once the connection has ended; then it was read */
    long first_read;        /* as lg_connection_read, and an error is told only once; else 1 */
};

/* True, and what is known of it, when the descriptor is a TCP or MPTCP connection, or what is left of one. */
bool lg_connection_look(int fd, struct lg_connection *connection);

/*
 * Makes it ready to be drained: no wait in the close (SO_LINGER), nothing held back from a reader
 * (SO_RCVLOWAT), little memory (SO_RCVBUF), and FIN after all data where the program has not sent it.
 */
void lg_connection_prepare(int fd);

/*
 * Reads once and discards, at most `most_bytes`. Returns the number of bytes, 0 at the peer's FIN,
 * -EAGAIN when nothing is there, -ENOTCONN when it never was a connection, else what the end of the
 * connection left, or why nobody can read it (-EPERM, -EIO).
 */
long lg_connection_read(int fd, uint64_t most_bytes);

/* True when the error of a read means that the connection is gone. */
bool lg_connection_is_gone(long error);

/* Bytes that the peer has not acknowledged, the FIN, which is out already, not counted; 0 when not known. */
int64_t lg_connection_unsent(int fd);

/* Bytes that can be read now. */
int64_t lg_connection_unread(int fd);

/*
 * Grows by what is read by whoever holds the connection, and by one for the peer's FIN; for comparing two moments, with
 * no meaning of its own.
 */
int64_t lg_connection_taken(int fd);

/* Discards what is queued, and no more than that. Returns the number of bytes. */
uint64_t lg_connection_discard(int fd);

/*
 * The peer's payload is dropped from now on (a socket filter, as in shim/socket/mute.h), so that it is
 * not answered by RST while what is unsent is on its way. Without the right to (CAP_NET_ADMIN since
 * 2026), with a filter that is there already, and for MPTCP, nothing changes.
 */
void lg_connection_mute(int fd);

#endif
