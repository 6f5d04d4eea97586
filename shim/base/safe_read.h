/* SPDX-License-Identifier: MIT */
/*
 * Reading memory that may not be there: a stack that was smashed, the tables of a module that
 * another thread has just closed. Whether a page can be read is asked of the kernel, once a page,
 * with rt_sigprocmask and a `how` that does not exist: it copies the set from the address first and
 * fails with EFAULT where it cannot, and with EINVAL where it can (kernel/signal.c). Where a
 * sandbox answers differently, nothing is read: lg_safe_read_works.
 *
 * Between the question and the read another thread may unmap the page. That takes a wild address
 * that points into the very mapping being removed; memory that a thread stands on is not removed.
 *
 * Async-signal-safe, thread-safe, fork-safe. A struct lg_safe_pages belongs to one caller and one moment.
 */
#ifndef LG_SAFE_READ_H
#define LG_SAFE_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LG_SAFE_PAGES 12u

/* The pages that were found readable. Starts as {0}. */
struct lg_safe_pages {
    uintptr_t page[LG_SAFE_PAGES]; /* address of the page + 1; 0: none */
    uint8_t recent;                /* the one that was asked for last */
    uint8_t oldest;                /* the one to forget next */
};

/* Whether the kernel, or what stands in for it, answers as described above. One system call. */
bool lg_safe_read_works(void);

/* Copies `size` bytes from `at`. Returns false, with `to` in an undefined state, where it cannot. */
bool lg_safe_read(struct lg_safe_pages *peek, void *to, uintptr_t at, size_t size);

/* How many bytes from `at` to the end of its page can be read; 0: none. */
size_t lg_safe_read_room(struct lg_safe_pages *peek, uintptr_t at);

#endif
