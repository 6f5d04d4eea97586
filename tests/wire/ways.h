/* SPDX-License-Identifier: MIT */
/* The ways to ask for an abort and the ways to end, by the names that the tables of the tests use. */
#ifndef WAYS_H
#define WAYS_H

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "shim/base/sys.h"
#include "tests/wire/wire.h"

#define LISTENER 3

struct row {
    const char *ask;
    const char *end;
    const char *wire; /* what our end sends: FIN, or RST */
    const char *call; /* of the record of the end; NULL: there is none */
};

static const struct linger linger_zero = {1, 0};

static inline void closed(void)
{
    subject_say("closed");
    subject_hear();
}

static inline void missing(void)
{
    subject_say("missing");
    exit(0);
}

/* ---- To ask ---- */

static inline void ask_plain(int fd)
{
    CHECK_INT(subject_linger_zero(fd), 0);
}

static inline void ask_after_shutdown(int fd)
{
    CHECK_INT(shutdown(fd, SHUT_WR), 0);
    ask_plain(fd);
}

static inline void ask_two(int fd)
{
    struct linger linger = {2, 0};

    CHECK_INT(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
}

static inline void ask_long(int fd)
{
    struct linger linger[2] = {{-1, 0}, {7, 7}};

    CHECK_INT(setsockopt(fd, SOL_SOCKET, SO_LINGER, linger, sizeof linger), 0);
}

static inline void ask_by_number(int fd)
{
    CHECK_INT(syscall(SYS_setsockopt, fd, SOL_SOCKET, SO_LINGER, &linger_zero, sizeof linger_zero), 0);
}

/* No library can see this one. */
static inline void ask_inline(int fd)
{
    CHECK_INT(lg_syscall5(SYS_setsockopt, fd, SOL_SOCKET, SO_LINGER, (long)&linger_zero, sizeof linger_zero), 0);
}

/* As ctypes and others do: libc's own definition. */
static inline void *of_libc(const char *name)
{
    void *libc = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);
    void *found = libc != NULL ? dlsym(libc, name) : NULL;

    if (found == NULL)
        missing();
    return found;
}

static inline void ask_by_dlsym(int fd)
{
    int (*set)(int, int, int, const void *, socklen_t);

    *(void **)&set = of_libc("setsockopt");
    CHECK_INT(set(fd, SOL_SOCKET, SO_LINGER, &linger_zero, sizeof linger_zero), 0);
}

static inline void ask_linger2(int fd)
{
    int never = -1;

    CHECK_INT(setsockopt(fd, IPPROTO_TCP, TCP_LINGER2, &never, sizeof never), 0);
}

struct way_to_ask {
    const char *name;
    void (*ask)(int fd);
    bool of_listener;
};

static const struct way_to_ask asks[] = {
    {"linger0", ask_plain, false},
    {"linger0 after shutdown", ask_after_shutdown, false},
    {"{2,0}", ask_two, false},
    {"{-1,0} of 16 bytes", ask_long, false},
    {"syscall setsockopt", ask_by_number, false},
    {"inline setsockopt", ask_inline, false},
    {"dlsym setsockopt", ask_by_dlsym, false},
    {"listener", ask_plain, true},
    {"inline setsockopt of a listener", ask_inline, true},
    {"linger2", ask_linger2, false},
};

/* ---- To end ---- */

static inline void end_close(int fd)
{
    CHECK_INT(close(fd), 0);
}

static inline void end_close_alias(int fd)
{
    int (*close_it)(int);

    /* In the program's own scope, so it is what a program that was linked with it gets. */
    *(void **)&close_it = dlsym(RTLD_DEFAULT, "__close");
    if (close_it == NULL)
        missing();
    CHECK_INT(close_it(fd), 0);
}

static inline void end_dup2(int fd)
{
    CHECK_INT(dup2(STDERR_FILENO, fd), fd);
}

static inline void end_dup3(int fd)
{
    CHECK_INT(dup3(STDERR_FILENO, fd, O_CLOEXEC), fd);
}

static inline void end_dup3_by_number(int fd)
{
    CHECK_INT(syscall(SYS_dup3, STDERR_FILENO, fd, 0), fd);
}

static inline void end_range(int fd)
{
    if (close_range((unsigned)fd, (unsigned)fd, 0) != 0)
        missing();
}

static inline void end_range_by_number(int fd)
{
    if (syscall(SYS_close_range, fd, fd, 0) != 0)
        missing();
}

static inline void end_closefrom(int fd)
{
    closefrom(fd);
}

static inline void end_fclose(int fd)
{
    CHECK_INT(fclose(fdopen(fd, "r+")), 0);
}

static inline void end_freopen(int fd)
{
    CHECK(freopen("/dev/null", "r+", fdopen(fd, "r+")) != NULL);
}

static inline void end_by_number(int fd)
{
    CHECK_INT(syscall(SYS_close, fd), 0);
}

static inline void end_inline(int fd)
{
    CHECK_INT(lg_syscall3(SYS_close, fd, 0, 0), 0);
}

static inline void end_by_dlsym(int fd)
{
    int (*close_it)(int);

    *(void **)&close_it = of_libc("close");
    CHECK_INT(close_it(fd), 0);
}

static volatile int handled_fd;

static inline void close_in_handler(int unused)
{
    (void)unused;
    close(handled_fd);
}

static inline void end_in_handler(int fd)
{
    handled_fd = fd;
    signal(SIGUSR1, close_in_handler);
    raise(SIGUSR1);
}

/* One IORING_OP_CLOSE, by hand: no system call of it is a close. */
static inline void end_uring(int fd)
{
    struct io_uring_params params = {0};
    int ring = (int)syscall(SYS_io_uring_setup, 2, &params);
    struct io_uring_sqe *entry;
    char *queue;

    if (ring < 0)
        missing();
    queue = mmap(NULL, params.sq_off.array + params.sq_entries * sizeof(unsigned), PROT_READ | PROT_WRITE, MAP_SHARED,
                 ring, IORING_OFF_SQ_RING);
    entry = mmap(NULL, params.sq_entries * sizeof *entry, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
    REQUIRE(queue != MAP_FAILED && entry != MAP_FAILED);
    memset(entry, 0, sizeof *entry);
    entry->opcode = IORING_OP_CLOSE;
    entry->fd = fd;
    *(unsigned *)(void *)(queue + params.sq_off.array) = 0;
    __atomic_store_n((unsigned *)(void *)(queue + params.sq_off.tail), 1, __ATOMIC_RELEASE);
    CHECK_INT(syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0), 1);
}

static inline void end_exit(int fd)
{
    (void)fd;
    exit(0);
}

static inline void end_exit_now(int fd)
{
    (void)fd;
    _exit(0);
}

static inline void end_quick_exit(int fd)
{
    (void)fd;
    quick_exit(0);
}

static inline void *exit_in_thread(void *unused)
{
    (void)unused;
    exit(0);
}

static inline void end_thread_exit(int fd)
{
    pthread_t id;

    (void)fd;
    REQUIRE(pthread_create(&id, NULL, exit_in_thread, NULL) == 0);
    pthread_join(id, NULL);
}

static inline void end_sigkill(int fd)
{
    (void)fd;
    kill(getpid(), SIGKILL);
}

static inline void end_sigterm(int fd)
{
    (void)fd;
    kill(getpid(), SIGTERM);
}

static inline void end_abort(int fd)
{
    (void)fd;
    abort();
}

static inline void exec_snippet(const char *snippet)
{
    execl("/proc/self/exe", "program", "--snippet", snippet, NULL);
    tap_fail(__FILE__, __LINE__, "exec: %s", strerror(errno));
    _exit(1);
}

static inline void end_exec(int fd)
{
    CHECK_INT(fcntl(fd, F_SETFD, FD_CLOEXEC), 0);
    exec_snippet("idle");
}

static inline void end_range_exec(int fd)
{
    CHECK_INT(fcntl(fd, F_SETFD, 0), 0);
    if (close_range((unsigned)fd, (unsigned)fd, CLOSE_RANGE_CLOEXEC) != 0)
        missing();
    exec_snippet("idle");
}

/* To a number that the next program knows, unseen. */
static inline void end_after_exec(int fd)
{
    CHECK_INT(lg_syscall3(SYS_dup3, fd, 9, 0), 9);
    end_inline(fd);
    exec_snippet("after exec");
}

/* The message that nobody received holds the last reference. */
static inline void end_in_flight(int fd)
{
    char byte = 0, control[CMSG_SPACE(sizeof fd)] = {0};
    struct iovec data = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *part = CMSG_FIRSTHDR(&message);
    int pair[2];

    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(part), &fd, sizeof fd);
    CHECK_INT(sendmsg(pair[0], &message, 0), 1);
    CHECK_INT(close(fd), 0);
    CHECK_INT(close(pair[0]), 0);
    CHECK_INT(close(pair[1]), 0);
}

struct way_to_end {
    const char *name;
    void (*end)(int fd);
    bool goes_on; /* the program says that it has closed */
};

static const struct way_to_end ends[] = {
    {"close", end_close, true},
    {"__close", end_close_alias, true},
    {"dup2", end_dup2, true},
    {"dup3", end_dup3, true},
    {"close_range", end_range, true},
    {"closefrom", end_closefrom, true},
    {"fclose", end_fclose, true},
    {"freopen", end_freopen, true},
    {"syscall close", end_by_number, true},
    {"syscall dup3", end_dup3_by_number, true},
    {"syscall close_range", end_range_by_number, true},
    {"in a signal handler", end_in_handler, true},
    {"inline close", end_inline, true},
    {"dlsym close", end_by_dlsym, true},
    {"io_uring close", end_uring, true},
    {"exit", end_exit, false},
    {"_exit", end_exit_now, false},
    {"quick_exit", end_quick_exit, false},
    {"exit in a thread", end_thread_exit, false},
    {"SIGKILL", end_sigkill, false},
    {"SIGTERM", end_sigterm, false},
    {"abort", end_abort, false},
    {"exec with close-on-exec", end_exec, true},
    {"close_range for exec", end_range_exec, true},
    {"exec, then close", end_after_exec, true},
    {"unix socket with it closes", end_in_flight, true},
};

static inline size_t find_ask(const char *name)
{
    for (size_t i = 0; i < TAP_COUNT(asks); i++)
        if (strcmp(asks[i].name, name) == 0)
            return i;
    tap_fail(__FILE__, __LINE__, "no way to ask is called %s", name);
    tap_end_failed();
}

static inline size_t find_end(const char *name)
{
    for (size_t i = 0; i < TAP_COUNT(ends); i++)
        if (strcmp(ends[i].name, name) == 0)
            return i;
    tap_fail(__FILE__, __LINE__, "no way to end is called %s", name);
    tap_end_failed();
}

/* way ASK END */
static inline void snippet_way(int argc, char **argv)
{
    const struct way_to_ask *ask = &asks[argc == 2 ? atoi(argv[0]) : 0];
    const struct way_to_end *end = &ends[argc == 2 ? atoi(argv[1]) : 0];
    int fd;

    if (ask->of_listener)
        ask->ask(LISTENER);
    subject_say("armed"); /* now the peer may connect: a handshake before is one without */
    fd = net_accept(LISTENER);
    subject_hear(); /* until the peer knows that it is connected */
    if (!ask->of_listener)
        ask->ask(fd);
    end->end(fd);
    closed();
}

/* The connection after an exec is descriptor 9. */
static inline void snippet_after_exec(int argc, char **argv)
{
    (void)argc, (void)argv;
    CHECK_INT(close(9), 0);
    closed();
}

static inline void snippet_idle(int argc, char **argv)
{
    (void)argc, (void)argv;
    closed();
}

#endif
