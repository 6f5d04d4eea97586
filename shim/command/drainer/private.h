/* SPDX-License-Identifier: MIT */
/* The drainer that `run --drainer` starts for its program. */
#ifndef LG_DRAINER_PRIVATE_H
#define LG_DRAINER_PRIVATE_H

/*
 * Starts a drainer for this process and what it becomes: no child of it, so that a program that waits
 * for its children does not meet one more, in a session of its own, with a socket in a directory of
 * its own below XDG_RUNTIME_DIR or /tmp, both of which it takes away when it ends: when this process,
 * every link and every connection has ended. `log` and `format` are as LINGERGUARD_LOG and
 * LINGERGUARD_FORMAT have them, NULL for the default. It listens when this returns: the path of its
 * socket, static, or NULL after a message.
 */
const char *lg_drainer_start(const char *log, const char *format);

#endif
