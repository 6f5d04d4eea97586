/* SPDX-License-Identifier: MIT */
/*
 * The numbers among the names of a /proc directory (descriptors, threads), without opendir.
 * Async-signal-safe, thread-safe, fork-safe; errno untouched.
 */
#ifndef LG_PROC_NUMBERS_H
#define LG_PROC_NUMBERS_H

#include <stdbool.h>

/* Returns false to stop. */
typedef bool lg_number_fn(void *context, unsigned number);

/*
 * Calls `each` for every number in the directory `path`, in the order of the kernel. Returns 0, 1
 * when `each` stopped it, or a negative errno. The directory's own descriptor is among the numbers
 * of /proc/self/fd; *own is its number meanwhile.
 */
int lg_proc_numbers(const char *path, int *own, lg_number_fn *each, void *context);

#endif
