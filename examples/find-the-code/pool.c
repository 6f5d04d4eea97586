/* SPDX-License-Identifier: MIT */
/*
 * pool: the program to be searched. A pool of connections that closes some in order and aborts others,
 * through one helper, so that the line of the setsockopt alone tells nothing. It makes three connections
 * to itself: one is closed in order, one is evicted, one fails.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define KEEP __attribute__((noinline)) /* as if each were in a file of its own */

static int opened;

KEEP static void close_connection(int fd, int quickly)
{
    struct linger linger = {.l_onoff = quickly, .l_linger = 0};

    if (quickly)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger); /* the request */
    close(fd);
    opened--;
}

KEEP static void return_to_pool(int fd)
{
    close_connection(fd, 0);
    printf("returned, %d open\n", opened);
}

KEEP static void evict(int fd)
{
    close_connection(fd, 1); /* evicted */
    printf("evicted, %d open\n", opened);
}

KEEP static void fail(int fd, const char *why)
{
    close_connection(fd, 1); /* failed */
    printf("failed (%s), %d open\n", why, opened);
}

KEEP static int accept_one(int listener, int *client)
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    int fd;

    *client = socket(AF_INET, SOCK_STREAM, 0);
    if (getsockname(listener, (struct sockaddr *)&address, &length) != 0 ||
        connect(*client, (struct sockaddr *)&address, length) != 0)
        exit(1);
    fd = accept(listener, NULL, NULL);
    if (fd < 0 || send(fd, "an answer", 9, MSG_NOSIGNAL) != 9)
        exit(1);
    opened++;
    return fd;
}

int main(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int listener = socket(AF_INET, SOCK_STREAM, 0), clients[3];

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 3) != 0)
        return 1;
    return_to_pool(accept_one(listener, &clients[0]));
    evict(accept_one(listener, &clients[1]));
    fail(accept_one(listener, &clients[2]), "no answer");
    printf("done\n");
    return 0;
}
