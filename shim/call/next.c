/* SPDX-License-Identifier: MIT */
#include "shim/call/next.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "shim/base/sys.h"
#include "shim/call/lookup.h"

extern void *dlsym(void *, const char *) __attribute__((weak));
extern char *dlerror(void) __attribute__((weak));
#define LOOK_BEHIND_US ((void *)-1L) /* RTLD_NEXT, the same in glibc and musl */

long lg_next_result(long raw)
{
    if (raw >= 0 || raw < -4095)
        return raw;
    errno = (int)-raw;
    return -1;
}

static int raw_close(int fd)
{
    return (int)lg_next_result(lg_sys_close(fd));
}

static int raw_close_range(unsigned first, unsigned last, int flags)
{
    return (int)lg_next_result(lg_syscall3(SYS_close_range, (long)first, (long)last, flags));
}

static int raw_dup(int fd)
{
    return (int)lg_next_result(lg_syscall3(SYS_dup, fd, 0, 0));
}

static int raw_dup3(int from, int to, int flags)
{
    return (int)lg_next_result(lg_syscall3(SYS_dup3, from, to, flags));
}

static int raw_dup2(int from, int to)
{
    long result;

    if (from != to)
        return raw_dup3(from, to, 0);
    result = lg_sys_fcntl(from, 1 /* F_GETFD */, 0);
    return result < 0 ? (int)lg_next_result(result) : to;
}

static int raw_fcntl(int fd, int command, ...)
{
    va_list more;
    long argument;

    va_start(more, command);
    argument = va_arg(more, long);
    va_end(more);
    return (int)lg_next_result(lg_sys_fcntl(fd, command, argument));
}

static int raw_setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
    return (int)lg_next_result(lg_sys_setsockopt(fd, level, name, value, size));
}

static int raw_shutdown(int fd, int how)
{
    return (int)lg_next_result(lg_syscall3(SYS_shutdown, fd, how, 0));
}

static int raw_connect(int fd, const struct sockaddr *to, socklen_t size)
{
    return (int)lg_next_result(lg_syscall3(SYS_connect, fd, (long)to, (long)size));
}

static int raw_accept4(int fd, struct sockaddr *from, socklen_t *size, int flags)
{
    return (int)lg_next_result(lg_syscall4(SYS_accept4, fd, (long)from, (long)size, flags));
}

static int raw_accept(int fd, struct sockaddr *from, socklen_t *size)
{
    return raw_accept4(fd, from, size, 0);
}

static ssize_t raw_sendmsg(int fd, const struct msghdr *message, int flags)
{
    return lg_next_result(lg_syscall3(SYS_sendmsg, fd, (long)message, flags));
}

static int raw_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    return (int)lg_next_result(lg_syscall4(SYS_sendmmsg, fd, (long)messages, (long)count, flags));
}

static ssize_t raw_recvmsg(int fd, struct msghdr *message, int flags)
{
    return lg_next_result(lg_syscall3(SYS_recvmsg, fd, (long)message, flags));
}

/* recvmmsg's timeout has two forms on 32-bit machines; this is libc's of that name there. */
static int raw_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout)
{
    return (int)lg_next_result(lg_syscall5(SYS_recvmmsg, fd, (long)messages, (long)count, flags, (long)timeout));
}

static int raw_socket(int family, int type, int protocol)
{
    return (int)lg_next_result(lg_syscall3(SYS_socket, family, type, protocol));
}

static int raw_pidfd_getfd(int pidfd, int target, unsigned flags)
{
    return (int)lg_next_result(lg_syscall3(SYS_pidfd_getfd, pidfd, target, (long)flags));
}

static int raw_epoll_create1(int flags)
{
    return (int)lg_next_result(lg_syscall3(SYS_epoll_create1, flags, 0, 0));
}

static int raw_epoll_create(int size)
{
    return size > 0 ? raw_epoll_create1(0) : (int)lg_next_result(-EINVAL);
}

static long raw_syscall(long number, ...)
{
    va_list more;
    long a[6];

    va_start(more, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(more, long);
    va_end(more);
    return lg_next_result(lg_syscall6(number, a[0], a[1], a[2], a[3], a[4], a[5]));
}

static int raw_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
    return (int)lg_next_result(lg_syscall5(SYS_prctl, option, (long)a, (long)b, (long)c, (long)d));
}

/* What libc's fork does for a process that has nothing registered yet. Also stands in for vfork, as POSIX lets it. */
static pid_t raw_fork(void)
{
    return (pid_t)lg_next_result(lg_syscall5(SYS_clone, LG_CLONE_FLAGS(SIGCHLD), 0, 0, 0));
}

struct lg_next lg_next = {
    .close = raw_close,
    .close_range = raw_close_range,
    .dup = raw_dup,
    .dup2 = raw_dup2,
    .dup3 = raw_dup3,
    .fcntl = raw_fcntl,
    .fcntl64 = raw_fcntl,
    .setsockopt = raw_setsockopt,
    .shutdown = raw_shutdown,
    .connect = raw_connect,
    .accept = raw_accept,
    .accept4 = raw_accept4,
    .sendmsg = raw_sendmsg,
    .sendmmsg = raw_sendmmsg,
    .recvmsg = raw_recvmsg,
    .recvmmsg = raw_recvmmsg,
    .socket = raw_socket,
    .pidfd_getfd = raw_pidfd_getfd,
    .epoll_create = raw_epoll_create,
    .epoll_create1 = raw_epoll_create1,
    .syscall = raw_syscall,
    .prctl = raw_prctl,
    .fork = raw_fork,
    .vfork = raw_fork,
};

/* Stand in for what has no system call behind it and is nowhere to be found: the call fails, and nothing crashes. */
static int absent(void)
{
    errno = ENOSYS;
    return -1;
}

static void *absent_pointer(void)
{
    errno = ENOSYS;
    return NULL;
}

static int absent_error(void) /* posix_spawn returns its errno */
{
    return ENOSYS;
}

#define ENTRY(name)                                                                                                    \
    {                                                                                                                  \
#name, offsetof(struct lg_next, name), NULL                                                                    \
    }
#define ENTRY_OR(name, stand)                                                                                          \
    {                                                                                                                  \
#name, offsetof(struct lg_next, name), (void *)(uintptr_t)(stand)                                              \
    }

static const struct {
    char name[16]; /* no pointer, which the loader would have to set */
    size_t offset;
    void *stand_in; /* NULL where the entry has a system call, or its user looks whether it is there */
} entries[] = {
    ENTRY(close),
    ENTRY(close_range),
    ENTRY(closefrom),
    ENTRY(dup),
    ENTRY(dup2),
    ENTRY(dup3),
    ENTRY(fcntl),
    ENTRY(fcntl64),
    ENTRY(setsockopt),
    ENTRY(shutdown),
    ENTRY(connect),
    ENTRY(accept),
    ENTRY(accept4),
    ENTRY(sendmsg),
    ENTRY(sendmmsg),
    ENTRY(recvmsg),
    ENTRY(recvmmsg),
    ENTRY(socket),
    ENTRY(pidfd_getfd),
    ENTRY(epoll_create),
    ENTRY(epoll_create1),
    ENTRY(syscall),
    ENTRY(prctl),
    ENTRY(fork),
    ENTRY(_Fork),
    ENTRY(vfork),
    ENTRY(fflush),
    ENTRY(fileno),
    ENTRY(freopen64),
    ENTRY_OR(clone, absent),
    ENTRY_OR(unshare, absent),
    ENTRY_OR(posix_spawn, absent_error),
    ENTRY_OR(posix_spawnp, absent_error),
    ENTRY_OR(popen, absent_pointer),
    ENTRY_OR(system, absent),
    ENTRY_OR(daemon, absent),
    ENTRY_OR(forkpty, absent),
    ENTRY_OR(fclose, absent),
    ENTRY_OR(freopen, absent_pointer),
};
#define ENTRIES (sizeof entries / sizeof entries[0])

/*
 * Before glibc 2.34 dlsym is in libdl, which a program need not have loaded. libc can load it, by these
 * two; and where a small image has no libdl they find at least what libc itself defines.
 */
extern void *__libc_dlopen_mode(const char *, int) __attribute__((weak));
extern void *__libc_dlsym(void *, const char *) __attribute__((weak));
#define RTLD_NOW_FOR_LIBC (2 | (int)0x80000000) /* RTLD_NOW, and __RTLD_DLOPEN, without which it refuses */

typedef void *lookup_fn(void *, const char *);

struct lookup {
    lookup_fn *function; /* NULL: nobody can be asked */
    void *in;
};

static struct lookup find_lookup(void)
{
    void *library;

    if (dlsym)
        return (struct lookup){dlsym, LOOK_BEHIND_US};
    if (!__libc_dlopen_mode || !__libc_dlsym)
        return (struct lookup){NULL, NULL};
    library = __libc_dlopen_mode("libdl.so.2", RTLD_NOW_FOR_LIBC);
    if (library)
        return (struct lookup){(lookup_fn *)(uintptr_t)__libc_dlsym(library, "dlsym"), LOOK_BEHIND_US};
    library = __libc_dlopen_mode("libc.so.6", RTLD_NOW_FOR_LIBC);
    return (struct lookup){library ? __libc_dlsym : NULL, library};
}

static void set(size_t index, void *function)
{
    memcpy((char *)&lg_next + entries[index].offset, &function, sizeof function);
}

static bool is_empty(size_t index)
{
    void *present;

    memcpy(&present, (char *)&lg_next + entries[index].offset, sizeof present);
    return !present;
}

bool lg_next_resolve(void)
{
    struct lookup lookup = find_lookup();
    struct lg_lookup tables;
    unsigned missing = 0;

    lg_lookup_start(&tables);
    for (size_t i = 0; i < ENTRIES; i++) {
        void *found = lg_lookup(&tables, entries[i].name);

        if (!found && lookup.function)
            found = lookup.function(lookup.in, entries[i].name);
        missing += !found;
        if (found)
            set(i, found);
        else if (entries[i].stand_in && is_empty(i))
            set(i, entries[i].stand_in);
    }
    /* musl lacks closefrom and others: the program must not find our failed lookup in its dlerror. */
    if (missing > 0 && dlerror)
        dlerror();
    return missing < ENTRIES;
}
