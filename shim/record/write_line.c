/* SPDX-License-Identifier: MIT */
#include "shim/record/write_line.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "shim/base/line.h"
#include "shim/record/quiet_signal.h"

#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8
#endif

static bool torn; /* the last line ended in the middle */

static long write_pipe(int fd, const char *line, size_t length_bytes)
{
    struct iovec part = {(void *)(uintptr_t)line, length_bytes};
    long result = lg_sys_poll(fd, POLLOUT, 0);

    if (result < 0 || result & (POLLERR | POLLHUP | POLLNVAL) || !(result & POLLOUT))
        return -EAGAIN;
    /* Room for a page when we looked; RWF_NOWAIT is for another writer who was faster. */
    result = lg_syscall6(SYS_pwritev2, fd, (long)&part, 1, -1, -1, RWF_NOWAIT);
    return result == -EOPNOTSUPP || result == -ENOSYS || result == -EINVAL ? lg_sys_write(fd, line, length_bytes)
                                                                           : result;
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
        return write_pipe(fd, line, length_bytes);
    result = lg_sys_fstat(own, &id);
    if (result == 0)
        result = lg_file_id_equal(&id, terminal) ? lg_sys_write(own, line, length_bytes) : -EBADF;
    lg_sys_close(own);
    return result;
}

static long write_raw(int fd, const struct lg_file_id *id, const char *line, size_t length_bytes)
{
    if (S_ISSOCK(id->mode))
        return lg_syscall6(SYS_sendto, fd, (long)line, (long)length_bytes, MSG_DONTWAIT | MSG_NOSIGNAL, 0, 0);
    if (S_ISREG(id->mode))
        return lg_sys_write(fd, line, length_bytes);
    return S_ISCHR(id->mode) ? write_terminal(fd, id, line, length_bytes) : write_pipe(fd, line, length_bytes);
}

bool lg_write_line(int fd, const struct lg_file_id *id, const char *line, size_t length_bytes)
{
    struct lg_quiet_signal quiet;
    long written;

    lg_quiet_signal_begin(&quiet);
    if (S_ISREG(id->mode) && __atomic_load_n(&torn, __ATOMIC_RELAXED) && lg_sys_write(fd, "\n", 1) == 1)
        __atomic_store_n(&torn, false, __ATOMIC_RELAXED);
    written = write_raw(fd, id, line, length_bytes);
    lg_quiet_signal_end(&quiet, written);
    if (written > 0 && (size_t)written < length_bytes)
        __atomic_store_n(&torn, true, __ATOMIC_RELAXED);
    return written == (long)length_bytes;
}
