/* SPDX-License-Identifier: MIT */
/* Files that nobody but root can have put there, for a process that has more rights than who started it. */
#ifndef LG_TRUSTED_H
#define LG_TRUSTED_H

/*
 * Opens a file or directory with these flags, close-on-exec and without waiting, where root owns it and every
 * directory of its absolute path, nobody else may write to any of them, and none is a symbolic link. Returns a
 * descriptor or a negative errno: -EPERM where one of these does not hold, else what open(2) says.
 * Async-signal-safe, thread-safe, fork-safe; errno untouched.
 */
int lg_trusted_open(const char *path, int flags);

/* The same for a file in a directory that was opened so. */
int lg_trusted_open_in(int directory, const char *name);

#endif
