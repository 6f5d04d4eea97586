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
#include <string.h>
#include <sys/socket.h>

#include "shim/base/gate.h"
#include "shim/holder/holder.h"
#include "shim/record/event.h"
#include "shim/release/in_force.h"
#include "shim/socket/mark.h"

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

/* Not for use elsewhere: what the inline functions leave to be done. */
void lg_abort_request_look(struct lg_abort_request *request);
int lg_abort_request_treat(struct lg_abort_request *request);
void lg_abort_request_withdrawn(int fd, int level);

/* Before the call. No system call unless the policy may reject. */
static inline void lg_abort_request_begin(struct lg_abort_request *request, enum lg_call call, int fd, int level,
                                          uintptr_t caller)
{
    const struct lg_in_force *in_force = lg_in_force();

    request->level = level;
    request->event.call = call;
    request->event.caller = caller;
    request->event.socket.fd = fd;
    request->knows_before = false;
    if (level == SOL_SOCKET)
        lg_holder_unmarked(fd);
    if (in_force && in_force->needs.reject_linger)
        lg_abort_request_look(request);
}

/*
 * After the call has succeeded with the value at `value`. Returns 0, or the errno with which the
 * interposed call has to fail.
 */
static inline int lg_abort_request_finish(struct lg_abort_request *request, const void *value)
{
    struct linger linger;
    int seconds;

    if (request->level == SOL_SOCKET)
        memcpy(&linger, value, sizeof linger);
    else
        memcpy(&seconds, value, sizeof seconds);
    if (request->level == SOL_SOCKET ? linger.l_onoff != 0 && lg_linger_aborts(&linger) : seconds < 0)
        return lg_abort_request_treat(request);
    if (lg_gate_inspects())
        lg_abort_request_withdrawn(request->event.socket.fd, request->level);
    return 0;
}

#endif
