/* SPDX-License-Identifier: MIT */
/*
 * Whether this memory is a copy of another process's: a child of fork, by whatever road (daemon,
 * forkpty, clone by number). A page that the kernel wipes in such a child tells (madvise(2),
 * MADV_WIPEONFORK, Linux 4.14); a child of vfork, which writes into its parent's memory, has it as
 * its parent does. On an older kernel no child is noticed.
 *
 * Async-signal-safe, thread-safe, fork-safe; errno untouched.
 */
#ifndef LG_COPIED_H
#define LG_COPIED_H

#include <stdbool.h>

/*
 * True once in each copy since the first call, which maps the page with two system calls; none
 * later on. Of two threads one is told.
 */
bool lg_memory_is_copied(void);

#endif
