/* SPDX-License-Identifier: MIT */
/*
 * A server that ends its connections in one way, and tells what it wrote to each:
 *
 *   hour HOST PORT HOW COUNT
 *
 * It takes COUNT connections, one after another. A client's first byte says what is written: `s` little, `f` as much
 * as the connection takes, of which the client reads nothing meanwhile. HOW is
 *
 *   rude     linger zero, then close           shared   the same, while a child has the connection too
 *   plain    close                             exit     linger zero, and the end of the program closes
 *   client   it connects to PORT instead, linger zero set before
 *
 * For each connection one line, when it is closed: OWN-PORT PEER-PORT WRITTEN.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LITTLE_BYTES = 1000, STABLE_TRIES = 20, DEADLINE_SECONDS = 60 };

static struct sockaddr_in address = {.sin_family = AF_INET};

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void set_linger_zero(int fd)
{
    struct linger abort_it = {1, 0};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort_it, sizeof abort_it);
}

/* Until the kernel takes no more, and what is queued stays the same. */
static long fill(int fd)
{
    static char data[65536];
    long written = 0, queued = -1;

    for (int stable = 0; stable < STABLE_TRIES;) {
        ssize_t now = send(fd, data, sizeof data, MSG_DONTWAIT | MSG_NOSIGNAL);
        int left = 0;

        if (now > 0)
            written += now;
        ioctl(fd, SIOCOUTQ, &left);
        stable = now < 0 && left == queued ? stable + 1 : 0;
        queued = left;
        usleep(now > 0 ? 0 : 10000);
    }
    return written;
}

static long answer(int fd)
{
    static const char little[LITTLE_BYTES];
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    char what = 0;

    if (poll(&readable, 1, -1) != 1 || read(fd, &what, 1) != 1)
        fail("read");
    return what == 'f' ? fill(fd) : send(fd, little, sizeof little, MSG_NOSIGNAL);
}

static void tell(int fd, long written, void (*end)(int))
{
    struct sockaddr_in own, peer;
    socklen_t length = sizeof own;

    getsockname(fd, (struct sockaddr *)&own, &length);
    length = sizeof peer;
    if (getpeername(fd, (struct sockaddr *)&peer, &length) != 0)
        fail("getpeername");
    end(fd);
    printf("%d %d %ld\n", ntohs(own.sin_port), ntohs(peer.sin_port), written);
    fflush(stdout);
}

static void end_rude(int fd)
{
    set_linger_zero(fd);
    close(fd);
}

static void end_plain(int fd)
{
    close(fd);
}

static void end_shared(int fd)
{
    pid_t child = fork();

    if (child == 0) {
        usleep(50000);
        _exit(0);
    }
    end_rude(fd);
    waitpid(child, NULL, 0);
}

static void end_never(int fd)
{
    set_linger_zero(fd);
}

static int accept_one(int listener)
{
    int fd = accept(listener, NULL, NULL);

    if (fd < 0)
        fail("accept");
    return fd;
}

static int connect_one(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    set_linger_zero(fd);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        fail("connect");
    return fd;
}

static int listen_there(void)
{
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 64) != 0)
        fail("listen");
    return listener;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *how;
        void (*end)(int fd);
    } ways[] = {
        {"rude", end_rude}, {"plain", end_plain}, {"shared", end_shared}, {"exit", end_never}, {"client", end_plain}};
    int listener = -1, way = 0;

    if (argc != 5 || inet_pton(AF_INET, argv[1], &address.sin_addr) != 1)
        return 2;
    address.sin_port = htons((in_port_t)atoi(argv[2]));
    while (strcmp(argv[3], ways[way].how) != 0)
        way++;
    alarm(DEADLINE_SECONDS);
    if (ways[way].end != end_plain || strcmp(argv[3], "client") != 0)
        listener = listen_there();
    for (int i = 0; i < atoi(argv[4]); i++) {
        int fd = listener < 0 ? connect_one() : accept_one(listener);

        tell(fd, answer(fd), ways[way].end);
    }
    return 0;
}
