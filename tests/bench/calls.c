/* SPDX-License-Identifier: MIT */
/*
 * Makes one call a given number of times, for a counter of instructions or of system calls around it.
 *
 *     calls WHAT COUNT
 *
 * Two runs with different counts differ by the cost of the calls alone.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int listener;
static struct sockaddr_in address;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void listen_somewhere(void)
{
    socklen_t size = sizeof address;

    listener = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 64) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) < 0)
        die("listen");
}

static int connection(int *peer)
{
    int fd;

    *peer = socket(AF_INET, SOCK_STREAM, 0);
    if (*peer < 0 || connect(*peer, (struct sockaddr *)&address, sizeof address) < 0)
        die("connect");
    fd = accept(listener, NULL, NULL);
    if (fd < 0)
        die("accept");
    return fd;
}

/* A close that no wrapper sees. */
static void inline_close(int fd)
{
#ifdef __x86_64__
    long result;

    __asm__ volatile("syscall" : "=a"(result) : "a"(3L), "D"((long)fd) : "rcx", "r11", "memory");
#else
    close(fd);
#endif
}

static void set_linger(int fd, int on, int seconds)
{
    struct linger linger = {on, seconds};

    if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) < 0)
        die("SO_LINGER");
}

static void ask_for_abort(int fd)
{
    set_linger(fd, 1, 0);
}

/* The floor of all: closing a number that is not there is nothing but the call. */
static void close_nothing(void)
{
    close(-1);
}

static void close_file(void)
{
    close(open("/dev/null", O_RDONLY));
}

static void close_connection(void)
{
    int peer;
    int fd = connection(&peer);

    close(fd);
    close(peer);
}

static void close_asked(void)
{
    int peer;
    int fd = connection(&peer);

    ask_for_abort(fd);
    close(fd);
    close(peer);
}

/* The peer is done too: what a drain waits for is there. */
static void close_finished(void)
{
    int peer;
    int fd = connection(&peer);

    ask_for_abort(fd);
    shutdown(peer, SHUT_WR);
    close(fd);
    close(peer);
}

/* Unread input, and a close that must not wait: discarded under `orderly`, muted or handed over under `drain`. */
static void close_nonblocking(void)
{
    int peer;
    int fd = connection(&peer);

    if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0 || write(peer, "question", 8) != 8)
        die("question");
    ask_for_abort(fd);
    close(fd);
    close(peer);
}

static void set_other_option(void)
{
    int on = 1;

    setsockopt(listener, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

static void set_linger_zero(void)
{
    ask_for_abort(listener);
}

static void set_linger_off(void)
{
    set_linger(listener, 0, 0);
}

static void set_linger_time(void)
{
    set_linger(listener, 1, 15);
}

/* The number that dup gives is free again by the raw call, which nobody sees. */
static void duplicate(void)
{
    int fd = dup(0);

    inline_close(fd);
}

static void duplicate_onto(void)
{
    dup2(0, 100);
}

static void socket_and_close(void)
{
    close(socket(AF_INET, SOCK_STREAM, 0));
}

static void nothing(void)
{
}

static const struct {
    const char *name;
    void (*once)(void);
    int asks_first; /* for an abort, of a socket that is not used */
} kinds[] = {
    {"nothing", nothing, 0},
    {"close", close_nothing, 0},
    {"close-file", close_file, 0},
    {"close-connection", close_connection, 0},
    {"setsockopt-other", set_other_option, 0},
    {"after-close", close_nothing, 1},
    {"after-close-file", close_file, 1},
    {"after-close-connection", close_connection, 1},
    {"after-setsockopt-other", set_other_option, 1},
    {"setsockopt-linger-zero", set_linger_zero, 0},
    {"setsockopt-linger-off", set_linger_off, 0},
    {"setsockopt-linger-time", set_linger_time, 0},
    {"dup", duplicate, 0},
    {"dup2", duplicate_onto, 0},
    {"socket-close", socket_and_close, 0},
    {"after-dup", duplicate, 1},
    {"after-socket-close", socket_and_close, 1},
    {"after-setsockopt-linger-off", set_linger_off, 1},
    {"close-marked", close_asked, 0},
    {"close-finished", close_finished, 0},
    {"close-nonblocking", close_nonblocking, 0},
};

int main(int argc, char **argv)
{
    long count = argc > 2 ? atol(argv[2]) : 0;

    listen_somewhere();
    for (size_t i = 0; argc > 1 && i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].name, argv[1]) != 0)
            continue;
        if (kinds[i].asks_first)
            ask_for_abort(socket(AF_INET, SOCK_STREAM, 0));
        while (count-- > 0)
            kinds[i].once();
        return 0;
    }
    fprintf(stderr, "usage: calls WHAT COUNT\n");
    return 2;
}
