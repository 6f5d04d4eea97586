/* SPDX-License-Identifier: MIT */
/*
 * Reading memory that may not be there: a stack that was overwritten, the tables of a module that
 * another thread has just closed, the argument of a call. Whether a page can be read is asked of the
 * kernel, once a page, by an rt_sigprocmask(2) with a `how` that does not exist: it first copies the
 * set from the address, and fails with EFAULT where it cannot, and with EINVAL where it can
 * (kernel/signal.c). A sandbox or an emulator may answer otherwise: lg_safe_read_works.
 *
 * Another thread may unmap a page after the kernel was asked and before it is read. No stack, module
 * or argument in use is unmapped: only an address that is wrong can meet with that.
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
    uint8_t oldest;                /* the one to forget next */
};

/* Whether the kernel answers as described above. One system call. */
bool lg_safe_read_works(void);

/*
 * Copies `size_bytes` from `at`. Returns false, with `to` in an undefined state, where that cannot be
 * read. At most one system call for each page, none for a page that is in `pages`.
 */
bool lg_safe_read(struct lg_safe_pages *pages, void *to, uintptr_t at, size_t size_bytes);

/* How many bytes from `at` to the end of its page can be read; 0: none. At most one system call. */
size_t lg_safe_read_room(struct lg_safe_pages *pages, uintptr_t at);

#endif
