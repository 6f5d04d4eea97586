/* SPDX-License-Identifier: MIT */
/* From a name to what the library would see. */
#include "shim/command/program/program.h"
#include "policy/text.h"
#include "shim/command/common/library.h"
#include "shim/command/program/script.h"
#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

/* An open file and what may still be read of it and of its like. */
struct file {
    int fd;
    uint64_t *budget_bytes;
};

static bool read_file(void *context, uint64_t offset_bytes, void *to, size_t length_bytes)
{
    struct file *file = context;
    char *at = to;
    size_t cost_bytes = length_bytes > LG_PROGRAM_READ_BYTES_MIN ? length_bytes : LG_PROGRAM_READ_BYTES_MIN;

    if (cost_bytes > *file->budget_bytes)
        return false;
    *file->budget_bytes -= cost_bytes;
    while (length_bytes > 0) {
        ssize_t got = pread(file->fd, at, length_bytes, (off_t)offset_bytes);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) /* cut while it was read, or an error */
            return false;
        at += got;
        offset_bytes += (uint64_t)got;
        length_bytes -= (size_t)got;
    }
    return true;
}

__attribute__((format(printf, 2, 3))) static void fail(struct lg_program *program, const char *format, ...)
{
    va_list arguments;

    program->sees = LG_SEES_UNKNOWN;
    va_start(arguments, format);
    vsnprintf(program->error, sizeof(program->error), format, arguments);
    va_end(arguments);
    /* names of a hostile file must not reach a terminal as they are */
    for (char *at = program->error; *at; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = '?';
    }
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
    program->reasons[LG_REASON_ENVIRONMENT] = program->reasons[LG_REASON_ENVIRONMENT] || env.drops_preload;
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

static void fill_kind(struct lg_program_kind *kind, const struct lg_elf *elf)
{
    const char *name = lg_elf_machine_name(elf);

    kind->bits = elf->bits;
    kind->big_endian = elf->big_endian;
    kind->machine = elf->machine;
    if (!name)
        snprintf(kind->name, sizeof(kind->name), "machine %u", (unsigned)elf->machine);
    else if (elf->machine == EM_PPC64)
        snprintf(kind->name, sizeof(kind->name), "%s%s", name, elf->big_endian ? "" : "le");
    else
        snprintf(kind->name, sizeof(kind->name), "%s", name);
}

static bool same_kind(const struct lg_program_kind *a, const struct lg_program_kind *b)
{
    return a->bits == b->bits && a->big_endian == b->big_endian && a->machine == b->machine;
}

/* Reads `path` as ELF; the descriptor stays open in `file` for as long as `elf` is used. */
static enum lg_elf_result open_elf(struct lg_elf *elf, struct file *file, uint64_t size_bytes, const char **why)
{
    struct lg_elf_source source = {read_file, file, size_bytes};

    return lg_elf_open(elf, source, why);
}

static bool kind_of_path(const char *path, struct lg_program_kind *kind)
{
    uint64_t budget = LG_PROGRAM_READ_BYTES_MAX;
    struct file file = {open(path, O_RDONLY | O_CLOEXEC), &budget};
    struct stat status;
    struct lg_elf *elf;
    const char *why;
    bool done = false;

    if (file.fd < 0)
        return false;
    elf = calloc(1, sizeof(*elf));
    if (elf && fstat(file.fd, &status) == 0) {
        done = open_elf(elf, &file, (uint64_t)status.st_size, &why) == LG_ELF_OK;
        if (done)
            fill_kind(kind, elf);
        lg_elf_close(elf);
    }
    free(elf);
    close(file.fd);
    return done;
}

bool lg_program_library_kind(struct lg_program_kind *kind)
{
    char *path = lg_library_find(false);
    bool done;

    memset(kind, 0, sizeof(*kind));
    done = path && kind_of_path(path, kind);
    free(path);
    return done || kind_of_path("/proc/self/exe", kind);
}

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* By the loader's name, since that is what reads LD_PRELOAD; an unusual one by the libc it loads. */
static enum lg_libc find_libc(const struct lg_elf *elf)
{
    const char *loader = last_part(elf->interpreter);

    if (starts_with(loader, "ld-musl-"))
        return LG_LIBC_MUSL;
    if (starts_with(loader, "ld-linux") || starts_with(loader, "ld64.so.") || starts_with(loader, "ld.so.") ||
        starts_with(loader, "ld-2."))
        return LG_LIBC_GLIBC;
    for (size_t i = 0; i < elf->needed_count; i++) {
        if (starts_with(elf->needed[i], "libc.musl-") || strcmp(elf->needed[i], "libc.so") == 0)
            return LG_LIBC_MUSL;
        if (starts_with(elf->needed[i], "libc.so.6"))
            return LG_LIBC_GLIBC;
    }
    return LG_LIBC_UNKNOWN;
}

static void name_user(uid_t uid, char name[64])
{
    const struct passwd *entry = uid == 0 ? NULL : getpwuid(uid);

    if (uid == 0)
        snprintf(name, 64, "root");
    else if (entry && entry->pw_name)
        snprintf(name, 64, "%s", entry->pw_name);
    else
        snprintf(name, 64, "%u", (unsigned)uid);
}

static void name_group(gid_t gid, char name[64])
{
    const struct group *entry = getgrgid(gid);

    if (entry && entry->gr_name)
        snprintf(name, 64, "%s", entry->gr_name);
    else
        snprintf(name, 64, "%u", (unsigned)gid);
}

/*
 * The attribute of capabilities(7). The loader goes into its secure mode when they raise the
 * permitted set or are effective (cap_bprm_creds_from_file); inheritable ones alone do not.
 */
static void read_capabilities(struct lg_program *program, int fd)
{
    struct vfs_ns_cap_data data;
    ssize_t got;
    uint32_t revision;

    memset(&data, 0, sizeof(data));
    got = fgetxattr(fd, "security.capability", &data, sizeof(data));
    if (got < (ssize_t)XATTR_CAPS_SZ_1)
        return;
    revision = le32toh(data.magic_etc) & VFS_CAP_REVISION_MASK;
    program->capabilities = le32toh(data.data[0].permitted);
    if (revision != VFS_CAP_REVISION_1 && got >= (ssize_t)XATTR_CAPS_SZ_2)
        program->capabilities |= (uint64_t)le32toh(data.data[1].permitted) << 32;
    program->has_capabilities = program->capabilities != 0 || (le32toh(data.magic_etc) & VFS_CAP_FLAGS_EFFECTIVE) != 0;
}

/* What makes the loader distrust its environment (AT_SECURE). */
static void read_privileges(struct lg_program *program, int fd, const struct stat *status)
{
    struct statvfs mounted;

    if (status->st_mode & S_ISUID)
        name_user(status->st_uid, program->setuid_owner);
    /* without the group's x the bit means something else: inode(7) */
    if ((status->st_mode & S_ISGID) && (status->st_mode & S_IXGRP))
        name_group(status->st_gid, program->setgid_group);
    read_capabilities(program, fd);
    program->nosuid = fstatvfs(fd, &mounted) == 0 && (mounted.f_flag & ST_NOSUID);
}

/* What a symbol table is read for. */
struct symbols {
    bool *imports;
    bool *defines; /* or NULL */
    bool io_uring;
};

static void note_symbol(void *context, const char *name, bool imported)
{
    struct symbols *symbols = context;
    int found = lg_interposed_find(name);

    if (found >= 0 && imported)
        symbols->imports[found] = true;
    else if (found >= 0 && symbols->defines)
        symbols->defines[found] = true;
    if (starts_with(name, "io_uring_"))
        symbols->io_uring = true;
}

/* What liburing leaves in a program that it was linked into statically. */
static const char *const io_uring_names[] = {"io_uring_setup", "__sys_io_uring_setup", "io_uring_queue_init",
                                             "io_uring_queue_init_params", "__io_uring_queue_init_params"};

static bool needs_io_uring(const struct lg_elf *elf)
{
    for (size_t i = 0; i < elf->needed_count; i++) {
        if (starts_with(elf->needed[i], "liburing.so") || starts_with(elf->needed[i], "liburing-ffi.so"))
            return true;
    }
    return lg_elf_names_any(elf, io_uring_names, sizeof(io_uring_names) / sizeof(io_uring_names[0]));
}

/* Fills imports, defines and io_uring; false when the table could not be read. */
static bool read_symbols(const struct lg_elf *elf, bool *imports, bool *defines, bool *io_uring)
{
    struct symbols symbols = {imports, defines, false};
    bool done = lg_elf_symbols(elf, note_symbol, &symbols);

    *io_uring = symbols.io_uring || needs_io_uring(elf);
    return done;
}

/* The search for needed libraries and what it found last. */
struct finder {
    struct lg_program *program;
    struct lg_elf *elf; /* scratch for the library that is being read */
    struct lg_program_library *library;
    struct lg_search_loader loader;
};

static char *copy_or_null(const char *text)
{
    return text ? strdup(text) : NULL;
}

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
    if (!read_symbols(elf, library->imports, NULL, &library->io_uring))
        library->problem = strdup("its symbols could not be read");
    library->go = lg_elf_is_go(elf, library->go_version);
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

    if (starts_with(name, "ld-musl-") || starts_with(name, "libc.musl-"))
        return true;
    for (size_t i = 0; starts_with(name, "lib") && i < sizeof(names) / sizeof(names[0]); i++) {
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
    struct file file = {-1, &program->budget_bytes};
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
    result = open_elf(finder->elf, &file, (uint64_t)status.st_size, &why);
    if (finder->elf->bits != 0)
        fill_kind(&kind, finder->elf);
    /* the loader passes over libraries of another kind and stops at a damaged one */
    taken = result != LG_ELF_FOREIGN && same_kind(&kind, &program->kind);
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

/* Where $LIB points: ld.so(8). Debian's libc has the multiarch directory built in, others lib64. */
static const char *lib_directory(const struct lg_program_kind *kind)
{
    static const struct {
        uint16_t machine;
        unsigned bits;
        const char *directory;
    } directories[] = {{EM_X86_64, 64, "lib/x86_64-linux-gnu"},    {EM_386, 32, "lib/i386-linux-gnu"},
                       {EM_AARCH64, 64, "lib/aarch64-linux-gnu"},  {EM_ARM, 32, "lib/arm-linux-gnueabihf"},
                       {EM_RISCV, 64, "lib/riscv64-linux-gnu"},    {EM_S390, 64, "lib/s390x-linux-gnu"},
                       {EM_PPC64, 64, "lib/powerpc64le-linux-gnu"}};
    char path[64];

    for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
        snprintf(path, sizeof(path), "/%s", directories[i].directory);
        if (directories[i].machine == kind->machine && directories[i].bits == kind->bits && access(path, F_OK) == 0)
            return directories[i].directory;
    }
    return kind->bits == 64 ? "lib64" : "lib";
}

/* AT_PLATFORM of the kernel, as far as it is a constant of the machine. */
static const char *platform_of(const struct lg_program_kind *kind)
{
    if (kind->machine == EM_X86_64)
        return "x86_64";
    if (kind->machine == EM_386)
        return "i686";
    return kind->machine == EM_AARCH64 ? "aarch64" : NULL;
}

static bool is_secure(const struct lg_program *program)
{
    return program->reasons[LG_REASON_SETUID] || program->reasons[LG_REASON_SETGID] ||
           program->reasons[LG_REASON_CAPABILITIES];
}

static void find_library(struct finder *finder)
{
    const struct lg_program *program = finder->program;
    struct lg_program_library *library = finder->library;

    if (program->libc == LG_LIBC_MUSL && is_musl_itself(library->name))
        library->path = copy_or_null(program->interpreter);
    else
        lg_search_library(&finder->loader, library->object.parent, library->name, take_library, finder);
}

/* Breadth first, as the loader does. The array never moves, so that its objects can point to one another. */
static void find_libraries(struct finder *finder)
{
    struct lg_program *program = finder->program;
    size_t done;

    for (done = 0; done < program->library_count && program->budget_bytes >= LG_PROGRAM_READ_BYTES_MIN; done++) {
        finder->library = &program->libraries[done];
        find_library(finder);
    }
    for (size_t i = done; i < program->library_count; i++)
        free(program->libraries[i].name);
    program->libraries_left_out = program->libraries_left_out || done < program->library_count;
    program->library_count = done;
}

static bool read_libraries(struct lg_program *program, const struct lg_elf *elf)
{
    char real[PATH_MAX], origin[PATH_MAX];
    char *rpath = copy_list(elf->rpath), *runpath = copy_list(elf->runpath);
    struct lg_search_object object = {rpath, runpath, "", NULL};
    struct finder finder = {.program = program,
                            .loader = {.libc = program->libc,
                                       .interpreter = program->interpreter,
                                       .library_path = is_secure(program) ? NULL : getenv("LD_LIBRARY_PATH"),
                                       .lib = lib_directory(&program->kind),
                                       .platform = platform_of(&program->kind),
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

/* Whether /etc/ld.so.preload, which glibc reads even in its secure mode, names a library that is there. */
static bool is_preloaded_for_all(void)
{
    char text[4096], *at = text, *name;
    FILE *file = fopen("/etc/ld.so.preload", "re");
    bool found = false;

    if (!file)
        return false;
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    while (!found && (name = strsep(&at, LG_LIST_SEPARATORS)) != NULL)
        found = lg_library_is_ours(lg_text_of(name)) && access(name, R_OK) == 0;
    return found;
}

/* Static, or static and position independent; false for a file that is no program at all. */
static bool is_static_program(const struct lg_elf *elf)
{
    return elf->type == ET_EXEC || elf->pie || (!elf->soname && elf->entry != 0);
}

static void find_reasons(struct lg_program *program, const struct lg_elf *elf)
{
    bool *reasons = program->reasons;

    program->preloaded_for_all = program->libc == LG_LIBC_GLIBC && is_preloaded_for_all();
    reasons[LG_REASON_STATIC] = !program->dynamic;
    reasons[LG_REASON_GO] = lg_elf_is_go(elf, program->go_version);
    reasons[LG_REASON_MACHINE] = program->library_kind.bits != 0 && !same_kind(&program->kind, &program->library_kind);
    reasons[LG_REASON_ENVIRONMENT] = reasons[LG_REASON_ENVIRONMENT] && !program->preloaded_for_all;
    if (!program->nosuid && !program->preloaded_for_all) {
        reasons[LG_REASON_SETUID] = program->setuid_owner[0] != '\0';
        reasons[LG_REASON_SETGID] = program->setgid_group[0] != '\0';
        reasons[LG_REASON_CAPABILITIES] = program->has_capabilities;
    }
}

/* Its own closefrom or daemon ends in calls that are seen; its own close may end in the kernel. */
static bool replaces_a_call(const struct lg_program *program)
{
    int close_index = lg_interposed_find("close"), setsockopt_index = lg_interposed_find("setsockopt");

    return (close_index >= 0 && program->defines[close_index]) ||
           (setsockopt_index >= 0 && program->defines[setsockopt_index]);
}

static void find_partial_reasons(struct lg_program *program)
{
    program->reasons[LG_REASON_IO_URING] = program->io_uring;
    program->reasons[LG_REASON_DEFINES] = replaces_a_call(program);
    for (size_t i = 0; i < program->library_count; i++) {
        if (program->libraries[i].io_uring)
            program->reasons[LG_REASON_IO_URING] = true;
        if (program->libraries[i].go)
            program->reasons[LG_REASON_GO_LIBRARY] = true;
    }
}

static void decide(struct lg_program *program)
{
    program->sees = LG_SEES_ALL;
    for (int i = LG_REASON_COUNT - 1; i >= 0; i--) {
        if (program->reasons[i])
            program->sees = i <= LG_REASON_ENVIRONMENT ? LG_SEES_NOTHING : LG_SEES_PART;
    }
}

static void examine_elf(struct lg_program *program, const struct lg_elf *elf, int fd, const struct stat *status)
{
    fill_kind(&program->kind, elf);
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
        program->interpreter = copy_or_null(elf->interpreter);
        program->interpreter_missing = access(elf->interpreter, F_OK) != 0;
        program->libc = find_libc(elf);
    }
    read_privileges(program, fd, status);
    find_reasons(program, elf);
    if (program->dynamic && !read_symbols(elf, program->imports, program->defines, &program->io_uring)) {
        fail(program, "its dynamic symbols could not be read");
        return;
    }
    /* libraries for another machine are not on this one, or not where its own system has them */
    if (program->dynamic && !program->reasons[LG_REASON_MACHINE] && !read_libraries(program, elf)) {
        fail(program, "out of memory");
        return;
    }
    find_partial_reasons(program);
    decide(program);
}

static void examine_file(struct lg_program *program, int fd, const struct stat *status)
{
    struct file file = {fd, &program->budget_bytes};
    struct lg_elf *elf = calloc(1, sizeof(*elf));
    const char *path = program->chain[program->chain_count - 1];
    const char *why = "out of memory";
    enum lg_elf_result result = LG_ELF_NO_MEMORY;
    char text[256];

    if (elf)
        result = open_elf(elf, &file, (uint64_t)status->st_size, &why);
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
