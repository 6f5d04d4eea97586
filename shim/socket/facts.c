/* SPDX-License-Identifier: MIT */
#include "shim/socket/facts.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>

#include "shim/base/gate.h"
#include "shim/base/sys.h"

#define PROTOCOL_MPTCP    262
#define TCP_INFO_OPTION   11
#define TCP_REPAIR_OPTION 19

#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif
#ifndef SO_MEMINFO
#define SO_MEMINFO 55
#endif
#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif

/* The kernel's struct tcp_info (linux/tcp.h) as far as we read it; the kernel cuts to the length that is asked for. */
struct tcp_info_head {
    uint8_t state;
    uint8_t others[7];
    uint32_t rto_us, ato_us, send_mss, receive_mss;
    uint32_t unacknowledged; /* segments; of a listening socket the connections not yet accepted */
    uint32_t sacked, lost, retransmitted, forward;
    uint32_t last_data_sent_ms, last_ack_sent_ms, last_data_received_ms, last_ack_received_ms;
    uint32_t path_mtu, receive_ssthresh, rtt_us, rttvar_us, send_ssthresh, send_cwnd, advertised_mss, reordering;
    uint32_t receive_rtt_us, receive_space, total_retransmitted;
    uint64_t pacing_rate, max_pacing_rate, bytes_acknowledged, bytes_received;
    uint32_t segments_out, segments_in;
    uint32_t not_sent_bytes; /* Linux 4.6 */
    uint32_t min_rtt_us;
};

_Static_assert(offsetof(struct tcp_info_head, not_sent_bytes) == 144, "as in linux/tcp.h");

void lg_facts_init(struct lg_socket *socket, int fd)
{
    memset(socket, 0, sizeof *socket);
    socket->fd = fd;
}

static bool get_option(int fd, int level, int name, void *value, uint32_t size)
{
    return lg_sys_getsockopt(fd, level, name, value, &size) == 0;
}

int lg_facts_linger(int fd, struct linger *linger)
{
    uint32_t size = sizeof *linger;

    linger->l_onoff = 0;
    linger->l_linger = 0;
    return lg_sys_getsockopt(fd, SOL_SOCKET, SO_LINGER, linger, &size);
}

uint64_t lg_facts_cookie(int fd)
{
    uint64_t cookie = 0;

    return !lg_gate_is_sandboxed() && get_option(fd, SOL_SOCKET, SO_COOKIE, &cookie, sizeof cookie) ? cookie : 0;
}

int lg_facts_flags(int fd)
{
    int flags = lg_sys_fcntl(fd, F_GETFL, 0);

    return flags < 0 ? O_NONBLOCK | O_ASYNC : flags;
}

bool lg_facts_is_nonblocking(int fd)
{
    return lg_facts_flags(fd) & O_NONBLOCK;
}

bool lg_facts_is_mptcp(int fd)
{
    int protocol = 0;

    return get_option(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, sizeof protocol) && protocol == PROTOCOL_MPTCP;
}

static bool ask_state(struct lg_socket *socket)
{
    struct tcp_info_head info;

    memset(&info, 0, sizeof info);
    if (!get_option(socket->fd, IPPROTO_TCP, TCP_INFO_OPTION, &info, sizeof info)) {
        socket->is_mptcp = socket->is_tcp = lg_facts_is_mptcp(socket->fd);
        return false;
    }
    socket->is_tcp = true;
    socket->state = info.state < LG_TCP_STATE_COUNT ? (enum lg_tcp_state)info.state : LG_TCP_UNKNOWN;
    socket->backlog = socket->state == LG_TCP_LISTEN ? info.unacknowledged : 0;
    socket->has_unsent = socket->state != LG_TCP_LISTEN && (info.unacknowledged > 0 || info.not_sent_bytes > 0);
    socket->last_input_ms = info.last_data_received_ms;
    return true;
}

static bool ask_ready(struct lg_socket *socket)
{
    int ready = lg_sys_poll(socket->fd, POLLIN | POLLPRI | POLLOUT | POLLRDHUP, 0);

    socket->ready = (short)(ready < 0 ? 0 : ready);
    return ready >= 0;
}

static bool ask_cookie(struct lg_socket *socket)
{
    socket->cookie = lg_facts_cookie(socket->fd);
    return socket->cookie != 0;
}

void lg_facts_tell_cookie(struct lg_socket *socket, uint64_t cookie)
{
    if (cookie == 0)
        return;
    socket->cookie = cookie;
    socket->asked |= LG_FACT_COOKIE;
    socket->known |= LG_FACT_COOKIE;
}

static void address_from(const struct sockaddr_storage *from, struct lg_address *address)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (from->ss_family == AF_INET) {
        memcpy(&v4, from, sizeof v4);
        memcpy(address->bytes, &v4.sin_addr, sizeof v4.sin_addr);
        address->port = ntohs(v4.sin_port);
        address->family = 4;
    } else if (from->ss_family == AF_INET6) {
        memcpy(&v6, from, sizeof v6);
        memcpy(address->bytes, &v6.sin6_addr, sizeof v6.sin6_addr);
        address->port = ntohs(v6.sin6_port);
        address->family = 6;
    }
    if (address->port == 0)
        address->family = 0;
}

static bool ask_address(long call, int fd, struct lg_address *address)
{
    struct sockaddr_storage from;
    uint32_t size = sizeof from;

    memset(&from, 0, sizeof from);
    memset(address, 0, sizeof *address);
    if (lg_syscall3(call, fd, (long)&from, (long)&size) == 0)
        address_from(&from, address);
    return address->family != 0;
}

static bool ask_local(struct lg_socket *socket)
{
    return ask_address(SYS_getsockname, socket->fd, &socket->local);
}

static bool ask_peer(struct lg_socket *socket)
{
    return ask_address(SYS_getpeername, socket->fd, &socket->peer);
}

static int64_t ask_bytes(int fd, unsigned long request)
{
    int bytes = 0;

    return lg_syscall3(SYS_ioctl, fd, (long)request, (long)&bytes) == 0 ? bytes : -1;
}

int64_t lg_facts_readable_bytes(int fd)
{
    return ask_bytes(fd, SIOCINQ);
}

int64_t lg_facts_without_fin(int64_t queued_bytes, enum lg_tcp_state state)
{
    bool fin_is_out = state == LG_TCP_FIN_WAIT_1 || state == LG_TCP_CLOSING || state == LG_TCP_LAST_ACK;

    return queued_bytes > 0 && fin_is_out ? queued_bytes - 1 : queued_bytes;
}

/* The kernel charges what is queued to the socket as it is queued, and until it is read, or acknowledged. */
static bool ask_memory(struct lg_socket *socket)
{
    uint32_t bytes[SK_MEMINFO_WMEM_QUEUED + 1];

    if (!get_option(socket->fd, SOL_SOCKET, SO_MEMINFO, bytes, sizeof bytes))
        return false;
    socket->holds_input = bytes[SK_MEMINFO_RMEM_ALLOC] > 0;
    socket->holds_output = bytes[SK_MEMINFO_WMEM_QUEUED] > 0;
    return true;
}

static bool ask_unsent(struct lg_socket *socket)
{
    socket->unsent_bytes = 0;
    if (lg_facts_knows(socket, LG_FACT_MEMORY) && !socket->holds_output)
        return true;
    socket->unsent_bytes = lg_facts_without_fin(ask_bytes(socket->fd, SIOCOUTQ), socket->state);
    return socket->unsent_bytes >= 0;
}

static bool ask_unread(struct lg_socket *socket)
{
    socket->unread_bytes = 0;
    if (lg_facts_knows(socket, LG_FACT_MEMORY) && !socket->holds_input)
        return true;
    socket->unread_bytes = lg_facts_readable_bytes(socket->fd);
    /* SIOCINQ stops before an urgent byte; a close counts it as unread all the same. */
    if (socket->unread_bytes == 0 && ask_bytes(socket->fd, SIOCATMARK) == 1)
        socket->unread_bytes = 1;
    return socket->unread_bytes >= 0;
}

static bool ask_interface(struct lg_socket *socket)
{
    return get_option(socket->fd, SOL_SOCKET, SO_BINDTOIFINDEX, &socket->interface, sizeof socket->interface);
}

void lg_facts_ask_again(struct lg_socket *socket, unsigned facts)
{
    static bool (*const asks[])(struct lg_socket *) = {
        ask_state, ask_ready, ask_cookie, ask_local, ask_peer, ask_memory, ask_unsent, ask_unread, ask_interface,
    };

    if (lg_gate_is_sandboxed()) /* what the program does not ask itself stays unknown */
        return;
    socket->asked |= facts;
    socket->known &= ~facts;
    for (; facts != 0; facts &= facts - 1) {
        if (asks[__builtin_ctz(facts)](socket))
            socket->known |= facts & -facts;
    }
}

void lg_facts_ask(struct lg_socket *socket, unsigned facts)
{
    lg_facts_ask_again(socket, facts & ~socket->asked);
}

void lg_facts_ask_for_record(struct lg_socket *socket)
{
    bool has_queues;

    lg_facts_ask(socket, LG_FACT_STATE);
    has_queues = socket->state != LG_TCP_LISTEN && socket->state != LG_TCP_CLOSE;
    lg_facts_ask(socket, LG_FACTS_OF_ADDRESS | (has_queues ? LG_FACTS_OF_QUEUES : 0u));
}

bool lg_facts_has_unread(struct lg_socket *socket)
{
    lg_facts_ask(socket, LG_FACT_MEMORY);
    lg_facts_ask(socket, LG_FACT_UNREAD);
    return lg_facts_knows(socket, LG_FACT_UNREAD) && socket->unread_bytes > 0;
}

bool lg_facts_has_fin(const struct lg_socket *socket)
{
    unsigned states = 1u << LG_TCP_CLOSE_WAIT | 1u << LG_TCP_LAST_ACK | 1u << LG_TCP_CLOSING | 1u << LG_TCP_TIME_WAIT |
                      1u << LG_TCP_CLOSE | 1u << LG_TCP_UNKNOWN;

    return states & 1u << socket->state;
}

bool lg_facts_is_in_repair(int fd)
{
    int repair = 0;

    return get_option(fd, IPPROTO_TCP, TCP_REPAIR_OPTION, &repair, sizeof repair) && repair != 0;
}

bool lg_facts_can_reset(const struct lg_socket *socket)
{
    switch (socket->state) {
    case LG_TCP_ESTABLISHED:
    case LG_TCP_SYN_RECV:
    case LG_TCP_FIN_WAIT_1:
    case LG_TCP_FIN_WAIT_2:
    case LG_TCP_CLOSE_WAIT:
    case LG_TCP_UNKNOWN: /* MPTCP without TCP_INFO */
        return true;
    case LG_TCP_CLOSING:
    case LG_TCP_LAST_ACK:
        return ask_bytes(socket->fd, SIOCOUTQNSD) > 0;
    case LG_TCP_SYN_SENT:
    case LG_TCP_TIME_WAIT:
    case LG_TCP_CLOSE:
    case LG_TCP_LISTEN:
    case LG_TCP_NEW_SYN_RECV:
    case LG_TCP_STATE_COUNT:
        break;
    }
    return false;
}

const char *lg_tcp_state_name(enum lg_tcp_state state)
{
    static const char *const names[LG_TCP_STATE_COUNT] = {
        NULL,     "ESTABLISHED", "SYN-SENT", "SYN-RECEIVED", "FIN-WAIT-1", "FIN-WAIT-2",   "TIME-WAIT",
        "CLOSED", "CLOSE-WAIT",  "LAST-ACK", "LISTEN",       "CLOSING",    "SYN-RECEIVED",
    };

    return (unsigned)state < LG_TCP_STATE_COUNT ? names[state] : NULL;
}
