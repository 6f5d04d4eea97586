/* SPDX-License-Identifier: MIT */
/*
 * One way of using the library, between two marks that strace(1) shows: chdir("/mark-begin") and
 * chdir("/mark-end"). See traced.t, which says under which rules.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int pair[2]; /* client, server */
static int listener;

static void check(int good, const char *what)
{
    if (good)
        return;
    perror(what);
    _exit(1);
}

static void mark(const char *name)
{
    check(chdir(name) < 0, "chdir");
}

static struct sockaddr_in listen_there(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;

    listener = socket(AF_INET, SOCK_STREAM, 0);
    check(bind(listener, (struct sockaddr *)&at, size) == 0 && listen(listener, 4) == 0, "listen");
    check(getsockname(listener, (struct sockaddr *)&at, &size) == 0, "getsockname");
    return at;
}

static void open_pair(void)
{
    struct sockaddr_in at = listen_there();

    pair[0] = socket(AF_INET, SOCK_STREAM, 0);
    check(connect(pair[0], (struct sockaddr *)&at, sizeof at) == 0, "connect");
    pair[1] = accept(listener, NULL, NULL);
    check(pair[1] >= 0, "accept");
}

static void ask(void)
{
    struct linger linger = {1, 0};

    setsockopt(pair[1], SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

static void receive_something(void)
{
    char byte = 0;

    check(write(pair[0], &byte, 1) == 1, "write");
    check(recv(pair[1], &byte, 1, MSG_PEEK) == 1, "recv");
}

static void request(void)
{
    open_pair();
    mark("/mark-begin");
    ask();
    mark("/mark-end");
}

/* Of a socket that came from elsewhere. */
static void request_received(void)
{
    char control[CMSG_SPACE(sizeof pair[1])] = {0}, byte = 0;
    struct iovec part = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    int way[2];

    open_pair();
    check(socketpair(AF_UNIX, SOCK_DGRAM, 0, way) == 0, "socketpair");
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof pair[1]);
    memcpy(CMSG_DATA(rights), &pair[1], sizeof pair[1]);
    check(sendmsg(way[0], &message, 0) == 1 && recvmsg(way[1], &message, 0) == 1, "a message");
    memcpy(&pair[1], CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof pair[1]);
    mark("/mark-begin");
    ask();
    mark("/mark-end");
}

/* $TRACED_POLICY.new takes the place of the policy before the first look at it. */
static void changed(void)
{
    const char *policy = getenv("TRACED_POLICY");
    char new[4096];

    open_pair();
    snprintf(new, sizeof new, "%s.new", policy != NULL ? policy : "");
    check(policy == NULL || rename(new, policy) == 0, "rename");
    mark("/mark-begin");
    ask();
    mark("/mark-end");
}

/* For two and a half seconds one abort after the other, or as many connections that end in order. */
static void for_a_while(void (*step)(void))
{
    struct timespec start, now, pause = {0, 5000000};

    mark("/mark-begin");
    clock_gettime(CLOCK_MONOTONIC, &start);
    do {
        open_pair();
        step();
        close(pair[0]);
        close(pair[1]);
        nanosleep(&pause, NULL);
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < 2500);
    mark("/mark-end");
}

static void aborts(void)
{
    for_a_while(ask);
}

static void nothing(void)
{
}

static void innocent(void)
{
    for_a_while(nothing);
}

static void close_asked(void)
{
    open_pair();
    ask();
    mark("/mark-begin");
    close(pair[1]);
    mark("/mark-end");
}

static void close_unread(void)
{
    open_pair();
    ask();
    receive_something();
    mark("/mark-begin");
    close(pair[1]);
    mark("/mark-end");
}

static void close_nonblocking(void)
{
    open_pair();
    ask();
    receive_something();
    check(fcntl(pair[1], F_SETFL, O_NONBLOCK) == 0, "fcntl");
    mark("/mark-begin");
    close(pair[1]);
    mark("/mark-end");
}

static void close_unsent(void)
{
    static char block[1 << 16];

    open_pair();
    ask();
    check(fcntl(pair[1], F_SETFL, O_NONBLOCK) == 0, "fcntl");
    while (write(pair[1], block, sizeof block) > 0)
        continue;
    check(fcntl(pair[1], F_SETFL, 0) == 0, "fcntl");
    mark("/mark-begin");
    close(pair[1]);
    mark("/mark-end");
}

static void replaced(void)
{
    int file = open("/dev/null", O_RDWR);

    open_pair();
    ask();
    mark("/mark-begin");
    dup2(file, pair[1]);
    mark("/mark-end");
}

static void close_plain(void)
{
    open_pair();
    receive_something();
    mark("/mark-begin");
    close(pair[1]);
    mark("/mark-end");
}

static void opened(void)
{
    struct sockaddr_in at = listen_there();

    pair[0] = socket(AF_INET, SOCK_STREAM, 0);
    mark("/mark-begin");
    check(connect(pair[0], (struct sockaddr *)&at, sizeof at) == 0, "connect");
    pair[1] = accept(listener, NULL, NULL);
    mark("/mark-end");
}

static void disconnected(void)
{
    struct sockaddr unspec = {.sa_family = AF_UNSPEC};

    open_pair();
    mark("/mark-begin");
    connect(pair[1], &unspec, sizeof unspec);
    mark("/mark-end");
}

static void *idle(void *nothing)
{
    for (;;)
        pause();
    return nothing;
}

/* A further record is about a connection, and so is the first, which opens the log where it is not open. */
static void recorded(void)
{
    pthread_t thread;
    char byte;

    check(pthread_create(&thread, NULL, idle, NULL) == 0, "a thread");
    open_pair();
    receive_something();
    mark("/mark-begin");
    ask();
    check(read(pair[1], &byte, 1) == 1, "read");
    close(pair[1]);
    mark("/mark-end");
}

/* In a thread that has every signal blocked. */
static void blocked(void)
{
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    recorded();
}

static void rotated(void)
{
    char moved[4096];

    open_pair();
    ask();
    snprintf(moved, sizeof moved, "%s.1", getenv("LINGERGUARD_LOG"));
    if (getenv("LD_PRELOAD") != NULL)
        check(rename(getenv("LINGERGUARD_LOG"), moved) == 0, "rename");
    usleep(1100000); /* it is looked for once a second */
    mark("/mark-begin");
    close(pair[1]);
    mark("/mark-end");
}

/* A child has it too. */
static void shared(void)
{
    pid_t child;

    open_pair();
    receive_something();
    ask();
    child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    mark("/mark-begin");
    close(pair[1]);
    mark("/mark-end");
    kill(child, SIGKILL);
}

static void ended(void)
{
    open_pair();
    ask();
    receive_something();
    mark("/mark-begin");
    exit(0);
}

static const struct {
    const char *name;
    void (*run)(void);
} ways[] = {
    {"blocked", blocked},     {"request", request},     {"request-received", request_received},
    {"changed", changed},     {"aborts", aborts},       {"innocent", innocent},
    {"close", close_asked},   {"unread", close_unread}, {"nonblocking", close_nonblocking},
    {"unsent", close_unsent}, {"replaced", replaced},   {"plain", close_plain},
    {"opened", opened},       {"recorded", recorded},   {"disconnect", disconnected},
    {"rotated", rotated},     {"exit", ended},          {"shared", shared},
};

/* Runs the rest of the words on a terminal. */
static int on_terminal(char **words)
{
    int terminal, status = 1;
    char chunk[256];
    pid_t child = forkpty(&terminal, NULL, NULL, NULL);

    if (child == 0) {
        execv(words[0], words);
        _exit(127);
    }
    check(child > 0, "forkpty");
    while (read(terminal, chunk, sizeof chunk) > 0)
        continue;
    check(waitpid(child, &status, 0) == child, "waitpid");
    return WEXITSTATUS(status);
}

/* Runs them with somebody who listens to syslog. */
static int with_syslog(char **words)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    check(bind(fd, (struct sockaddr *)&at, sizeof at) == 0, "/dev/log");
    execv(words[0], words);
    return 127;
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "on-terminal") == 0)
        return on_terminal(argv + 2);
    if (argc > 2 && strcmp(argv[1], "with-syslog") == 0)
        return with_syslog(argv + 2);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        if (argc > 1 && strcmp(argv[1], ways[i].name) == 0) {
            ways[i].run();
            _exit(0);
        }
    }
    return 2;
}
