/* SPDX-License-Identifier: MIT */
/*
 * slow-client PORT FILE: asks the server on 127.0.0.1 for its file, reads it slowly into FILE, and
 * says what arrived and how the connection ended:
 *
 *     received=BYTES expected=BYTES end=EOF|ECONNRESET|...
 *
 * Exit status 0 when everything arrived, 1 when not, 2 when there was no answer.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define READ_BYTES 65536
#define PAUSE_MS   10 /* between two reads: 6 MB a second, a good line of a user at home */

static void die(const char *what)
{
    perror(what);
    exit(2);
}

static int open_connection(in_port_t port)
{
    static const char request[] = "GET / HTTP/1.0\r\n\r\n";
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), receive_bytes = READ_BYTES;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    /* What is on its way waits at the server, as it would on a long line, and not in our memory. */
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        die("connect");
    if (send(fd, request, sizeof request - 1, 0) != (ssize_t)sizeof request - 1)
        die("send");
    return fd;
}

/* The header, byte by byte up to its end; returns the length that it announces. */
static long long read_header(int fd)
{
    char header[4096] = "";
    const char *length;

    for (size_t at = 0; at < sizeof header - 1 && strstr(header, "\r\n\r\n") == NULL; at++)
        if (recv(fd, header + at, 1, 0) != 1)
            die("no header");
    length = strstr(header, "Content-Length: ");
    return length == NULL ? -1 : atoll(length + strlen("Content-Length: "));
}

static const char *end_name(ssize_t got)
{
    if (got == 0)
        return "EOF";
    return errno == ECONNRESET ? "ECONNRESET" : strerror(errno);
}

int main(int argc, char **argv)
{
    static char buffer[READ_BYTES];
    struct timespec pause = {0, PAUSE_MS * 1000000};
    long long expected, received = 0;
    ssize_t got;
    int fd, file;

    if (argc != 3) {
        fprintf(stderr, "usage: slow-client PORT FILE\n");
        return 2;
    }
    file = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0)
        die(argv[2]);
    fd = open_connection((in_port_t)atoi(argv[1]));
    expected = read_header(fd);
    while ((got = recv(fd, buffer, sizeof buffer, 0)) > 0) {
        if (write(file, buffer, (size_t)got) != got)
            die(argv[2]);
        received += got;
        nanosleep(&pause, NULL);
    }
    printf("received=%lld expected=%lld end=%s\n", received, expected, end_name(got));
    return got == 0 && received == expected ? 0 : 1;
}
