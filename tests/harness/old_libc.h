/* SPDX-License-Identifier: MIT */
/*
 * Names that some libcs lack which the tests are built with too: Debian 11 has glibc 2.31. A call whose function
 * libc lacks is that of the library where it is loaded, and else the system call that it stands for.
 */
#ifndef TESTS_HARNESS_OLD_LIBC_H
#define TESTS_HARNESS_OLD_LIBC_H

#include "shim/base/syscall_numbers.h"
#include <netinet/in.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#ifndef CLOSE_RANGE_UNSHARE
#define CLOSE_RANGE_UNSHARE (1u << 1)
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1u << 2)
#endif

pid_t _Fork(void) __attribute__((weak));

#if defined(__GLIBC__) && !__GLIBC_PREREQ(2, 34)
int close_range(unsigned first, unsigned last, int flags) __attribute__((weak));
void closefrom(int first) __attribute__((weak));

/* A macro is not expanded in itself. */
#define close_range(first, last, flags)                                                                                \
    (close_range != NULL ? close_range(first, last, (int)(flags)) : (int)syscall(SYS_close_range, first, last, flags))
#define closefrom(first)                                                                                               \
    (closefrom != NULL ? closefrom(first) : (void)syscall(SYS_close_range, (first) < 0 ? 0 : (first), ~0u, 0))
#endif

#endif
