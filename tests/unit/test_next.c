/* SPDX-License-Identifier: MIT */
/*
 * The interposed calls over definitions of our own: what another thread may do in the middle of a call, and calls that
 * fail. The library is linked in, and lg_next is where the two are put between.
 * links: library
 */
#include "shim/call/next.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim/holder/holder.h"
#include "tests/harness/net.h"
#include "tests/harness/tap.h"
#include "tests/unit/linked.h"

extern char **environ;

/* ---- A socket that another thread opens while this one is on its way to a second process ---- */

static struct lg_next libc;
static int opened = -1;

static void open_one(void)
{
    opened = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(lg_holder_is_sole(opened)); /* as far as can be known until the call returns */
}

static int spawning(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                    const posix_spawnattr_t *attributes, char *const *arguments, char *const *environment)
{
    open_one();
    return libc.posix_spawn(pid, path, actions, attributes, arguments, environment);
}

static FILE *opening_process(const char *command, const char *mode)
{
    open_one();
    return libc.popen(command, mode);
}

static int running(const char *command)
{
    open_one();
    return libc.system(command);
}

static pid_t forking(void)
{
    open_one();
    return libc.fork();
}

static pid_t forking_quietly(void)
{
    open_one();
    return libc._Fork();
}

static int cloning(int (*function)(void *), void *stack, int flags, void *argument, ...)
{
    open_one();
    return libc.clone(function, stack, flags, argument);
}

static int forking_with_terminal(int *terminal, char *name, const void *modes, const void *size)
{
    open_one();
    return libc.forkpty(terminal, name, modes, size);
}

static void between(void)
{
    libc = lg_next;
    lg_next.posix_spawn = spawning;
    lg_next.posix_spawnp = spawning;
    lg_next.popen = opening_process;
    lg_next.system = running;
    lg_next.fork = forking;
    lg_next._Fork = libc._Fork != NULL ? forking_quietly : NULL;
    lg_next.clone = cloning;
    lg_next.forkpty = forking_with_terminal;
}

static int child_main(void *nothing)
{
    (void)nothing;
    _exit(0);
}

static char *const true_words[] = {(char *)"/bin/true", NULL};

static void by_spawn(void)
{
    pid_t child;

    CHECK_INT(posix_spawn(&child, "/bin/true", NULL, NULL, true_words, environ), 0);
    CHECK_INT(waitpid(child, NULL, 0), child);
}

static void by_spawnp(void)
{
    pid_t child;

    CHECK_INT(posix_spawnp(&child, "/bin/true", NULL, NULL, true_words, environ), 0);
    CHECK_INT(waitpid(child, NULL, 0), child);
}

static void by_popen(void)
{
    FILE *stream = popen("true", "r");

    REQUIRE(stream != NULL);
    CHECK_INT(pclose(stream), 0);
}

static void by_system(void)
{
    CHECK_INT(system("true"), 0);
}

static void wait_or_end(pid_t child)
{
    if (child == 0) {
        _exit(lg_holder_is_sole(opened) ? 1 : 0);
    } else {
        int status = -1;

        CHECK_INT(waitpid(child, &status, 0), child);
        CHECK_INT(status, 0); /* the child does not take it for its own either */
    }
}

static void by_fork(void)
{
    wait_or_end(fork());
}

static void by_fork_quietly(void)
{
    wait_or_end(lg_next._Fork != NULL ? _Fork() : fork());
}

static void by_clone(void)
{
    static char stack[64 << 10] __attribute__((aligned(16)));
    pid_t child = clone(child_main, stack + sizeof stack, SIGCHLD, NULL, NULL, NULL, NULL);

    CHECK_INT(waitpid(child, NULL, 0), child);
}

static void by_forkpty(void)
{
    int terminal;

    wait_or_end(forkpty(&terminal, NULL, NULL, NULL));
}

static const struct {
    const char *name;
    void (*run)(void);
} second_processes[] = {
    {"posix_spawn", by_spawn}, {"posix_spawnp", by_spawnp}, {"popen", by_popen}, {"system", by_system},
    {"fork", by_fork},         {"_Fork", by_fork_quietly},  {"clone", by_clone}, {"forkpty", by_forkpty},
};

static void test_opened_meanwhile(void)
{
    put_in_force("drain 1s on linger-zero,unread");
    between();
    for (size_t i = 0; i < TAP_COUNT(second_processes); i++) {
        opened = -1;
        second_processes[i].run();
        CHECK(opened >= 0);
        if (lg_holder_is_sole(opened))
            tap_fail(__FILE__, __LINE__, "%s: what was opened in the middle of it is taken for ours alone",
                     second_processes[i].name);
        close(opened);
        open_one(); /* and afterwards there is evidence again */
        close(opened);
    }
}

/* ---- A fork of another thread, just behind an accept ---- */

static int accepting(int fd, struct sockaddr *from, socklen_t *size)
{
    int result = libc.accept(fd, from, size);
    pid_t child = fork();

    if (child == 0)
        _exit(0);
    CHECK_INT(waitpid(child, NULL, 0), child);
    return result;
}

static int accepting4(int fd, struct sockaddr *from, socklen_t *size, int flags)
{
    (void)flags;
    return accepting(fd, from, size);
}

static int making(int family, int type, int protocol)
{
    int result = libc.socket(family, type, protocol);
    pid_t child = fork();

    if (child == 0)
        _exit(0);
    CHECK_INT(waitpid(child, NULL, 0), child);
    return result;
}

static void test_fork_behind_accept(void)
{
    int listener = net_listen(AF_INET, NULL), fd[4];

    put_in_force("drain 1s on linger-zero,unread");
    libc = lg_next;
    for (int i = 0; i < 4; i++)
        net_connect(AF_INET, NULL, net_local_port(listener), NULL);
    lg_next.accept = accepting;
    lg_next.accept4 = accepting4;
    lg_next.socket = making;
    fd[0] = accept(listener, NULL, NULL);
    fd[1] = accept4(listener, NULL, NULL, 0);
    fd[2] = socket(AF_INET, SOCK_STREAM, 0);
    lg_next = libc;
    for (int i = 0; i < 3; i++) {
        CHECK(fd[i] >= 0);
        CHECK(!lg_holder_is_sole(fd[i])); /* the child had it */
    }
    fd[3] = accept(listener, NULL, NULL);
    CHECK(lg_holder_is_sole(fd[3]));
}

/* ---- Two tables of descriptors, one library ---- */

static pthread_barrier_t turns;

/* Lets the other thread do its part, and waits for it. */
static void other_turn(void)
{
    pthread_barrier_wait(&turns);
    pthread_barrier_wait(&turns);
}

static void put_socket(int number)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    CHECK_INT(dup2(fd, number), number);
    close(fd);
}

/* A duplicate here, and a socket of the other table under the same number: that says nothing about the first one. */
static void *in_own_table(void *unshares)
{
    ((void (*)(void))(uintptr_t)unshares)();
    put_socket(200);
    CHECK_INT(dup2(200, 201), 201);
    other_turn(); /* 201 over there is a socket of its own */
    CHECK(!lg_holder_is_sole(200));
    close(201);
    close(200);
    return NULL;
}

static void by_unshare(void)
{
    CHECK_INT(unshare(CLONE_FILES), 0);
}

static void by_number(void)
{
    CHECK_INT(syscall(SYS_unshare, CLONE_FILES), 0);
}

static void by_range(void)
{
    CHECK_INT(close_range(4000, 4001, 2 /* CLOSE_RANGE_UNSHARE */), 0);
}

static void other_table(void (*unshares)(void))
{
    pthread_t thread;

    put_in_force("drain 1s on linger-zero,unread");
    REQUIRE(pthread_barrier_init(&turns, NULL, 2) == 0);
    REQUIRE(pthread_create(&thread, NULL, in_own_table, (void *)(uintptr_t)unshares) == 0);
    pthread_barrier_wait(&turns);
    put_socket(201);
    pthread_barrier_wait(&turns);
    pthread_join(thread, NULL);
}

static void test_unshare(void)
{
    other_table(by_unshare);
}

static void test_unshare_by_number(void)
{
    other_table(by_number);
}

static void test_unshare_by_range(void)
{
    other_table(by_range);
}

/* It has a thread of its own, and knows no process that shares its memory. */
static void without_thread_sanitizer(void)
{
#ifdef __SANITIZE_THREAD__
    tap_skip("sanitizer", "the thread sanitizer is a thread itself");
#endif
}

extern char __libc_single_threaded __attribute__((weak));

/* A process with one thread has nobody to share its table with, and goes on as before. */
static void test_unshare_alone(void)
{
    int before, after;

    without_thread_sanitizer();
    if (&__libc_single_threaded == NULL)
        tap_skip("glibc", "this libc does not tell how many threads there are (before 2.32)");
    put_in_force("drain 1s on linger-zero,unread");
    before = socket(AF_INET, SOCK_STREAM, 0);
    by_unshare();
    by_number();
    by_range();
    after = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(!lg_holder_is_sole(before));
    CHECK(lg_holder_is_sole(after));
}

/* It shares the memory, and so the library, but not the table. */
static int shares_memory(void *go)
{
    while (!__atomic_load_n((int *)go, __ATOMIC_ACQUIRE))
        sched_yield();
    put_socket(201);
    close(201);
    return 0;
}

static void test_clone_memory(void)
{
    static char stack[64 << 10] __attribute__((aligned(16)));
    static int go;
    pid_t child;

    without_thread_sanitizer();
    put_in_force("drain 1s on linger-zero,unread");
    child = clone(shares_memory, stack + sizeof stack, CLONE_VM | SIGCHLD, &go, NULL, NULL, NULL);
    put_socket(200);
    CHECK_INT(dup2(200, 201), 201);
    __atomic_store_n(&go, 1, __ATOMIC_RELEASE);
    CHECK_INT(waitpid(child, NULL, 0), child);
    CHECK(!lg_holder_is_sole(200));
}

/* ---- Many closes in one ---- */

#define MANY 4

static int lingering;

/* Counts those that would wait in there, one after the other. */
static int count_lingering(unsigned first, unsigned last, int flags)
{
    for (unsigned fd = first; fd <= last && fd < first + 2 * MANY; fd++) {
        struct linger linger = {0, 0};
        socklen_t size = sizeof linger;

        lingering += getsockopt((int)fd, SOL_SOCKET, SO_LINGER, &linger, &size) == 0 && linger.l_onoff != 0;
    }
    return (libc.close_range)(first, last, flags);
}

/* To a peer that does not read, with more unsent than it has room for. */
static int stuck(int number)
{
    static const struct net_options small = {.send_bytes = 16384, .receive_bytes = 4096};
    struct net_pair pair = net_pair(AF_INET, &small);
    struct linger zero = {1, 0};

    CHECK_INT(setsockopt(pair.server, SOL_SOCKET, SO_LINGER, &zero, sizeof zero), 0);
    net_fill(pair.server, 0);
    CHECK_INT(fcntl(pair.server, F_SETFL, 0), 0);
    CHECK_INT(fcntl(pair.server, F_DUPFD, number), number);
    close(pair.server);
    return pair.client;
}

/* The budget is for all of them together, recorded or not. */
static void test_range_waits_once(void)
{
    int client[MANY];

    put_in_force("linger 1s quiet");
    libc = lg_next;
    lg_next.close_range = count_lingering;
    for (int i = 0; i < MANY; i++)
        client[i] = stuck(200 + i);
    CHECK_INT(close_range(200, 200 + MANY, 0), 0);
    CHECK_INT(lingering, 0);
    for (int i = 0; i < MANY; i++) {
        CHECK_INT(fcntl(200 + i, F_GETFD), -1);
        close(client[i]);
    }
}

static int innocent = -1;

/* Another thread opens a file just now, and gets the number that is free by then. */
static int open_before_range(unsigned first, unsigned last, int flags)
{
    if (first <= 200 && last >= 200 && fcntl(200, F_GETFD) < 0)
        innocent = libc.dup2(STDIN_FILENO, 200);
    return (libc.close_range)(first, last, flags);
}

/* A number is closed once: with its record, or with its drain, or by the kernel with the others. */
static void test_range_closes_once(void)
{
    static const char *const rules[] = {"orderly", "drain 1s on linger-zero,unread", "linger 1s quiet",
                                        "observe on unread"};

    for (size_t i = 0; i < TAP_COUNT(rules); i++) {
        struct net_pair pair = net_pair(AF_INET, NULL);
        struct linger zero = {1, 0};

        put_in_force(rules[i]);
        if (i == 0)
            lg_sink_start(&(struct lg_sink_settings){.log = LG_LOG_STDERR, .speaks = true});
        libc = lg_next;
        lg_next.close_range = open_before_range;
        CHECK_INT(fcntl(pair.server, F_DUPFD, 200), 200);
        close(pair.server);
        CHECK_INT(setsockopt(200, SOL_SOCKET, SO_LINGER, &zero, sizeof zero), 0);
        close(pair.client);
        CHECK_INT(close_range(200, 200, 0), 0);
        if (innocent >= 0)
            CHECK(fcntl(200, F_GETFD) >= 0);
        else
            CHECK_INT(fcntl(200, F_GETFD), -1);
        lg_next = libc;
    }
}

/* ---- Calls that fail ---- */

static int failing_dup3(int from, int to, int flags)
{
    (void)from, (void)to, (void)flags;
    errno = EBUSY;
    return -1;
}

static int failing_dup2(int from, int to)
{
    return failing_dup3(from, to, 0);
}

static int interrupted_close(int fd)
{
    libc.close(fd);
    errno = EINTR;
    return -1;
}

/* What libc answers is what the program gets. */
static void test_answers(void)
{
    struct net_pair pair = net_pair(AF_INET, NULL);
    struct linger zero = {1, 0};

    put_in_force("orderly on linger-zero,unread");
    libc = lg_next;
    CHECK_INT(setsockopt(pair.server, SOL_SOCKET, SO_LINGER, &zero, sizeof zero), 0);
    lg_next.dup2 = failing_dup2;
    lg_next.dup3 = failing_dup3;
    errno = 0;
    CHECK_INT(dup2(pair.client, pair.server), -1);
    CHECK_INT(errno, EBUSY);
    errno = 0;
    CHECK_INT(dup3(pair.client, pair.server, 0), -1);
    CHECK_INT(errno, EBUSY);
    lg_next.close = interrupted_close;
    errno = 0;
    CHECK_INT(close(pair.server), -1);
    CHECK_INT(errno, EINTR);
    CHECK(net_read_all(pair.client, 5000).eof);
}

static const struct tap_test tests[] = {
    {"a socket that is opened in the middle of a fork or spawn is not ours alone", test_opened_meanwhile, 0},
    {"a socket that a fork comes behind, before anybody knows of it, is not ours alone", test_fork_behind_accept, 0},
    {"a thread with a table of its own: numbers prove nothing any more, unshare", test_unshare, 0},
    {"a thread with a table of its own: numbers prove nothing any more, by number", test_unshare_by_number, 0},
    {"a thread with a table of its own: numbers prove nothing any more, close_range", test_unshare_by_range, 0},
    {"a process with one thread may unshare its table", test_unshare_alone, 0},
    {"a process that shares the memory and not the table", test_clone_memory, 0},
    {"a range of closes waits within one budget", test_range_waits_once, 0},
    {"a range of closes closes each number once", test_range_closes_once, 0},
    {"an error of the call that we hide is the program's", test_answers, 0},
};

int main(int argc, char **argv)
{
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
