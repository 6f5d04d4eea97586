/* SPDX-License-Identifier: MIT */
/*
 * The fast path: which closes need no look at all. A process that never asked for an abort pays one
 * load, one comparison and a jump for a close.
 *
 * One number decides, and three parties may lower it: whoever holds evidence about descriptors from
 * some number on (shim/holder), descriptors of our own, which the program must not close (the log's,
 * the drainer's), and the policy that wants every close inspected (shim/release).
 *
 * Every function is async-signal-safe, thread-safe and fork-safe: plain stores of flags, and a value
 * that is computed anew from all of them until it holds.
 */
#ifndef LG_GATE_H
#define LG_GATE_H

#include <limits.h>
#include <stdbool.h>

/*
 * Descriptors below this number are closed without a look: INT_MAX while there is nothing to look
 * for, 0 once every close is inspected. A negative number is always below it, and gets EBADF.
 */
extern int lg_gate_close_below __attribute__((visibility("hidden")));

/* Whether closes are inspected; else what is not below the number above only loses its evidence. */
extern bool lg_gate_inspects_closes __attribute__((visibility("hidden")));

/* Descriptors of our own, which the program must not close; -1 when there is none. */
enum lg_own { LG_OWN_LOG = 0, LG_OWN_LINK, LG_OWN_COUNT };
extern int lg_gate_own_descriptors[LG_OWN_COUNT] __attribute__((visibility("hidden")));

static inline bool lg_gate_is_own(int fd)
{
    return fd == __atomic_load_n(&lg_gate_own_descriptors[LG_OWN_LOG], __ATOMIC_RELAXED) ||
           fd == __atomic_load_n(&lg_gate_own_descriptors[LG_OWN_LINK], __ATOMIC_RELAXED);
}

static inline bool lg_gate_can_skip(int fd)
{
    return fd < __atomic_load_n(&lg_gate_close_below, __ATOMIC_RELAXED);
}

/* The same for a call that may close any descriptor. */
static inline bool lg_gate_can_skip_all(void)
{
    return __atomic_load_n(&lg_gate_close_below, __ATOMIC_RELAXED) == INT_MAX;
}

static inline bool lg_gate_inspects(void)
{
    return __atomic_load_n(&lg_gate_inspects_closes, __ATOMIC_RELAXED);
}

/* True when `fd` is neither to be inspected nor ours: a close of it is the kernel's alone. */
static inline bool lg_gate_is_plain(int fd)
{
    return !lg_gate_inspects() && !lg_gate_is_own(fd);
}

/*
 * The program has put a seccomp filter over itself. Its list is of the calls that the program makes, so
 * from then on the library makes none but those: SO_LINGER is set, and read where a request may be
 * rejected. A filter from before the program started is its operator's, and not meant here; one that is
 * installed by an inline system call is not seen.
 */
extern bool lg_gate_sandboxed __attribute__((visibility("hidden")));

static inline bool lg_gate_is_sandboxed(void)
{
    return __atomic_load_n(&lg_gate_sandboxed, __ATOMIC_RELAXED);
}

/* Called before the filter is there, since it may cover all threads at once; taken back when the kernel refuses it. */
void lg_gate_sandbox(bool sandboxed);

/* From now on, or no longer, every close is inspected, unless the process is sandboxed. */
void lg_gate_inspect(bool inspects);

/* This descriptor of ours has the number `fd`, or none (-1). */
void lg_gate_own(enum lg_own which, int fd);

/* There is evidence about the descriptor `fd`, which its close must take back. */
void lg_gate_evidence(int fd);

#endif
