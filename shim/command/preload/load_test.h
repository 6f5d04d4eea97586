/* SPDX-License-Identifier: MIT */
/* Whether a library may go into /etc/ld.so.preload: it loads, and nobody else can replace it. */
#ifndef LG_COMMAND_LOAD_TEST_H
#define LG_COMMAND_LOAD_TEST_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Starts /bin/true with `library` preloaded and off, as a child with nothing else in its environment.
 * False with the dynamic linker's words in `problem` when it complains, fails, or takes longer than ten
 * seconds.
 */
bool lg_library_loads(const char *library, char *problem, size_t problem_bytes);

/*
 * The same with the policy of the system and its log, as this user or, of root, as nobody. False with
 * what cannot be used in `problem`.
 */
bool lg_library_serves(const char *library, bool nobody, char *problem, size_t problem_bytes);

/* Whether there is a shared library at this path below `root`, as far as its head tells: nothing of it is executed. */
bool lg_library_is_one(const char *root, const char *library, char *problem, size_t problem_bytes);

/*
 * Whether the file at `path` and every directory above it up to `root` belong to root or to the caller and are
 * not writable by others. False with the first that is not in `problem`.
 */
bool lg_path_is_protected(const char *root, const char *path, char *problem, size_t problem_bytes);

#endif
