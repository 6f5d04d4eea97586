/* SPDX-License-Identifier: MIT */
/* From a name to what is known of the program. */
#include "policy/text.h"
#include "shim/command/common/plain_file.h"
#include "shim/command/common/preload_text.h"
#include "shim/command/common/script.h"
#include "shim/command/program/elf_file.h"
#include "shim/command/program/findings.h"
#include "shim/command/program/program.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

__attribute__((format(printf, 2, 3))) static void fail(struct lg_program *program, const char *format, ...)
{
    va_list arguments;

    program->coverage = LG_COVERAGE_UNKNOWN;
    va_start(arguments, format);
    vsnprintf(program->error, sizeof(program->error), format, arguments);
    va_end(arguments);
}

static const char *kind_of_file(mode_t mode)
{
    if (S_ISDIR(mode))
        return "it is a directory";
    if (S_ISFIFO(mode))
        return "it is a FIFO";
    if (S_ISSOCK(mode))
        return "it is a socket";
    return S_ISREG(mode) ? NULL : "it is a device";
}

/* "" for the program itself, "interpreter PATH: " behind a script. */
static void fail_file(struct lg_program *program, const char *path, const char *why)
{
    if (program->chain_count > 1)
        fail(program, "%s: %s", path, why);
    else
        fail(program, "%s", why);
}

/* Opens the end of the chain for reading, having looked what it is first: opening a device may act. */
static int open_program(struct lg_program *program, struct stat *status)
{
    const char *path = program->chain[program->chain_count - 1];
    const char *kind;
    int fd = -1;

    if (stat(path, status) != 0) {
        fail_file(program, path, strerror(errno));
        return -1;
    }
    kind = kind_of_file(status->st_mode);
    if (kind)
        fail_file(program, path, kind);
    else if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) != 0)
        fail_file(program, path, errno == EACCES ? "it is not executable" : strerror(errno));
    else if ((fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)) < 0)
        fail_file(program, path, errno == EACCES ? "it may not be read" : strerror(errno));
    else if (fstat(fd, status) != 0 || !S_ISREG(status->st_mode))
        fail_file(program, path, "it changed while it was examined");
    else if (status->st_size == 0)
        fail_file(program, path, "it is empty");
    else
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* The next link of the chain; false when there is no room for it or no memory. */
static bool add_link(struct lg_program *program, const char *path)
{
    if (program->chain_count == LG_PROGRAM_CHAIN_MAX)
        return false;
    program->chain[program->chain_count] = strdup(path);
    if (!program->chain[program->chain_count])
        return false;
    program->chain_count++;
    return true;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* The program that `#!/usr/bin/env ...` names becomes the end of the chain. */
static bool follow_env(struct lg_program *program, const char *argument)
{
    struct lg_script_env env;
    char path[PATH_MAX];
    int error;

    lg_script_env(&env, argument);
    program->drops_preload = program->drops_preload || env.drops_preload;
    if (env.program[0] == '\0') {
        fail(program, "its first line does not name a program for env");
        return false;
    }
    error = lg_search_program(env.program, path, sizeof(path));
    if (error != 0) {
        fail(program, "env: %s: %s%s", env.program, error == ENOENT ? "not found in PATH" : strerror(error),
             strpbrk(env.program, " \t") ? " (more than one word needs env -S)" : "");
        return false;
    }
    return add_link(program, path);
}

/*
 * Opens the end of the chain, following scripts. Returns the descriptor of a file that is no script,
 * or -1 after `fail`.
 */
static int follow_scripts(struct lg_program *program, struct stat *status)
{
    for (unsigned scripts = 0;; scripts++) {
        char bytes[LG_SCRIPT_LINE_BYTES];
        struct lg_script script;
        int fd = open_program(program, status);
        ssize_t got;

        if (fd < 0)
            return -1;
        got = pread(fd, bytes, sizeof(bytes), 0);
        if (got < 2 || bytes[0] != '#' || bytes[1] != '!')
            return fd;
        close(fd);
        if (!lg_script_parse(&script, bytes, (size_t)got)) {
            fail(program, "its first line (#!) does not name an interpreter");
            return -1;
        }
        if (scripts == LG_PROGRAM_SCRIPTS_MAX) {
            fail(program, "more than %u scripts run one another", LG_PROGRAM_SCRIPTS_MAX);
            return -1;
        }
        if (!add_link(program, script.interpreter)) {
            fail(program, "out of memory");
            return -1;
        }
        if (strcmp(last_part(script.interpreter), "env") == 0 && !follow_env(program, script.argument)) {
            if (program->error[0] == '\0')
                fail(program, "out of memory");
            return -1;
        }
    }
}

/* By the loader's name, since that is what reads LD_PRELOAD; an unusual one by the libc it loads. */
enum lg_libc lg_program_libc(const struct lg_elf *elf)
{
    const char *loader = last_part(elf->interpreter);

    if (lg_starts_with(loader, "ld-musl-"))
        return LG_LIBC_MUSL;
    if (lg_starts_with(loader, "ld-linux") || lg_starts_with(loader, "ld64.so.") || lg_starts_with(loader, "ld.so.") ||
        lg_starts_with(loader, "ld-2."))
        return LG_LIBC_GLIBC;
    for (size_t i = 0; i < elf->needed_count; i++) {
        if (lg_starts_with(elf->needed[i], "libc.musl-") || strcmp(elf->needed[i], "libc.so") == 0)
            return LG_LIBC_MUSL;
        if (lg_starts_with(elf->needed[i], "libc.so.6"))
            return LG_LIBC_GLIBC;
    }
    return LG_LIBC_UNKNOWN;
}

/* Whether /etc/ld.so.preload, which glibc reads even in its secure mode, names a library that is there. */
static bool is_preloaded_for_all(void)
{
    static char bytes[1u << 20];
    FILE *file = lg_plain_file_open(LG_PRELOAD_FILE);
    struct lg_text text = {bytes, file ? fread(bytes, 1, sizeof(bytes), file) : 0}, name;
    char path[PATH_MAX];
    size_t at = 0;
    bool found = false;

    if (file)
        fclose(file);
    while (!found && lg_preload_text_next(text, &at, &name)) {
        snprintf(path, sizeof(path), "%.*s", (int)name.length_bytes, name.at);
        found = lg_preload_is_ours(name) && access(path, R_OK) == 0;
    }
    return found;
}

/* Static, or static and position independent; false for a file that is no program at all. */
static bool is_static_program(const struct lg_elf *elf)
{
    return elf->type == ET_EXEC || elf->pie || (!elf->soname && elf->entry != 0);
}

static void examine_elf(struct lg_program *program, const struct lg_elf *elf, int fd, const struct stat *status)
{
    lg_kind_fill(&program->kind, elf);
    program->dynamic = elf->interpreter != NULL;
    program->pie = elf->type == ET_DYN;
    if (!program->dynamic && !is_static_program(elf)) {
        fail(program, "it is a shared library, not a program");
        return;
    }
    if (program->dynamic && !elf->dynamic) {
        fail(program, "damaged: it has an interpreter and no dynamic section");
        return;
    }
    if (program->dynamic) {
        program->interpreter = strdup(elf->interpreter);
        program->interpreter_missing = access(elf->interpreter, F_OK) != 0;
        program->libc = lg_program_libc(elf);
    }
    program->go = lg_elf_is_go(elf);
    program->preloaded_for_all = program->libc == LG_LIBC_GLIBC && is_preloaded_for_all();
    lg_privileges_read(&program->privileges, fd, status);
    if (program->dynamic && !lg_calls_read(&program->calls, elf)) {
        fail(program, "its dynamic symbols could not be read");
        return;
    }
    /* libraries for another machine are not on this one, or not where its own system has them */
    if (program->dynamic && lg_kind_is_same(&program->kind, &program->library_kind) &&
        !lg_program_read_libraries(program, elf)) {
        fail(program, "out of memory");
        return;
    }
    program->coverage = lg_program_coverage(program);
}

static void examine_file(struct lg_program *program, int fd, const struct stat *status)
{
    struct lg_elf_file file = {fd, &program->budget_bytes};
    struct lg_elf *elf = calloc(1, sizeof(*elf));
    const char *path = program->chain[program->chain_count - 1];
    const char *why = "out of memory";
    enum lg_elf_result result = LG_ELF_NO_MEMORY;
    char text[256];

    if (elf)
        result = lg_elf_file_open(elf, &file, (uint64_t)status->st_size, &why);
    if (result == LG_ELF_OK) {
        examine_elf(program, elf, fd, status);
    } else if (result == LG_ELF_FOREIGN) {
        fail_file(program, path, "neither an ELF program nor a script that starts with #!");
    } else {
        snprintf(text, sizeof(text), "%s%s",
                 result == LG_ELF_TRUNCATED ? "cut off: "
                 : result == LG_ELF_DAMAGED ? "cannot be started: "
                                            : "",
                 why);
        fail_file(program, path, text);
    }
    if (elf)
        lg_elf_close(elf);
    free(elf);
}

void lg_program_examine(struct lg_program *program, const char *name, const struct lg_program_kind *library)
{
    char path[PATH_MAX];
    struct stat status;
    int error, fd;

    memset(program, 0, sizeof(*program));
    program->library_kind = *library;
    program->budget_bytes = LG_PROGRAM_READ_BYTES_MAX;
    error = lg_search_program(name, path, sizeof(path));
    if (error != 0) {
        fail(program, "%s", error == ENOENT && !strchr(name, '/') ? "not found in PATH" : strerror(error));
        return;
    }
    if (!add_link(program, path)) {
        fail(program, "out of memory");
        return;
    }
    fd = follow_scripts(program, &status);
    if (fd < 0)
        return;
    examine_file(program, fd, &status);
    close(fd);
}

void lg_program_free(struct lg_program *program)
{
    for (size_t i = 0; i < program->chain_count; i++)
        free(program->chain[i]);
    for (size_t i = 0; i < program->library_count; i++) {
        struct lg_program_library *library = &program->libraries[i];

        free(library->name);
        free(library->path);
        free(library->problem);
        free(library->origin);
        free(library->rpath);
        free(library->runpath);
    }
    free(program->libraries);
    free(program->interpreter);
    memset(program, 0, sizeof(*program));
}
