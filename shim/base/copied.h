/* SPDX-License-Identifier: MIT */
/*
 * Which process this is, whose memory may be a copy of another's or another's own.
 *
 * Whether it is a copy: a child of fork, by whatever road (daemon,
 * forkpty, clone by number). A page that the kernel wipes in such a child tells (madvise(2),
 * MADV_WIPEONFORK, Linux 4.14); a child of vfork, which writes into its parent's memory, has it as
 * its parent does. On an older kernel no child is noticed, but by lg_memory_forked.
 *
 * Whether it is lent: a child of vfork, which runs in its parent's memory and has descriptors of its own.
 *
 * Async-signal-safe, thread-safe, fork-safe; errno untouched.
 */
#ifndef LG_COPIED_H
#define LG_COPIED_H

#include <stdbool.h>

/*
 * True once in each copy since the first call, which maps the page with two system calls; none
 * later on. Of two threads one is told.
 */
bool lg_memory_is_copied(void);

/* In a child of fork(3) and its like. */
void lg_memory_forked(void);

/* A vfork, or what comes to the same, is about to begin. Three system calls, for the first. */
void lg_memory_lend(void);

/* True in the process that it is lent to. A system call or two. */
bool lg_memory_is_lent(void);

/* Takes the one turn that there is in a process: false while somebody has it. A copy begins with none taken. */
bool lg_memory_take_turn(void);
void lg_memory_end_turn(void);

/*
 * The epoch: advanced whenever descriptors may have come into other hands - both sides of a fork,
 * vfork, spawn, and a message with SCM_RIGHTS. Evidence counts only within the epoch in which it was
 * found. Word-sized, since assembly increments it: on a 32-bit machine it wraps after 2^32.
 */
extern unsigned long lg_epoch __attribute__((visibility("hidden")));

static inline unsigned long lg_epoch_now(void)
{
    return __atomic_load_n(&lg_epoch, __ATOMIC_RELAXED);
}

static inline void lg_epoch_advance(void)
{
    __atomic_add_fetch(&lg_epoch, 1, __ATOMIC_RELAXED);
}

/*
 * The pid. No system call where it may be kept: it is asked for once after lg_memory_keep_pid, and again when the epoch
 * has advanced, since a child of vfork must not leave its own in its parent's memory. For a caller that is surely no
 * such child: after a fork, on both sides, and after a spawn.
 */
int lg_memory_pid(void);
void lg_memory_keep_pid(void);

#endif
