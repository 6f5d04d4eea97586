/* SPDX-License-Identifier: MIT */
/*
 * A process by its directory in /proc, which stays that of this process when its number goes to another one: it
 * answers nothing more then. What is below its root is looked at by O_PATH, never through links out of it, and only a
 * regular file is opened.
 */
#ifndef LG_COMMAND_PROCESS_H
#define LG_COMMAND_PROCESS_H

#include "policy/policy.h"
#include <limits.h>
#include <sys/stat.h>
#include <sys/types.h>

/* The numbers of all processes but this one and its children, ascending; the caller frees them. NULL after a message.
 */
pid_t *lg_process_list(size_t *count);

/* A descriptor of /proc/PID, or -1. */
int lg_process_open(pid_t pid);

/*
 * The first thread may have ended before the others, and has no memory any more: the directory of another one, or -1.
 */
int lg_process_other_thread(int process);

/* Reads at most size_bytes of a file of the process ("cgroup"); the rest is left. -1 with errno. */
ssize_t lg_process_read(int process, const char *name, char *text, size_t size_bytes);

/* Its executable, without " (deleted)". False where it may not be told. */
bool lg_process_exe(int process, char path[PATH_MAX]);

/* What `path` is in the root of the process, as an O_PATH descriptor; -1 with errno. A link at the end is followed
 * where `follow` says so, within that root. */
int lg_process_find(int process, const char *path, bool follow);

/* Reads the start of a regular file in its root, and what it is. -1 with errno. */
ssize_t lg_process_read_file(int process, const char *path, char *text, size_t size_bytes, struct stat *status);

#endif
