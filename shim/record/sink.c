/* SPDX-License-Identifier: MIT */
#include "shim/record/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "policy/text.h"
#include "shim/base/gate.h"
#include "shim/base/sys.h"
#include "shim/record/open_log.h"
#include "shim/record/write_line.h"

#define STANDARD_ERROR 2

/*
 * `fd` and `id` belong together and change together, at rotation: `sequence` is odd while they do.
 * Who finds it odd, or changed, drops his record instead of waiting; so an interrupted writer can
 * never be waited for.
 */
static struct {
    enum lg_log log;
    unsigned sequence;
    int fd; /* our own descriptor, or -1 */
    struct lg_file_id id;
    struct lg_file_id root; /* the root directory at load: after a chroot the path means something else */
    bool written;           /* a line is in the log */
    uint32_t looked_s;      /* when it was last looked for a rotation; 0: now */
    struct lg_sink_settings settings;
} sink = {.log = LG_LOG_OFF, .fd = -1};

/* Standard error as it was at load; mode 0: not there, or somebody else's. */
static struct lg_file_id standard_error;

/* What made the change necessary was seen at `sequence`: another thread may have changed it since, and then we do not.
 */
static bool begin_change(unsigned sequence)
{
    return !(sequence & 1) && __atomic_compare_exchange_n(&sink.sequence, &sequence, sequence + 1, false,
                                                          __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static void end_change(void)
{
    __atomic_add_fetch(&sink.sequence, 1, __ATOMIC_RELEASE);
}

/* The descriptor and its identity as one; false while they change. */
static bool read_pair(int *fd, struct lg_file_id *id, unsigned *sequence)
{
    *sequence = __atomic_load_n(&sink.sequence, __ATOMIC_ACQUIRE);
    *fd = __atomic_load_n(&sink.fd, __ATOMIC_RELAXED);
    *id = sink.id;
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return !(*sequence & 1) && __atomic_load_n(&sink.sequence, __ATOMIC_RELAXED) == *sequence;
}

/* Within a change: `fd` is the log from now on. */
static void adopt(int fd, const struct lg_file_id *id)
{
    __atomic_store_n(&sink.fd, fd, __ATOMIC_RELAXED);
    sink.id = *id;
    lg_gate_own(LG_OWN_LOG, fd);
}

/* True when `fd` is still what was remembered as `id`; *now is what it is. */
static bool is_still(int fd, const struct lg_file_id *id, struct lg_file_id *now)
{
    return fd >= 0 && lg_sys_identify(fd, now) == 0 && lg_file_id_equal(now, id);
}

static bool is_the_log(int fd, const struct lg_file_id *id)
{
    struct lg_file_id now;

    return is_still(fd, id, &now);
}

/* Opens the log; `number` is our present descriptor, whose number it then takes over, or -1. */
static int open_own(int number)
{
    struct lg_file_id id;
    int fd =
        sink.log == LG_LOG_FILE ? lg_log_open_file(sink.settings.path, sink.settings.secure) : lg_log_open_syslog();
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
    result = lg_sys_identify(fd, &id);
    if (result == 0)
        adopt(fd, &id);
    else
        lg_sys_close(fd);
    return result;
}

static bool same_root(void)
{
    return lg_sys_names("/", &sink.root);
}

/* Opens the log anew; with `number` as in open_own. */
static int reopen(int number, unsigned sequence)
{
    int result;

    /* After a chroot the path means something else, and the name of a descriptor is that of the load alone. */
    if (!same_root() || (sink.log == LG_LOG_FILE && lg_log_names_descriptor(sink.settings.path)))
        return -ESTALE;
    if (!begin_change(sequence))
        return -EAGAIN;
    result = open_own(number);
    end_change();
    return result;
}

/* True when the path names another file than the one that is open: the log was rotated. */
static bool rotated(const struct lg_file_id *id)
{
    return sink.log == LG_LOG_FILE && S_ISREG(id->mode) && !lg_sys_names(sink.settings.path, id);
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

/* Somebody to tell, and not a client of inetd, which is a socket that the journal does not name. */
static void remember_standard_error(const char *journal_stream)
{
    struct lg_file_id id;

    if (lg_sys_identify(STANDARD_ERROR, &id) == 0 && (!S_ISSOCK(id.mode) || names_journal(journal_stream, &id)))
        standard_error = id;
}

void lg_sink_start(const struct lg_sink_settings *settings)
{
    sink.log = settings->log;
    sink.settings = *settings;
    if (settings->log == LG_LOG_STDERR || settings->speaks)
        remember_standard_error(settings->journal_stream);
    if (settings->log != LG_LOG_FILE && settings->log != LG_LOG_SYSLOG)
        return;
    if (lg_sys_stat("/", &sink.root) == 0 && (settings->root || (settings->path && lg_log_is_device(settings->path))))
        open_own(-1); /* in vain: then again at the first record, which tells */
}

static bool is_own(void)
{
    return sink.log == LG_LOG_FILE || sink.log == LG_LOG_SYSLOG;
}

static bool is_named(enum lg_log log, const char *path)
{
    return sink.settings.log == log && (log != LG_LOG_FILE || lg_text_is_word(lg_text_of(path), sink.settings.path));
}

static void name(enum lg_log log, const char *path)
{
    sink.settings.log = log;
    sink.settings.path = path;
    __atomic_store_n(&sink.log, log, __ATOMIC_RELAXED);
}

/* Within a change. The number of a log of our own is kept, also where it is not needed any more. */
static int use_named(void)
{
    if (sink.log == LG_LOG_STDERR && standard_error.mode == 0)
        return -EBADF;
    if (!is_own())
        return 0;
    lg_sys_stat("/", &sink.root);
    return open_own(is_the_log(sink.fd, &sink.id) ? sink.fd : -1);
}

int lg_sink_change(enum lg_log log, const char *path)
{
    enum lg_log log_before = sink.settings.log;
    const char *path_before = sink.settings.path;
    int result;

    if (is_named(log, path))
        return 0;
    if (!begin_change(__atomic_load_n(&sink.sequence, __ATOMIC_ACQUIRE)))
        return -EAGAIN;
    name(log, path);
    result = use_named();
    if (result < 0)
        name(log_before, path_before);
    end_change();
    return result;
}

bool lg_sink_is_on(void)
{
    if (lg_gate_is_sandboxed())
        return false;
    return is_own() || (sink.log == LG_LOG_STDERR && standard_error.mode != 0);
}

/* Once a second, and when a line could not be written since the log is not there any more. */
static bool is_time_to_look(void)
{
    uint32_t now_s = (uint32_t)(lg_sys_now_ms() / 1000) + 1;

    return __atomic_exchange_n(&sink.looked_s, now_s, __ATOMIC_RELAXED) != now_s;
}

bool lg_sink_is_lost(void)
{
    return is_own() && __atomic_load_n(&sink.looked_s, __ATOMIC_RELAXED) == 0;
}

int lg_sink_ready(void)
{
    struct lg_file_id id, now;
    int result = 0;
    unsigned sequence;
    int fd;

    if (!is_own())
        return 0;
    if (!read_pair(&fd, &id, &sequence))
        return -EAGAIN;
    if (!is_time_to_look() && fd >= 0)
        return 0;
    if (!is_still(fd, &id, &now))
        return reopen(-1, sequence); /* not open yet, or closed behind our back */
    if (rotated(&id))
        result = reopen(fd, sequence);
    if (result == 0 || now.links > 0) /* a file that was only renamed takes what can go nowhere else */
        return 0;
    return result == -EAGAIN ? -EAGAIN : -ESTALE;
}

bool lg_sink_fall_back(void)
{
    if (!sink.settings.speaks || standard_error.mode == 0 || sink.id.mode != 0)
        return false;
    __atomic_store_n(&sink.log, LG_LOG_STDERR, __ATOMIC_RELAXED);
    return true;
}

bool lg_sink_is_replaced(void)
{
    return sink.log == LG_LOG_STDERR && standard_error.mode != 0 && !is_the_log(STANDARD_ERROR, &standard_error);
}

const char *lg_sink_name(void)
{
    return sink.settings.log == LG_LOG_SYSLOG ? "syslog (" LG_SYSLOG_PATH ")" : sink.settings.path;
}

bool lg_sink_has_written(void)
{
    return __atomic_load_n(&sink.written, __ATOMIC_RELAXED);
}

static bool write_standard_error(const char *line, size_t length_bytes)
{
    return standard_error.mode != 0 && is_the_log(STANDARD_ERROR, &standard_error) &&
           lg_write_line(STANDARD_ERROR, &standard_error, line, length_bytes);
}

static bool write_own(const char *line, size_t length_bytes)
{
    struct lg_file_id id, now;
    unsigned sequence;
    int fd;

    if (!read_pair(&fd, &id, &sequence))
        return false;
    if (!is_still(fd, &id, &now) || (now.links == 0 && rotated(&id))) {
        __atomic_store_n(&sink.looked_s, 0, __ATOMIC_RELAXED);
        return false;
    }
    if (lg_write_line(fd, &id, line, length_bytes))
        return true;
    /* A syslogd that was started anew listens on another socket under the same path. */
    return sink.log == LG_LOG_SYSLOG && same_root() && lg_log_connect_syslog(fd) == 0 &&
           lg_write_line(fd, &id, line, length_bytes);
}

bool lg_sink_write(const char *line, size_t length_bytes)
{
    bool written = is_own() ? write_own(line, length_bytes)
                            : sink.log == LG_LOG_STDERR && write_standard_error(line, length_bytes);

    if (written)
        __atomic_store_n(&sink.written, true, __ATOMIC_RELAXED);
    return written;
}

static void write_syslog_once(const char *line, size_t length_bytes)
{
    int fd = lg_log_open_syslog();

    if (fd < 0)
        return;
    lg_syscall6(SYS_sendto, fd, (long)line, (long)length_bytes, MSG_DONTWAIT | MSG_NOSIGNAL, 0, 0);
    lg_sys_close(fd);
}

void lg_sink_tell(const char *line, size_t length_bytes)
{
    if (is_own())
        write_own(line, length_bytes);
    if (sink.settings.speaks)
        write_standard_error(line, length_bytes);
    if (sink.log != LG_LOG_SYSLOG)
        write_syslog_once(line, length_bytes);
}

int lg_sink_fd(void)
{
    struct lg_file_id id;
    unsigned sequence;
    int fd;

    if (lg_gate_is_sandboxed() || !read_pair(&fd, &id, &sequence) || fd < 0)
        return -1;
    if (is_the_log(fd, &id))
        return fd;
    /* The program closed it in a way that we do not see, and may have the number by now. */
    if (begin_change(sequence)) {
        __atomic_store_n(&sink.fd, -1, __ATOMIC_RELAXED);
        lg_gate_own(LG_OWN_LOG, -1);
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
    unsigned sequence = __atomic_load_n(&sink.sequence, __ATOMIC_ACQUIRE);
    int fd = lg_sink_fd();
    int moved;

    if (fd < 0 || !begin_change(sequence))
        return;
    moved = lg_sys_fcntl(fd, F_DUPFD_CLOEXEC, fd + 1);
    if (moved < 0)
        moved = lg_sys_raise(lg_sys_fcntl(fd, F_DUPFD_CLOEXEC, 3));
    /* -1: lost for now, and opened again at the next record. */
    __atomic_store_n(&sink.fd, moved < 0 ? -1 : moved, __ATOMIC_RELAXED);
    lg_gate_own(LG_OWN_LOG, moved < 0 ? -1 : moved);
    end_change();
}

void lg_sink_forked(void)
{
    /* A change that another thread of the parent was in the middle of never ends here. */
    __atomic_store_n(&sink.sequence, 0, __ATOMIC_RELAXED);
}
