/* SPDX-License-Identifier: MIT */
#include "shim/socket/facts.h"

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>

#include "shim/holder/by_cookie.h"
#include "shim/base/sys.h"

#define PROTOCOL_MPTCP  262
#define TCP_INFO_OPTION 11

#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif

/* The head of the kernel's struct tcp_info; the kernel cuts to the length that is asked for. */
struct tcp_info_head {
    uint8_t state;
    uint8_t others[7];
    uint32_t rto, ato, snd_mss, rcv_mss;
    uint32_t unacked; /* of a listening socket: the connections not yet accepted */
};

void lg_facts_init(struct lg_socket *socket, int fd)
{
    memset(socket, 0, sizeof *socket);
    socket->fd = fd;
    socket->unsent_bytes = LG_BYTES_UNKNOWN;
    socket->unread_bytes = LG_BYTES_UNKNOWN;
}

int lg_facts_linger(int fd, struct linger *linger)
{
    uint32_t size = sizeof *linger;

    linger->l_onoff = 0;
    linger->l_linger = 0;
    return lg_sys_getsockopt(fd, SOL_SOCKET, SO_LINGER, linger, &size);
}

static bool is_mptcp(int fd)
{
    int protocol = 0;
    uint32_t size = sizeof protocol;

    return lg_sys_getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 && protocol == PROTOCOL_MPTCP;
}

bool lg_facts_state(struct lg_socket *socket)
{
    struct tcp_info_head info = {0};
    uint32_t size = sizeof info;

    /* Only TCP and MPTCP answer; an MPTCP socket of an older kernel does not, and has no state for us then. */
    if (lg_sys_getsockopt(socket->fd, IPPROTO_TCP, TCP_INFO_OPTION, &info, &size) < 0)
        return is_mptcp(socket->fd);
    socket->state = info.state < LG_TCP_STATE_COUNT ? (enum lg_tcp_state)info.state : LG_TCP_UNKNOWN;
    socket->backlog = socket->state == LG_TCP_LISTEN ? info.unacked : 0;
    return true;
}

void lg_facts_identity(struct lg_socket *socket)
{
    uint32_t size = sizeof socket->cookie;

    if (socket->cookie != 0)
        return;
    if (lg_sys_getsockopt(socket->fd, SOL_SOCKET, SO_COOKIE, &socket->cookie, &size) < 0)
        socket->cookie = 0;
    else
        socket->role = lg_known_role(socket->cookie);
}

static void address_from(const struct sockaddr_storage *from, struct lg_address *address)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    memset(address, 0, sizeof *address);
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

static void ask_address(long call, int fd, struct lg_address *address)
{
    struct sockaddr_storage from;
    uint32_t size = sizeof from;

    if (address->family != 0)
        return;
    memset(&from, 0, sizeof from);
    if (lg_syscall3(call, fd, (long)&from, (long)&size) == 0)
        address_from(&from, address);
}

void lg_facts_local(struct lg_socket *socket)
{
    ask_address(SYS_getsockname, socket->fd, &socket->local);
}

void lg_facts_peer(struct lg_socket *socket)
{
    ask_address(SYS_getpeername, socket->fd, &socket->peer);
}

static int64_t ask_bytes(int fd, unsigned long request)
{
    int bytes = 0;

    return lg_syscall3(SYS_ioctl, fd, (long)request, (long)&bytes) == 0 ? bytes : LG_BYTES_UNKNOWN;
}

int64_t lg_facts_without_fin(int64_t queued_bytes, enum lg_tcp_state state)
{
    bool fin_is_out = state == LG_TCP_FIN_WAIT_1 || state == LG_TCP_CLOSING || state == LG_TCP_LAST_ACK;

    return queued_bytes > 0 && fin_is_out ? queued_bytes - 1 : queued_bytes;
}

void lg_facts_queues(struct lg_socket *socket)
{
    socket->unsent_bytes = lg_facts_without_fin(ask_bytes(socket->fd, SIOCOUTQ), socket->state);
    socket->unread_bytes = ask_bytes(socket->fd, SIOCINQ);
    /* SIOCINQ stops before an urgent byte; a close counts it as unread all the same. */
    if (socket->unread_bytes == 0 && ask_bytes(socket->fd, SIOCATMARK) == 1)
        socket->unread_bytes = 1;
}

void lg_facts_complete(struct lg_socket *socket)
{
    bool has_queues = socket->state != LG_TCP_LISTEN && socket->state != LG_TCP_CLOSE;

    if (has_queues && socket->unsent_bytes == LG_BYTES_UNKNOWN)
        lg_facts_queues(socket);
    lg_facts_identity(socket);
    lg_facts_local(socket);
    lg_facts_peer(socket);
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
