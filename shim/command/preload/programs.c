/* SPDX-License-Identifier: MIT */
#include "shim/command/preload/programs.h"
#include "shim/command/preload/trial.h"
#include <glob.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* What no_libc.c was built into (shim/command/command.mk). */
__asm__(".section .rodata\n"
        ".globl lg_no_libc\n.hidden lg_no_libc\nlg_no_libc:\n\t.incbin \"" LG_NO_LIBC "\"\n"
        ".globl lg_no_libc_end\n.hidden lg_no_libc_end\nlg_no_libc_end:\n\t.byte 0\n.previous\n");
extern const unsigned char lg_no_libc[] __attribute__((visibility("hidden")));
extern const unsigned char lg_no_libc_end[] __attribute__((visibility("hidden")));

struct trying {
    const char *library;
    char *other_class;
    char *problem;
    size_t problem_bytes;
};

static bool same_end(const struct lg_trial_end *a, const struct lg_trial_end *b)
{
    return a->in_time == b->in_time && a->status == b->status && strcmp(a->said, b->said) == 0;
}

/* What a dynamic linker of the other class says of our file, and goes on. */
static bool is_other_class(const struct lg_trial_end *bare, const struct lg_trial_end *loaded)
{
    return loaded->in_time && loaded->status == bare->status && strstr(loaded->said, "wrong ELF class") != NULL;
}

static bool try_program(struct trying *trying, const char *kind, const char *const *arguments, const char *program)
{
    struct lg_trial trial = {.program = program, .arguments = arguments};
    struct lg_trial_end bare, loaded;

    if (access(program, X_OK) != 0 || !lg_trial_run(&trial, &bare))
        return true;
    trial.library = trying->library;
    if (lg_trial_run(&trial, &loaded) && same_end(&bare, &loaded))
        return true;
    if (is_other_class(&bare, &loaded)) {
        snprintf(trying->other_class, 256, "%s", arguments[0]);
        return true;
    }
    if (!lg_trial_has_failed(&loaded, "it"))
        snprintf(loaded.said, sizeof(loaded.said), "it ends well with the library, and not without");
    snprintf(trying->problem, trying->problem_bytes, "%s (%s): %s", kind, arguments[0], loaded.said);
    return false;
}

static bool try_each(struct trying *trying, const char *kind, const char *pattern, const char *argument)
{
    bool good = true;
    glob_t found;

    if (glob(pattern, GLOB_BRACE, NULL, &found) != 0)
        return true;
    for (size_t i = 0; i < found.gl_pathc && good; i++) {
        const char *const arguments[] = {found.gl_pathv[i], argument, NULL};

        good = try_program(trying, kind, arguments, arguments[0]);
    }
    globfree(&found);
    return good;
}

/* Where the system runs no program out of memory, there is nothing to be told. */
static bool try_without_libc(struct trying *trying)
{
    static const char *const arguments[] = {"no_libc", NULL};
    size_t bytes = (size_t)(lg_no_libc_end - lg_no_libc);
    int fd = memfd_create("lingerguard-no-libc", 0);
    char path[64];
    bool good;

    if (fd < 0)
        return true;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    good = write(fd, lg_no_libc, bytes) != (ssize_t)bytes ||
           try_program(trying, "a program without a libc", arguments, path);
    close(fd);
    return good;
}

bool lg_programs_start(const char *library, char other_class[256], char *problem, size_t problem_bytes)
{
    static const char *const shell[] = {"/bin/sh", "-c", ":", NULL}, *const self[] = {"lingerguard", "--version", NULL};
    struct trying trying = {library, other_class, problem, problem_bytes};

    other_class[0] = 0;
    return try_program(&trying, "a shell", shell, shell[0]) && try_without_libc(&trying) &&
           try_program(&trying, "a static program", self, "/proc/self/exe") &&
           try_each(&trying, "the dynamic linker as a program", "/{lib,lib64,lib32}/ld{-linux*,64}.so.[0-9]",
                    "/bin/true") &&
           try_each(&trying, "libc as a program", "/{lib,lib64,lib32,lib/*-linux-gnu*}/libc.so.6", NULL);
}
