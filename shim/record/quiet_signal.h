/* SPDX-License-Identifier: MIT */
/*
 * A write that may fail with EPIPE or EFBIG, without the SIGPIPE or SIGXFSZ that comes with it: both
 * are blocked meanwhile, and one that the write raised is taken back. A signal that was pending
 * before stays pending.
 *
 * Async-signal-safe, thread-safe, fork-safe; errno untouched.
 */
#ifndef LG_QUIET_SIGNAL_H
#define LG_QUIET_SIGNAL_H

#include <stdint.h>

struct lg_quiet_signal {
    uint64_t mask_before;
    uint64_t pending_before;
};

void lg_quiet_signal_begin(struct lg_quiet_signal *quiet);

/* `result` is what the write returned: a count, or a negative errno. */
void lg_quiet_signal_end(const struct lg_quiet_signal *quiet, long result);

#endif
