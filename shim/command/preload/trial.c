/* SPDX-License-Identifier: MIT */
#include "shim/command/preload/trial.h"
#include "shim/command/common/clock.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEADLINE_MS 10000
#define NOBODY      65534

static bool become_nobody(void)
{
    return setgroups(0, NULL) == 0 && setgid(NOBODY) == 0 && setuid(NOBODY) == 0;
}

static void start(const struct lg_trial *trial, char *preload, int output)
{
    static char format[] = "LINGERGUARD_FORMAT=text";
    char *environment[] = {NULL, NULL, NULL, NULL};
    size_t count = 0;
    int null = open("/dev/null", O_RDWR);

    if (preload)
        environment[count++] = preload;
    if (trial->variable) {
        environment[count++] = (char *)(uintptr_t)trial->variable;
        environment[count++] = format;
    }
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
    }
    dup2(output, STDERR_FILENO);
    if (!trial->nobody || become_nobody())
        execve(trial->program, (char *const *)(uintptr_t)trial->arguments, environment);
    dprintf(STDERR_FILENO, "%s: %s\n", trial->program, strerror(errno));
    _exit(127);
}

/* What the child writes, until it ends. False at the deadline. */
static bool collect(int fd, char *text, size_t room_bytes)
{
    int64_t end_ms = lg_now_ms() + DEADLINE_MS, left_ms = DEADLINE_MS;
    size_t length_bytes = 0;
    char rest[256];

    text[0] = 0;
    for (; left_ms > 0; left_ms = end_ms - lg_now_ms()) {
        struct pollfd input = {.fd = fd, .events = POLLIN};
        bool full = length_bytes + 1 >= room_bytes;
        ssize_t got_bytes;

        if (poll(&input, 1, (int)left_ms) <= 0)
            continue;
        got_bytes = full ? read(fd, rest, sizeof(rest)) : read(fd, text + length_bytes, room_bytes - 1 - length_bytes);
        if (got_bytes <= 0)
            return true;
        if (!full)
            length_bytes += (size_t)got_bytes;
        text[length_bytes] = 0;
    }
    return false;
}

static void wait_for(pid_t child, int fd, struct lg_trial_end *end)
{
    end->in_time = collect(fd, end->said, sizeof(end->said));
    if (!end->in_time)
        kill(child, SIGKILL);
    while (waitpid(child, &end->status, 0) < 0 && errno == EINTR)
        ;
}

bool lg_trial_run(const struct lg_trial *trial, struct lg_trial_end *end)
{
    char *preload = NULL;
    int ends[2];
    pid_t child;

    *end = (struct lg_trial_end){.in_time = true};
    if ((trial->library && asprintf(&preload, "LD_PRELOAD=%s", trial->library) < 0) || pipe2(ends, O_CLOEXEC) != 0) {
        snprintf(end->said, sizeof(end->said), "%s", strerror(errno));
        free(preload);
        return false;
    }
    child = fork();
    if (child == 0)
        start(trial, preload, ends[1]);
    close(ends[1]);
    if (child > 0)
        wait_for(child, ends[0], end);
    else
        snprintf(end->said, sizeof(end->said), "%s", strerror(errno));
    close(ends[0]);
    free(preload);
    return child > 0;
}

bool lg_trial_has_failed(struct lg_trial_end *end, const char *who)
{
    end->said[strcspn(end->said, "\n")] = 0;
    if (!end->in_time)
        snprintf(end->said, sizeof(end->said), "%s does not end", who);
    else if (end->said[0] == 0 && WIFSIGNALED(end->status))
        snprintf(end->said, sizeof(end->said), "%s dies of signal %d", who, WTERMSIG(end->status));
    else if (end->said[0] == 0 && end->status != 0)
        snprintf(end->said, sizeof(end->said), "%s exits %d", who, WEXITSTATUS(end->status));
    return end->said[0] != 0;
}
