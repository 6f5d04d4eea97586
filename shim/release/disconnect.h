/* SPDX-License-Identifier: MIT */
/*
 * Two calls that reset connections and close nothing: connect with AF_UNSPEC, which aborts the
 * connection (tcp_disconnect), and shutdown of a listening socket, which resets what was not accepted.
 * Nothing can be asked of the socket afterwards, so the facts are gathered before the call.
 *
 * Async-signal-safe, thread-safe, fork-safe; errno untouched.
 */
#ifndef LG_DISCONNECT_H
#define LG_DISCONNECT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "shim/record/event.h"

struct lg_disconnect {
    struct lg_event event;
    bool recorded; /* finish writes the event down, if the call succeeds */
};

/* Before a connect. Returns 0, or the errno with which the call has to fail without being made; finish follows in both.
 */
int lg_disconnect_begin(struct lg_disconnect *disconnect, enum lg_call call, int fd, const struct sockaddr *to,
                        socklen_t size, uintptr_t caller);

/* Before a shutdown. */
void lg_disconnect_begin_shutdown(struct lg_disconnect *disconnect, enum lg_call call, int fd, int how,
                                  uintptr_t caller);

/* After the call; `result` is what it returned. */
void lg_disconnect_finish(struct lg_disconnect *disconnect, int result);

#endif
