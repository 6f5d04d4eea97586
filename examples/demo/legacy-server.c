/* SPDX-License-Identifier: MIT */
/*
 * legacy-server FILE [PORT]: serves FILE over HTTP/1.0 on 127.0.0.1, one client after the other.
 *
 * It closes as many servers do that once were "fixed" against TIME-WAIT: SO_LINGER {1, 0} on the
 * listener, which every accepted socket inherits, and again before each close. send() has returned
 * by then, so the program believes that the file was delivered. It is in the kernel's send buffer,
 * and this close throws it away.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void no_time_wait(int fd)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};

    if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) != 0)
        perror("SO_LINGER");
}

static int open_listener(in_port_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0)
        die("socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    no_time_wait(fd);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 16) != 0)
        die("listen");
    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0)
        die("getsockname");
    printf("http://127.0.0.1:%u/\n", (unsigned)ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

/* Up to the empty line, so that nothing unread is left behind. */
static void read_request(int fd)
{
    char request[4096];
    size_t length = 0;

    while (length < sizeof request - 1) {
        ssize_t got = recv(fd, request + length, sizeof request - 1 - length, 0);

        if (got <= 0)
            return;
        length += (size_t)got;
        request[length] = '\0';
        if (strstr(request, "\r\n\r\n") != NULL)
            return;
    }
}

static void send_all(int fd, const char *data, size_t bytes)
{
    while (bytes > 0) {
        ssize_t sent = send(fd, data, bytes, MSG_NOSIGNAL);

        if (sent < 0) {
            perror("send");
            return;
        }
        data += sent;
        bytes -= (size_t)sent;
    }
}

static void serve(int fd, const char *file, size_t bytes)
{
    char header[256];
    int length =
        snprintf(header, sizeof header,
                 "HTTP/1.0 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %zu\r\n\r\n", bytes);

    read_request(fd);
    send_all(fd, header, (size_t)length);
    send_all(fd, file, bytes);
    no_time_wait(fd);
    close(fd);
}

int main(int argc, char **argv)
{
    struct stat status;
    const char *file;
    int fd, listener;

    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: legacy-server FILE [PORT]\n");
        return 2;
    }
    fd = open(argv[1], O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0)
        die(argv[1]);
    file = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (file == MAP_FAILED)
        die(argv[1]);
    listener = open_listener((in_port_t)(argc == 3 ? atoi(argv[2]) : 0));
    for (;;) {
        int client = accept(listener, NULL, NULL);

        if (client >= 0)
            serve(client, file, (size_t)status.st_size);
    }
}
