/* SPDX-License-Identifier: MIT */
/*
 * activated-server FILE: serves FILE on the listening socket that systemd passes as descriptor 3, and
 * closes each connection with SO_LINGER {1, 0}. What a socket-activated server with the old habit is.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_PASSED_FD 3 /* sd_listen_fds(3) */

static void serve(int fd, const char *file, size_t bytes)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    char request[4096];
    int length = snprintf(request, sizeof request, "HTTP/1.0 200 OK\r\nContent-Length: %zu\r\n\r\n", bytes);
    size_t sent = 0;

    if (send(fd, request, (size_t)length, MSG_NOSIGNAL) != length || recv(fd, request, sizeof request, 0) <= 0)
        fputs("the client went away\n", stderr);
    while (sent < bytes) {
        ssize_t got = send(fd, file + sent, bytes - sent, MSG_NOSIGNAL);

        if (got < 0)
            break;
        sent += (size_t)got;
    }
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    close(fd);
}

int main(int argc, char **argv)
{
    const char *passed = getenv("LISTEN_FDS");
    struct stat status;
    const char *file;
    int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;

    if (fd < 0 || fstat(fd, &status) != 0 || passed == NULL || strcmp(passed, "1") != 0) {
        fputs("usage: activated-server FILE, with a listening socket from systemd\n", stderr);
        return 2;
    }
    file = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (file == MAP_FAILED) {
        perror(argv[1]);
        return 1;
    }
    for (;;) {
        int client = accept(FIRST_PASSED_FD, NULL, NULL);

        if (client >= 0)
            serve(client, file, (size_t)status.st_size);
    }
}
