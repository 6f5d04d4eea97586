/* SPDX-License-Identifier: MIT */
/* A second holder that no fork shows: another table of descriptors, and a socket that is opened while a fork is on. */
#include "tests/interpose/interpose.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>

#ifndef CLOSE_RANGE_UNSHARE
#define CLOSE_RANGE_UNSHARE 2
#endif

static const char *const every_policy[] = {"orderly", "linger 1s", "drain 50ms", "orderly within 1s"};

static struct net_pair pair;

static void open_with_input(void)
{
    pair = net_pair(AF_INET, NULL);
    CHECK_INT(send(pair.client, "hello", 5, 0), 5);
    CHECK(net_wait_unread(pair.server, 5, 10000));
}

/* What the other holder can still do. */
static void show_conversation(const char *holder)
{
    char text[16] = "";
    ssize_t got = recv(pair.server, text, sizeof text - 1, MSG_DONTWAIT);
    int patience_ms = -1;
    socklen_t size = sizeof patience_ms;

    CHECK_INT(getsockopt(pair.server, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience_ms, &size), 0);
    printf("%s: reads %zd '%s', sends %zd, gives a silent peer %d ms\n", holder, got, text,
           send(pair.server, "x", 1, MSG_NOSIGNAL), patience_ms);
}

static void *close_in_own_table(void *way)
{
    if (strcmp(way, "unshare") == 0)
        CHECK_INT(unshare(CLONE_FILES), 0);
    else if (strcmp(way, "syscall") == 0)
        CHECK_INT(syscall(SYS_unshare, CLONE_FILES), 0);
    else if (strcmp(way, "close_range") == 0)
        CHECK_INT(close_range(4000, 4001, CLOSE_RANGE_UNSHARE), 0);
    else
        CHECK_INT(syscall(SYS_close_range, 4000, 4001, CLOSE_RANGE_UNSHARE), 0);
    CHECK_INT(close(pair.server), 0);
    return NULL;
}

static void own_table(int argc, char **argv)
{
    static char ways[][24] = {"unshare", "syscall", "close_range", "syscall close_range"};

    (void)argc, (void)argv;
    for (size_t i = 0; i < TAP_COUNT(ways); i++) {
        pthread_t thread;

        open_with_input();
        CHECK_INT(set_linger(pair.server, 1, 0), 0);
        REQUIRE(pthread_create(&thread, NULL, close_in_own_table, ways[i]) == 0);
        pthread_join(thread, NULL);
        show_conversation(ways[i]);
    }
}

/* Called by fork when the library has already counted it: what another thread may do at that time. */
static void open_during_fork(void)
{
    open_with_input();
}

static void opened_during_fork(int argc, char **argv)
{
    struct net_pair first = net_pair(AF_INET, NULL);
    int go[2];
    pid_t child;
    char byte;

    (void)argc, (void)argv;
    CHECK_INT(set_linger(first.server, 1, 0), 0); /* from here on the library keeps what it knows by cookie */
    REQUIRE(pipe(go) == 0 && pthread_atfork(open_during_fork, NULL, NULL) == 0);
    child = fork();
    if (child == 0) {
        CHECK_INT(read(go[0], &byte, 1), 1);
        show_conversation("child");
        fflush(stdout);
        _exit(tap_failures() > 0);
    }
    CHECK_INT(set_linger(pair.server, 1, 0), 0);
    CHECK_INT(close(pair.server), 0);
    CHECK_INT(write(go[1], "\n", 1), 1);
    CHECK_INT(waitpid(child, NULL, 0), child);
}

static void duplicate_closed(int argc, char **argv)
{
    int copy;

    (void)argc, (void)argv;
    open_with_input();
    CHECK_INT(set_linger(pair.server, 1, 0), 0);
    copy = dup(pair.server);
    CHECK_INT(close(copy), 0);
    show_conversation("original");
}

static void compare(const char *snippet)
{
    compare_under(snippet, every_policy, TAP_COUNT(every_policy));
}

static void test_own_table(void)
{
    compare("own table");
}

static void test_opened_during_fork(void)
{
    compare("opened during a fork");
}

static void test_duplicate_closed(void)
{
    compare("duplicate closed");
}

/* ---- A terminal that stops who writes to it from the background ---- */

static void abort_once(int argc, char **argv)
{
    (void)argc, (void)argv;
    pair = net_pair(AF_INET, NULL);
    CHECK_INT(set_linger(pair.server, 1, 0), 0);
    CHECK_INT(close(pair.server), 0);
}

/* Starts "abort once" in a background group of a session whose terminal is its standard error. */
static void lead_session(void)
{
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    struct termios modes;
    int status = 0;
    pid_t child;
    int side;

    REQUIRE(setsid() > 0 && terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
    side = open(ptsname(terminal), O_RDWR);
    REQUIRE(side >= 0 && ioctl(side, TIOCSCTTY, 0) == 0 && tcgetattr(side, &modes) == 0);
    modes.c_lflag |= TOSTOP;
    REQUIRE(tcsetattr(side, TCSANOW, &modes) == 0);
    child = fork();
    if (child == 0) {
        setpgid(0, 0);
        dup2(side, STDERR_FILENO);
        execl("/proc/self/exe", "test_tables", "--snippet", "abort once", (char *)NULL);
        _exit(127);
    }
    REQUIRE(waitpid(child, &status, WUNTRACED) == child);
    printf("%s\n", WIFSTOPPED(status) ? "stopped" : "ended");
    kill(child, SIGKILL);
    fflush(stdout);
    _exit(0);
}

static void background(int argc, char **argv)
{
    pid_t leader = fork();

    (void)argc, (void)argv;
    if (leader == 0)
        lead_session();
    CHECK_INT(waitpid(leader, NULL, 0), leader);
}

static void test_background(void)
{
    compare("background");
}

static const struct proc_snippet snippets[] = {
    {"own table", own_table},
    {"opened during a fork", opened_during_fork},
    {"duplicate closed", duplicate_closed},
    {"abort once", abort_once},
    {"background", background},
};

static const struct tap_test tests[] = {
    {"a thread with a table of descriptors of its own takes nothing from the others", test_own_table, 60000},
    {"a socket that is opened while a fork is on has two holders", test_opened_during_fork, 0},
    {"the close of a duplicate sets no time for the peer of the other", test_duplicate_closed, 0},
    {"a program in the background is not stopped by its records on the terminal", test_background, 0},
};

int main(int argc, char **argv)
{
    proc_snippet_main(argc, argv, snippets, TAP_COUNT(snippets));
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
