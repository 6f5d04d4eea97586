/* SPDX-License-Identifier: MIT */
#include "shim/base/sys.h"

/* The kernel's struct stat, not libc's: they differ under musl on 32-bit machines. */
#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/poll.h>
#include <linux/resource.h>
#include <linux/stat.h>
#include <linux/time_types.h>
#include <linux/types.h>
#include <stddef.h>

#define CLOCK_REALTIME_ID  0
#define CLOCK_MONOTONIC_ID 1

/* Numbers left free above ours: other libraries put their descriptors at the upper end too. */
#define RAISE_MARGIN 24
#define RAISE_BELOW  1024 /* what a table of the least size that we may ask for has room for */

/* libc's clock reads the vdso. Absent in no libc that we know; weak all the same. */
struct timespec;
extern int clock_gettime(int, struct timespec *) __attribute__((weak));

extern char __libc_single_threaded __attribute__((weak));

#ifdef SYS_fstat64
#define SYS_FSTAT SYS_fstat64
typedef struct stat64 kernel_stat;
#else
#define SYS_FSTAT SYS_fstat
typedef struct stat kernel_stat;
#endif
#ifdef SYS_mmap2
#define SYS_MMAP SYS_mmap2
#else
#define SYS_MMAP SYS_mmap
#endif
#if defined(SYS_fstatat64)
#define SYS_STATAT SYS_fstatat64
#else
#define SYS_STATAT SYS_newfstatat
#endif

static int file_id(long result, const kernel_stat *from, struct lg_file_id *id)
{
    if (result < 0)
        return (int)result;
    id->device = (uint64_t)from->st_dev;
    id->inode = (uint64_t)from->st_ino;
    id->mode = (uint32_t)from->st_mode;
    id->user = (uint32_t)from->st_uid;
    id->links = (uint32_t)from->st_nlink;
    id->born_ns = 0;
    id->size_bytes = (int64_t)from->st_size;
    id->written_s = (int64_t)from->st_mtime;
    id->changed_s = (int64_t)from->st_ctime;
    id->written_ns = (uint32_t)from->st_mtime_nsec;
    id->changed_ns = (uint32_t)from->st_ctime_nsec;
    return 0;
}

int lg_sys_fstat(int fd, struct lg_file_id *id)
{
    kernel_stat got;
    return file_id(lg_syscall3(SYS_FSTAT, fd, (long)&got, 0), &got, id);
}

int lg_sys_stat(const char *path, struct lg_file_id *id)
{
    kernel_stat got;
    return file_id(lg_syscall4(SYS_STATAT, AT_FDCWD, (long)path, (long)&got, 0), &got, id);
}

bool lg_sys_names(const char *path, const struct lg_file_id *id)
{
    struct lg_file_id now = {0};

    return lg_sys_stat(path, &now) == 0 && lg_file_id_equal(&now, id);
}

bool lg_sys_is_there(const char *path)
{
    return lg_syscall3(SYS_faccessat, AT_FDCWD, (long)path, 0) == 0;
}

/* As the kernel puts it into st_dev: new_encode_dev. */
static uint64_t device_of(const struct statx *got)
{
    return (got->stx_dev_minor & 0xff) | got->stx_dev_major << 8 | (got->stx_dev_minor & ~0xffu) << 12;
}

int lg_sys_identify(int fd, struct lg_file_id *id)
{
    struct statx got;

    if (lg_syscall5(SYS_statx, fd, (long)"", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, (long)&got) < 0)
        return lg_sys_fstat(fd, id); /* before Linux 4.11, or in a sandbox */
    *id = (struct lg_file_id){
        .device = device_of(&got),
        .inode = got.stx_ino,
        .mode = got.stx_mode,
        .user = got.stx_uid,
        .links = got.stx_nlink,
    };
    if (got.stx_mask & STATX_BTIME && (id->mode & 0170000) == 0100000) /* S_ISREG */
        id->born_ns = (uint64_t)got.stx_btime.tv_sec * 1000000000u + got.stx_btime.tv_nsec;
    return 0;
}

int lg_sys_open(const char *path, int flags, unsigned mode)
{
    return (int)lg_syscall4(SYS_openat, AT_FDCWD, (long)path, flags | O_CLOEXEC | O_NOCTTY, (long)mode);
}

int lg_sys_raise(int fd)
{
    struct rlimit64 limit = {0, 0};
    long floor = 0;
    long raised;

    if (lg_syscall4(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, (long)&limit) == 0) {
        floor = limit.rlim_cur > RAISE_BELOW ? RAISE_BELOW : (long)limit.rlim_cur;
        floor -= RAISE_MARGIN;
    }
    if (floor < 3)
        floor = 3; /* never one of the standard three, whatever the limit */
    raised = lg_sys_fcntl(fd, F_DUPFD_CLOEXEC, floor);
    if (raised < 0)
        raised = lg_sys_fcntl(fd, F_DUPFD_CLOEXEC, 3);
    lg_sys_close(fd);
    return (int)raised;
}

long lg_sys_read(int fd, void *buffer, size_t size)
{
    return lg_syscall3(SYS_read, fd, (long)buffer, (long)size);
}

long lg_sys_write(int fd, const void *data, size_t size)
{
    return lg_syscall3(SYS_write, fd, (long)data, (long)size);
}

int lg_sys_close(int fd)
{
    return (int)lg_syscall3(SYS_close, fd, 0, 0);
}

int lg_sys_fcntl(int fd, int command, long argument)
{
#ifdef SYS_fcntl64
    return (int)lg_syscall3(SYS_fcntl64, fd, command, argument);
#else
    return (int)lg_syscall3(SYS_fcntl, fd, command, argument);
#endif
}

void *lg_sys_map(size_t size_bytes)
{
    long at = lg_syscall6(SYS_MMAP, 0, (long)size_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return at < 0 && at > -4096 ? NULL : (void *)at;
}

void lg_sys_unmap(void *at, size_t size_bytes)
{
    lg_syscall3(SYS_munmap, (long)at, (long)size_bytes, 0);
}

int lg_sys_poll(int fd, short events, int timeout_ms)
{
    struct pollfd wait = {fd, events, 0};
    long result;

#ifdef SYS_poll
    result = lg_syscall3(SYS_poll, (long)&wait, 1, timeout_ms);
#else
    struct __kernel_timespec until = {timeout_ms / 1000, (long long)(timeout_ms % 1000) * 1000000};

    result = lg_syscall5(SYS_ppoll, (long)&wait, 1, timeout_ms < 0 ? 0 : (long)&until, 0, 0);
#endif
    return result > 0 ? wait.revents : (int)result;
}

int lg_sys_getsockopt(int fd, int level, int name, void *value, uint32_t *size)
{
    return (int)lg_syscall5(SYS_getsockopt, fd, level, name, (long)value, (long)size);
}

int lg_sys_setsockopt(int fd, int level, int name, const void *value, uint32_t size)
{
    return (int)lg_syscall5(SYS_setsockopt, fd, level, name, (long)value, (long)size);
}

uint64_t lg_sys_now_ms(void)
{
    struct {
        long seconds;
        long nanoseconds;
    } now = {0, 0};

    if (clock_gettime)
        clock_gettime(CLOCK_MONOTONIC_ID, (struct timespec *)&now);
    return (uint64_t)now.seconds * 1000u + (uint64_t)now.nanoseconds / 1000000u;
}

int lg_sys_pid(void)
{
    return (int)lg_syscall3(SYS_getpid, 0, 0, 0);
}

int64_t lg_sys_effective_user(void)
{
#ifdef SYS_geteuid32
    return (int64_t)(uint32_t)lg_syscall3(SYS_geteuid32, 0, 0, 0);
#else
    return (int64_t)(uint32_t)lg_syscall3(SYS_geteuid, 0, 0, 0);
#endif
}

int lg_sys_tid(void)
{
    return (int)lg_syscall3(SYS_gettid, 0, 0, 0);
}

bool lg_sys_is_single_threaded(void)
{
    return &__libc_single_threaded && __libc_single_threaded;
}

void lg_sys_realtime(int64_t *seconds, int64_t *nanoseconds)
{
    struct {
        long seconds;
        long nanoseconds;
    } now = {0, 0};

    if (clock_gettime)
        clock_gettime(CLOCK_REALTIME_ID, (struct timespec *)&now);
    *seconds = now.seconds;
    *nanoseconds = now.nanoseconds;
}
