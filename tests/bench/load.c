/* SPDX-License-Identifier: MIT */
/*
 * Clients of a server that closes: each connects, asks, and reads until the connection ends, one way or the other.
 *
 *     load PORT CLIENTS SECONDS
 *
 * Prints how many connections ended.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_in address;
static time_t end;
static unsigned long ended;

static time_t now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static int talk(void)
{
    static const char question[] = "GET / HTTP/1.1\r\nHost: bench\r\n\r\n";
    int fd = socket(AF_INET, SOCK_STREAM, 0), connected;
    char answer[4096];

    if (fd < 0)
        return 0;
    connected = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (connected && send(fd, question, sizeof question - 1, MSG_NOSIGNAL) > 0) {
        while (read(fd, answer, sizeof answer) > 0)
            ;
    }
    close(fd);
    return connected;
}

static void *client(void *nothing)
{
    while (now_s() < end) {
        if (talk())
            __atomic_add_fetch(&ended, 1, __ATOMIC_RELAXED);
    }
    return nothing;
}

int main(int argc, char **argv)
{
    int clients = argc > 3 ? atoi(argv[2]) : 0;
    pthread_t threads[64];

    if (clients < 1 || clients > 64) {
        fprintf(stderr, "usage: load PORT CLIENTS SECONDS\n");
        return 2;
    }
    address.sin_family = AF_INET;
    address.sin_port = htons((unsigned short)atoi(argv[1]));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    end = now_s() + 1 + atoi(argv[3]);
    while (now_s() == end - 1 - atoi(argv[3])) /* whole seconds */
        usleep(1000);
    for (int i = 0; i < clients; i++) {
        if (pthread_create(&threads[i], NULL, client, NULL) != 0)
            return 1;
    }
    for (int i = 0; i < clients; i++)
        pthread_join(threads[i], NULL);
    printf("%lu\n", ended);
    return 0;
}
