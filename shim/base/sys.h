/* SPDX-License-Identifier: MIT */
/*
 * System calls without libc: the only road that is open before the constructor has run, inside
 * malloc, in a vfork child and in a signal handler alike, and the only one that is no cancellation
 * point. Each returns what the kernel returned: a value, or a negative errno. errno is not touched.
 *
 * Async-signal-safe, thread-safe, fork-safe.
 */
#ifndef LG_SYS_H
#define LG_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shim/base/syscall_numbers.h"

#if defined(__x86_64__) && defined(__ILP32__)
#error "x32 is not supported: its system call numbers differ from those that programs pass to syscall()"
#elif defined(__x86_64__)
static inline long lg_syscall6(long number, long a, long b, long c, long d, long e, long f)
{
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}
#elif defined(__i386__)
static inline long lg_syscall6(long number, long a, long b, long c, long d, long e, long f)
{
    long result;
    long sixth_and_number[2] = {f, number};

    /* %ebp carries the sixth argument, and the compiler may need it for its own frame. */
    __asm__ volatile("pushl %%ebp\n\t"
                     "movl 4(%%eax), %%ebp\n\t"
                     "pushl %%ebp\n\t"
                     "movl (%%eax), %%ebp\n\t"
                     "popl %%eax\n\t"
                     "int $0x80\n\t"
                     "popl %%ebp"
                     : "=a"(result)
                     : "a"(sixth_and_number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
                     : "memory");
    return result;
}
#elif defined(__aarch64__)
static inline long lg_syscall6(long number, long a, long b, long c, long d, long e, long f)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;

    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory", "cc");
    return x0;
}
#elif defined(__s390x__)
static inline long lg_syscall6(long number, long a, long b, long c, long d, long e, long f)
{
    register long r1 __asm__("r1") = number;
    register long r2 __asm__("r2") = a;
    register long r3 __asm__("r3") = b;
    register long r4 __asm__("r4") = c;
    register long r5 __asm__("r5") = d;
    register long r6 __asm__("r6") = e;
    register long r7 __asm__("r7") = f;

    __asm__ volatile("svc 0" : "+d"(r2) : "d"(r1), "d"(r3), "d"(r4), "d"(r5), "d"(r6), "d"(r7) : "memory", "cc");
    return r2;
}
#else
#error "add lg_syscall6 for this machine (shim/base/sys.h), then run the tests in tests/abi and tests/interpose"
#endif

static inline long lg_syscall5(long number, long a, long b, long c, long d, long e)
{
    return lg_syscall6(number, a, b, c, d, e, 0);
}

static inline long lg_syscall4(long number, long a, long b, long c, long d)
{
    return lg_syscall6(number, a, b, c, d, 0, 0);
}

static inline long lg_syscall3(long number, long a, long b, long c)
{
    return lg_syscall6(number, a, b, c, 0, 0, 0);
}

/* The identity of an open file, or of what a path names, and what else is asked of it. */
struct lg_file_id {
    uint64_t device;
    uint64_t inode;
    uint64_t born_ns; /* when it was made, from lg_sys_identify alone; 0: not known */
    uint32_t mode;    /* S_IFMT and permissions */
    uint32_t user;    /* its owner */
    uint32_t links;   /* 0: no name is left */
    int64_t size_bytes;
    int64_t written_s; /* of the last change of its content, mtime, in seconds and nanoseconds since 1970 */
    int64_t changed_s; /* of the last change of it or of its names, ctime */
    uint32_t written_ns;
    uint32_t changed_ns;
};

/* An inode's number is used again once the file is gone; when it was made is then another time. */
static inline bool lg_file_id_equal(const struct lg_file_id *a, const struct lg_file_id *b)
{
    return a->device == b->device && a->inode == b->inode && (a->mode & 0170000) == (b->mode & 0170000) &&
           (a->born_ns == 0 || b->born_ns == 0 || a->born_ns == b->born_ns);
}

/* The same file, and nobody has written to it since. */
static inline bool lg_file_id_unchanged(const struct lg_file_id *a, const struct lg_file_id *b)
{
    return a->device == b->device && a->inode == b->inode && a->size_bytes == b->size_bytes &&
           a->written_s == b->written_s && a->written_ns == b->written_ns && a->changed_s == b->changed_s &&
           a->changed_ns == b->changed_ns;
}

/* fstat and stat. Return 0 or a negative errno. */
int lg_sys_fstat(int fd, struct lg_file_id *id);
int lg_sys_stat(const char *path, struct lg_file_id *id);

/* True when `path` leads to the file that was remembered as `id`. */
bool lg_sys_names(const char *path, const struct lg_file_id *id);

/* Whether something is there under this path, links followed. */
bool lg_sys_is_there(const char *path);

/* As fstat, and when a regular file was made, in nanoseconds since 1970, where kernel and file system know. */
int lg_sys_identify(int fd, struct lg_file_id *id);

/*
 * Opens with O_CLOEXEC and O_NOCTTY added. Returns a descriptor or a negative errno. The number is
 * the lowest free one: lg_sys_raise moves it out of the program's way.
 */
int lg_sys_open(const char *path, int flags, unsigned mode);

/*
 * Moves `fd`, which it always closes, to a number that programs do not meet by chance, close-on-exec.
 * Returns the new number or a negative errno.
 *
 * The kernel's table of descriptors doubles up to the highest number in use, and every fork copies it;
 * so the number lies just below 1,024, and where fewer are allowed just below that. Programs have
 * their files from 0 on, shells and scripts use 10 to 255 by number, and those that call select()
 * have no use for a number that is not theirs.
 */
int lg_sys_raise(int fd);

long lg_sys_read(int fd, void *buffer, size_t size);
long lg_sys_write(int fd, const void *data, size_t size);
int lg_sys_close(int fd);
int lg_sys_fcntl(int fd, int command, long argument);

/* Memory of our own, all zero; NULL where there is none. What is not touched costs nothing. */
void *lg_sys_map(size_t size_bytes);
void lg_sys_unmap(void *at, size_t size_bytes);

/* Waits for `events` on one descriptor; returns poll's revents, 0 at the deadline, or a negative errno. */
int lg_sys_poll(int fd, short events, int timeout_ms);

int lg_sys_getsockopt(int fd, int level, int name, void *value, uint32_t *size);
int lg_sys_setsockopt(int fd, int level, int name, const void *value, uint32_t size);

/* Milliseconds of CLOCK_MONOTONIC. No system call where libc has a vdso clock. */
uint64_t lg_sys_now_ms(void);

/* CLOCK_REALTIME. */
void lg_sys_realtime(int64_t *seconds, int64_t *nanoseconds);

int lg_sys_pid(void);
int64_t lg_sys_effective_user(void);
int lg_sys_tid(void);

/* True while the process surely has one thread; false where libc does not tell (glibc before 2.32, musl). */
bool lg_sys_is_single_threaded(void);

#endif
