/* SPDX-License-Identifier: MIT */
/*
 * What stands between an interposed call and its slow path: whether the library is ready, whether a
 * close has to be looked at, and who called.
 *
 * A process that never asked for an abort pays one load, one comparison and a jump for a close. All
 * state here is written by the constructor, or is a flag that only ever goes up: no lock, and safe
 * in signal handlers, threads and forks.
 */
#ifndef LG_GUARD_H
#define LG_GUARD_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "policy/decide.h"

/* Marks the interposed calls, the only symbols that leave the library (shim/call/exports.map). */
#define LG_EXPORT __attribute__((visibility("default")))

/* What the short way of an interposed call must not carry: registers saved and a stack frame for the long one. */
#define LG_SLOW_PATH __attribute__((noinline, cold))

#if defined(__has_attribute) && __has_attribute(copy)
#define LG_COPY(of) copy(of),
#else
#define LG_COPY(of)
#endif

/* glibc's second name for a call, which some programs use. */
#define LG_EXPORT_ALIAS(alias_name, of)                                                                                \
    extern __typeof__(of) alias_name __attribute__((LG_COPY(of) alias(#of), visibility("default")))

/* The return address of the interposed call; only to be used in the exported function itself. */
#define LG_CALLER() ((uintptr_t)__builtin_return_address(0))

/* What the process runs under. Constant once `on` is set. */
struct lg_process {
    bool on;                        /* the policy applies; false before the constructor and with LINGERGUARD_OFF */
    const struct lg_policy *policy; /* never NULL once on */
    struct lg_needs needs;
    struct lg_text exe;
};

extern struct lg_process lg_process __attribute__((visibility("hidden")));

static inline bool lg_ready(void)
{
    return __atomic_load_n(&lg_process.on, __ATOMIC_ACQUIRE);
}

/*
 * Descriptors below this number are closed without a look. INT_MAX while there is nothing to look
 * for, 0 once sockets must be inspected; in between, the number of the descriptor that we hold
 * ourselves and that the program must not close. (A negative number is always below: EBADF.)
 */
extern int lg_close_unseen_below __attribute__((visibility("hidden")));

static inline bool lg_close_unseen(int fd)
{
    return fd < __atomic_load_n(&lg_close_unseen_below, __ATOMIC_RELAXED);
}

/* The same for a call that may close any descriptor. */
static inline bool lg_close_all_unseen(void)
{
    return __atomic_load_n(&lg_close_unseen_below, __ATOMIC_RELAXED) == INT_MAX;
}

/* True when a close has to ask the kernel. */
bool lg_guard_inspects(void);

/* From now on (`inspect never` apart) every close is inspected. Called at the first request for an abort, even before
 * the constructor has run. */
void lg_guard_abort_asked(void);

/* The constructor: the policy is in force. */
void lg_guard_start(const struct lg_policy *policy, struct lg_needs needs, struct lg_text exe);

/* The descriptor that the records go to has a new number, or -1. */
void lg_guard_own_fd(int fd);

#endif
