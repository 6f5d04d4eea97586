/* SPDX-License-Identifier: MIT */
/*
 * Where lines go: standard error, a file, syslog, or nowhere.
 *
 * A program may close any descriptor and get a client's socket under the same number. So nothing is
 * written into a descriptor whose identity (device and inode) is not the one that was remembered at
 * load; a standard error that is a socket counts only if JOURNAL_STREAM names it (systemd.exec(5)).
 * The one descriptor of our own is close-on-exec, out of the program's way, and guarded by the
 * interposed calls.
 *
 * Async-signal-safe, thread-safe and fork-safe but for lg_sink_open; errno untouched.
 */
#ifndef LG_SINK_H
#define LG_SINK_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/policy.h"

/*
 * Opens the log. `path` is for LG_LOG_FILE, absolute, and must stay where it is; `journal_stream` is
 * the value of JOURNAL_STREAM or NULL. Returns 0, or with nothing open what open(2), connect(2) say.
 * Not async-signal-safe; for the constructor.
 */
int lg_sink_open(enum lg_log log, const char *path, const char *journal_stream);

/* False when there is no log to write to, so that a record need not be made. */
bool lg_sink_is_on(void);

/* Writes one whole line, its line end included. False when it was not written, or only in part. */
bool lg_sink_write(const char *line, size_t length_bytes);

/* The descriptor that is ours, -1 when there is none, or when the number was taken from us. */
int lg_sink_fd(void);

/* True when `fd` is that descriptor. No system call for any other number. */
bool lg_sink_owns(int fd);

/* The program is about to put something else under our number: go to another one. */
void lg_sink_move(void);

/* In the child of a fork. */
void lg_sink_forked(void);

#endif
