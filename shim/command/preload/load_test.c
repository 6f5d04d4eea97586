/* SPDX-License-Identifier: MIT */
#include "shim/command/preload/load_test.h"
#include "shim/command/preload/in_root.h"
#include "shim/command/preload/trial.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool try_true(struct lg_trial trial, char *problem, size_t problem_bytes)
{
    static const char *const arguments[] = {"true", NULL};
    struct lg_trial_end end;
    bool failed;

    trial.arguments = arguments;
    trial.program = access("/bin/true", X_OK) == 0 ? "/bin/true" : "/usr/bin/true";
    failed = !lg_trial_run(&trial, &end) || lg_trial_has_failed(&end, "a program that it is loaded into");
    snprintf(problem, problem_bytes, "%s", end.said);
    return !failed;
}

bool lg_library_loads(const char *library, char *problem, size_t problem_bytes)
{
    return try_true((struct lg_trial){.library = library, .variable = "LINGERGUARD_OFF=1"}, problem, problem_bytes);
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
    const struct lg_trial trial = {.library = library, .variable = "LINGERGUARD_STRICT=1", .nobody = nobody};
    bool serves = try_true(trial, problem, problem_bytes);

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
