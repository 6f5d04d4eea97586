/* SPDX-License-Identifier: MIT */
#include "shim/command/preload/load_test.h"
#include "shim/command/preload/in_root.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DEADLINE_MS 10000
#define NOBODY      65534

/* A program that is started with the library, and how. */
struct trial {
    const char *library;
    const char *variable; /* NAME=VALUE */
    bool nobody;          /* as another user */
};

static bool become_nobody(void)
{
    return setgroups(0, NULL) == 0 && setgid(NOBODY) == 0 && setuid(NOBODY) == 0;
}

static void start_true(const struct trial *trial, char *preload, int output)
{
    static char name[] = "true", text[] = "LINGERGUARD_FORMAT=text";
    char *const arguments[] = {name, NULL};
    char *const environment[] = {preload, (char *)(uintptr_t)trial->variable, text, NULL};
    int null = open("/dev/null", O_RDWR);

    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
    }
    dup2(output, STDERR_FILENO);
    if (!trial->nobody || become_nobody()) {
        execve("/bin/true", arguments, environment);
        execve("/usr/bin/true", arguments, environment);
    }
    dprintf(STDERR_FILENO, "/bin/true: %s\n", strerror(errno));
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

static bool try_it(const struct trial *trial, char *problem, size_t problem_bytes)
{
    char *preload = NULL;
    int ends[2];
    pid_t child;
    bool good;

    if (asprintf(&preload, "LD_PRELOAD=%s", trial->library) < 0 || pipe2(ends, O_CLOEXEC) != 0) {
        snprintf(problem, problem_bytes, "%s", strerror(errno));
        free(preload);
        return false;
    }
    child = fork();
    if (child == 0)
        start_true(trial, preload, ends[1]);
    close(ends[1]);
    if (child < 0)
        snprintf(problem, problem_bytes, "%s", strerror(errno));
    good = child > 0 && wait_for_true(child, ends[0], problem, problem_bytes);
    close(ends[0]);
    free(preload);
    return good;
}

bool lg_library_loads(const char *library, char *problem, size_t problem_bytes)
{
    const struct trial trial = {.library = library, .variable = "LINGERGUARD_OFF=1"};

    return try_it(&trial, problem, problem_bytes);
}

/* "TIME lingerguard: true[PID]: WORDS; ADVICE": the words. */
static void keep_words(char *problem)
{
    char *words = strstr(problem, "]: ");

    if (words)
        memmove(problem, words + 3, strlen(words + 3) + 1);
    problem[strcspn(problem, ";")] = 0;
}

bool lg_library_serves(const char *library, bool nobody, char *problem, size_t problem_bytes)
{
    const struct trial trial = {.library = library, .variable = "LINGERGUARD_STRICT=1", .nobody = nobody};
    bool serves = try_it(&trial, problem, problem_bytes);

    keep_words(problem);
    return serves;
}

bool lg_library_is_one(const char *root, const char *library, char *problem, size_t problem_bytes)
{
    char *real = lg_in_root(root, library, NULL, problem, problem_bytes);
    int fd = real ? open(real, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1;
    unsigned char head[EI_NIDENT + 2] = {0};
    uint16_t type = 0;
    struct stat status;
    bool is_one = fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
                  read(fd, head, sizeof(head)) == (ssize_t)sizeof(head);

    if (fd >= 0)
        close(fd);
    if (is_one)
        type = (uint16_t)(head[EI_DATA] == ELFDATA2MSB ? head[EI_NIDENT] << 8 | head[EI_NIDENT + 1]
                                                       : head[EI_NIDENT + 1] << 8 | head[EI_NIDENT]);
    is_one = is_one && memcmp(head, ELFMAG, SELFMAG) == 0 && type == ET_DYN;
    if (real && !is_one)
        snprintf(problem, problem_bytes, "%s%s is not a shared library", root, library);
    free(real);
    return is_one;
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

bool lg_path_is_protected(const char *root, const char *path, char *problem, size_t problem_bytes)
{
    size_t root_bytes;
    char *real = lg_in_root(root, path, &root_bytes, problem, problem_bytes);
    bool holds = real != NULL;

    while (holds && real[root_bytes]) {
        holds = is_protected(real, problem, problem_bytes);
        *strrchr(real, '/') = 0;
    }
    if (holds && root_bytes == 0)
        holds = is_protected("/", problem, problem_bytes);
    free(real);
    return holds;
}
