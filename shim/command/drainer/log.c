/* SPDX-License-Identifier: MIT */
#include "shim/command/drainer/log.h"
#include "shim/base/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define LOG_MODE 0644 /* the umask takes from it, as from any file */
#define LOOK_MS  1000u

static int open_file(const char *path)
{
    /* O_NONBLOCK is for a FIFO: neither the open nor a write may wait for its reader */
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, LOG_MODE);

    return fd < 0 ? -errno : fd;
}

static int open_syslog(void)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = LG_SYSLOG_PATH};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* An opening of our own can be told not to wait without telling everybody who shares the old one. */
static int open_stderr(void)
{
    struct stat status;
    int fd = -1;

    if (fstat(STDERR_FILENO, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode)))
        fd = open("/proc/self/fd/2", O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    return fd < 0 ? STDERR_FILENO : fd;
}

static void adopt(struct lg_drainer_log *log, int fd)
{
    struct stat status;
    bool known = fd >= 0 && fstat(fd, &status) == 0;

    log->fd = fd;
    log->is_socket = known && S_ISSOCK(status.st_mode);
    log->is_file = known && S_ISREG(status.st_mode);
}

int lg_drainer_log_open(struct lg_drainer_log *log, enum lg_log kind, const char *path)
{
    int fd = -1;

    memset(log, 0, sizeof(*log));
    log->kind = kind;
    log->path = path;
    if (kind == LG_LOG_FILE) {
        fd = open_file(path);
        if (fd < 0 && fd != -ENXIO) /* a FIFO without a reader yet */
            return fd;
    } else if (kind == LG_LOG_SYSLOG) {
        fd = open_syslog();
    } else if (kind == LG_LOG_STDERR) {
        fd = open_stderr();
    }
    adopt(log, fd);
    return 0;
}

static bool is_rotated(const struct lg_drainer_log *log)
{
    struct stat open_now, named_now;

    return fstat(log->fd, &open_now) != 0 || stat(log->path, &named_now) != 0 || open_now.st_dev != named_now.st_dev ||
           open_now.st_ino != named_now.st_ino;
}

static void reopen(struct lg_drainer_log *log)
{
    int fd = log->kind == LG_LOG_FILE ? open_file(log->path) : open_syslog();

    if (fd < 0)
        return;
    if (log->fd >= 0)
        close(log->fd);
    adopt(log, fd);
}

static bool write_line(const struct lg_drainer_log *log, const char *line, size_t length_bytes)
{
    struct iovec part = {(void *)(uintptr_t)line, length_bytes};
    struct pollfd room = {.fd = log->fd, .events = POLLOUT};
    ssize_t written;

    if (log->is_socket)
        return send(log->fd, line, length_bytes, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)length_bytes;
    if (log->is_file)
        return write(log->fd, line, length_bytes) == (ssize_t)length_bytes;
    /* RWF_NOWAIT is for a pipe that could not be opened anew, and another writer who was faster */
    if (poll(&room, 1, 0) != 1 || !(room.revents & POLLOUT))
        return false;
    written = pwritev2(log->fd, &part, 1, -1, RWF_NOWAIT);
    if (written < 0 && (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL))
        written = write(log->fd, line, length_bytes);
    return written == (ssize_t)length_bytes;
}

bool lg_drainer_log_write(struct lg_drainer_log *log, const char *line, size_t length_bytes, uint64_t now_ms)
{
    bool written;

    if (log->kind == LG_LOG_OFF)
        return false;
    if (log->kind == LG_LOG_FILE && log->fd >= 0 && now_ms - log->looked_ms >= LOOK_MS) {
        log->looked_ms = now_ms;
        if (is_rotated(log))
            reopen(log);
    }
    written = log->fd >= 0 && write_line(log, line, length_bytes);
    /* a syslogd or a reader that came later, or was started anew */
    if (!written && log->kind != LG_LOG_STDERR && (log->fd < 0 || log->kind == LG_LOG_SYSLOG)) {
        reopen(log);
        written = log->fd >= 0 && write_line(log, line, length_bytes);
    }
    log->dropped = written ? 0 : log->dropped + 1;
    log->dropped_in_all += !written;
    return written;
}
