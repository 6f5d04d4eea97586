/* SPDX-License-Identifier: MIT */
/* What was found about a program, in words and as JSON. */
#include "shim/command/common/output.h"
#include "shim/command/program/program.h"
#include <string.h>

/* Names come out of files that may be hostile: no control character reaches a terminal. */
static void put_plain(FILE *file, const char *text)
{
    for (; *text; text++)
        fputc((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text, file);
}

static const char *libc_name(enum lg_libc libc)
{
    return libc == LG_LIBC_GLIBC ? "glibc" : libc == LG_LIBC_MUSL ? "musl" : NULL;
}

static const char *linking_name(const struct lg_program *program)
{
    return program->dynamic ? "dynamic" : program->pie ? "static-pie" : "static";
}

/* capability.h of the kernel by number; the manual is capabilities(7). */
static const char *const capability_names[] = {"chown",
                                               "dac_override",
                                               "dac_read_search",
                                               "fowner",
                                               "fsetid",
                                               "kill",
                                               "setgid",
                                               "setuid",
                                               "setpcap",
                                               "linux_immutable",
                                               "net_bind_service",
                                               "net_broadcast",
                                               "net_admin",
                                               "net_raw",
                                               "ipc_lock",
                                               "ipc_owner",
                                               "sys_module",
                                               "sys_rawio",
                                               "sys_chroot",
                                               "sys_ptrace",
                                               "sys_pacct",
                                               "sys_admin",
                                               "sys_boot",
                                               "sys_nice",
                                               "sys_resource",
                                               "sys_time",
                                               "sys_tty_config",
                                               "mknod",
                                               "lease",
                                               "audit_write",
                                               "audit_control",
                                               "setfcap",
                                               "mac_override",
                                               "mac_admin",
                                               "syslog",
                                               "wake_alarm",
                                               "block_suspend",
                                               "audit_read",
                                               "perfmon",
                                               "bpf",
                                               "checkpoint_restore"};

#define CAPABILITY_COUNT (sizeof(capability_names) / sizeof(capability_names[0]))

static void put_capability(FILE *file, unsigned number)
{
    if (number < CAPABILITY_COUNT)
        fprintf(file, "cap_%s", capability_names[number]);
    else
        fprintf(file, "%u", number);
}

static void put_capabilities(FILE *file, uint64_t capabilities)
{
    const char *between = " (";

    for (unsigned i = 0; i < 64; i++) {
        if (!(capabilities >> i & 1))
            continue;
        fputs(between, file);
        put_capability(file, i);
        between = " ";
    }
    if (capabilities)
        fputc(')', file);
}

/* "Go 1.19.8" of "go1.19.8"; development versions as they are. */
static void put_go(FILE *file, const char *version)
{
    if (version[0] == '\0')
        fputs("Go", file);
    else
        fprintf(file, "Go %s", strncmp(version, "go", 2) == 0 ? version + 2 : version);
}

static void put_kind(FILE *file, const struct lg_program_kind *kind, bool with_order)
{
    fprintf(file, "%u-bit %s%s", kind->bits, kind->name,
            !with_order        ? ""
            : kind->big_endian ? ", big-endian"
                               : ", little-endian");
}

static bool any_of(const bool *set)
{
    return memchr(set, true, lg_interposed_count) != NULL;
}

static void put_names(FILE *file, const bool *set)
{
    for (size_t i = 0; i < lg_interposed_count; i++) {
        if (set[i])
            fprintf(file, " %s", lg_interposed[i]);
    }
}

static const char secure_text[] = "the loader ignores LD_PRELOAD";

/* musl has no such file. */
static void put_secure(FILE *file, const struct lg_program *program)
{
    fprintf(file, ": %s%s", secure_text,
            program->libc == LG_LIBC_GLIBC ? " (an entry in /etc/ld.so.preload works)" : "");
}

static void put_kinds(FILE *file, const struct lg_program *program)
{
    const struct lg_program_kind *ours = &program->library_kind;
    bool with_order = program->kind.machine == ours->machine && program->kind.bits == ours->bits;

    put_kind(file, &program->kind, with_order);
    fputs(", the library is ", file);
    put_kind(file, ours, with_order);
}

static void put_io_uring_users(FILE *file, const struct lg_program *program)
{
    const char *between = " (";

    if (program->io_uring) {
        fputs("uses io_uring", file);
    } else {
        for (size_t i = 0; i < program->library_count; i++) {
            if (!program->libraries[i].io_uring)
                continue;
            if (between[0] == ' ')
                fputs("uses io_uring", file);
            fputs(between, file);
            put_plain(file, program->libraries[i].name);
            between = ", ";
        }
        fputc(')', file);
    }
    fputs(": closes made through it are not seen", file);
}

static void put_go_libraries(FILE *file, const struct lg_program *program)
{
    const char *between = "";

    for (size_t i = 0; i < program->library_count; i++) {
        const struct lg_program_library *library = &program->libraries[i];

        if (!library->go)
            continue;
        fputs(between, file);
        put_plain(file, library->name);
        fputs(" is built with ", file);
        put_go(file, library->go_version);
        between = ", ";
    }
    fputs(": Go makes its own system calls", file);
}

static void put_reason(FILE *file, const struct lg_program *program, enum lg_reason reason)
{
    switch (reason) {
    case LG_REASON_STATIC:
        fputs(program->pie ? "statically linked (static-pie)" : "statically linked", file);
        break;
    case LG_REASON_GO:
        fputs("built with ", file);
        put_go(file, program->go_version);
        fputs(": Go makes its own system calls", file);
        break;
    case LG_REASON_MACHINE:
        put_kinds(file, program);
        break;
    case LG_REASON_SETUID:
        fprintf(file, "setuid %s", program->setuid_owner);
        put_secure(file, program);
        break;
    case LG_REASON_SETGID:
        fprintf(file, "setgid %s", program->setgid_group);
        put_secure(file, program);
        break;
    case LG_REASON_CAPABILITIES:
        fputs("file capabilities", file);
        put_capabilities(file, program->capabilities);
        put_secure(file, program);
        break;
    case LG_REASON_ENVIRONMENT:
        fputs("its first line has env drop LD_PRELOAD", file);
        break;
    case LG_REASON_IO_URING:
        put_io_uring_users(file, program);
        break;
    case LG_REASON_GO_LIBRARY:
        put_go_libraries(file, program);
        break;
    case LG_REASON_DEFINES:
        fputs("defines", file);
        put_names(file, program->defines);
        fputs(" itself: only what that passes on is seen", file);
        break;
    case LG_REASON_COUNT:
        break;
    }
}

/* "dynamic, glibc, x86-64; imports close; libfoo.so.1 imports setsockopt" */
static void put_imports(FILE *file, const struct lg_program *program)
{
    const char *libc = libc_name(program->libc);
    bool any = any_of(program->imports);

    fprintf(file, "dynamic, %s, %s", libc ? libc : "unknown libc", program->kind.name);
    if (any) {
        fputs("; imports", file);
        put_names(file, program->imports);
    }
    for (size_t i = 0; i < program->library_count; i++) {
        if (!any_of(program->libraries[i].imports))
            continue;
        any = true;
        fputs("; ", file);
        put_plain(file, program->libraries[i].name);
        fputs(" imports", file);
        put_names(file, program->libraries[i].imports);
    }
    if (!any)
        fputs("; imports none of the interposed calls", file);
}

void lg_program_print(const struct lg_program *program, FILE *file)
{
    static const char *const words[] = {"sees all: ", "sees part: ", "sees nothing: "};
    const char *between = "";

    if (program->sees == LG_SEES_UNKNOWN) {
        fputs(program->error, file);
        return;
    }
    fputs(words[program->sees], file);
    if (program->chain_count > 1)
        fputs("a script, run by ", file);
    for (size_t i = 1; i < program->chain_count; i++) {
        put_plain(file, program->chain[i]);
        fputs(i + 1 < program->chain_count ? " -> " : "; ", file);
    }
    /* where it sees nothing, it does not matter what part it would not see */
    for (int i = 0; i <= (program->sees == LG_SEES_NOTHING ? LG_REASON_ENVIRONMENT : LG_REASON_COUNT - 1); i++) {
        if (!program->reasons[i])
            continue;
        fputs(between, file);
        put_reason(file, program, (enum lg_reason)i);
        between = "; ";
    }
    if (program->sees != LG_SEES_NOTHING) {
        fputs(between, file);
        put_imports(file, program);
    }
}

/* Things worth knowing that do not change the verdict. Each is a line of text and a word of JSON. */
enum note {
    NOTE_SYSCALL,
    NOTE_DEFINES,
    NOTE_MISSING,
    NOTE_UNREAD,
    NOTE_LEFT_OUT,
    NOTE_INTERPRETER,
    NOTE_SCRIPT,
    NOTE_SAME_USER,
    NOTE_NOSUID,
    NOTE_PRELOADED,
    NOTE_LIBC,
    NOTE_COUNT
};

static const char *const note_words[NOTE_COUNT] = {"calls-syscall",  "defines-interposed", "library-missing",
                                                   "library-unread", "libraries-left-out", "interpreter-missing",
                                                   "script",         "same-user",          "nosuid",
                                                   "ld-so-preload",  "libc-unknown"};

static bool imports_syscall(const struct lg_program *program)
{
    int found = lg_interposed_find("syscall");

    if (found < 0)
        return false;
    for (size_t i = 0; i < program->library_count; i++) {
        if (program->libraries[i].imports[found])
            return true;
    }
    return program->imports[found];
}

static bool has_library(const struct lg_program *program, bool unread)
{
    for (size_t i = 0; i < program->library_count; i++) {
        if (unread ? program->libraries[i].problem != NULL : program->libraries[i].path == NULL)
            return true;
    }
    return false;
}

static bool has_privileges(const struct lg_program *program)
{
    return program->setuid_owner[0] || program->setgid_group[0] || program->has_capabilities;
}

static bool has_note(const struct lg_program *program, enum note note)
{
    bool loads = program->sees == LG_SEES_ALL || program->sees == LG_SEES_PART;

    switch (note) {
    case NOTE_SYSCALL:
        return loads && imports_syscall(program);
    case NOTE_DEFINES:
        return loads && !program->reasons[LG_REASON_DEFINES] && any_of(program->defines);
    case NOTE_MISSING:
        return has_library(program, false);
    case NOTE_UNREAD:
        return has_library(program, true);
    case NOTE_LEFT_OUT:
        return program->libraries_left_out;
    case NOTE_INTERPRETER:
        return program->interpreter_missing && !program->reasons[LG_REASON_MACHINE];
    case NOTE_SCRIPT:
        return loads && program->chain_count > 1;
    case NOTE_SAME_USER:
        return program->reasons[LG_REASON_SETUID] || program->reasons[LG_REASON_CAPABILITIES];
    case NOTE_NOSUID:
        return program->nosuid && has_privileges(program);
    case NOTE_PRELOADED:
        return loads && program->preloaded_for_all && !program->nosuid && has_privileges(program);
    case NOTE_LIBC:
        return loads && program->libc == LG_LIBC_UNKNOWN;
    case NOTE_COUNT:
        break;
    }
    return false;
}

static void put_missing(const struct lg_program *program, FILE *file, bool unread)
{
    const char *between = "";

    for (size_t i = 0; i < program->library_count; i++) {
        const struct lg_program_library *library = &program->libraries[i];

        if (unread ? !library->problem : library->path != NULL)
            continue;
        fputs(between, file);
        put_plain(file, unread ? library->path : library->name);
        if (unread)
            fprintf(file, ": %s", library->problem);
        between = ", ";
    }
}

static void put_same_user(const struct lg_program *program, FILE *file)
{
    if (program->reasons[LG_REASON_SETUID])
        fprintf(file, "run by %s itself, the loader keeps LD_PRELOAD", program->setuid_owner);
    else
        fputs("run by root, the loader keeps LD_PRELOAD", file);
}

static void put_note(const struct lg_program *program, FILE *file, enum note note)
{
    switch (note) {
    case NOTE_SYSCALL:
        fputs("it can make system calls through syscall(), which the library interposes too", file);
        break;
    case NOTE_DEFINES:
        fputs("it has its own", file);
        put_names(file, program->defines);
        fputs(": seen are the calls that these make in turn", file);
        break;
    case NOTE_MISSING:
        fputs("not found, so not examined: ", file);
        put_missing(program, file, false);
        break;
    case NOTE_UNREAD:
        fputs("could not be examined: ", file);
        put_missing(program, file, true);
        break;
    case NOTE_LEFT_OUT:
        fputs("its libraries are too many or too large: not all of them were examined", file);
        break;
    case NOTE_INTERPRETER:
        fputs("its loader is not there, so it cannot be started: ", file);
        put_plain(file, program->interpreter);
        break;
    case NOTE_SCRIPT:
        fputs("this is about the interpreter; programs that the script starts are seen or not on their own", file);
        break;
    case NOTE_SAME_USER:
        put_same_user(program, file);
        break;
    case NOTE_NOSUID:
        fputs("its set-ID bits and capabilities have no effect on this file system (nosuid)", file);
        break;
    case NOTE_PRELOADED:
        fputs("it would run in the loader's secure mode, and /etc/ld.so.preload has the library", file);
        break;
    case NOTE_LIBC:
        fputs("neither glibc nor musl: whether its loader reads LD_PRELOAD is not known", file);
        break;
    case NOTE_COUNT:
        break;
    }
}

void lg_program_print_notes(const struct lg_program *program, FILE *file, const char *prefix)
{
    for (int i = 0; i < NOTE_COUNT; i++) {
        if (!has_note(program, (enum note)i))
            continue;
        fputs(prefix, file);
        put_note(program, file, (enum note)i);
        fputc('\n', file);
    }
}

static void put_json_text(FILE *file, const char *key, const char *value)
{
    if (!value || !value[0])
        return;
    fprintf(file, ",\"%s\":", key);
    lg_json_string(file, value);
}

/* A list of interposed calls. */
static void put_json_names(FILE *file, const char *key, const bool *set)
{
    const char *between = "";

    fprintf(file, ",\"%s\":[", key);
    for (size_t i = 0; i < lg_interposed_count; i++) {
        if (!set[i])
            continue;
        fprintf(file, "%s\"%s\"", between, lg_interposed[i]);
        between = ",";
    }
    fputc(']', file);
}

static void put_json_kind(FILE *file, const char *key, const struct lg_program_kind *kind)
{
    if (kind->bits == 0)
        return;
    fprintf(file, ",\"%s\":{\"bits\":%u,\"byte_order\":\"%s\",\"machine\":\"%s\"}", key, kind->bits,
            kind->big_endian ? "big" : "little", kind->name);
}

static void put_json_capabilities(FILE *file, const struct lg_program *program)
{
    const char *between = "";

    if (!program->has_capabilities)
        return;
    fputs(",\"capabilities\":[", file);
    for (unsigned i = 0; i < 64; i++) {
        if (!(program->capabilities >> i & 1))
            continue;
        fprintf(file, "%s\"", between);
        put_capability(file, i);
        fputc('"', file);
        between = ",";
    }
    fputc(']', file);
}

static void put_json_libraries(FILE *file, const struct lg_program *program)
{
    fputs(",\"libraries\":[", file);
    for (size_t i = 0; i < program->library_count; i++) {
        const struct lg_program_library *library = &program->libraries[i];

        fputs(i ? ",{\"name\":" : "{\"name\":", file);
        lg_json_string(file, library->name);
        put_json_text(file, "path", library->path);
        put_json_text(file, "error", library->problem);
        if (library->path && !library->problem)
            put_json_names(file, "imports", library->imports);
        if (library->io_uring)
            fputs(",\"io_uring\":true", file);
        if (library->go)
            fputs(",\"go\":true", file);
        put_json_text(file, "go_version", library->go_version);
        fputc('}', file);
    }
    fputc(']', file);
}

static void put_json_chain(FILE *file, const struct lg_program *program)
{
    if (program->chain_count < 2)
        return;
    fputs(",\"chain\":[", file);
    for (size_t i = 0; i < program->chain_count; i++) {
        fputs(i ? "," : "", file);
        lg_json_string(file, program->chain[i]);
    }
    fputc(']', file);
}

static void put_json_words(FILE *file, const struct lg_program *program)
{
    static const char *const words[LG_REASON_COUNT] = {
        "static",       "go",          "machine",  "setuid",     "setgid",
        "capabilities", "environment", "io_uring", "go-library", "defines-interposed"};
    const char *between = "";

    fputs(",\"reasons\":[", file);
    for (size_t i = 0; i < LG_REASON_COUNT; i++) {
        if (!program->reasons[i])
            continue;
        fprintf(file, "%s\"%s\"", between, words[i]);
        between = ",";
    }
    fputs("],\"notes\":[", file);
    between = "";
    for (int i = 0; i < NOTE_COUNT; i++) {
        if (!has_note(program, (enum note)i))
            continue;
        fprintf(file, "%s\"%s\"", between, note_words[i]);
        between = ",";
    }
    fputc(']', file);
}

static void put_json_program(FILE *file, const struct lg_program *program)
{
    fprintf(file, ",\"linking\":\"%s\"", linking_name(program));
    put_json_text(file, "interpreter", program->interpreter);
    put_json_text(file, "libc", libc_name(program->libc));
    put_json_kind(file, "kind", &program->kind);
    put_json_kind(file, "library_kind", &program->library_kind);
    put_json_text(file, "setuid", program->setuid_owner);
    put_json_text(file, "setgid", program->setgid_group);
    put_json_capabilities(file, program);
    if (program->reasons[LG_REASON_GO])
        fputs(",\"go\":true", file);
    put_json_text(file, "go_version", program->go_version);
    if (program->dynamic) {
        put_json_names(file, "imports", program->imports);
        put_json_names(file, "defines", program->defines);
    }
    if (program->libraries)
        put_json_libraries(file, program);
}

void lg_program_print_json(const struct lg_program *program, FILE *file, const char *name)
{
    static const char *const words[] = {"all", "part", "nothing"};

    fputs("{\"program\":", file);
    lg_json_string(file, name);
    if (program->chain_count)
        put_json_text(file, "path", program->chain[program->chain_count - 1]);
    put_json_chain(file, program);
    if (program->sees == LG_SEES_UNKNOWN) {
        put_json_text(file, "error", program->error);
    } else {
        fprintf(file, ",\"sees\":\"%s\"", words[program->sees]);
        put_json_words(file, program);
        put_json_program(file, program);
    }
    fputs("}\n", file);
}
