/* SPDX-License-Identifier: MIT */
/* A path in another system's root, which may lead anywhere by its links. */
#ifndef LG_COMMAND_IN_ROOT_H
#define LG_COMMAND_IN_ROOT_H

#include <stddef.h>

/* `root` as an operator gave it, changed in place: "" instead of "/" and no slash at the end, so that a path can
 * follow. */
const char *lg_root_trim(char *root);

/*
 * The real path of `path` below `root` ("" for the system's own), and in *root_bytes (may be NULL) how
 * much of it is the root's. The caller frees it. NULL with a message in `problem`, and errno, where there
 * is nothing (ENOENT) or where links lead out of the root (EXDEV).
 */
char *lg_in_root(const char *root, const char *path, size_t *root_bytes, char *problem, size_t problem_bytes);

#endif
