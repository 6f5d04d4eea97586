/* SPDX-License-Identifier: MIT */
/*
 * A close that waits for its peer (a drain), and what the program does meanwhile. Bare, the number would be free by
 * then: whatever comes to it must find it so, and nobody else may come to hold the connection.
 */
#include "tests/interpose/interpose.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "shim/base/syscall_numbers.h"

#define DRAIN "drain 15s on linger-zero,unread" /* longer than any of this takes */

extern char **environ;

/* ---- A thread whose close waits ---- */

static struct net_pair pair;
static int number; /* of the server's end, which is closed */
static pthread_t closer;
static int close_result, close_errno;

static void *close_it(void *nothing)
{
    errno = UNTOUCHED;
    close_result = close(number);
    close_errno = errno;
    return nothing;
}

/* The peer sees that the close has begun: FIN, and without the library RST, since there is unread input. */
static void wait_for_close(void)
{
    struct pollfd fin = {.fd = pair.client, .events = POLLRDHUP};

    REQUIRE(poll(&fin, 1, 10000) == 1 && fin.revents & POLLRDHUP);
}

/* Not to be muted, which would leave what the peer sends without an answer. */
static void lock_filter(int fd)
{
    REQUIRE(setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &(int){1}, sizeof(int)) == 0);
}

static void open_pair(void)
{
    pair = net_pair(AF_INET, NULL);
    number = pair.server;
    lock_filter(number);
    REQUIRE(net_send_pattern(pair.client, 0, 100) && net_wait_unread(number, 100, 10000));
}

static void begin_close(void *(*run)(void *))
{
    open_pair();
    REQUIRE(pthread_create(&closer, NULL, run, NULL) == 0);
    wait_for_close();
    usleep(20000); /* from the half-close into the wait; bare, to the end of the close */
}

/* The peer is done. */
static void end_close(void)
{
    shutdown(pair.client, SHUT_WR); /* which is over already without the library */
    CHECK_INT(pthread_join(closer, NULL), 0);
    printf("close: %d %s\n", close_result, close_errno == UNTOUCHED ? "untouched" : strerror(close_errno));
}

static void show_number(const char *when)
{
    printf("%s: the number is %s\n", when, fcntl(number, F_GETFD) < 0 ? "free" : "open");
}

/* Compares what the snippet says with and without the library. */
static void compare(const char *snippet)
{
    static const char *const rules[] = {DRAIN, "inspect every-close; " DRAIN};

    compare_under(snippet, rules, TAP_COUNT(rules));
}

#define COMPARED(snippet)                                                                                              \
    static void test_##snippet(void)                                                                                   \
    {                                                                                                                  \
        compare(#snippet);                                                                                             \
    }                                                                                                                  \
    static void test_##snippet(void)

/* Only with the library: it must end well, and say nothing of its own. */
static void holds(const char *snippet)
{
    struct under under = {.rules = DRAIN, .log = "off"};
    struct proc_result result = run_under(snippet, NULL, &under);

    check_ended(&result, snippet);
    CHECK_TEXT(result.out, "");
    proc_result_free(&result);
}

#define HOLDS(snippet)                                                                                                 \
    static void test_##snippet(void)                                                                                   \
    {                                                                                                                  \
        holds(#snippet);                                                                                               \
    }                                                                                                                  \
    static void test_##snippet(void)

/* ---- Another thread comes to the number ---- */

static void closed_again(int argc, char **argv)
{
    (void)argc, (void)argv;
    begin_close(close_it);
    for (int i = 0; i < 3; i++)
        SHOW(close(number));
    SHOW(syscall(SYS_close, number));
    end_close();
    show_number("afterwards");
}
COMPARED(closed_again);

static void closed_by_range(int argc, char **argv)
{
    (void)argc, (void)argv;
    begin_close(close_it);
    SHOW(close_range((unsigned)number, (unsigned)number, 0));
    show_number("after close_range");
    end_close();
    begin_close(close_it);
    SHOW(close_range((unsigned)number, (unsigned)number, CLOSE_RANGE_CLOEXEC));
    end_close();
    show_number("afterwards");
}
COMPARED(closed_by_range);

/* dup2 cannot put anything there for now; the kernel has an errno for that. */
static void replaced(int argc, char **argv)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    (void)argc, (void)argv;
    begin_close(close_it);
    CHECK_INT(dup2(null, number), -1);
    CHECK_INT(errno, EBUSY);
    CHECK_INT(dup3(null, number, O_CLOEXEC), -1);
    CHECK_INT(errno, EBUSY);
    CHECK_INT((int)syscall(SYS_dup3, null, number, 0), -1);
    CHECK_INT(errno, EBUSY);
    CHECK_INT(dup2(-1, number), -1);
    CHECK_INT(errno, EBADF);
    CHECK_INT(shutdown(pair.client, SHUT_WR), 0);
    CHECK_INT(pthread_join(closer, NULL), 0);
    CHECK_INT(close_result, 0);
    CHECK_INT(dup2(null, number), number);
}
HOLDS(replaced);

/* Closed by a call that nobody sees, and used again: what is there now is the program's, to keep and to close. */
static void closed_unseen(int argc, char **argv)
{
    struct net_pair other = net_pair(AF_INET, NULL);

    (void)argc, (void)argv;
    begin_close(close_it);
    raw_close(number);
    CHECK_INT(fcntl(other.server, F_DUPFD_CLOEXEC, number), number);
    CHECK_INT(close(number), 0);
    CHECK_INT(fcntl(number, F_GETFD), -1);
    CHECK_INT(dup2(other.server, number), number);
    CHECK_INT(shutdown(pair.client, SHUT_WR), 0);
    CHECK_INT(pthread_join(closer, NULL), 0);
    CHECK_INT(close_result, 0);
    CHECK(fcntl(number, F_GETFD) >= 0);
    CHECK_INT(send(number, "x", 1, MSG_NOSIGNAL), 1);
    CHECK(net_wait_unread(other.client, 1, 5000));
    CHECK_INT(close(number), 0);
    CHECK_INT(close(other.server), 0);
}
HOLDS(closed_unseen);

/* ---- Another process ---- */

/* Nobody holds the connection any more: what the peer sends is answered by RST. */
static void check_gone(void)
{
    struct pollfd end = {.fd = pair.client, .events = POLLIN};

    send(pair.client, "x", 1, MSG_NOSIGNAL);
    for (int i = 0; i < 200 && !(end.revents & (POLLERR | POLLHUP)); i++) {
        usleep(5000);
        poll(&end, 1, 0);
    }
    printf("the peer sees %s\n", end.revents & (POLLERR | POLLHUP) ? "RST" : "that somebody holds the connection");
}

static void on_signal(int signal_number)
{
    (void)signal_number;
}

static void handle(int signal_number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};

    REQUIRE(sigaction(signal_number, &action, NULL) == 0);
}

/* Ends the wait without the peer: a signal does. */
static void interrupt_close(void)
{
    for (int i = 0; i < 200 && pthread_tryjoin_np(closer, NULL) != 0; i++) {
        pthread_kill(closer, SIGUSR1);
        usleep(10000);
        if (i == 199)
            tap_fail(__FILE__, __LINE__, "the close goes on after 200 signals");
    }
    printf("close: %d %s\n", close_result, close_errno == UNTOUCHED ? "untouched" : strerror(close_errno));
}

static void stay(pid_t child)
{
    if (child != 0)
        return;
    show_number("in the child");
    fflush(stdout);
    for (;;)
        pause();
}

static void with_child(pid_t (*start)(void))
{
    pid_t child;

    handle(SIGUSR1, on_signal);
    begin_close(close_it);
    fflush(stdout);
    child = start();
    stay(child);
    CHECK(child > 0);
    interrupt_close();
    check_gone();
    usleep(50000); /* the child has said its word */
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

static void forked(int argc, char **argv)
{
    (void)argc, (void)argv;
    with_child(fork);
}
COMPARED(forked);

static void forked_quietly(int argc, char **argv)
{
    (void)argc, (void)argv;
    with_child(_Fork != NULL ? _Fork : fork);
}
COMPARED(forked_quietly);

static pid_t with_terminal(void)
{
    int terminal;

    return forkpty(&terminal, NULL, NULL, NULL);
}

/* The child's words go to its terminal. */
static void forked_with_terminal(int argc, char **argv)
{
    (void)argc, (void)argv;
    with_child(with_terminal);
}
COMPARED(forked_with_terminal);

/* The daemon is the child, and the thread that waited is not there any more. */
static void became_daemon(int argc, char **argv)
{
    (void)argc, (void)argv;
    begin_close(close_it);
    fflush(stdout);
    REQUIRE(daemon(1, 1) == 0);
    show_number("in the daemon");
    SHOW(close(number));
    SHOW(dup2(pair.client, number));
    SHOW(close(number));
    fflush(stdout);
    _exit(0);
}

static void daemon_waits(int argc, char **argv)
{
    char said[256] = "";
    ssize_t got, length = 0;
    int ends[2];

    (void)argc, (void)argv;
    REQUIRE(pipe(ends) == 0);
    if (fork() == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[1]);
        became_daemon(0, NULL);
    }
    close(ends[1]);
    while ((got = read(ends[0], said + length, sizeof said - 1 - (size_t)length)) > 0)
        length += got;
    printf("%s", said);
}
COMPARED(daemon_waits);

/* A child that no handler runs in has the descriptor; it is its own to close, and so is the number. */
static pid_t raw_fork(void)
{
    return (pid_t)syscall(SYS_clone, LG_CLONE_FLAGS(SIGCHLD), 0, 0, 0);
}

static void forked_by_number(int argc, char **argv)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC), status = -1;
    pid_t child;

    (void)argc, (void)argv;
    begin_close(close_it);
    child = raw_fork();
    if (child == 0) {
        bool closed = close(number) == 0 && fcntl(number, F_GETFD) < 0;

        _exit(closed && dup2(null, number) == number && close(number) == 0 ? 0 : 1);
    }
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK_INT(status, 0);
    CHECK_INT(shutdown(pair.client, SHUT_WR), 0);
    CHECK_INT(pthread_join(closer, NULL), 0);
    CHECK_INT(close_result, 0);
}
HOLDS(forked_by_number);

/* What a shell does in its vfork child: the number is the child's to use. The library's memory is the parent's. */
static void vforked(int argc, char **argv)
{
    char text[128];
    char *const words[] = {(char *)"sh", (char *)"-c", text, NULL};
    int status = -1;
    pid_t child;

    (void)argc, (void)argv;
    begin_close(close_it);
    snprintf(text, sizeof text, "test -e /proc/self/fd/%d", number);
    child = vfork();
    if (child == 0) {
        execve("/bin/sh", words, environ);
        _exit(126);
    }
    CHECK_INT(waitpid(child, &status, 0), child);
    printf("vfork and exec: %d\n", WEXITSTATUS(status));
    child = vfork();
    if (child == 0) {
        if (dup2(STDIN_FILENO, number) != number || close(number) != 0)
            _exit(125);
        if (dup2(STDIN_FILENO, number) != number)
            _exit(124);
        execve("/bin/sh", words, environ);
        _exit(126);
    }
    CHECK_INT(waitpid(child, &status, 0), child);
    printf("vfork, dup2 and exec: %d\n", WEXITSTATUS(status));
    CHECK_INT(posix_spawn(&child, "/bin/sh", NULL, NULL, words, environ), 0);
    CHECK_INT(waitpid(child, &status, 0), child);
    printf("posix_spawn: %d\n", WEXITSTATUS(status));
    printf("system: %d\n", WEXITSTATUS(system(text)));
    end_close();
    show_number("afterwards");
}
COMPARED(vforked);

/* ---- The thread itself ---- */

static void *close_and_test(void *nothing)
{
    close_it(NULL);
    pthread_testcancel();
    return nothing;
}

static void cancelled(int argc, char **argv)
{
    void *result = NULL;

    (void)argc, (void)argv;
    begin_close(close_and_test);
    CHECK_INT(pthread_cancel(closer), 0);
    CHECK_INT(shutdown(pair.client, SHUT_WR), 0);
    CHECK_INT(pthread_join(closer, &result), 0);
    printf("%s\n", result == PTHREAD_CANCELED ? "cancelled" : "not cancelled");
    show_number("afterwards");
}

static void test_cancelled(void)
{
    struct under under = {.rules = DRAIN, .log = "off"};
    struct proc_result result = run_under("cancelled", NULL, &under);

    check_ended(&result, "cancelled");
    CHECK_TEXT(result.out, "cancelled\nafterwards: the number is free\n");
    proc_result_free(&result);
}

static void interrupted(int argc, char **argv)
{
    (void)argc, (void)argv;
    handle(SIGUSR1, on_signal);
    begin_close(close_it);
    interrupt_close();
    show_number("afterwards");
}
COMPARED(interrupted);

static int in_handler_result, in_handler_errno;

static void close_in_handler(int signal_number)
{
    int before = errno;

    (void)signal_number;
    if (pthread_self() != closer)
        return;
    in_handler_result = fcntl(pair.client, F_GETFD) >= 0 ? 1 : 2; /* the handler has run */
    in_handler_errno = errno;
    errno = before;
}

/* A handler that looks at other descriptors of the program finds them as they are. */
static void handled(int argc, char **argv)
{
    (void)argc, (void)argv;
    handle(SIGUSR1, close_in_handler);
    begin_close(close_it);
    interrupt_close();
    CHECK(in_handler_result != 2);
    show_number("afterwards");
}
COMPARED(handled);

/* A handler that leaves by a jump: the close never returns. The number must not be lost to the program. */
static sigjmp_buf out;

static void jump(int signal_number)
{
    (void)signal_number;
    if (pthread_self() == closer)
        siglongjmp(out, 1);
}

static void *close_and_jump(void *nothing)
{
    if (sigsetjmp(out, 1) == 0) {
        closer = pthread_self();
        close(number);
        pause();
    }
    close(number); /* whoever wants to be sure; bare it is EBADF */
    return nothing;
}

static void jumped(int argc, char **argv)
{
    pthread_t thread;

    (void)argc, (void)argv;
    handle(SIGUSR1, jump);
    for (int i = 0; i < 3; i++) {
        struct timespec until;

        open_pair();
        REQUIRE(pthread_create(&thread, NULL, close_and_jump, NULL) == 0);
        wait_for_close();
        usleep(20000);
        pthread_kill(thread, SIGUSR1);
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += 10;
        CHECK_INT(pthread_timedjoin_np(thread, NULL, &until), 0);
        show_number("afterwards");
        check_gone();
        close(pair.client);
    }
}
COMPARED(jumped);

/* A fork in a handler: the child comes back from its parent's close, and its own closes wait as they should. */
static pid_t handler_child;

static void fork_in_handler(int signal_number)
{
    (void)signal_number;
    if (pthread_self() == closer)
        handler_child = fork();
}

/* The peer of the child's own connection: it is done some time after the child has half-closed. */
static void be_peer(int listener)
{
    int fd = net_connect(AF_INET, NULL, net_local_port(listener), NULL);

    CHECK(net_send_pattern(fd, 0, 10));
    CHECK(net_read_all(fd, 5000).eof);
    usleep(20000);
    CHECK_INT(send(fd, "late", 4, MSG_NOSIGNAL), 4);
    usleep(20000);
    CHECK_INT(shutdown(fd, SHUT_WR), 0);
    _exit(tap_failures() != 0);
}

static void drain_as_child(void)
{
    int listener = net_listen(AF_INET, NULL), status = -1, fd;
    pid_t peer = fork();

    if (peer == 0)
        be_peer(listener);
    fd = net_accept(listener);
    lock_filter(fd);
    CHECK(net_wait_unread(fd, 10, 5000));
    CHECK_INT(close(fd), 0);
    CHECK_INT(waitpid(peer, &status, 0), peer);
    CHECK_INT(status, 0);
    _exit(tap_failures() != 0);
}

static void *close_and_drain(void *nothing)
{
    int status = -1;

    CHECK_INT(close(number), 0);
    if (handler_child == 0) {
        CHECK_INT(fcntl(number, F_GETFD), -1);
        drain_as_child();
    }
    CHECK_INT(waitpid(handler_child, &status, 0), handler_child);
    CHECK_INT(status, 0);
    return nothing;
}

static void forked_in_handler(int argc, char **argv)
{
    (void)argc, (void)argv;
    handle(SIGUSR1, fork_in_handler);
    begin_close(close_and_drain);
    pthread_kill(closer, SIGUSR1);
    CHECK_INT(pthread_join(closer, NULL), 0);
}
HOLDS(forked_in_handler);

#define SNIPPET(name)                                                                                                  \
    {                                                                                                                  \
#name, name                                                                                                    \
    }

static const struct proc_snippet snippets[] = {
    SNIPPET(closed_again), SNIPPET(closed_by_range), SNIPPET(replaced),          SNIPPET(closed_unseen),
    SNIPPET(forked),       SNIPPET(forked_quietly),  SNIPPET(vforked),           SNIPPET(forked_with_terminal),
    SNIPPET(daemon_waits), SNIPPET(cancelled),       SNIPPET(interrupted),       SNIPPET(forked_by_number),
    SNIPPET(handled),      SNIPPET(jumped),          SNIPPET(forked_in_handler),
};

static const struct tap_test tests[] = {
    {"while a close waits: a second close is EBADF", test_closed_again, 60000},
    {"while a close waits: close_range has the number", test_closed_by_range, 60000},
    {"while a close waits: dup2 onto the number is EBUSY", test_replaced, 0},
    {"while a close waits: the number is closed unseen and used again", test_closed_unseen, 0},
    {"while a close waits: a forked child has no part in it", test_forked, 60000},
    {"while a close waits: _Fork", test_forked_quietly, 60000},
    {"while a close waits: forkpty", test_forked_with_terminal, 60000},
    {"while a close waits: daemon", test_daemon_waits, 60000},
    {"while a close waits: a child by number has the number to itself", test_forked_by_number, 0},
    {"while a close waits: vfork, exec, posix_spawn and system", test_vforked, 60000},
    {"while a close waits: its thread is cancelled", test_cancelled, 0},
    {"while a close waits: a signal ends it", test_interrupted, 60000},
    {"while a close waits: a handler uses descriptors", test_handled, 60000},
    {"while a close waits: a handler jumps out of it", test_jumped, 60000},
    {"while a close waits: a handler forks", test_forked_in_handler, 0},
};

int main(int argc, char **argv)
{
    proc_snippet_main(argc, argv, snippets, TAP_COUNT(snippets));
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
