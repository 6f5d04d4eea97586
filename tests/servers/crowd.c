/* SPDX-License-Identifier: MIT */
/*
 * A server of many threads, for a second libc and for the thread sanitizer: threads accept from one
 * listener, send a file, and close rudely while others do the same.
 *
 *   crowd HOST PORT FILE MODE      MODE: polite, or rude (linger zero before the close)
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { THREADS = 8 };

static int listener;
static int rude;
static char *content;
static size_t content_bytes;

static void serve(int fd)
{
    struct linger abort_it = {1, 0};
    char request;
    size_t sent = 0;

    if (read(fd, &request, 1) == 1) {
        while (sent < content_bytes) {
            ssize_t now = write(fd, content + sent, content_bytes - sent);

            if (now <= 0)
                break;
            sent += (size_t)now;
        }
    }
    if (rude)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort_it, sizeof abort_it);
    close(fd);
}

static void *accept_all(void *unused)
{
    (void)unused;
    for (;;) {
        int fd = accept(listener, NULL, NULL);

        if (fd < 0)
            return NULL;
        serve(fd);
    }
}

static void read_file(const char *path)
{
    FILE *file = fopen(path, "rb");

    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        perror(path);
        exit(1);
    }
    content_bytes = (size_t)ftell(file);
    rewind(file);
    content = malloc(content_bytes);
    if (content == NULL || fread(content, 1, content_bytes, file) != content_bytes) {
        perror(path);
        exit(1);
    }
    fclose(file);
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    pthread_t thread[THREADS];
    sigset_t terminate;
    int signal_number;
    int on = 1;

    if (argc != 5 || inet_pton(AF_INET, argv[1], &address.sin_addr) != 1)
        return 2;
    address.sin_port = htons((unsigned short)atoi(argv[2]));
    read_file(argv[3]);
    rude = strcmp(argv[4], "rude") == 0;
    sigemptyset(&terminate);
    sigaddset(&terminate, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &terminate, NULL);
    signal(SIGPIPE, SIG_IGN);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 64) != 0) {
        perror("listen");
        return 1;
    }
    for (int i = 0; i < THREADS; i++)
        pthread_create(&thread[i], NULL, accept_all, NULL);
    sigwait(&terminate, &signal_number);
    shutdown(listener, SHUT_RDWR);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    close(listener);
    free(content);
    return 0;
}
