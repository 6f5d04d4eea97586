/* SPDX-License-Identifier: MIT */
/*
 * <sys/syscall.h>, and the numbers that it lacks where libc is older than the kernel's call (Debian 11
 * builds this too; which kernel the result then meets is another matter). From 424 on a call has the
 * same number on each machine that shim/base/sys.h knows. The command uses this file too.
 */
#ifndef LG_SYSCALL_NUMBERS_H
#define LG_SYSCALL_NUMBERS_H

#include <sys/syscall.h>

#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425 /* Linux 5.1 */
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434 /* Linux 5.3 */
#endif
#ifndef SYS_clone3
#define SYS_clone3 435 /* Linux 5.3 */
#endif
#ifndef SYS_close_range
#define SYS_close_range 436 /* Linux 5.9 */
#endif
#ifndef SYS_openat2
#define SYS_openat2 437 /* Linux 5.6 */
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438 /* Linux 5.6 */
#endif

/* The first arguments of SYS_clone for a child that goes on with a copy of this stack: s390x has them the other way. */
#if defined(__s390x__)
#define LG_CLONE_FLAGS(flags) 0L, (long)(flags)
#else
#define LG_CLONE_FLAGS(flags) (long)(flags), 0L
#endif

#endif
