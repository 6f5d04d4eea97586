/* SPDX-License-Identifier: MIT */
#include "shim/command/preload/load_test.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DEADLINE_MS 10000

/* Below a root, with a relative path: only the part behind the root has to be free of separators. */
static void start_true(const char *root, char *preload, int output)
{
    static char name[] = "true", off[] = "LINGERGUARD_OFF=1";
    char *const arguments[] = {name, NULL};
    char *const environment[] = {preload, off, NULL};
    int null = open("/dev/null", O_RDWR);

    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
    }
    dup2(output, STDERR_FILENO);
    if (root[0] == 0 || chdir(root) == 0) {
        execve("/bin/true", arguments, environment);
        execve("/usr/bin/true", arguments, environment);
    }
    dprintf(STDERR_FILENO, "%s: %s\n", root[0] ? root : "/bin/true", strerror(errno));
    _exit(127);
}

static long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What the child writes, until it ends. False at the deadline. */
static bool collect(int fd, char *text, size_t room_bytes)
{
    long end_ms = now_ms() + DEADLINE_MS, left_ms = DEADLINE_MS;
    size_t length_bytes = 0;
    char rest[256];

    text[0] = 0;
    for (; left_ms > 0; left_ms = end_ms - now_ms()) {
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

static bool wait_for_true(pid_t child, int fd, char *problem, size_t problem_bytes)
{
    bool ended = collect(fd, problem, problem_bytes);
    int status = 0;

    if (!ended)
        kill(child, SIGKILL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    problem[strcspn(problem, "\n")] = 0;
    if (!ended)
        snprintf(problem, problem_bytes, "a program that it is loaded into does not end");
    else if (problem[0] == 0 && WIFSIGNALED(status))
        snprintf(problem, problem_bytes, "a program that it is loaded into dies of signal %d", WTERMSIG(status));
    else if (problem[0] == 0 && status != 0)
        snprintf(problem, problem_bytes, "a program that it is loaded into exits %d", WEXITSTATUS(status));
    return problem[0] == 0;
}

bool lg_library_loads(const char *root, const char *library, char *problem, size_t problem_bytes)
{
    char *preload = NULL;
    int ends[2];
    pid_t child;
    bool loads;

    if (asprintf(&preload, "LD_PRELOAD=%s%s", root[0] && library[0] == '/' ? "." : "", library) < 0 ||
        pipe2(ends, O_CLOEXEC) != 0) {
        snprintf(problem, problem_bytes, "%s", strerror(errno));
        free(preload);
        return false;
    }
    child = fork();
    if (child == 0)
        start_true(root, preload, ends[1]);
    close(ends[1]);
    if (child < 0)
        snprintf(problem, problem_bytes, "%s", strerror(errno));
    loads = child > 0 && wait_for_true(child, ends[0], problem, problem_bytes);
    close(ends[0]);
    free(preload);
    return loads;
}

/* In a directory with the sticky bit, others can add names but not replace this one. */
static bool is_protected(const char *path, char *problem, size_t problem_bytes)
{
    struct stat status;

    if (stat(path, &status) != 0) {
        snprintf(problem, problem_bytes, "%s: %s", path, strerror(errno));
        return false;
    }
    if (status.st_uid != 0 && status.st_uid != geteuid()) {
        snprintf(problem, problem_bytes, "%s belongs to user %u", path, status.st_uid);
        return false;
    }
    if ((status.st_mode & 022) && !(S_ISDIR(status.st_mode) && (status.st_mode & S_ISVTX))) {
        snprintf(problem, problem_bytes, "%s is writable by others", path);
        return false;
    }
    return true;
}

bool lg_library_is_protected(const char *root, const char *library, char *problem, size_t problem_bytes)
{
    char *whole = NULL, *real = NULL, *real_root = realpath(root[0] ? root : "/", NULL);
    size_t root_bytes = real_root && real_root[1] ? strlen(real_root) : 0;
    bool holds = true;

    if (asprintf(&whole, "%s%s", root, library) >= 0)
        real = realpath(whole, NULL);
    if (!real || !real_root) {
        snprintf(problem, problem_bytes, "%s: %s", whole ? whole : library, strerror(errno));
        holds = false;
    } else if (root_bytes && (strncmp(real, real_root, root_bytes) != 0 || real[root_bytes] != '/')) {
        snprintf(problem, problem_bytes, "%s leads out of %s", library, root);
        holds = false;
    }
    while (holds && real[root_bytes]) {
        holds = is_protected(real, problem, problem_bytes);
        *strrchr(real, '/') = 0;
    }
    if (holds && root_bytes == 0)
        holds = is_protected("/", problem, problem_bytes);
    free(whole);
    free(real);
    free(real_root);
    return holds;
}
