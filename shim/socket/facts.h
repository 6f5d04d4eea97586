/* SPDX-License-Identifier: MIT */
/*
 * A descriptor and what the kernel says about the socket behind it. Each function asks one thing,
 * with raw system calls, so that a caller pays only for what its policy or its record needs.
 *
 * Async-signal-safe, thread-safe, fork-safe; errno untouched.
 */
#ifndef LG_FACTS_H
#define LG_FACTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "policy/policy.h"

/* TCP states as the kernel numbers them (include/net/tcp_states.h). */
enum lg_tcp_state {
    LG_TCP_UNKNOWN = 0,
    LG_TCP_ESTABLISHED,
    LG_TCP_SYN_SENT,
    LG_TCP_SYN_RECV,
    LG_TCP_FIN_WAIT_1,
    LG_TCP_FIN_WAIT_2,
    LG_TCP_TIME_WAIT,
    LG_TCP_CLOSE,
    LG_TCP_CLOSE_WAIT,
    LG_TCP_LAST_ACK,
    LG_TCP_LISTEN,
    LG_TCP_CLOSING,
    LG_TCP_NEW_SYN_RECV,
    LG_TCP_STATE_COUNT /* always last */
};

#define LG_BYTES_UNKNOWN (-1)

struct lg_socket {
    int fd;
    enum lg_tcp_state state;
    uint32_t backlog; /* connections not yet accepted; of a listening socket */
    uint64_t cookie;  /* SO_COOKIE; 0 when not known */
    enum lg_role role;
    struct lg_address local; /* family 0 when not known */
    struct lg_address peer;
    int64_t unsent_bytes; /* not yet acknowledged by the peer, FIN not counted; LG_BYTES_UNKNOWN */
    int64_t unread_bytes; /* received and not read; LG_BYTES_UNKNOWN */
};

void lg_facts_init(struct lg_socket *socket, int fd);

/* SO_LINGER. Returns 0, or -ENOTSOCK, -EBADF and what else getsockopt says. */
int lg_facts_linger(int fd, struct linger *linger);

/* True for a TCP or MPTCP socket; fills state and backlog. */
bool lg_facts_state(struct lg_socket *socket);

/* Fills cookie and role (the role as far as this process has seen it). */
void lg_facts_identity(struct lg_socket *socket);

/* Fill local and peer. An address without a port is one that is not known yet. */
void lg_facts_local(struct lg_socket *socket);
void lg_facts_peer(struct lg_socket *socket);

/* Fills unsent_bytes and unread_bytes (an unread urgent byte counts). */
void lg_facts_queues(struct lg_socket *socket);

/* The kernel's count of queued output without the FIN, which it counts as a byte until the peer has acknowledged it. */
int64_t lg_facts_without_fin(int64_t queued_bytes, enum lg_tcp_state state);

/* Everything that a record tells of a socket whose state is known, as far as it was not asked before. */
void lg_facts_complete(struct lg_socket *socket);

/*
 * True when an abort of a socket in this state sends RST (tcp_disconnect and tcp_need_reset in the
 * kernel's net/ipv4/tcp.c): not before the connection is there, and not after both FINs unless there
 * is data that was never sent.
 */
bool lg_facts_can_reset(const struct lg_socket *socket);

/* RFC 9293's name of a state ("FIN-WAIT-1"), static; NULL when it is not known. */
const char *lg_tcp_state_name(enum lg_tcp_state state);

#endif
