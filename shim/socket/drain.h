/* SPDX-License-Identifier: MIT */
/*
 * Graceful close: half-close, then read and discard until the peer's FIN, so that the peer gets
 * everything and no RST, bounded by time and by bytes (RFC 9293 section 3.6; RFC 1122 section
 * 4.2.2.13 on the RST that follows data after a close).
 *
 * Only for a socket that this process holds alone. Async-signal-safe, thread-safe, fork-safe; errno
 * untouched.
 */
#ifndef LG_GRACEFUL_H
#define LG_GRACEFUL_H

#include <stdbool.h>
#include <stdint.h>

/* A peer that sends more than this after we are done is cut off, whatever time is left. */
#define LG_DRAIN_BYTES_MAX (64u << 20)

enum lg_drain_end {
    LG_DRAIN_EMPTY = 0,  /* nothing more to read now (lg_graceful_discard) */
    LG_DRAIN_FIN,        /* the peer's FIN */
    LG_DRAIN_RESET,      /* the peer sent RST, or the connection was gone */
    LG_DRAIN_DEADLINE,   /* out of time */
    LG_DRAIN_TOO_MUCH,   /* LG_DRAIN_BYTES_MAX */
    LG_DRAIN_INTERRUPTED /* a signal: the close goes on at once, as a lingering close of the kernel does */
};

/* Reads and discards what is there, without waiting. Adds to *bytes. */
enum lg_drain_end lg_graceful_discard(int fd, uint64_t *bytes);

/* Half-closes, then discards until the peer's FIN, at most `limit_ms` in all. Adds to *bytes. */
enum lg_drain_end lg_graceful_drain(int fd, uint32_t limit_ms, uint64_t *bytes);

/* Half-closes (FIN after all data). */
void lg_graceful_half_close(int fd);

#endif
