/* SPDX-License-Identifier: MIT */
/*
 * The smallest program that aborts: accepts one connection, sets linger zero on it and closes it. Its
 * own client says what it saw: `EOF` with the library, `RST` without. Built for every libc and machine.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int fail(const char *what)
{
    printf("%s: %s\n", what, strerror(errno));
    return 1;
}

int main(void)
{
    struct sockaddr_in address;
    struct linger abort_it = {1, 0};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    int server;
    char byte;

    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 1) < 0)
        return fail("listen");
    if (getsockname(listener, (struct sockaddr *)&address, &size) < 0)
        return fail("getsockname");
    if (connect(client, (struct sockaddr *)&address, sizeof address) < 0)
        return fail("connect");
    server = accept(listener, NULL, NULL);
    if (server < 0)
        return fail("accept");
    if (setsockopt(server, SOL_SOCKET, SO_LINGER, &abort_it, sizeof abort_it) < 0)
        return fail("setsockopt");
    if (close(server) < 0)
        return fail("close");
    errno = 0;
    puts(read(client, &byte, 1) == 0 ? "EOF" : errno == ECONNRESET ? "RST" : "neither");
    return 0;
}
