/* SPDX-License-Identifier: MIT */
/*
 * The definitions that this library hides: what each interposed call goes on to.
 *
 * Before lg_next_resolve has run the entries that can be are raw system calls, so that a call from
 * another library's constructor, or from a malloc that is older than ours, simply works; entries
 * without a system call behind them (stdio, spawning) are NULL, and lg_next_need resolves them on
 * first use. The table is the seam for fault injection: a test may store its own functions in it.
 *
 * Written while the process has one thread (constructor) or with the same values again; read
 * without a lock ever after. Reading is async-signal-safe and fork-safe.
 */
#ifndef LG_NEXT_H
#define LG_NEXT_H

#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/types.h>

struct lg_next {
    pid_t (*vfork)(void); /* first and second: assembly jumps through these two */
    long (*syscall)(long, ...);
    int (*close)(int);
    int (*close_range)(unsigned, unsigned, int);
    void (*closefrom)(int); /* NULL where libc has none */
    int (*dup)(int);
    int (*dup2)(int, int);
    int (*dup3)(int, int, int);
    int (*fcntl)(int, int, ...);
    int (*fcntl64)(int, int, ...);
    int (*setsockopt)(int, int, int, const void *, socklen_t);
    int (*shutdown)(int, int);
    int (*connect)(int, const struct sockaddr *, socklen_t);
    int (*accept)(int, struct sockaddr *, socklen_t *);
    int (*accept4)(int, struct sockaddr *, socklen_t *, int);
    ssize_t (*sendmsg)(int, const struct msghdr *, int);
    int (*sendmmsg)(int, struct mmsghdr *, unsigned, int);
    ssize_t (*recvmsg)(int, struct msghdr *, int);
    int (*recvmmsg)(int, struct mmsghdr *, unsigned, int, struct timespec *);
    int (*socket)(int, int, int);
    int (*pidfd_getfd)(int, int, unsigned);
    int (*epoll_create)(int);
    int (*epoll_create1)(int);
    pid_t (*fork)(void);
    pid_t (*_Fork)(void); /* NULL where libc has none */
    int (*clone)(int (*)(void *), void *, int, void *, ...);
    int (*unshare)(int);
    int (*prctl)(int, unsigned long, unsigned long, unsigned long, unsigned long);

    int (*posix_spawn)(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,
                       char *const *, char *const *);
    int (*posix_spawnp)(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,
                        char *const *, char *const *);
    FILE *(*popen)(const char *, const char *);
    int (*system)(const char *);
    int (*daemon)(int, int);
    int (*forkpty)(int *, char *, const void *, const void *);
    int (*fclose)(FILE *);
    FILE *(*freopen)(const char *, const char *, FILE *);
    FILE *(*freopen64)(const char *, const char *, FILE *);
    int (*fflush)(FILE *);
    int (*fileno)(FILE *);
};

extern struct lg_next lg_next __attribute__((visibility("hidden")));

/*
 * Looks every entry up behind this library (RTLD_NEXT) and keeps what it had where there is none; an
 * entry without a system call then fails with ENOSYS. Returns false when nothing at all was found: a
 * process without a libc, or one whose libc cannot be asked.
 * Calls dlsym: for the constructor, and for calls that are not async-signal-safe themselves.
 */
bool lg_next_resolve(void);

/* For an entry that may be NULL: resolves it if the constructor has not been here yet. */
#define lg_next_need(name) (lg_next.name ? (void)0 : lg_next_resolve())

/* The libc convention for a raw result: -1 and errno, or the value. */
long lg_next_result(long raw);

#endif
