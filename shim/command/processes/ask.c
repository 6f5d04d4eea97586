/* SPDX-License-Identifier: MIT */
#include "shim/command/processes/ask.h"
#include "shim/command/common/clock.h"
#include "shim/command/common/output.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS     5000
#define PATIENCE_MIN_MS 250

struct child {
    pid_t pid; /* 0: none */
    int fd;    /* its answers */
};

static bool write_all(int fd, const char *at, size_t length_bytes)
{
    while (length_bytes > 0) {
        ssize_t put_bytes = write(fd, at, length_bytes);

        if (put_bytes < 0 && errno != EINTR)
            return false;
        if (put_bytes > 0) {
            at += put_bytes;
            length_bytes -= (size_t)put_bytes;
        }
    }
    return true;
}

static void answer_from(size_t first, size_t count, size_t answer_bytes, lg_ask_fn *ask, void *context, int fd)
{
    char *answer = malloc(answer_bytes);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (size_t i = first; answer && i < count; i++) {
        memset(answer, 0, answer_bytes);
        ask(context, i, answer);
        if (!write_all(fd, answer, answer_bytes))
            break;
    }
    _exit(0);
}

/* Ended by SIGKILL; one that the kernel does not let go of is left behind and not waited for. */
static void end_child(struct child *child)
{
    if (child->pid == 0)
        return;
    kill(child->pid, SIGKILL);
    close(child->fd);
    for (unsigned i = 0; i < 100 && waitpid(child->pid, NULL, WNOHANG) == 0; i++)
        poll(NULL, 0, 1);
    child->pid = 0;
}

/* True when all of it came in time. */
static bool read_answer(int fd, char *answer, size_t answer_bytes, long patience_ms)
{
    int64_t end_ms = lg_now_ms() + patience_ms, left_ms = patience_ms;
    size_t length_bytes = 0;

    while (length_bytes < answer_bytes && left_ms > 0) {
        struct pollfd input = {.fd = fd, .events = POLLIN};
        ssize_t got_bytes =
            poll(&input, 1, (int)left_ms) > 0 ? read(fd, answer + length_bytes, answer_bytes - length_bytes) : -1;

        if (got_bytes == 0)
            return false;
        if (got_bytes > 0)
            length_bytes += (size_t)got_bytes;
        left_ms = end_ms - lg_now_ms();
    }
    return length_bytes == answer_bytes;
}

bool lg_ask_each(size_t count, size_t answer_bytes, lg_ask_fn *ask, lg_answer_fn *take, void *context)
{
    char *answer = malloc(answer_bytes);
    struct child child = {0, -1};
    long patience_ms = PATIENCE_MS;
    bool good = answer != NULL;
    int error = ENOMEM;

    for (size_t i = 0; i < count && good; i++) {
        int ends[2];
        bool answered;

        if (child.pid == 0) {
            if (pipe2(ends, O_CLOEXEC) != 0 || (child.pid = fork()) < 0) {
                error = errno;
                child.pid = 0;
                good = false;
                break;
            }
            if (child.pid == 0)
                answer_from(i, count, answer_bytes, ask, context, ends[1]);
            close(ends[1]);
            child.fd = ends[0];
        }
        answered = read_answer(child.fd, answer, answer_bytes, patience_ms);
        if (!answered) {
            end_child(&child);
            patience_ms = patience_ms / 2 > PATIENCE_MIN_MS ? patience_ms / 2 : PATIENCE_MIN_MS;
        }
        error = 0;
        good = take(context, i, answered ? answer : NULL);
    }
    end_child(&child);
    free(answer);
    if (!good && error)
        lg_say_error("%s", strerror(error));
    return good;
}
