/* SPDX-License-Identifier: MIT */
#include "shim/record/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "shim/base/gate.h"
#include "shim/base/line.h"
#include "shim/base/sys.h"
#include "shim/record/quiet_signal.h"

#define STANDARD_ERROR 2
#define SYSLOG_PATH    "/dev/log"
#define LOG_MODE       0644 /* the umask takes from it, as from any file that the program makes */

#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8
#endif

/*
 * `fd` and `id` belong together and change together, at rotation: `sequence` is odd while they do.
 * Who finds it odd, or changed, drops his record instead of waiting; so an interrupted writer can
 * never be waited for.
 */
static struct {
    enum lg_log log;
    unsigned sequence;
    int fd; /* STANDARD_ERROR, our own descriptor, or -1 */
    struct lg_file_id id;
    struct lg_file_id root; /* the root directory at load: after a chroot the path means something else */
    bool torn;              /* the last line ended in the middle */
    bool names_descriptor;  /* the path leads through /proc/PID/fd, as /dev/stderr does */
    const char *path;       /* for LG_LOG_FILE */
} sink = {.log = LG_LOG_OFF, .fd = -1};

static bool begin_change(void)
{
    unsigned now = __atomic_load_n(&sink.sequence, __ATOMIC_RELAXED);

    return !(now & 1) &&
           __atomic_compare_exchange_n(&sink.sequence, &now, now + 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static void end_change(void)
{
    __atomic_add_fetch(&sink.sequence, 1, __ATOMIC_RELEASE);
}

/* The descriptor and its identity as one; false while they change. */
static bool read_pair(int *fd, struct lg_file_id *id)
{
    unsigned before = __atomic_load_n(&sink.sequence, __ATOMIC_ACQUIRE);

    *fd = __atomic_load_n(&sink.fd, __ATOMIC_RELAXED);
    *id = sink.id;
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return !(before & 1) && __atomic_load_n(&sink.sequence, __ATOMIC_RELAXED) == before;
}

/* Within a change: `fd` is the log from now on. */
static void adopt(int fd, const struct lg_file_id *id)
{
    __atomic_store_n(&sink.fd, fd, __ATOMIC_RELAXED);
    sink.id = *id;
    if (sink.log != LG_LOG_STDERR)
        lg_gate_own(fd);
}

static bool is_the_log(int fd, const struct lg_file_id *id)
{
    struct lg_file_id now;

    return fd >= 0 && lg_sys_fstat(fd, &now) == 0 && lg_file_id_equal(&now, id);
}

static int connect_syslog(int fd)
{
    struct sockaddr_un to;

    memset(&to, 0, sizeof to);
    to.sun_family = AF_UNIX;
    memcpy(to.sun_path, SYSLOG_PATH, sizeof SYSLOG_PATH);
    return (int)lg_syscall3(SYS_connect, fd, (long)&to, sizeof to);
}

/* A descriptor for the log, still under its low number. */
static int open_low(void)
{
    int fd, result;

    if (sink.log == LG_LOG_FILE) /* O_NONBLOCK is for a FIFO: neither the open nor a write may wait for its reader */
        return lg_sys_open(sink.path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, LOG_MODE);
    fd = (int)lg_syscall3(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return fd;
    result = connect_syslog(fd);
    if (result == 0)
        return fd;
    lg_sys_close(fd);
    return result;
}

/* Opens the log; `number` is our present descriptor, whose number it then takes over, or -1. */
static int open_own(int number)
{
    struct lg_file_id id;
    int fd = open_low();
    int result;

    if (fd < 0)
        return fd;
    if (number >= 0) { /* the number is never free, so a writer in another thread still hits a log */
        result = (int)lg_syscall3(SYS_dup3, fd, number, O_CLOEXEC);
        lg_sys_close(fd);
        fd = result;
    } else {
        fd = lg_sys_raise(fd);
    }
    if (fd < 0)
        return fd;
    result = lg_sys_fstat(fd, &id);
    if (result == 0)
        adopt(fd, &id);
    else
        lg_sys_close(fd);
    return result;
}

static bool same_root(void)
{
    struct lg_file_id now;

    return lg_sys_stat("/", &now) == 0 && lg_file_id_equal(&now, &sink.root);
}

/* True when the path still means what it meant at load: after a chroot it does not, and the name of a descriptor never
 * does. */
static bool path_is_the_same(void)
{
    return !sink.names_descriptor && same_root();
}

/* Opens the log anew; with `number` as in open_own. */
static void reopen(int number)
{
    if (path_is_the_same() && begin_change()) {
        open_own(number);
        end_change();
    }
}

/* True when the path names another file than the one that is open: the log was rotated. */
static bool rotated(const struct lg_file_id *id)
{
    struct lg_file_id now;

    return sink.log == LG_LOG_FILE && S_ISREG(id->mode) &&
           (lg_sys_stat(sink.path, &now) < 0 || !lg_file_id_equal(&now, id));
}

static bool parse_number(const char **at, uint64_t *number)
{
    const char *start = *at;

    for (*number = 0; **at >= '0' && **at <= '9'; (*at)++)
        *number = *number * 10 + (uint64_t)(**at - '0');
    return *at != start && *at - start < 20;
}

static bool names_journal(const char *stream, const struct lg_file_id *id)
{
    uint64_t device, inode;

    return stream && parse_number(&stream, &device) && *stream++ == ':' && parse_number(&stream, &inode) &&
           *stream == '\0' && device == id->device && inode == id->inode;
}

static int open_stderr(const char *journal_stream)
{
    struct lg_file_id id;

    if (lg_sys_fstat(STANDARD_ERROR, &id) < 0)
        return 0; /* closed: there is nobody to tell, which is no error */
    if (S_ISSOCK(id.mode) && !names_journal(journal_stream, &id))
        return 0; /* inetd: this is the client */
    adopt(STANDARD_ERROR, &id);
    return 0;
}

static bool starts_with(const char *text, const char *start)
{
    while (*start) {
        if (*text++ != *start++)
            return false;
    }
    return true;
}

/* /dev/stderr and its like name a descriptor, which the program may use for something else later. */
static bool names_descriptor(const char *path)
{
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_MAGICLINKS};
    long result = lg_syscall4(SYS_openat2, AT_FDCWD, (long)path, (long)&how, sizeof how);

    if (result >= 0)
        lg_sys_close((int)result);
    if (result == -ENOSYS || result == -EPERM) /* before Linux 5.6, or in a sandbox: go by the name */
        return starts_with(path, "/dev/") || starts_with(path, "/proc/");
    return result == -ELOOP;
}

int lg_sink_open(enum lg_log log, const char *path, const char *journal_stream)
{
    int result;

    sink.log = log;
    if (log == LG_LOG_OFF)
        return 0;
    if (log == LG_LOG_STDERR)
        return open_stderr(journal_stream);
    sink.path = path;
    sink.names_descriptor = log == LG_LOG_FILE && names_descriptor(path);
    result = lg_sys_stat("/", &sink.root);
    if (result == 0)
        result = open_own(-1);
    if (result < 0)
        sink.log = LG_LOG_OFF;
    return result;
}

bool lg_sink_is_on(void)
{
    return sink.log != LG_LOG_OFF && (sink.log != LG_LOG_STDERR || sink.fd >= 0);
}

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
static long write_terminal(int fd, const char *line, size_t length_bytes)
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
        result = lg_file_id_equal(&id, &sink.id) ? lg_sys_write(own, line, length_bytes) : -EBADF;
    lg_sys_close(own);
    return result;
}

static long write_raw(int fd, uint32_t mode, const char *line, size_t length_bytes)
{
    if (S_ISSOCK(mode))
        return lg_syscall6(SYS_sendto, fd, (long)line, (long)length_bytes, MSG_DONTWAIT | MSG_NOSIGNAL, 0, 0);
    if (S_ISREG(mode))
        return lg_sys_write(fd, line, length_bytes);
    return S_ISCHR(mode) ? write_terminal(fd, line, length_bytes) : write_pipe(fd, line, length_bytes);
}

/* Into a descriptor that is known to be the log. True when the whole line is there. */
static bool write_line(int fd, uint32_t mode, const char *line, size_t length_bytes)
{
    struct lg_quiet_signal quiet;
    long written;

    lg_quiet_signal_begin(&quiet);
    if (S_ISREG(mode) && __atomic_load_n(&sink.torn, __ATOMIC_RELAXED) && lg_sys_write(fd, "\n", 1) == 1)
        __atomic_store_n(&sink.torn, false, __ATOMIC_RELAXED);
    written = write_raw(fd, mode, line, length_bytes);
    lg_quiet_signal_end(&quiet, written);
    if (written > 0 && (size_t)written < length_bytes)
        __atomic_store_n(&sink.torn, true, __ATOMIC_RELAXED);
    return written == (long)length_bytes;
}

static bool write_own(const char *line, size_t length_bytes)
{
    struct lg_file_id id;
    int fd;

    if (!read_pair(&fd, &id))
        return false;
    if (!is_the_log(fd, &id))
        reopen(-1); /* closed behind our back */
    else if (rotated(&id))
        reopen(fd);
    if (!read_pair(&fd, &id) || !is_the_log(fd, &id))
        return false;
    if (write_line(fd, id.mode, line, length_bytes))
        return true;
    /* A syslogd that was started anew listens on another socket under the same path. */
    return sink.log == LG_LOG_SYSLOG && same_root() && connect_syslog(fd) == 0 &&
           write_line(fd, id.mode, line, length_bytes);
}

bool lg_sink_write(const char *line, size_t length_bytes)
{
    if (!lg_sink_is_on())
        return false;
    if (sink.log == LG_LOG_STDERR)
        return is_the_log(sink.fd, &sink.id) && write_line(sink.fd, sink.id.mode, line, length_bytes);
    return write_own(line, length_bytes);
}

int lg_sink_fd(void)
{
    struct lg_file_id id;
    int fd;

    if (sink.log == LG_LOG_STDERR || !read_pair(&fd, &id) || fd < 0)
        return -1;
    if (is_the_log(fd, &id))
        return fd;
    /* The program closed it in a way that we do not see, and may have the number by now. */
    if (begin_change()) {
        __atomic_store_n(&sink.fd, -1, __ATOMIC_RELAXED);
        lg_gate_own(-1);
        end_change();
    }
    return -1;
}

bool lg_sink_owns(int fd)
{
    return fd >= 0 && fd == __atomic_load_n(&sink.fd, __ATOMIC_RELAXED) && fd == lg_sink_fd();
}

void lg_sink_move(void)
{
    int fd = lg_sink_fd();
    int moved;

    if (fd < 0 || !begin_change())
        return;
    moved = lg_sys_fcntl(fd, F_DUPFD_CLOEXEC, fd + 1);
    if (moved < 0)
        moved = lg_sys_raise(lg_sys_fcntl(fd, F_DUPFD_CLOEXEC, 3));
    /* -1: lost for now, and opened again at the next record. */
    __atomic_store_n(&sink.fd, moved < 0 ? -1 : moved, __ATOMIC_RELAXED);
    lg_gate_own(moved < 0 ? -1 : moved);
    end_change();
}

void lg_sink_forked(void)
{
    /* A change that another thread of the parent was in the middle of never ends here. */
    __atomic_store_n(&sink.sequence, 0, __ATOMIC_RELAXED);
}
