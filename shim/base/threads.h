/* SPDX-License-Identifier: MIT */
/*
 * Whether another thread of this process is inside a call on a descriptor. Such a thread holds the
 * socket: the kernel keeps it alive until the call returns, and what we read or half-close would be
 * taken from that thread.
 *
 * Async-signal-safe, thread-safe, fork-safe; errno untouched. No system call in a process that libc
 * knows to have one thread; else three for each thread.
 */
#ifndef LG_THREADS_H
#define LG_THREADS_H

#include <stdbool.h>

/* True when libc knows that this process has one thread; then the next function costs nothing. */
bool lg_threads_single(void);

/* True when a thread is blocked in a call whose first argument is `fd`, and when it cannot be told. */
bool lg_threads_use(int fd);

#endif
