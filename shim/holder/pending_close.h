/* SPDX-License-Identifier: MIT */
/*
 * Descriptors whose close waits for the peer. Bare, their numbers would be free by now: so another
 * thread that closes one gets EBADF, and a child that is forked meanwhile does not keep it.
 *
 * What stands under the number counts, not the number alone: it may be closed unseen, and used again.
 *
 * Async-signal-safe, thread-safe, fork-safe; errno untouched.
 */
#ifndef LG_PENDING_CLOSE_H
#define LG_PENDING_CLOSE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * `fd`, whose socket has this cookie, is about to wait in its close. Returns its place for the removal after the real
 * close, or -1 when too many wait: then this one must not.
 */
int lg_pending_close_add(int fd, uint64_t cookie);

void lg_pending_close_remove(int place);

/*
 * True when a close of `fd` waits in another thread. Not in the caller's own: there a signal handler has
 * interrupted it, or has left it for good by a jump.
 */
bool lg_pending_close_has(int fd);

/* In the child of a fork: closes what was inherited only because it waited. */
void lg_pending_close_forked(void);

#endif
