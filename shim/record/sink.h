/* SPDX-License-Identifier: MIT */
/*
 * Where lines go: standard error, a file, syslog, or nowhere.
 *
 * A program may close any descriptor and get a client's socket under the same number. So nothing is
 * written into a descriptor whose identity (device, inode, when it was made) is not the one that was
 * remembered; a standard error that is a socket counts only if JOURNAL_STREAM names it
 * (systemd.exec(5)). The one descriptor of our own is close-on-exec, out of the program's way, and
 * guarded by the interposed calls.
 *
 * A file or syslog is opened by the constructor where the effective user is root, since such a process
 * may change its root directory or its user before it has something to record; else at the first record.
 *
 * Async-signal-safe, thread-safe and fork-safe but for lg_sink_start; errno untouched.
 */
#ifndef LG_SINK_H
#define LG_SINK_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/policy.h"

struct lg_sink_settings {
    enum lg_log log;
    const char *path;           /* for LG_LOG_FILE, absolute; must stay where it is */
    const char *journal_stream; /* the value of JOURNAL_STREAM or NULL */
    bool root;                  /* the effective user is root */
    bool secure;                /* AT_SECURE: a file's last part must not be a symbolic link */
    bool speaks;                /* trouble may go to standard error */
};

/* Says where lines go. Never fails: lg_sink_ready does. Not async-signal-safe; for the constructor. */
void lg_sink_start(const struct lg_sink_settings *settings);

/*
 * Another log from now on, whose `path` stays where it is, while the process has the root directory that it was loaded
 * under. What is named already stays as it is. Returns 0 when it is in use; else the one from before is: a negative
 * errno as of lg_sink_ready, -EBADF for a standard error that was not looked at when it could be trusted, -EAGAIN when
 * another thread is opening a log at this moment.
 */
int lg_sink_change(enum lg_log log, const char *path);

/* False when there is no log to write to, so that a record need not be made. */
bool lg_sink_is_on(void);

/*
 * Opens the log where it is not open, or was rotated, which is looked for once a second. Returns 0, or a negative
 * errno: what open(2) or connect(2) say; -ELOOP and -EPERM for a file that root does not take (a symbolic link, another
 * user's); -ESTALE for a file that was removed and cannot be made anew, as after a chroot.
 */
int lg_sink_ready(void);

/* From now on lines go to standard error. Returns false, and changes nothing, where trouble must not go there, and
 * where the log was open once. */
bool lg_sink_fall_back(void);

/* Writes one whole line, its line end included, to a log that is ready. False when it was not written, or only in part.
 */
bool lg_sink_write(const char *line, size_t length_bytes);

/* True when a line was not written since the log is not there any more: lg_sink_ready may open it anew. */
bool lg_sink_is_lost(void);

/* True when lines go to standard error, and the program has closed it or put something else there. */
bool lg_sink_is_replaced(void);

/* True once this process has written a line to the log. */
bool lg_sink_has_written(void);

/*
 * Writes a line about trouble: to the log, unless that is standard error; to standard error where
 * trouble may go there; and to syslog, unless that is the log.
 */
void lg_sink_tell(const char *line, size_t length_bytes);

/* The log that the settings name, for a line about it. */
const char *lg_sink_name(void);

/* The descriptor that is ours, -1 when there is none, or when the number was taken from us. */
int lg_sink_fd(void);

/* True when `fd` is that descriptor. No system call for any other number. */
bool lg_sink_owns(int fd);

/* The program is about to put something else under our number: go to another one. */
void lg_sink_move(void);

/* In a process whose memory is a copy of another's. */
void lg_sink_forked(void);

#endif
