/* SPDX-License-Identifier: MIT */
/* close, dup2, close_range, fclose, syscall and the rest answer and do what they did without the library. */
#include "tests/interpose/interpose.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#ifndef CLOSE_RANGE_UNSHARE
#define CLOSE_RANGE_UNSHARE 2
#define CLOSE_RANGE_CLOEXEC 4
#endif

/* Under each of them every close of the snippet is looked at, or none is. */
static const char *const every_policy[] = {
    "allow",
    "inspect every-close; orderly",
    "inspect every-close; drain 50ms on linger-zero,unread; observe on disconnect,backlog",
    "inspect every-close; log file ./calls.log; linger 1s",
    "inspect never; reject",
    "log file ./calls.log; reject EACCES on linger-zero,disconnect",
};

static void compare_calls(const char *snippet)
{
    char directory[] = "/tmp/lg-calls-XXXXXX", path[64];

    REQUIRE(mkdtemp(directory) != NULL && chdir(directory) == 0);
    compare_under(snippet, every_policy, TAP_COUNT(every_policy));
    snprintf(path, sizeof path, "%s/calls.log", directory);
    unlink(path);
    rmdir(directory);
}

static int number_of_close(void)
{
    return SYS_close;
}

static int is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static void closes(int argc, char **argv)
{
    struct net_pair pair = net_pair(AF_INET, NULL);
    int file = open("/dev/null", O_RDWR);

    (void)argc, (void)argv;
    SHOW(close(pair.client));
    SHOW(close(pair.client));
    SHOW(close(file));
    SHOW(close(file));
    SHOW(close(-1));
    SHOW(close(INT_MAX));
    SHOW(close(INT_MIN));
    printf("peer %s\n", end_of(pair.server));
    SHOW(shutdown(pair.server, SHUT_RD));
    SHOW(shutdown(pair.server, SHUT_WR));
    SHOW(shutdown(pair.server, SHUT_RDWR));
    SHOW(shutdown(pair.server, 77));
    SHOW(shutdown(-1, SHUT_RD));
    SHOW(shutdown(0, SHUT_RD));
    SHOW(close(pair.server));
}

static void duplications(int argc, char **argv)
{
    struct net_pair pair = net_pair(AF_INET, NULL), other = net_pair(AF_INET, NULL);
    int file = open("/dev/null", O_RDWR), closed = 999;

    (void)argc, (void)argv;
    SHOW(dup2(pair.client, pair.client));
    SHOW(dup2(closed, closed));
    SHOW(dup2(closed, pair.client));
    SHOW(dup2(-1, pair.client));
    SHOW(dup2(file, -1));
    SHOW(dup2(file, INT_MAX));
    SHOW(dup3(file, file, 0));
    SHOW(dup3(file, pair.client, 12345));
    SHOW(dup3(closed, pair.client, 0));
    SHOW(dup3(file, -1, O_CLOEXEC));
    SHOW(dup3(file, INT_MAX, 0));
    printf("still open %d %d\n", is_open(pair.client), is_open(pair.server));
    SHOW(dup2(file, pair.client) == pair.client);
    printf("peer %s\n", end_of(pair.server));
    SHOW(dup3(file, other.client, O_CLOEXEC) == other.client);
    printf("peer %s, flags %d\n", end_of(other.server), fcntl(other.client, F_GETFD));
    SHOW(dup(closed));
    SHOW(dup2(file, 500));
    SHOW(fcntl(file, F_DUPFD, 600));
    SHOW(fcntl(file, F_DUPFD_CLOEXEC, 600));
    SHOW(fcntl(file, F_DUPFD, -1));
    SHOW(fcntl(file, F_GETFL) & O_ACCMODE);
    SHOW(fcntl(file, 9999, 1, 2));
    SHOW(fcntl(closed, F_GETFD));
}

static void show_range(const char *what)
{
    printf("%s:", what);
    for (int fd = 100; fd < 110; fd++)
        printf(" %d%s", is_open(fd), is_open(fd) && fcntl(fd, F_GETFD) == FD_CLOEXEC ? "c" : "");
    printf("\n");
}

static void fill_range(int socket_fd)
{
    int file = open("/dev/null", O_RDWR);

    for (int fd = 100; fd < 110; fd++)
        dup2(fd & 1 ? file : socket_fd, fd);
}

/* glibc before 2.34 has no close_range. */
static int range(unsigned first, unsigned last, int flags)
{
    return (int)syscall(SYS_close_range, first, last, flags);
}

static void ranges(int argc, char **argv)
{
    struct net_pair pair = net_pair(AF_INET, NULL);

    (void)argc, (void)argv;
    fill_range(pair.client);
    SHOW(close_range(105, 100, 0));
    SHOW(close_range(100, 105, 8));
    SHOW(close_range(100, 105, -1));
    SHOW(range(105, 100, 0));
    SHOW(range(100, 105, 1));
    show_range("refused");
    SHOW(close_range(100, 103, CLOSE_RANGE_CLOEXEC));
    show_range("close-on-exec");
    SHOW(range(104, 105, CLOSE_RANGE_CLOEXEC));
    show_range("close-on-exec by number");
    SHOW(close_range(100, 102, 0));
    show_range("three closed");
    SHOW(close_range(103, 104, CLOSE_RANGE_UNSHARE));
    show_range("with a table of its own");
    SHOW(close_range(105, 106, CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC));
    show_range("both");
    SHOW(close_range(200, ~0u, 0));
    SHOW(range(107, 108, 0));
    show_range("by number");
    SHOW(write(pair.client, "whole", 5));
    errno = UNTOUCHED;
    closefrom(109);
    show("closefrom", 0);
    show_range("from 109");
    closefrom(60);
    SHOW(close_range(3, ~0u, 0));
    printf("%d %d\n", is_open(pair.client), is_open(pair.server));
}

static void from_minus_one(int argc, char **argv)
{
    int keep = open("/tmp", O_TMPFILE | O_RDWR, 0600), mine[2];
    pid_t child;
    int status = 0;
    char text[64] = "";

    (void)argc, (void)argv, (void)keep;
    REQUIRE(pipe(mine) == 0);
    child = fork();
    if (child == 0) { /* what is left is told by the exit status alone */
        closefrom(-1);
        _exit(is_open(0) || is_open(1) || is_open(2) || is_open(mine[1]));
    }
    waitpid(child, &status, 0);
    snprintf(text, sizeof text, "%d", WEXITSTATUS(status));
    printf("%s\n", text);
}

static void unshared_in_child(int argc, char **argv)
{
    struct net_pair pair = net_pair(AF_INET, NULL);
    pid_t child;
    int status;

    (void)argc, (void)argv;
    child = fork();
    if (child == 0)
        _exit(close_range(3, ~0u, CLOSE_RANGE_UNSHARE) != 0 || is_open(pair.client));
    waitpid(child, &status, 0);
    printf("%d %d\n", WEXITSTATUS(status), is_open(pair.client));
    SHOW(write(pair.client, "whole", 5));
    SHOW(close(pair.client));
    printf("%d ", net_wait_unread(pair.server, 5, 5000));
    printf("%s\n", end_of(pair.server));
}

static void streams(int argc, char **argv)
{
    struct net_pair pair = net_pair(AF_INET, NULL), again = net_pair(AF_INET, NULL), lost = net_pair(AF_INET, NULL);
    FILE *stream = fdopen(pair.client, "w"), *file, *full = fopen("/dev/full", "w");
    char text[32] = "";

    (void)argc, (void)argv;
    signal(SIGPIPE, SIG_IGN);
    fputs("buffered", stream);
    SHOW(fclose(stream));
    SHOW(read(pair.server, text, sizeof text));
    printf("%s, peer %s\n", text, end_of(pair.server));

    stream = fdopen(again.client, "r+");
    fputs("reopened", stream);
    file = freopen("/dev/null", "w", stream);
    printf("reopened %d\n", file == stream);
    memset(text, 0, sizeof text);
    SHOW(read(again.server, text, sizeof text));
    printf("%s, peer %s\n", text, end_of(again.server));
    SHOW(fclose(file));

    fputs("lost", full);
    SHOW(fclose(full));
    file = fopen("/dev/null", "r");
    close(fileno(file));
    SHOW(fclose(file));
    file = freopen("/nonexistent/file", "r", fopen("/dev/null", "r"));
    show("freopen of nothing", file != NULL);

    stream = fdopen(lost.client, "w");
    fputs("too late", stream);
    raw_linger_zero(lost.server);
    raw_close(lost.server);
    net_wait_state(lost.client, TCP_CLOSE, 5000);
    SHOW(fclose(stream)); /* the first write finds ECONNRESET, a second one would find EPIPE */
}

static void killed_stream(int argc, char **argv)
{
    struct net_pair pair = net_pair(AF_INET, NULL);
    FILE *stream = fdopen(pair.client, "w");

    (void)argc, (void)argv;
    signal(SIGPIPE, SIG_DFL);
    fputs("too late", stream);
    raw_linger_zero(pair.server);
    raw_close(pair.server);
    net_wait_state(pair.client, TCP_CLOSE, 5000);
    SHOW(fclose(stream));
}

static void close_all_streams(int argc, char **argv)
{
    int pipes[2];
    char text[32] = "";

    (void)argc, (void)argv;
    REQUIRE(pipe(pipes) == 0);
    fputs("kept", fdopen(pipes[1], "w"));
    printf("before\n");
    SHOW(fcloseall());
    SHOW(read(pipes[0], text, sizeof text));
    dprintf(1, "%s\n", text);
}

static void by_number(int argc, char **argv)
{
    struct net_pair pair = net_pair(AF_INET, NULL);
    struct linger five = {1, 5}, got = {0, 0};
    int file = open("/dev/null", O_RDWR), pipes[2];
    socklen_t size = sizeof got;
    char text[8] = "";
    long six;

    (void)argc, (void)argv;
    REQUIRE(pipe(pipes) == 0);
    SHOW(syscall(100000, 1, 2, 3, 4, 5, 6));
    SHOW(syscall(-1, 1, 2, 3, 4, 5, 6));
    SHOW(syscall(511, 1, 2, 3, 4, 5, 6));
    SHOW(syscall(SYS_getpid) == getpid());
    SHOW(syscall(SYS_setsockopt, pair.client, SOL_SOCKET, SO_LINGER, &five, sizeof five));
    SHOW(syscall(SYS_getsockopt, pair.client, SOL_SOCKET, SO_LINGER, &got, &size));
    printf("%d %d\n", got.l_onoff, got.l_linger);
    SHOW(syscall(SYS_setsockopt, pair.client, SOL_SOCKET, SO_LINGER, 8L, 8));
    SHOW(syscall(SYS_setsockopt, pair.client, SOL_SOCKET, SO_LINGER, NULL, 8));
    SHOW(syscall(SYS_setsockopt, -1, SOL_SOCKET, SO_LINGER, &five, 8));
    SHOW(syscall(SYS_setsockopt, pair.client, IPPROTO_TCP, TCP_CONGESTION, "reno", 4));
    SHOW(syscall(SYS_dup, 999));
    SHOW(syscall(SYS_dup3, file, file, 0));
    SHOW(syscall(SYS_dup3, file, 300, O_CLOEXEC));
    SHOW(syscall(SYS_fcntl, 300, F_GETFD));
    SHOW(syscall(SYS_fcntl, file, F_DUPFD, 310));
    SHOW(syscall(SYS_fcntl, 999, F_DUPFD, 310));
    SHOW(syscall(SYS_shutdown, 999, SHUT_WR));
    SHOW(syscall(SYS_shutdown, pair.client, SHUT_WR));
    SHOW(syscall(SYS_connect, 999, NULL, 0));
    SHOW(syscall(SYS_accept4, 999, NULL, NULL, 0));
    SHOW(syscall(SYS_sendmsg, 999, NULL, 0));
    SHOW(syscall(SYS_sendmmsg, 999, NULL, 1, 0));
    SHOW(syscall(number_of_close(), pair.client));
    SHOW(syscall(number_of_close(), pair.client));
    SHOW(syscall(SYS_close, -1));
    printf("peer %s\n", end_of(pair.server));
    /* six arguments that all matter: fd_in, off_in, fd_out, off_out, length, flags */
    SHOW(syscall(SYS_pwrite64, pipes[1], "abc", 3, 0, 0, 0));
    six = syscall(SYS_splice, pipes[0], NULL, pipes[1], NULL, 3, 0x4000);
    show("splice with a flag that does not exist", six);
    REQUIRE(write(pipes[1], "abc", 3) == 3);
    SHOW(syscall(SYS_splice, pipes[0], 0L, file, 0L, 2L, 2L));
    SHOW(read(pipes[0], text, sizeof text));
    printf("%s\n", text);
}

#ifdef SYS_fork
static void vforks(int argc, char **argv)
{
    static char *const arguments[] = {(char *)"sh", (char *)"-c", (char *)"exit 7", NULL};
    static char *const environment[] = {NULL};
    int status = 0;
    pid_t child;

    (void)argc, (void)argv;
    child = vfork();
    if (child == 0) {
        execve("/bin/sh", arguments, environment);
        _exit(126);
    }
    SHOW(waitpid(child, &status, 0) == child);
    printf("%d\n", WEXITSTATUS(status));
    child = (pid_t)syscall(SYS_fork); /* SYS_vfork returns to a stack that the child has used, here as without us */
    if (child == 0) {
        execve("/bin/sh", arguments, environment);
        _exit(126);
    }
    SHOW(waitpid(child, &status, 0) == child);
    printf("%d\n", WEXITSTATUS(status));
    SHOW(posix_spawn(&child, "/bin/sh", NULL, NULL, arguments, environment));
    SHOW(waitpid(child, &status, 0) == child);
    printf("%d\n", WEXITSTATUS(status));
    SHOW(posix_spawn(&child, "/nonexistent", NULL, NULL, arguments, environment));
    SHOW(posix_spawnp(&child, "sh", NULL, NULL, arguments, environment));
    SHOW(waitpid(child, &status, 0) == child);
    SHOW(system("exit 9"));
    SHOW(pclose(popen("exit 3", "r")));
}
#endif

static void connects(int argc, char **argv)
{
    int listener = net_listen(AF_INET, NULL), fd = socket(AF_INET, SOCK_STREAM, 0),
        late = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), udp = socket(AF_INET, SOCK_DGRAM, 0), accepted;
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(net_local_port(listener)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in nowhere = to;
    struct sockaddr unspec = {.sa_family = AF_UNSPEC};

    (void)argc, (void)argv;
    SHOW(connect(-1, (struct sockaddr *)&to, sizeof to));
    SHOW(connect(0, (struct sockaddr *)&to, sizeof to));
    SHOW(connect(fd, NULL, sizeof to));
    SHOW(connect(fd, (struct sockaddr *)8, sizeof to));
    SHOW(connect(fd, (struct sockaddr *)&to, 1));
    SHOW(connect(fd, (struct sockaddr *)&to, 4));
    SHOW(connect(fd, (struct sockaddr *)&to, (socklen_t)-1));
    SHOW(connect(fd, &unspec, sizeof unspec)); /* never connected */
    SHOW(connect(fd, (struct sockaddr *)&to, sizeof to));
    SHOW(connect(fd, (struct sockaddr *)&to, sizeof to));
    SHOW(connect(fd, NULL, sizeof to));
    SHOW(connect(fd, (struct sockaddr *)8, 16));
    SHOW(connect(fd, &unspec, 0));
    SHOW(connect(fd, &unspec, 1));
    SHOW(accept(-1, NULL, NULL));
    SHOW(accept(fd, NULL, NULL));
    SHOW(accept4(listener, NULL, NULL, 0x1234567));
    accepted = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    SHOW(fcntl(accepted, F_GETFD));
    SHOW(connect(late, (struct sockaddr *)&to, sizeof to));
    SHOW(connect(udp, (struct sockaddr *)&to, sizeof to));
    SHOW(connect(udp, &unspec, sizeof unspec));
    SHOW(connect(udp, &unspec, 2));
    close(listener);
    nowhere.sin_port = to.sin_port;
    close(fd);
    close(late);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    SHOW(connect(fd, (struct sockaddr *)&nowhere, sizeof nowhere));
    SHOW(close(fd));
}

#define COMPARED(name, snippet)                                                                                        \
    static void name(void)                                                                                             \
    {                                                                                                                  \
        compare_calls(snippet);                                                                                        \
    }
COMPARED(test_closes, "closes")
COMPARED(test_duplications, "duplications")
COMPARED(test_ranges, "ranges")
COMPARED(test_from_minus_one, "closefrom(-1)")
COMPARED(test_unshared, "unshared in a child")
COMPARED(test_streams, "streams")
COMPARED(test_killed_stream, "killed stream")
COMPARED(test_close_all_streams, "fcloseall")
COMPARED(test_by_number, "by number")
#ifdef SYS_fork
COMPARED(test_vforks, "vforks")
#endif
COMPARED(test_connects, "connects")

static const struct proc_snippet snippets[] = {
    {"closes", closes},
    {"duplications", duplications},
    {"ranges", ranges},
    {"closefrom(-1)", from_minus_one},
    {"unshared in a child", unshared_in_child},
    {"streams", streams},
    {"killed stream", killed_stream},
    {"fcloseall", close_all_streams},
    {"by number", by_number},
#ifdef SYS_fork
    {"vforks", vforks},
#endif
    {"connects", connects},
};

static const struct tap_test tests[] = {
    {"close and shutdown, a second close among them", test_closes, 0},
    {"dup2 onto itself, of nothing, onto nothing; dup3 with bad flags; fcntl", test_duplications, 0},
    {"close_range with bad flags, CLOEXEC and UNSHARE; closefrom", test_ranges, 0},
    {"closefrom(-1) closes everything", test_from_minus_one, 0},
    {"close_range with UNSHARE in a child leaves the parent's connection", test_unshared, 0},
    {"fclose and freopen flush, fail and close", test_streams, 0},
    {"fclose after a reset writes once, so no SIGPIPE", test_killed_stream, 0},
    {"fcloseall flushes", test_close_all_streams, 0},
    {"syscall() by number, unknown ones and six arguments", test_by_number, 0},
#ifdef SYS_fork
    {"vfork, SYS_fork, posix_spawn, system and popen", test_vforks, 0},
#endif
    {"connect and accept, wild pointers and short lengths", test_connects, 0},
};

int main(int argc, char **argv)
{
    proc_snippet_main(argc, argv, snippets, TAP_COUNT(snippets));
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
