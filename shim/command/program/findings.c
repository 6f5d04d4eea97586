/* SPDX-License-Identifier: MIT */
#include "shim/command/program/findings.h"
#include "policy/text.h"
#include "shim/command/common/output.h"

/* Names come out of files that may be hostile. */
static void put_name(const char *name, FILE *file)
{
    lg_put_safe(file, lg_text_of(name), LG_SAFE_MARK);
}

void lg_calls_put(const bool *set, FILE *file)
{
    for (size_t i = 0; i < lg_interposed_count; i++) {
        if (set[i])
            fprintf(file, " %s", lg_interposed[i]);
    }
}

/* What it takes of a library to be named by a finding. */
typedef bool library_fn(const struct lg_program_library *library);

static bool library_is_missing(const struct lg_program_library *library)
{
    return library->path == NULL;
}

static bool library_is_unread(const struct lg_program_library *library)
{
    return library->problem != NULL;
}

static bool library_uses_io_uring(const struct lg_program_library *library)
{
    return library->calls.io_uring;
}

static bool library_is_go(const struct lg_program_library *library)
{
    return library->go;
}

static bool library_calls_syscall(const struct lg_program_library *library)
{
    return lg_calls_have(library->calls.imports, "syscall");
}

static bool any_library(const struct lg_program *program, library_fn *is_one)
{
    for (size_t i = 0; i < program->library_count; i++) {
        if (is_one(&program->libraries[i]))
            return true;
    }
    return false;
}

/* "libfoo.so.1, libbar.so.2", each with `what` behind it; of those that could not be read, path and problem. */
static void put_libraries(const struct lg_program *program, library_fn *is_one, const char *what, FILE *file)
{
    const char *between = "";

    for (size_t i = 0; i < program->library_count; i++) {
        const struct lg_program_library *library = &program->libraries[i];

        if (!is_one(library))
            continue;
        fputs(between, file);
        put_name(is_one == library_is_unread ? library->path : library->name, file);
        fprintf(file, "%s%s", what, is_one == library_is_unread ? library->problem : "");
        between = ", ";
    }
}

/* --- it sees nothing */

static bool is_static(const struct lg_program *program)
{
    return !program->dynamic;
}

static void put_static(const struct lg_program *program, FILE *file)
{
    fputs(program->pie ? "statically linked (static-pie)" : "statically linked", file);
}

static bool is_go(const struct lg_program *program)
{
    return program->go;
}

static bool is_of_another_kind(const struct lg_program *program)
{
    return !lg_kind_is_same(&program->kind, &program->library_kind);
}

static bool library_is_libc(const struct lg_program_library *library)
{
    return lg_starts_with(library->name, "libc.");
}

/* libc.so.6 as a program is its own, and calls nothing by name; where a library is missing, or not looked for, nothing
 * is known. */
static bool has_no_libc(const struct lg_program *program)
{
    return program->dynamic && !is_of_another_kind(program) && !program->libraries_left_out &&
           !any_library(program, library_is_missing) && !any_library(program, library_is_libc);
}

static void put_kind(const struct lg_program_kind *kind, bool with_order, FILE *file)
{
    fprintf(file, "%u-bit %s%s", kind->bits, kind->name,
            !with_order        ? ""
            : kind->big_endian ? ", big-endian"
                               : ", little-endian");
}

static void put_kinds(const struct lg_program *program, FILE *file)
{
    const struct lg_program_kind *ours = &program->library_kind;
    bool with_order = program->kind.machine == ours->machine && program->kind.bits == ours->bits;

    put_kind(&program->kind, with_order, file);
    fputs(", the library is ", file);
    put_kind(ours, with_order, file);
}

/* An entry in /etc/ld.so.preload is read in the secure mode as well. */
static bool is_trusted(const struct lg_program *program)
{
    return program->privileges.nosuid || program->preloaded_for_all;
}

static bool is_setuid(const struct lg_program *program)
{
    return !is_trusted(program) && program->privileges.setuid_owner[0] != '\0';
}

static bool is_setgid(const struct lg_program *program)
{
    return !is_trusted(program) && program->privileges.setgid_group[0] != '\0';
}

static bool is_capable(const struct lg_program *program)
{
    return !is_trusted(program) && program->privileges.has_capabilities;
}

bool lg_program_is_secure(const struct lg_program *program)
{
    return is_setuid(program) || is_setgid(program) || is_capable(program);
}

static void put_secure(const struct lg_program *program, FILE *file)
{
    fprintf(file, ": the loader ignores LD_PRELOAD%s",
            program->libc == LG_LIBC_GLIBC ? " (an entry in /etc/ld.so.preload works)"
                                           : ""); /* musl has no such file */
}

static void put_setuid(const struct lg_program *program, FILE *file)
{
    fprintf(file, "setuid %s", program->privileges.setuid_owner);
    put_secure(program, file);
}

static void put_setgid(const struct lg_program *program, FILE *file)
{
    fprintf(file, "setgid %s", program->privileges.setgid_group);
    put_secure(program, file);
}

static void put_capabilities(const struct lg_program *program, FILE *file)
{
    const char *between = " (";

    fputs("file capabilities", file);
    for (unsigned i = 0; i < 64; i++) {
        if (!(program->privileges.capabilities >> i & 1))
            continue;
        fputs(between, file);
        lg_capability_put(file, i);
        between = " ";
    }
    fputs(program->privileges.capabilities ? ")" : "", file);
    put_secure(program, file);
}

static bool drops_preload(const struct lg_program *program)
{
    return program->drops_preload && !program->preloaded_for_all;
}

/* --- it sees a part */

static bool uses_io_uring(const struct lg_program *program)
{
    return program->calls.io_uring || any_library(program, library_uses_io_uring);
}

static void put_io_uring(const struct lg_program *program, FILE *file)
{
    fputs("uses io_uring", file);
    if (!program->calls.io_uring) {
        fputs(" (", file);
        put_libraries(program, library_uses_io_uring, "", file);
        fputc(')', file);
    }
    fputs(": closes made through it are not seen", file);
}

static bool has_go_library(const struct lg_program *program)
{
    return any_library(program, library_is_go);
}

static void put_go_libraries(const struct lg_program *program, FILE *file)
{
    put_libraries(program, library_is_go, " is built with Go", file);
    fputs(": Go makes its own system calls", file);
}

/* Its own closefrom or daemon ends in calls that are seen; its own close may end in the kernel. */
static bool replaces_a_call(const struct lg_program *program)
{
    return lg_calls_have(program->calls.defines, "close") || lg_calls_have(program->calls.defines, "setsockopt");
}

static void put_replaced(const struct lg_program *program, FILE *file)
{
    fputs("defines", file);
    lg_calls_put(program->calls.defines, file);
    fputs(" itself: only what that passes on is seen", file);
}

/* --- notes */

static bool loads(const struct lg_program *program)
{
    return program->coverage == LG_COVERAGE_ALL || program->coverage == LG_COVERAGE_PART;
}

static bool calls_syscall(const struct lg_program *program)
{
    return loads(program) &&
           (lg_calls_have(program->calls.imports, "syscall") || any_library(program, library_calls_syscall));
}

static bool defines_a_call(const struct lg_program *program)
{
    return loads(program) && !replaces_a_call(program) && lg_calls_any(program->calls.defines);
}

static void put_defined(const struct lg_program *program, FILE *file)
{
    fputs("it has its own", file);
    lg_calls_put(program->calls.defines, file);
    fputs(": seen are the calls that these make in turn", file);
}

static bool misses_a_library(const struct lg_program *program)
{
    return any_library(program, library_is_missing);
}

static void put_missing(const struct lg_program *program, FILE *file)
{
    fputs("not found, so not examined: ", file);
    put_libraries(program, library_is_missing, "", file);
}

static bool has_an_unread_library(const struct lg_program *program)
{
    return any_library(program, library_is_unread);
}

static void put_unread(const struct lg_program *program, FILE *file)
{
    fputs("could not be examined: ", file);
    put_libraries(program, library_is_unread, ": ", file);
}

static bool has_left_out(const struct lg_program *program)
{
    return program->libraries_left_out;
}

static bool misses_its_loader(const struct lg_program *program)
{
    return program->interpreter_missing && !is_of_another_kind(program);
}

static void put_loader(const struct lg_program *program, FILE *file)
{
    fputs("its loader is not there, so it cannot be started: ", file);
    put_name(program->interpreter, file);
}

static bool is_script(const struct lg_program *program)
{
    return loads(program) && program->chain_count > 1;
}

static bool is_seen_of_the_same_user(const struct lg_program *program)
{
    return is_setuid(program) || is_capable(program);
}

static void put_same_user(const struct lg_program *program, FILE *file)
{
    fprintf(file, "run by %s%s, the loader keeps LD_PRELOAD",
            is_setuid(program) ? program->privileges.setuid_owner : "root", is_setuid(program) ? " itself" : "");
}

static bool is_without_effect(const struct lg_program *program)
{
    return program->privileges.nosuid && lg_privileges_any(&program->privileges);
}

static bool is_preloaded(const struct lg_program *program)
{
    return loads(program) && program->preloaded_for_all && !program->privileges.nosuid &&
           lg_privileges_any(&program->privileges);
}

static bool has_unknown_libc(const struct lg_program *program)
{
    return loads(program) && program->libc == LG_LIBC_UNKNOWN;
}

const struct lg_finding lg_findings[LG_FINDINGS] = {
    {"static", LG_COVERAGE_NOTHING, is_static, NULL, put_static},
    {"go", LG_COVERAGE_NOTHING, is_go, "built with Go: Go makes its own system calls", NULL},
    {"libc-missing", LG_COVERAGE_NOTHING, has_no_libc, "no libc is loaded, without which the library does nothing",
     NULL},
    {"machine", LG_COVERAGE_NOTHING, is_of_another_kind, NULL, put_kinds},
    {"setuid", LG_COVERAGE_NOTHING, is_setuid, NULL, put_setuid},
    {"setgid", LG_COVERAGE_NOTHING, is_setgid, NULL, put_setgid},
    {"capabilities", LG_COVERAGE_NOTHING, is_capable, NULL, put_capabilities},
    {"environment", LG_COVERAGE_NOTHING, drops_preload, "its first line has env drop LD_PRELOAD", NULL},
    {"io_uring", LG_COVERAGE_PART, uses_io_uring, NULL, put_io_uring},
    {"go-library", LG_COVERAGE_PART, has_go_library, NULL, put_go_libraries},
    {"defines-interposed", LG_COVERAGE_PART, replaces_a_call, NULL, put_replaced},
    {"calls-syscall", LG_COVERAGE_ALL, calls_syscall,
     "it can make system calls through syscall(), which the library interposes too", NULL},
    {"defines-interposed", LG_COVERAGE_ALL, defines_a_call, NULL, put_defined},
    {"library-missing", LG_COVERAGE_ALL, misses_a_library, NULL, put_missing},
    {"library-unread", LG_COVERAGE_ALL, has_an_unread_library, NULL, put_unread},
    {"libraries-left-out", LG_COVERAGE_ALL, has_left_out,
     "its libraries are too many or too large: not all of them were examined", NULL},
    {"interpreter-missing", LG_COVERAGE_ALL, misses_its_loader, NULL, put_loader},
    {"script", LG_COVERAGE_ALL, is_script,
     "this is about the interpreter; programs that the script starts are seen or not on their own", NULL},
    {"same-user", LG_COVERAGE_ALL, is_seen_of_the_same_user, NULL, put_same_user},
    {"nosuid", LG_COVERAGE_ALL, is_without_effect,
     "its set-ID bits and capabilities have no effect on this file system (nosuid)", NULL},
    {"ld-so-preload", LG_COVERAGE_ALL, is_preloaded,
     "it would run in the loader's secure mode, and /etc/ld.so.preload has the library", NULL},
    {"libc-unknown", LG_COVERAGE_ALL, has_unknown_libc,
     "neither glibc nor musl: whether its loader reads LD_PRELOAD is not known", NULL},
};

void lg_finding_print(const struct lg_finding *finding, const struct lg_program *program, FILE *file)
{
    if (finding->text)
        fputs(finding->text, file);
    else
        finding->put(program, file);
}

enum lg_coverage lg_program_coverage(const struct lg_program *program)
{
    enum lg_coverage coverage = LG_COVERAGE_ALL;

    for (size_t i = 0; i < LG_FINDINGS; i++) {
        if (lg_findings[i].coverage > coverage && lg_findings[i].holds(program))
            coverage = lg_findings[i].coverage;
    }
    return coverage;
}
