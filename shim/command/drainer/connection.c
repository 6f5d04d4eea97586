/* SPDX-License-Identifier: MIT */
#include "shim/command/drainer/connection.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define PROTOCOL_MPTCP 262
#define READ_BYTES     (1u << 20) /* at a time; MSG_TRUNC copies nothing (tcp(7)) */
#define COPY_BYTES     65536      /* for an MPTCP of a kernel that does not know MSG_TRUNC */
#define RECEIVE_BYTES  32768      /* SO_RCVBUF, which the kernel doubles: what is drained needs no more */

#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif

static int option(int fd, int level, int name, int fallback)
{
    int value = fallback;
    socklen_t size = sizeof(value);

    return getsockopt(fd, level, name, &value, &size) == 0 ? value : fallback;
}

static void set_option(int fd, int level, int name, int value)
{
    setsockopt(fd, level, name, &value, sizeof(value));
}

/* A TCP socket that does not listen; SO_DOMAIN says ENOTSOCK of everything that is none. */
static bool is_tcp(int fd)
{
    int domain = option(fd, SOL_SOCKET, SO_DOMAIN, AF_UNSPEC), protocol = option(fd, SOL_SOCKET, SO_PROTOCOL, 0);

    return (domain == AF_INET || domain == AF_INET6) && (protocol == IPPROTO_TCP || protocol == PROTOCOL_MPTCP) &&
           option(fd, SOL_SOCKET, SO_TYPE, 0) == SOCK_STREAM && option(fd, SOL_SOCKET, SO_ACCEPTCONN, 1) == 0;
}

typedef int name_fn(int, struct sockaddr *, socklen_t *);

static struct lg_address ask_address(int fd, name_fn *ask)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } from;
    socklen_t size = sizeof(from);
    struct lg_address address;

    memset(&from, 0, sizeof(from));
    memset(&address, 0, sizeof(address));
    if (ask(fd, &from.any, &size) != 0)
        return address;
    if (from.any.sa_family == AF_INET) {
        address.family = 4;
        memcpy(address.bytes, &from.v4.sin_addr, 4);
        address.port = ntohs(from.v4.sin_port);
    } else if (from.any.sa_family == AF_INET6) {
        address.family = 6;
        memcpy(address.bytes, &from.v6.sin6_addr, 16);
        address.port = ntohs(from.v6.sin6_port);
    }
    return address;
}

bool lg_connection_look(int fd, struct lg_connection *connection)
{
    socklen_t size = sizeof(connection->cookie);

    memset(connection, 0, sizeof(*connection));
    if (!is_tcp(fd))
        return false;
    connection->peer = ask_address(fd, getpeername);
    connection->first_read = connection->peer.family != 0 ? 1 : lg_connection_read(fd, 1);
    if (connection->first_read == -ENOTCONN)
        return false;
    connection->local = ask_address(fd, getsockname);
    if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &connection->cookie, &size) != 0)
        connection->cookie = 0;
    return true;
}

void lg_connection_prepare(int fd)
{
    struct linger off = {0, 0};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &off, sizeof(off));
    set_option(fd, SOL_SOCKET, SO_RCVLOWAT, 1);
    if (option(fd, SOL_SOCKET, SO_RCVBUF, 0) > 2 * RECEIVE_BYTES)
        set_option(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BYTES);
    shutdown(fd, SHUT_WR);
}

long lg_connection_read(int fd, uint64_t most_bytes)
{
    static char copy[COPY_BYTES];
    ssize_t got = recv(fd, NULL, most_bytes < READ_BYTES ? (size_t)most_bytes : READ_BYTES, MSG_TRUNC | MSG_DONTWAIT);

    if (got < 0 && errno == EFAULT)
        got = recv(fd, copy, most_bytes < sizeof(copy) ? (size_t)most_bytes : sizeof(copy), MSG_DONTWAIT);
    if (got >= 0)
        return (long)got;
    return errno == EINTR ? -EAGAIN : -errno;
}

bool lg_connection_is_gone(long error)
{
    switch (-error) {
    case ECONNRESET:
    case EPIPE:
    case ETIMEDOUT:
    case ECONNABORTED:
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case ENONET:
    case EPROTO:
    case ENOTCONN:
        return true;
    default:
        return false;
    }
}

static int64_t ask_bytes(int fd, unsigned long request)
{
    int bytes = 0;

    return ioctl(fd, request, &bytes) == 0 && bytes > 0 ? bytes : 0;
}

int64_t lg_connection_unsent(int fd)
{
    int64_t queued_bytes = ask_bytes(fd, SIOCOUTQ);

    /* the FIN is the last byte of them until it is acknowledged */
    return queued_bytes > 0 ? queued_bytes - 1 : 0;
}

int64_t lg_connection_unread(int fd)
{
    return ask_bytes(fd, SIOCINQ);
}

int64_t lg_connection_taken(int fd)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof(info);

    getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size); /* before Linux 4.1 it stays 0 */
    return (int64_t)info.tcpi_bytes_received - lg_connection_unread(fd);
}

uint64_t lg_connection_discard(int fd)
{
    int64_t queued_bytes = lg_connection_unread(fd);
    uint64_t discarded_bytes = 0;
    long got;

    /* once at least: a read steps over an urgent byte, of which the count does not tell */
    do {
        got = lg_connection_read(fd, queued_bytes > 0 ? (uint64_t)queued_bytes : 1);
        if (got <= 0)
            break;
        discarded_bytes += (uint64_t)got;
        queued_bytes -= got;
    } while (queued_bytes > 0);
    return discarded_bytes;
}

#define DATA_OFFSET 12 /* byte of the TCP header whose upper half counts its words (RFC 9293 section 3.1) */
#define FLAGS       13
#define FIN         0x01
#define PASS_WHOLE  0x40000
#define DROP        0

void lg_connection_mute(int fd)
{
    /* As shim/socket/mute.c: a segment is cut to its header, a FIN that comes with data is dropped. */
    static struct sock_filter instructions[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, DATA_OFFSET),
        BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 4),
        BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 2),
        BPF_STMT(BPF_MISC | BPF_TAX, 0),
        BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_X, 0, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, PASS_WHOLE),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, FLAGS),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, FIN, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, DROP),
        BPF_STMT(BPF_MISC | BPF_TXA, 0),
        BPF_STMT(BPF_RET | BPF_A, 0),
    };
    struct sock_fprog program = {sizeof(instructions) / sizeof(instructions[0]), instructions};
    socklen_t instructions_there = 0;

    if (option(fd, SOL_SOCKET, SO_PROTOCOL, 0) == IPPROTO_TCP &&
        getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, NULL, &instructions_there) == 0 && instructions_there == 0)
        setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}
