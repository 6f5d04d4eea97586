/* SPDX-License-Identifier: MIT */
/*
 * The mark: how a socket itself remembers that its owner asked for an abort.
 *
 * sk_setsockopt(SO_LINGER) in net/core/sock.c stores l_linger only together with l_onoff, and
 * getsockopt reads it back whether l_onoff is set or not. So {1, N} followed by {0, 0} leaves {0, N}
 * to read: linger is off, and N stays with the socket, over dup, fork, exec and SCM_RIGHTS, and an
 * accepted socket has it from its listener. A program that sets a linger time overwrites it.
 *
 * This is the one place that knows N. Async-signal-safe, thread-safe, fork-safe; errno untouched.
 */
#ifndef LG_MARK_H
#define LG_MARK_H

#include <stdbool.h>
#include <sys/socket.h>

enum lg_mark {
    LG_MARK_NONE = 0,
    LG_MARK_LINGER_ZERO, /* asked by SO_LINGER {on, 0} */
    LG_MARK_LINGER2,     /* asked by TCP_LINGER2 below zero */
};

/* What a SO_LINGER value that was read from a socket says. */
enum lg_mark lg_mark_read(const struct linger *linger);

/* True for a value that asks for an abort: on, and no time at all, or the mark for time. */
bool lg_linger_aborts(const struct linger *linger);

/* Turns linger off and leaves the mark. Returns 0 or a negative errno. */
int lg_mark_leave(int fd, enum lg_mark mark);

/* Removes a mark, linger off before and after: the program withdrew what it had asked for. */
void lg_mark_remove(int fd);

#endif
