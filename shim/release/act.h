/* SPDX-License-Identifier: MIT */
/*
 * Carries a decision out on a socket that is about to be closed. What is done here comes before the
 * real close, which the interposed call makes itself, exactly once, whatever happened here.
 *
 * shutdown and reading act on the connection and not on the descriptor, so they are used only where
 * this process is known to be the sole holder (shim/holder/by_cookie.h) and no thread of it is inside a call on
 * the descriptor.
 *
 * Async-signal-safe, thread-safe, fork-safe; errno untouched. May block where the verdict says so,
 * and never on an O_NONBLOCK descriptor.
 */
#ifndef LG_ACT_H
#define LG_ACT_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/policy.h"
#include "shim/socket/mark.h"
#include "shim/record/record.h"

/* What a close has to carry out, and what became of it. */
struct lg_action {
    struct lg_socket *socket;
    struct lg_verdict verdict;
    enum lg_mark mark;  /* found on the socket; LG_MARK_NONE with `armed`, or for unread input */
    bool armed;         /* SO_LINGER {on, 0} is set */
    uint32_t linger_ms; /* out: the close will wait, at most this long; 0 when it will not */
    bool drained;       /* out: drained_bytes counts */
    uint64_t drained_bytes;
    enum lg_outcome outcome; /* out */
};

/* Makes the coming close abort, as the program asked. */
void lg_act_abort(struct lg_action *action);

/* Makes it orderly, lingering or drained by `verdict`. */
void lg_act_release(struct lg_action *action);

#endif
