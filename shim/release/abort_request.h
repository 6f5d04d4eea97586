/* SPDX-License-Identifier: MIT */
/*
 * A setsockopt that may ask for an abort. The kernel is called first: what it refuses was never
 * asked, its answers to wild pointers, short lengths and other kinds of sockets are the answers, and
 * once it has said yes the value is known to be readable. Then an abort is decided and, if the policy
 * says so, taken back: between the two calls the socket is in the state that the program asked for.
 *
 * Async-signal-safe, thread-safe, fork-safe; errno untouched.
 */
#ifndef LG_ABORT_REQUEST_H
#define LG_ABORT_REQUEST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "shim/record/event.h"

/* The options that can ask for an abort. */
static inline bool lg_abort_request_concerns(int level, int name)
{
    return (level == SOL_SOCKET && name == SO_LINGER) || (level == 6 /* IPPROTO_TCP */ && name == 8 /* TCP_LINGER2 */);
}

struct lg_abort_request {
    struct lg_event event;
    int level;
    /* The state before the request, for a verdict that must leave it as it was. */
    bool knows_before;
    struct linger linger_before;
    int linger2_before;
};

/* Before the call. No system call unless the policy may reject. */
void lg_abort_request_begin(struct lg_abort_request *request, enum lg_call call, int fd, int level, uintptr_t caller);

/*
 * After the call has succeeded with the value at `value`. Returns 0, or the errno with which the
 * interposed call has to fail.
 */
int lg_abort_request_finish(struct lg_abort_request *request, const void *value);

#endif
