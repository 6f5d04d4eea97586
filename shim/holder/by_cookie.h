/* SPDX-License-Identifier: MIT */
/*
 * What this process knows about a socket: how it got it, and whether anybody else may hold it.
 *
 * Kept under the socket's own SO_COOKIE, never under a descriptor number: the kernel does not use a
 * cookie twice, so an entry can be missing but never stale. A fixed array of one atomic word a slot,
 * lossy on purpose: a lost entry means "not known", and what is not known is never acted on.
 *
 * Every function is async-signal-safe, thread-safe and fork-safe; a forked child inherits the
 * entries and, by the epoch, their doubt.
 */
#ifndef LG_KNOWN_H
#define LG_KNOWN_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/policy.h"

/*
 * Whether accept, connect and dup ask for the cookie: from the start when the policy has a rule that
 * drains, treats unread input or asks for the role; else from the first request for an abort, so that
 * a process that never aborts makes no call for us.
 */
extern bool lg_known_tracks __attribute__((visibility("hidden")));

static inline bool lg_known_tracking(void)
{
    return __atomic_load_n(&lg_known_tracks, __ATOMIC_RELAXED);
}

/*
 * The epoch: advanced whenever descriptors may have come into other hands - both sides of a fork,
 * vfork, spawn, and a message with SCM_RIGHTS. A socket is ours alone only within the epoch in which
 * this process opened it. (Word-sized: assembly increments it.)
 */
extern unsigned long lg_epoch __attribute__((visibility("hidden")));

/* From this epoch on nothing is known to be ours alone: the count must not wrap. */
#define LG_EPOCH_LAST ((1ul << 25) - 1)

static inline void lg_epoch_advance(void)
{
    __atomic_add_fetch(&lg_epoch, 1, __ATOMIC_RELAXED);
}

/* True once anything happened after which a descriptor may have a second holder, a dup included. */
bool lg_known_sharing(void);

/*
 * This process has just accepted or connected this socket. `alone` when nobody else can hold it: an
 * accepted one, or one that was connected and that this process has made (shim/holder/by_descriptor.h).
 */
void lg_known_opened(uint64_t cookie, enum lg_role role, bool alone);

/* This process asked for an abort of a socket that it has made, and that it may not know yet. */
void lg_known_claimed(uint64_t cookie);

/* Some descriptor was duplicated; kept without asking which. */
void lg_known_duplicates(void);

/* A second descriptor for this socket exists in this process. */
void lg_known_shared(uint64_t cookie);

/* It is about to be closed by its sole holder. */
void lg_known_forget(uint64_t cookie);

enum lg_role lg_known_role(uint64_t cookie);

/*
 * True only when this process opened (or claimed) the socket, has made no second descriptor for
 * it, and nothing since then can have given it to anybody else.
 */
bool lg_known_sole(uint64_t cookie);

#endif
