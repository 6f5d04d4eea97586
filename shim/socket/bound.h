/* SPDX-License-Identifier: MIT */
/*
 * How long the kernel keeps a socket that nobody holds any more. Only for a socket that this process
 * holds alone. Async-signal-safe, thread-safe, fork-safe; errno untouched.
 */
#ifndef LG_BOUND_H
#define LG_BOUND_H

#include <stdint.h>

/*
 * While something is not acknowledged: given up when the peer makes no progress for so long
 * (TCP_USER_TIMEOUT, RFC 5482). A time that the program has set itself is never raised.
 */
void lg_bound_unsent(int fd, uint32_t duration_ms);

/* After everything is acknowledged, until the peer's FIN (TCP_LINGER2, tcp(7)); the kernel takes 120 s at most. */
void lg_bound_orphan(int fd, uint32_t seconds);

/* No such time at all: the close aborts, as TCP_LINGER2 below zero asks for. */
void lg_bound_orphan_never(int fd);

#endif
