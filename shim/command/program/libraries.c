/* SPDX-License-Identifier: MIT */
/* The needed libraries of a program: found where the loader finds them, and read. */
#include "policy/text.h"
#include "shim/command/program/elf_file.h"
#include "shim/command/program/findings.h"
#include "shim/command/program/program.h"
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The search for needed libraries and what it found last. */
struct finder {
    struct lg_program *program;
    struct lg_elf *elf; /* scratch for the library that is being read */
    struct lg_program_library *library;
    struct lg_search_loader loader;
};

/* As much of a list of directories as is looked at: a hostile one may have 64 MiB. */
static char *copy_list(const char *list)
{
    return list ? strndup(list, LG_SEARCH_LIST_BYTES_MAX) : NULL;
}

static void read_library(struct finder *finder, const char *path)
{
    struct lg_program_library *library = finder->library;
    const struct lg_elf *elf = finder->elf;
    char directory[PATH_MAX];

    library->path = strdup(path);
    library->rpath = copy_list(elf->rpath);
    library->runpath = copy_list(elf->runpath);
    if (lg_search_directory(path, directory, sizeof(directory)))
        library->origin = strdup(directory);
    library->object.rpath = library->rpath;
    library->object.runpath = library->runpath;
    library->object.origin = library->origin ? library->origin : "";
    if (!lg_calls_read(&library->calls, elf))
        library->problem = strdup("its symbols could not be read");
    library->go = lg_elf_is_go(elf);
}

/* Adds a library that is not there yet; its parent's `object` outlives it in the same array. */
static bool add_library(struct lg_program *program, const char *name, const struct lg_search_object *parent)
{
    struct lg_program_library *library;

    for (size_t i = 0; i < program->library_count; i++) {
        if (strcmp(program->libraries[i].name, name) == 0)
            return true;
    }
    if (program->library_count == LG_PROGRAM_LIBRARIES_MAX) {
        program->libraries_left_out = true;
        return false;
    }
    library = &program->libraries[program->library_count];
    library->name = strdup(name);
    if (!library->name)
        return false;
    library->object.parent = parent;
    program->library_count++;
    return true;
}

/* musl's loader is its libc, and takes these names for itself wherever they are. */
static bool is_musl_itself(const char *name)
{
    static const char *const names[] = {"c", "pthread", "rt", "m", "dl", "util", "xnet"};

    if (lg_starts_with(name, "ld-musl-") || lg_starts_with(name, "libc.musl-"))
        return true;
    for (size_t i = 0; lg_starts_with(name, "lib") && i < sizeof(names) / sizeof(names[0]); i++) {
        size_t length = strlen(names[i]);

        if (strncmp(name + 3, names[i], length) == 0 && name[3 + length] == '.')
            return true;
    }
    return false;
}

/* An lg_search_take_fn: reads the file at `path` when it is a library of the program's kind. */
static bool take_library(void *context, const char *path)
{
    struct finder *finder = context;
    struct lg_program *program = finder->program;
    struct lg_elf_file file = {-1, &program->budget_bytes};
    struct lg_program_kind kind;
    struct stat status;
    const char *why;
    enum lg_elf_result result;
    bool taken;

    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode))
        return false;
    file.fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (file.fd < 0)
        return false;
    memset(&kind, 0, sizeof(kind));
    result = lg_elf_file_open(finder->elf, &file, (uint64_t)status.st_size, &why);
    if (finder->elf->bits != 0)
        lg_kind_fill(&kind, finder->elf);
    /* the loader passes over libraries of another kind and stops at a damaged one */
    taken = result != LG_ELF_FOREIGN && lg_kind_is_same(&kind, &program->kind);
    if (taken && result == LG_ELF_OK) {
        size_t count = finder->elf->needed_count;

        read_library(finder, path);
        for (size_t i = 0; i < count; i++)
            add_library(program, finder->elf->needed[i], &finder->library->object);
    } else if (taken) {
        finder->library->path = strdup(path);
        finder->library->problem = strdup(why);
    }
    lg_elf_close(finder->elf);
    close(file.fd);
    return taken;
}

static void find_library(struct finder *finder)
{
    const struct lg_program *program = finder->program;
    struct lg_program_library *library = finder->library;

    if (program->libc == LG_LIBC_MUSL && is_musl_itself(library->name))
        library->path = strdup(program->interpreter);
    else
        lg_search_library(&finder->loader, library->object.parent, library->name, take_library, finder);
}

/* Breadth first, as the loader does. The array never moves, so that its objects can point to one another. */
static void find_libraries(struct finder *finder)
{
    struct lg_program *program = finder->program;
    size_t done;

    for (done = 0; done < program->library_count && program->budget_bytes >= LG_ELF_FILE_COST_BYTES_MIN; done++) {
        finder->library = &program->libraries[done];
        find_library(finder);
    }
    for (size_t i = done; i < program->library_count; i++)
        free(program->libraries[i].name);
    program->libraries_left_out = program->libraries_left_out || done < program->library_count;
    program->library_count = done;
}

bool lg_program_read_libraries(struct lg_program *program, const struct lg_elf *elf)
{
    char real[PATH_MAX], origin[PATH_MAX];
    char *rpath = copy_list(elf->rpath), *runpath = copy_list(elf->runpath);
    struct lg_search_object object = {rpath, runpath, "", NULL};
    struct finder finder = {.program = program,
                            .loader = {.libc = program->libc,
                                       .interpreter = program->interpreter,
                                       .library_path = lg_program_is_secure(program) ? NULL : getenv("LD_LIBRARY_PATH"),
                                       .lib = lg_kind_lib(&program->kind),
                                       .platform = lg_kind_platform(&program->kind),
                                       .default_off = elf->default_off}};

    program->libraries = calloc(LG_PROGRAM_LIBRARIES_MAX, sizeof(*program->libraries));
    finder.elf = calloc(1, sizeof(*finder.elf));
    if (!program->libraries || !finder.elf) {
        free(finder.elf);
        free(rpath);
        free(runpath);
        return false;
    }
    if (realpath(program->chain[program->chain_count - 1], real) && lg_search_directory(real, origin, sizeof(origin)))
        object.origin = origin;
    for (size_t i = 0; i < elf->needed_count; i++)
        add_library(program, elf->needed[i], &object);
    find_libraries(&finder);
    free(finder.elf);
    free(rpath);
    free(runpath);
    return true;
}
