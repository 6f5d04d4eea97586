/* SPDX-License-Identifier: MIT */
/*
 * A program that hands over and the drainer that it hands over to, in one process: the drainer's side by system calls
 * that the library does not see. What was handed over is held here as a drainer would hold it, so a registration that
 * was left in an epoll instance lives on and shows.
 */
#ifndef HANDED_H
#define HANDED_H

#include "tests/interpose/interpose.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "shim/base/hand_off.h"

#define LISTENER_FD  3 /* the drainer's, inherited so that it is there at load */
#define HANDED_RULES "limit 100000/s; drain 300ms idle 200ms on linger-zero,unread"

static int link_end = -1; /* the drainer's end of the link */

static inline struct sockaddr_un drainer_at(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};

    memcpy(at.sun_path, path, strlen(path));
    return at;
}

/* By system calls alone, for either side of the preload. */
static inline int drainer_listen(const char *path)
{
    struct sockaddr_un at = drainer_at(path);
    int fd = (int)raw_syscall(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, 0, 0);

    raw_syscall(SYS_unlinkat, AT_FDCWD, (long)path, 0, 0, 0);
    REQUIRE(raw_syscall(SYS_bind, fd, (long)&at, sizeof at, 0, 0) == 0);
    REQUIRE(raw_syscall(SYS_listen, fd, 64, 0, 0, 0) == 0);
    return fd;
}

/* The next link that waits; -1 when none does. */
static inline int drainer_accept(int listener)
{
    return (int)raw_syscall(SYS_accept4, listener, 0, 0, SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* Reads one message of the link without waiting: the descriptor, -1 when there is none, -2 when the link ended. */
static inline int drainer_read(int link, struct lg_hand_off *message)
{
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {message, sizeof *message};
    struct msghdr whole = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    long got = raw_syscall(SYS_recvmsg, link, (long)&whole, MSG_DONTWAIT | MSG_CMSG_CLOEXEC, 0, 0);
    int fd;

    if (got <= 0)
        return got == 0 ? -2 : -1;
    CHECK_INT(got, sizeof *message);
    REQUIRE(whole.msg_controllen >= CMSG_LEN(sizeof fd) && !(whole.msg_flags & MSG_CTRUNC));
    memcpy(&fd, CMSG_DATA(&control.head), sizeof fd);
    return fd;
}

/* What was handed over last, over any link to this listener; -1: nothing. */
static inline int handed(int listener, struct lg_hand_off *message)
{
    int fd = link_end < 0 ? -1 : drainer_read(link_end, message);

    while (fd < 0) {
        int next = drainer_accept(listener);

        if (next < 0)
            return -1;
        if (link_end >= 0)
            raw_close(link_end);
        link_end = next;
        fd = drainer_read(link_end, message);
    }
    return fd;
}

/* A connection with five bytes that the server has not read: its close is a drain. */
static inline struct net_pair unread_pair(bool nonblocking)
{
    struct net_pair pair = net_pair(AF_INET, NULL);

    if (nonblocking)
        CHECK_INT(fcntl(pair.server, F_SETFL, O_NONBLOCK), 0);
    CHECK(net_send_pattern(pair.client, 0, 5));
    CHECK(net_wait_unread(pair.server, 5, 5000));
    return pair;
}

/* Closes the server's side of such a pair: what the drainer then has of it, -1 when it was not handed over. */
static inline int close_and_see(int listener, const struct net_pair *pair)
{
    struct lg_hand_off message;

    errno = UNTOUCHED;
    CHECK_INT(close(pair->server), 0);
    CHECK_INT(errno, UNTOUCHED);
    return handed(listener, &message);
}

/* One connection that is handed over, or not, and comes to its end. */
static inline bool hands_one(int listener)
{
    struct net_pair pair = unread_pair(true);
    int fd = close_and_see(listener, &pair);

    if (fd >= 0)
        raw_close(fd);
    close(pair.client);
    return fd >= 0;
}

#endif
