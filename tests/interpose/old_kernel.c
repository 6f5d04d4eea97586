/* SPDX-License-Identifier: MIT */
/*
 * old_kernel COMMAND...: runs it as on a kernel of about 3.10, by a filter: the system calls that came since then do
 * not exist, and SO_COOKIE (4.12) is no socket option.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "tests/harness/old_libc.h"

#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define LOW 4
#else
#define LOW 0
#endif
#define LOAD_ARGUMENT(n) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args) + 8 * (n) + LOW)
#define ANSWER(error)    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))
#define LACKS(number)    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), ANSWER(ENOSYS)

int main(int argc, char **argv)
{
    struct sock_filter filter[] = {
        LOAD(nr),
        LACKS(SYS_statx),           /* 4.11 */
        LACKS(SYS_memfd_create),    /* 3.17 */
        LACKS(SYS_getrandom),       /* 3.17 */
        LACKS(SYS_execveat),        /* 3.19 */
        LACKS(SYS_copy_file_range), /* 4.5 */
        LACKS(SYS_io_uring_setup),  /* 5.1 */
        LACKS(SYS_pidfd_open),      /* 5.3 */
        LACKS(SYS_clone3),          /* 5.3 */
        LACKS(SYS_close_range),     /* 5.9 */
        LACKS(SYS_openat2),         /* 5.6 */
        LACKS(SYS_pidfd_getfd),     /* 5.6 */
        LACKS(439 /* faccessat2, 5.8 */),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getsockopt, 0, 5),
        LOAD_ARGUMENT(1),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SOL_SOCKET, 0, 3),
        LOAD_ARGUMENT(2),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SO_COOKIE, 0, 1),
        ANSWER(ENOPROTOOPT),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};

    if (argc < 2)
        return 125;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        fprintf(stderr, "old_kernel: %s\n", strerror(errno));
        return 125;
    }
    execvp(argv[1], argv + 1);
    return 127;
}
