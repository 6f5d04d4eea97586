/* SPDX-License-Identifier: MIT */
/*
 * One line into a descriptor that is known to be the log: whole or, in a file that is full, torn and
 * ended by the next; never waiting, and with no signal. Async-signal-safe, thread-safe, fork-safe.
 */
#ifndef LG_WRITE_LINE_H
#define LG_WRITE_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "shim/base/sys.h"

/* `id` is what `fd` is, which the caller has just made sure of. True when the whole line is there. */
bool lg_write_line(int fd, const struct lg_file_id *id, const char *line, size_t length_bytes);

#endif
