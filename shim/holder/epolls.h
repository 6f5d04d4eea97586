/* SPDX-License-Identifier: MIT */
/*
 * The epoll instances of this process. A registration belongs to a file and a number (epoll(7)), and a
 * close removes it only with the last descriptor of the file; so before a socket is handed to another
 * process it is taken out of every instance, and where these are not all known, it is not handed over.
 *
 * Async-signal-safe, thread-safe, fork-safe; errno untouched.
 */
#ifndef LG_EPOLLS_H
#define LG_EPOLLS_H

#include <stdbool.h>

/* Not for use elsewhere: places that were ever used. */
extern unsigned lg_epolls_used __attribute__((visibility("hidden")));

/* False while this process has made none, and so knows of none. */
static inline bool lg_epolls_are_any(void)
{
    return __atomic_load_n(&lg_epolls_used, __ATOMIC_ACQUIRE) != 0;
}

/* The constructor: from now on received descriptors are looked at, and those that were inherited are now. */
void lg_epolls_follow(void);

/* `fd` was received from another process. One system call while they are followed. */
void lg_epolls_received(int fd);

/* This process has made the instance `fd`. */
void lg_epolls_made(int fd);

/* `fd` is closed, or stands for something else from now on. */
void lg_epolls_forget(int fd);

/* `fd` has, or may have, another descriptor or another holder: if it is an instance, they are not all known any more.
 */
void lg_epolls_shared(int fd);

/* There is, or may be, an instance that was not made here. */
void lg_epolls_unknown(void);

/* In the child of a fork: what it inherited is its parent's too. */
void lg_epolls_forked(void);

/*
 * Whether all instances are known and made by this process, `pid`, so that a socket can be taken out of each. A fork
 * that was not seen (clone) leaves its child with instances that are its parent's too.
 */
bool lg_epolls_are_known(int pid);

/* Takes the socket `fd` out of all of them: a system call for each, 64 at most. */
void lg_epolls_remove(int fd);

#endif
