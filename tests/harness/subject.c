/* SPDX-License-Identifier: MIT */
/* The program under test of a scene: follows words on one connection. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/harness/scene.h"
#include "tests/harness/tap.h"

#define LISTENER_FD 3

/* By write alone: what stdio had buffered would be written twice after a fork. */
void subject_say(const char *format, ...)
{
    char line[256];
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof line - 1)
        length = sizeof line - 2;
    line[length] = '\n';
    CHECK_INT(write(STDOUT_FILENO, line, (size_t)length + 1), length + 1);
}

void subject_hear(void)
{
    char byte;

    while (read(STDIN_FILENO, &byte, 1) < 0 && errno == EINTR)
        continue;
}

int subject_linger_zero(int fd)
{
    struct linger linger = {1, 0};

    return setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

static void read_bytes(int fd, size_t bytes)
{
    char *buffer = malloc(bytes);

    REQUIRE(buffer != NULL);
    CHECK_INT(recv(fd, buffer, bytes, MSG_WAITALL), (long long)bytes);
    free(buffer);
}

static void close_it(int fd)
{
    int result;

    errno = 4242;
    result = close(fd);
    subject_say("close=%d", result);
    CHECK_INT(result == 0 ? errno : 4242, 4242);
    CHECK_INT(fcntl(fd, F_GETFD), -1);
}

static bool act(const char *word, long number, int *fd)
{
    if (strcmp(word, "accept") == 0)
        *fd = net_accept(LISTENER_FD);
    else if (strcmp(word, "nonblock") == 0)
        CHECK_INT(fcntl(*fd, F_SETFL, O_NONBLOCK), 0);
    else if (strcmp(word, "locked") == 0)
        CHECK_INT(setsockopt(*fd, SOL_SOCKET, SO_LOCK_FILTER, &(int){1}, sizeof(int)), 0);
    else if (strcmp(word, "linger0") == 0)
        subject_say("set=%d", subject_linger_zero(*fd));
    else if (strcmp(word, "fill") == 0)
        subject_say("filled=%llu", (unsigned long long)net_fill(*fd, 0));
    else if (strcmp(word, "send") == 0)
        CHECK(net_send_pattern(*fd, 0, (uint64_t)number));
    else if (strcmp(word, "unread") == 0)
        CHECK(net_wait_unread(*fd, (int)number, 10000));
    else if (strcmp(word, "read") == 0)
        read_bytes(*fd, (size_t)number);
    else if (strcmp(word, "shutwr") == 0)
        CHECK_INT(shutdown(*fd, SHUT_WR), 0);
    else if (strcmp(word, "state") == 0)
        CHECK(net_wait_state(*fd, (int)number, 10000));
    else if (strcmp(word, "close") == 0)
        close_it(*fd);
    else if (strcmp(word, "hear") == 0)
        subject_hear();
    else
        return false;
    return true;
}

void subject_follow(int argc, char **argv, subject_word_fn *more)
{
    int fd = -1;

    for (int i = 0; i < argc; i++) {
        char word[64];
        char *colon;

        snprintf(word, sizeof word, "%s", argv[i]);
        colon = strchr(word, ':');
        if (colon != NULL)
            *colon = '\0';
        if (strcmp(word, "say") == 0) {
            subject_say("%s", colon + 1);
            continue;
        }
        if (more != NULL && more(word, colon != NULL ? atol(colon + 1) : 0, &fd))
            continue;
        if (!act(word, colon != NULL ? atol(colon + 1) : 0, &fd))
            tap_fail(__FILE__, __LINE__, "no such word: %s", argv[i]);
    }
}

void subject_run(int argc, char **argv)
{
    subject_follow(argc, argv, NULL);
}
