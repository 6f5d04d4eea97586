/* SPDX-License-Identifier: MIT */
/*
 * Carries a decision out on a socket that is about to be closed. What is done here comes before the
 * real close, which the interposed call makes itself, exactly once, whatever happened here.
 *
 * What acts on the connection and not on the descriptor - shutdown, reading, SO_LINGER on, a bound, a
 * filter - is done only where this descriptor is proven to be its sole holder (shim/holder/holder.h).
 * Everybody else gets at most what the kernel itself does at the last close, disarmed.
 *
 * What was queued when the close began is discarded without a look at other threads: a program that
 * closes a descriptor under another thread's read has given that input up; bare, too, it is a race who
 * gets it.
 *
 * Async-signal-safe, thread-safe, fork-safe; errno untouched. May wait where the verdict says so, within
 * the waiting budget, and never on an O_NONBLOCK descriptor.
 */
#ifndef LG_ACT_H
#define LG_ACT_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/record/event.h"
#include "shim/socket/mark.h"

/* How the real call is to be made. */
enum lg_close_way {
    LG_CLOSE_AS_ASKED = 0, /* by libc's function */
    LG_CLOSE_AT_ONCE,      /* the close has waited already, so it must not be a cancellation point any more */
    LG_CLOSE_NOT_AT_ALL,   /* while it waited, something else came under its number: it is closed */
    LG_CLOSE_BUSY          /* another thread's close of this number waits: for this one it is not open (EBADF) */
};

struct lg_closing {
    struct lg_event event;
    bool recorded;      /* finish writes the event down */
    enum lg_mark mark;  /* found on the socket */
    bool armed;         /* SO_LINGER {on, 0} is set */
    bool asked_if_sole; /* is_sole is known */
    bool is_sole;       /* this descriptor alone holds the socket */
    bool untouched; /* nothing to record: in TCP_REPAIR it ends in silence, at exit nothing was done, or it is another's
                       to close */
    int pending;    /* place in lg_pending_close, -1: none */
    uint32_t linger_ms;  /* the real close waits, at most this long; 0 when it does not */
    uint64_t started_ms; /* CLOCK_MONOTONIC */
};

/* Makes the coming close abort, as the program asked. Sets the outcome. */
void lg_act_abort(struct lg_closing *closing);

/* Makes it orderly, lingering or drained by the verdict. Sets the outcome, and what was drained. */
enum lg_close_way lg_act_release(struct lg_closing *closing);

/*
 * At the end of the process, for a sole holder: only the reading side, since what is still buffered and
 * other destructors may write. Nothing waits. False when there was nothing to do.
 */
bool lg_act_exit(struct lg_closing *closing);

/* Whether the socket is held by this descriptor alone; asked once. */
bool lg_act_is_sole(struct lg_closing *closing);

#endif
