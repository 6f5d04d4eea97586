/* SPDX-License-Identifier: MIT */
/*
 * The parts of a graceful close: half-close, and reading what nobody will read (RFC 9293 section 3.6;
 * RFC 1122 section 4.2.2.13 on the RST that follows data after a close).
 *
 * Only for a socket that this process holds alone. Async-signal-safe, thread-safe, fork-safe; errno
 * untouched. Nothing here waits.
 */
#ifndef LG_DRAIN_H
#define LG_DRAIN_H

#include <stdbool.h>
#include <stdint.h>

/* FIN after all data. */
void lg_drain_half_close(int fd);

/*
 * Reads once and discards. Returns the number of bytes, 0 at the peer's FIN (or after the program's own
 * SHUT_RD), -EAGAIN when nothing is there, -EPERM for a socket in TCP_REPAIR, else the error that the
 * peer's RST left.
 */
long lg_drain_read(int fd);

/*
 * Discards what is queued now, and no more than that however fast the peer sends on. Adds to *bytes.
 * `is_urgent` (POLLPRI): an urgent byte is there too, at which the kernel stops to count. Returns as
 * lg_drain_read does of the last read.
 */
long lg_drain_discard(int fd, bool is_urgent, uint64_t *bytes);

#endif
