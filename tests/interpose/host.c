/* SPDX-License-Identifier: MIT */
/*
 * A program with threads that open, abort and close connections, for builds of it and of the library
 * with other compilers and sanitizers. Prints what two peers saw: one of an abort, one of a plain close.
 */
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 8
#define ROUNDS  100

static struct sockaddr_in address = {.sin_family = AF_INET};
static int listener;

static void check(int condition, const char *what)
{
    if (condition)
        return;
    perror(what);
    exit(1);
}

static void open_pair(int pair[2])
{
    static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

    pthread_mutex_lock(&one_at_a_time);
    pair[0] = socket(AF_INET, SOCK_STREAM, 0);
    check(connect(pair[0], (struct sockaddr *)&address, sizeof address) == 0, "connect");
    pair[1] = accept(listener, NULL, NULL);
    check(pair[1] >= 0, "accept");
    pthread_mutex_unlock(&one_at_a_time);
}

/* "EOF" or "RST", as the peer of pair[0] sees its end. */
static const char *end_pair(const int pair[2], int aborts)
{
    struct linger linger = {aborts, 0};
    char byte;
    ssize_t got;

    check(setsockopt(pair[0], SOL_SOCKET, SO_LINGER, &linger, sizeof linger) == 0, "setsockopt");
    check(close(pair[0]) == 0, "close");
    got = read(pair[1], &byte, 1);
    check(close(pair[1]) == 0, "close of the peer");
    return got == 0 ? "EOF" : errno == ECONNRESET ? "RST" : "error";
}

static void *work(void *nothing)
{
    for (int i = 0; i < ROUNDS; i++) {
        FILE *file = fopen("/dev/null", "r");
        int pair[2], copy;

        open_pair(pair);
        copy = dup(pair[1]);
        check(dup2(pair[1], copy) == copy && close(copy) == 0, "dup2");
        end_pair(pair, i & 1);
        check(file != NULL && fclose(file) == 0, "fclose");
    }
    return nothing;
}

int main(void)
{
    pthread_t thread[THREADS];
    socklen_t size = sizeof address;
    int pair[2], status = 0;
    pid_t child;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    check(bind(listener, (struct sockaddr *)&address, size) == 0 && listen(listener, 16) == 0 &&
              getsockname(listener, (struct sockaddr *)&address, &size) == 0,
          "listen");
    for (int i = 0; i < THREADS; i++)
        check(pthread_create(&thread[i], NULL, work, NULL) == 0, "pthread_create");
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    child = fork();
    if (child == 0) {
        open_pair(pair);
        end_pair(pair, 1);
        _exit(0);
    }
    check(waitpid(child, &status, 0) == child && status == 0, "child");
    open_pair(pair);
    printf("abort %s", end_pair(pair, 1));
    open_pair(pair);
    printf(", plain %s\n", end_pair(pair, 0));
    return 0;
}
