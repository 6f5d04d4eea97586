/* SPDX-License-Identifier: MIT */
/* The names in a directory, without opendir. Async-signal-safe, thread-safe, fork-safe; errno untouched. */
#ifndef LG_NAMES_H
#define LG_NAMES_H

#include <stdbool.h>

/* Returns false to stop. */
typedef bool lg_name_fn(void *context, const char *name);

/* Calls `each` for every name in the open directory `fd`, in no order. Returns 0, 1 when `each` stopped it, or a
 * negative errno. */
int lg_names(int fd, lg_name_fn *each, void *context);

#endif
