/* SPDX-License-Identifier: MIT */
/*
 * Opening a log, and what is not taken for one. Each returns a descriptor or a negative errno.
 * Async-signal-safe, thread-safe, fork-safe; errno untouched.
 */
#ifndef LG_OPEN_LOG_H
#define LG_OPEN_LOG_H

#include <stdbool.h>

#include "shim/base/paths.h"

/*
 * A file, made where it is not there. A process of root takes none whose last part is a symbolic link
 * (-ELOOP) or that is another user's (-EPERM), a `secure` one no such link, but for paths of devices.
 */
int lg_log_open_file(const char *path, bool secure);

/* /dev/stderr and its like: links, and perhaps another user's terminal, but in a directory where nobody can put them.
 */
bool lg_log_is_device(const char *path);

/* True when the path leads to a descriptor of this process, which may be something else later. */
bool lg_log_names_descriptor(const char *path);

/* A socket to syslogd; and one that is there to a syslogd that was started anew (0, or a negative errno). */
int lg_log_open_syslog(void);
int lg_log_connect_syslog(int fd);

#endif
