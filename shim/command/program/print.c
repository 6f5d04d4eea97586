/* SPDX-License-Identifier: MIT */
/* What was found about a program, in words and as JSON. */
#include "policy/text.h"
#include "shim/command/common/output.h"
#include "shim/command/program/findings.h"
#include <limits.h>
#include <stdlib.h>

/* Names come out of files that may be hostile. */
static void put_name(FILE *file, const char *name)
{
    lg_put_safe(file, lg_text_of(name), LG_SAFE_MARK);
}

static const char *libc_name(enum lg_libc libc)
{
    return libc == LG_LIBC_GLIBC ? "glibc" : libc == LG_LIBC_MUSL ? "musl" : NULL;
}

static const char *linking_name(const struct lg_program *program)
{
    return program->dynamic ? "dynamic" : program->pie ? "static-pie" : "static";
}

/* How many libraries import one of the calls; with `file` not NULL what each of them imports. */
static size_t put_library_imports(FILE *file, const struct lg_program *program)
{
    size_t count = 0;

    for (size_t i = 0; i < program->library_count; i++) {
        const struct lg_program_library *library = &program->libraries[i];

        if (!lg_calls_any(library->calls.imports))
            continue;
        count++;
        if (!file)
            continue;
        fputs("; ", file);
        put_name(file, library->name);
        fputs(" imports", file);
        lg_calls_put(library->calls.imports, file);
    }
    return count;
}

/* "dynamic, glibc, x86-64; imports close; 2 libraries import some too" */
static void put_imports(FILE *file, const struct lg_program *program, bool verbose)
{
    const char *libc = libc_name(program->libc);
    bool any = lg_calls_any(program->calls.imports);
    size_t libraries = put_library_imports(NULL, program);

    fprintf(file, "dynamic, %s, %s", libc ? libc : "unknown libc", program->kind.name);
    if (any) {
        fputs("; imports", file);
        lg_calls_put(program->calls.imports, file);
    }
    if (verbose)
        put_library_imports(file, program);
    else if (libraries > 0)
        fprintf(file, "; %zu %s some%s", libraries, libraries == 1 ? "library imports" : "libraries import",
                any ? " too" : "");
    if (!any && libraries == 0)
        fputs("; imports none of the interposed calls", file);
}

void lg_program_print(const struct lg_program *program, FILE *file, bool verbose)
{
    static const char *const words[] = {"sees all: ", "sees part: ", "sees nothing: "};
    const char *between = "";

    fputs(words[program->coverage], file);
    if (program->chain_count > 1)
        fputs("a script, run by ", file);
    for (size_t i = 1; i < program->chain_count; i++) {
        put_name(file, program->chain[i]);
        fputs(i + 1 < program->chain_count ? " -> " : "; ", file);
    }
    /* where it sees nothing, it does not matter what part it would not see */
    for (size_t i = 0; i < LG_FINDINGS && program->coverage != LG_COVERAGE_ALL; i++) {
        if (lg_findings[i].coverage != program->coverage || !lg_findings[i].holds(program))
            continue;
        fputs(between, file);
        lg_finding_print(&lg_findings[i], program, file);
        between = "; ";
    }
    if (program->coverage != LG_COVERAGE_NOTHING) {
        fputs(between, file);
        put_imports(file, program, verbose);
    }
}

void lg_program_print_notes(const struct lg_program *program, FILE *file, const char *prefix)
{
    for (size_t i = 0; i < LG_FINDINGS; i++) {
        if (lg_findings[i].coverage != LG_COVERAGE_ALL || !lg_findings[i].holds(program))
            continue;
        fputs(prefix, file);
        lg_finding_print(&lg_findings[i], program, file);
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

    if (!program->privileges.has_capabilities)
        return;
    fputs(",\"capabilities\":[", file);
    for (unsigned i = 0; i < 64; i++) {
        if (!(program->privileges.capabilities >> i & 1))
            continue;
        fprintf(file, "%s\"", between);
        lg_capability_put(file, i);
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
            put_json_names(file, "imports", library->calls.imports);
        if (library->calls.io_uring)
            fputs(",\"io_uring\":true", file);
        if (library->go)
            fputs(",\"go\":true", file);
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

/* The words of the findings: those that explain the coverage are reasons, the others notes. */
static void put_json_words(FILE *file, const struct lg_program *program, const char *key)
{
    bool notes = key[0] == 'n';
    const char *between = "";

    fprintf(file, ",\"%s\":[", key);
    for (size_t i = 0; i < LG_FINDINGS; i++) {
        if ((lg_findings[i].coverage == LG_COVERAGE_ALL) != notes || !lg_findings[i].holds(program))
            continue;
        fprintf(file, "%s\"%s\"", between, lg_findings[i].word);
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
    put_json_text(file, "library_version", program->library_version);
    put_json_text(file, "setuid", program->privileges.setuid_owner);
    put_json_text(file, "setgid", program->privileges.setgid_group);
    put_json_capabilities(file, program);
    if (program->go)
        fputs(",\"go\":true", file);
    if (program->dynamic) {
        put_json_names(file, "imports", program->calls.imports);
        put_json_names(file, "defines", program->calls.defines);
    }
    if (program->libraries)
        put_json_libraries(file, program);
}

void lg_program_print_json(const struct lg_program *program, FILE *file, const char *name)
{
    static const char *const words[] = {"all", "part", "nothing"};
    char exe[PATH_MAX];

    fputs("{\"program\":", file);
    lg_json_string(file, name);
    if (program->chain_count) {
        put_json_text(file, "path", program->chain[program->chain_count - 1]);
        if (realpath(program->chain[program->chain_count - 1], exe))
            put_json_text(file, "exe", exe);
    }
    put_json_chain(file, program);
    if (program->coverage == LG_COVERAGE_UNKNOWN) {
        put_json_text(file, "error", program->error);
    } else {
        fprintf(file, ",\"sees\":\"%s\"", words[program->coverage]);
        put_json_words(file, program, "reasons");
        put_json_words(file, program, "notes");
        put_json_program(file, program);
    }
    fputs("}\n", file);
}
