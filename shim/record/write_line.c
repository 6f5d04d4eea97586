/* SPDX-License-Identifier: MIT */
#include "shim/record/write_line.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "shim/base/line.h"
#include "shim/record/quiet_signal.h"

#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8
#endif
#ifndef RWF_NOSIGNAL
#define RWF_NOSIGNAL 0x100 /* Linux 6.18 */
#endif

static bool torn; /* the last line ended in the middle */

/* Those that this kernel knows for a pipe, as far as we know. */
static unsigned pipe_flags = RWF_NOWAIT | RWF_NOSIGNAL;

static unsigned flags_now(void)
{
    return __atomic_load_n(&pipe_flags, __ATOMIC_RELAXED);
}

static long write_if_ready(int fd, const char *line, size_t length_bytes)
{
    int ready = lg_sys_poll(fd, POLLOUT, 0);

    if (ready < 0 || ready & (POLLERR | POLLHUP | POLLNVAL) || !(ready & POLLOUT))
        return -EAGAIN;
    return lg_sys_write(fd, line, length_bytes); /* there was room for a page when we looked */
}

/* A line of at most PIPE_BUF bytes goes into a pipe whole or, with RWF_NOWAIT, not at all. -EINTR: with other flags. */
static long write_pipe(int fd, unsigned flags, const char *line, size_t length_bytes)
{
    struct iovec part = {(void *)(uintptr_t)line, length_bytes};
    long result;

    if (flags == 0)
        return write_if_ready(fd, line, length_bytes);
    result = lg_syscall6(SYS_pwritev2, fd, (long)&part, 1, -1, -1, (long)flags);
    if (result != -EOPNOTSUPP && result != -ENOSYS && result != -EINVAL)
        return result;
    __atomic_store_n(&pipe_flags, flags & RWF_NOSIGNAL ? RWF_NOWAIT : 0, __ATOMIC_RELAXED);
    return -EINTR;
}

/*
 * A terminal says that there is room when there is room for a byte, and then waits for the rest. Only
 * an opening of our own can be told not to wait without telling everybody who shares the old one.
 */
static long write_terminal(int fd, const struct lg_file_id *terminal, const char *line, size_t length_bytes)
{
    struct lg_file_id id;
    struct lg_line path;
    char name[32];
    long result;
    int own;

    lg_line_init(&path, name, sizeof name);
    lg_line_word(&path, "/proc/self/fd/");
    lg_line_number(&path, fd);
    lg_line_bytes(&path, "", 1);
    own = lg_sys_open(name, O_WRONLY | O_NONBLOCK, 0);
    if (own < 0)
        return write_if_ready(fd, line, length_bytes);
    result = lg_sys_fstat(own, &id);
    if (result == 0)
        result = lg_file_id_equal(&id, terminal) ? lg_sys_write(own, line, length_bytes) : -EBADF;
    lg_sys_close(own);
    return result;
}

static long write_file(int fd, const char *line, size_t length_bytes)
{
    if (__atomic_load_n(&torn, __ATOMIC_RELAXED) && lg_sys_write(fd, "\n", 1) == 1)
        __atomic_store_n(&torn, false, __ATOMIC_RELAXED);
    return lg_sys_write(fd, line, length_bytes);
}

static long write_raw(int fd, const struct lg_file_id *id, unsigned flags, const char *line, size_t length_bytes)
{
    if (S_ISSOCK(id->mode))
        return lg_syscall6(SYS_sendto, fd, (long)line, (long)length_bytes, MSG_DONTWAIT | MSG_NOSIGNAL, 0, 0);
    if (S_ISREG(id->mode))
        return write_file(fd, line, length_bytes);
    return S_ISCHR(id->mode) ? write_terminal(fd, id, line, length_bytes) : write_pipe(fd, flags, line, length_bytes);
}

static bool has_size_limit(void)
{
    struct rlimit64 limit = {0, 0};

    return lg_syscall4(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, (long)&limit) < 0 || limit.rlim_cur != RLIM64_INFINITY;
}

/* A write to a socket can be told to raise none, one to a pipe since Linux 6.18; a terminal may stop who writes. */
static bool may_raise_signal(const struct lg_file_id *id, unsigned flags)
{
    if (S_ISSOCK(id->mode) || (S_ISFIFO(id->mode) && flags & RWF_NOSIGNAL))
        return false;
    return !S_ISREG(id->mode) || has_size_limit();
}

static long write_quietly(int fd, const struct lg_file_id *id, const char *line, size_t length_bytes)
{
    unsigned flags = flags_now();
    struct lg_quiet_signal quiet;
    long written;

    if (!may_raise_signal(id, flags))
        return write_raw(fd, id, flags, line, length_bytes);
    lg_quiet_signal_begin(&quiet);
    written = write_raw(fd, id, flags, line, length_bytes);
    lg_quiet_signal_end(&quiet, written);
    return written;
}

bool lg_write_line(int fd, const struct lg_file_id *id, const char *line, size_t length_bytes)
{
    long written = -EINTR;

    for (unsigned tries = 0; tries < 3 && written == -EINTR; tries++)
        written = write_quietly(fd, id, line, length_bytes);
    if (written > 0 && (size_t)written < length_bytes)
        __atomic_store_n(&torn, true, __ATOMIC_RELAXED);
    return written == (long)length_bytes;
}
