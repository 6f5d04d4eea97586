/* SPDX-License-Identifier: MIT */
/*
 * What the kernel says about a socket. A caller names the facts it needs and pays one system call for
 * each that was not asked for before; what the kernel does not tell stays unknown, and is not asked
 * for again.
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

/* In the order in which they are asked for. */
enum lg_fact {
    LG_FACT_STATE = 1u << 0,     /* is_tcp; state, backlog and what TCP_INFO tells besides */
    LG_FACT_READY = 1u << 1,     /* poll(2) */
    LG_FACT_COOKIE = 1u << 2,    /* SO_COOKIE, Linux 4.12 */
    LG_FACT_LOCAL = 1u << 3,     /* address and port; one that has no port yet is not known */
    LG_FACT_PEER = 1u << 4,      /* as LOCAL */
    LG_FACT_MEMORY = 1u << 5,    /* SO_MEMINFO, Linux 4.12 */
    LG_FACT_UNSENT = 1u << 6,    /* SIOCOUTQ, the FIN not counted; after STATE; none where MEMORY tells */
    LG_FACT_UNREAD = 1u << 7,    /* SIOCINQ, an urgent byte counted; one or two calls, none where MEMORY tells */
    LG_FACT_INTERFACE = 1u << 8, /* SO_BINDTOIFINDEX, Linux 5.1 */
};

/* What a record tells beside the state; only a connection has queues. */
#define LG_FACTS_OF_ADDRESS (LG_FACT_COOKIE | LG_FACT_LOCAL | LG_FACT_PEER)
#define LG_FACTS_OF_QUEUES  (LG_FACT_MEMORY | LG_FACT_UNSENT | LG_FACT_UNREAD)

struct lg_socket {
    int fd;
    unsigned asked; /* enum lg_fact: what the kernel was asked for */
    unsigned known; /* and what it answered; a field below holds only then */

    bool is_tcp; /* TCP or MPTCP: an older kernel answers no TCP_INFO for the latter, and its state is not known then */
    bool is_mptcp;
    enum lg_tcp_state state;
    uint32_t backlog;       /* of a listening socket: connections not yet accepted */
    bool has_unsent;        /* something of ours is not acknowledged yet, a FIN included */
    uint32_t last_input_ms; /* since data came in last, or the connection */
    short ready;            /* POLLIN, POLLPRI, POLLOUT, POLLRDHUP, ... */
    uint64_t cookie;
    struct lg_address local;
    struct lg_address peer;
    int64_t unsent_bytes; /* not yet acknowledged by the peer */
    int64_t unread_bytes; /* received and not read */
    int32_t interface;    /* index of the device that the socket is bound to, 0: none */
    bool holds_input;     /* memory is taken by input: where none is, nothing is unread, an urgent byte included */
    bool holds_output;    /* the same: where none is, nothing is unacknowledged, a FIN included */
};

void lg_facts_init(struct lg_socket *socket, int fd);

/* Asks for those of `facts` that were not asked for yet. */
void lg_facts_ask(struct lg_socket *socket, unsigned facts);

/* Asks for all that a record tells: state, addresses, cookie, and the queues of what has some. */
void lg_facts_ask_for_record(struct lg_socket *socket);

/* Asks for `facts` again: they may have changed. */
void lg_facts_ask_again(struct lg_socket *socket, unsigned facts);

static inline bool lg_facts_knows(const struct lg_socket *socket, unsigned facts)
{
    return (socket->known & facts) == facts;
}

/* Somebody has asked for the cookie; 0: in vain, and it may be asked for again. */
void lg_facts_tell_cookie(struct lg_socket *socket, uint64_t cookie);

/* True when input is queued that nobody has read; asks for MEMORY, and for UNREAD where that does not tell. */
bool lg_facts_has_unread(struct lg_socket *socket);

/* SO_LINGER. Returns 0, or -ENOTSOCK, -EBADF and what else getsockopt says. */
int lg_facts_linger(int fd, struct linger *linger);

/* SO_COOKIE, which the kernel uses for one socket only; 0 when it is not known. */
uint64_t lg_facts_cookie(int fd);

/* Bytes that can be read now, as far as an urgent byte; -1 when not known. */
int64_t lg_facts_readable_bytes(int fd);

/* The kernel's count of queued output without the FIN, which it counts as a byte until the peer has acknowledged it. */
int64_t lg_facts_without_fin(int64_t queued_bytes, enum lg_tcp_state state);

/* F_GETFL: O_NONBLOCK, O_ASYNC; both where the kernel does not tell, since each of them means less to be done. */
int lg_facts_flags(int fd);

/* True when O_NONBLOCK is set, and in doubt: a close must not wait then. */
bool lg_facts_is_nonblocking(int fd);

/* True when the state tells that the peer's FIN has arrived, and where it is not known (MPTCP without TCP_INFO). */
bool lg_facts_has_fin(const struct lg_socket *socket);

/* True for a socket of MPTCP, whose state is that of one of its subflows. */
bool lg_facts_is_mptcp(int fd);

/* True for a socket in TCP_REPAIR, which must end without a segment. */
bool lg_facts_is_in_repair(int fd);

/*
 * True when an abort of a socket in this state sends RST (tcp_disconnect and tcp_need_reset in the
 * kernel's net/ipv4/tcp.c): not before the connection is there, and not after both FINs unless there
 * is data that was never sent. After STATE.
 */
bool lg_facts_can_reset(const struct lg_socket *socket);

/* RFC 9293's name of a state ("FIN-WAIT-1"), static; NULL when it is not known. */
const char *lg_tcp_state_name(enum lg_tcp_state state);

#endif
