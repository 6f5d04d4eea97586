/* SPDX-License-Identifier: MIT */
/*
 * A client that is still sending when its answer comes: it does what its steps say, one after another,
 * and tells what came of it.
 *
 *   client -h HOST [-o FILE] [-r BYTES] [-t MS] PORT STEP...
 *
 *   say=TEXT      sends it (\r and \n as in C)
 *   upload=BYTES  sends zero bytes and reads nothing meanwhile; gives up after MS without progress
 *   answered      waits until there is something to read
 *   tell=PATH     creates PATH
 *   file=PATH     waits until PATH exists
 *   half          sends a FIN
 *   both=BYTES    reads to the end, and sends as much meanwhile
 *   read          reads to the end
 *
 * -o gets what was received, -r is the size of the receive buffer, -t is 3000 unless told. One line:
 *
 *   RECEIVED END SENT HOW     END of the reading: eof, reset, or open (it was not read to its end);
 *                             HOW the sending ended: all, stalled, reset
 *
 * Where something of it is not acknowledged at the end, it aborts: a server's kernel answers a FIN
 * behind data that it did not take with RST, which would be counted with those that did harm.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define DEADLINE_SECONDS 40 /* SIGALRM ends it */
#define CHUNK_BYTES      65536

static int fd;
static FILE *output;
static int stall_ms = 3000;
static long received_bytes;
static long sent_bytes;
static const char *end = "open";
static const char *sending = "all";

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static bool is_over(void)
{
    return strcmp(end, "open") != 0;
}

static bool may_send(void)
{
    return strcmp(sending, "all") == 0;
}

/* Sends what fits now. False where the connection was found reset. */
static void send_some(const char *data, long *left)
{
    long chunk = *left < CHUNK_BYTES ? *left : CHUNK_BYTES;
    ssize_t now = send(fd, data, (size_t)chunk, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (now >= 0) {
        *left -= now;
        sent_bytes += now;
    } else if (errno == ECONNRESET || errno == EPIPE) {
        sending = "reset";
    } else if (errno != EAGAIN && errno != EINTR) {
        fail("send");
    }
}

static void read_some(void)
{
    static char buffer[CHUNK_BYTES];
    ssize_t got = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);

    if (got > 0) {
        received_bytes += got;
        if (output != NULL && fwrite(buffer, 1, (size_t)got, output) != (size_t)got)
            fail("write");
    } else if (got == 0) {
        /* A reset that was told to the sending side is not told again here. */
        end = strcmp(sending, "reset") == 0 ? "reset" : "eof";
    } else if (errno == ECONNRESET) {
        end = "reset";
    } else if (errno != EAGAIN && errno != EINTR) {
        fail("recv");
    }
}

static short wait_for(short events, int timeout_ms)
{
    struct pollfd ready = {.fd = fd, .events = events};

    return poll(&ready, 1, timeout_ms) > 0 ? ready.revents : 0;
}

static void upload(long left)
{
    static const char zeros[CHUNK_BYTES];

    while (left > 0 && may_send()) {
        if (wait_for(POLLOUT, stall_ms) == 0)
            sending = "stalled";
        else
            send_some(zeros, &left);
    }
}

static void read_sending(long left)
{
    static const char zeros[CHUNK_BYTES];

    while (!is_over()) {
        bool sends = left > 0 && may_send();
        short ready = wait_for(sends ? POLLIN | POLLOUT : POLLIN, -1);

        if (ready & POLLOUT && sends)
            send_some(zeros, &left);
        if (ready & ~POLLOUT)
            read_some();
    }
    if (left > 0 && may_send())
        sending = "stalled";
}

static void say(const char *text)
{
    char said[4096];
    long left = 0;

    for (; *text != '\0' && left < (long)sizeof said; text++) {
        if (text[0] == '\\' && (text[1] == 'r' || text[1] == 'n'))
            said[left++] = *++text == 'r' ? '\r' : '\n';
        else
            said[left++] = *text;
    }
    for (const char *at = said; left > 0 && may_send();) {
        long before = left;

        wait_for(POLLOUT, -1);
        send_some(at, &left);
        at += before - left;
    }
}

static void wait_for_file(const char *path)
{
    while (access(path, F_OK) != 0)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

static void tell(const char *path)
{
    int created = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

    if (created < 0)
        fail(path);
    close(created);
}

static void do_step(const char *step)
{
    if (strncmp(step, "say=", 4) == 0)
        say(step + 4);
    else if (strncmp(step, "upload=", 7) == 0)
        upload(atol(step + 7));
    else if (strcmp(step, "answered") == 0)
        wait_for(POLLIN, -1);
    else if (strncmp(step, "tell=", 5) == 0)
        tell(step + 5);
    else if (strncmp(step, "file=", 5) == 0)
        wait_for_file(step + 5);
    else if (strcmp(step, "half") == 0)
        shutdown(fd, SHUT_WR);
    else if (strncmp(step, "both=", 5) == 0)
        read_sending(atol(step + 5));
    else if (strcmp(step, "read") == 0)
        read_sending(0);
    else {
        fprintf(stderr, "client: no such step: %s\n", step);
        exit(2);
    }
}

static void open_connection(const char *host, const char *port, int receive_bytes)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    struct addrinfo *address;

    if (getaddrinfo(host, port, &hints, &address) != 0)
        fail(host);
    fd = socket(address->ai_family, SOCK_STREAM, 0);
    if (receive_bytes > 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    if (connect(fd, address->ai_addr, address->ai_addrlen) != 0)
        fail("connect");
    freeaddrinfo(address);
}

static void close_connection(void)
{
    struct linger abort_it = {1, 0};
    int unacknowledged = 0;

    ioctl(fd, SIOCOUTQ, &unacknowledged);
    if (unacknowledged > 0)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort_it, sizeof abort_it);
    close(fd);
}

int main(int argc, char **argv)
{
    const char *host = "127.0.0.1";
    int receive_bytes = 0;
    int option;

    while ((option = getopt(argc, argv, "h:o:r:t:")) != -1) {
        switch (option) {
        case 'h':
            host = optarg;
            break;
        case 'o':
            output = fopen(optarg, "wb");
            if (output == NULL)
                fail(optarg);
            break;
        case 'r':
            receive_bytes = atoi(optarg);
            break;
        case 't':
            stall_ms = atoi(optarg);
            break;
        default:
            return 2;
        }
    }
    if (argc - optind < 2)
        return 2;
    alarm(DEADLINE_SECONDS);
    open_connection(host, argv[optind], receive_bytes);
    for (int i = optind + 1; i < argc; i++)
        do_step(argv[i]);
    close_connection();
    if (output != NULL && fclose(output) != 0)
        fail("write");
    printf("%ld %s %ld %s\n", received_bytes, end, sent_bytes, sending);
    return 0;
}
