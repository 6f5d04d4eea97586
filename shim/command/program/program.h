/* SPDX-License-Identifier: MIT */
/*
 * Whether and what the library would see of a program's closes: the program is followed through its
 * scripts, read, and held against the library; its needed libraries are read too. Nothing is
 * executed. Single-threaded.
 *
 * Bounded: at most LG_PROGRAM_READ_BYTES_MAX bytes are read for one program, all its files together,
 * each read counted as LG_ELF_FILE_COST_BYTES_MIN at least, and at most LG_PROGRAM_LIBRARIES_MAX
 * libraries; elf.h has the limits of one file.
 */
#ifndef LG_PROGRAM_H
#define LG_PROGRAM_H

#include "shim/command/program/interposed.h"
#include "shim/command/program/kind.h"
#include "shim/command/program/privileges.h"
#include "shim/command/program/search.h"
#include <stdio.h>

#define LG_PROGRAM_READ_BYTES_MAX (1ull << 30)
#define LG_PROGRAM_LIBRARIES_MAX  512u
#define LG_PROGRAM_SCRIPTS_MAX    5u                                /* the kernel gives up behind five */
#define LG_PROGRAM_CHAIN_MAX      (2 * LG_PROGRAM_SCRIPTS_MAX + 2u) /* each may go through env */

/* How much of a program's closes the library sees. */
enum lg_coverage { LG_COVERAGE_ALL = 0, LG_COVERAGE_PART, LG_COVERAGE_NOTHING, LG_COVERAGE_UNKNOWN };

/* A needed library, its own or one of a library. */
struct lg_program_library {
    char *name;    /* as in DT_NEEDED */
    char *path;    /* where it was found, NULL when it was not */
    char *problem; /* why it could not be read, or NULL */
    char *origin;
    char *rpath;
    char *runpath;
    struct lg_calls calls;
    bool go;
    struct lg_search_object object; /* who needed it, for the search */
};

/* What is known of a program; findings.h says what follows from it. */
struct lg_program {
    enum lg_coverage coverage;
    char error[512]; /* for LG_COVERAGE_UNKNOWN: what is wrong */

    char *chain[LG_PROGRAM_CHAIN_MAX]; /* the script first and the program last; the one file without a script */
    size_t chain_count;
    bool drops_preload; /* the script's env(1) starts it without LD_PRELOAD */

    bool dynamic;
    bool pie;
    bool go;
    char *interpreter;
    bool interpreter_missing;
    enum lg_libc libc;
    struct lg_program_kind kind;
    struct lg_program_kind library_kind; /* the library's, or the command's own when that is not there */
    const char *library_version;         /* what the library's file says, or NULL; the caller's */
    struct lg_privileges privileges;
    bool preloaded_for_all; /* /etc/ld.so.preload names the library, and this loader reads it */
    struct lg_calls calls;

    struct lg_program_library *libraries;
    size_t library_count;
    bool libraries_left_out; /* beyond one of the two limits */

    uint64_t budget_bytes; /* what may still be read */
};

/* Examines the program `name`, looked up as execvp does. lg_program_free must follow. */
void lg_program_examine(struct lg_program *program, const char *name, const struct lg_program_kind *library);
void lg_program_free(struct lg_program *program);

/*
 * Reads the libraries that the program needs, and theirs, in the order of the loader. False when
 * memory is short; the program's own part of lg_program_examine.
 */
bool lg_program_read_libraries(struct lg_program *program, const struct lg_elf *elf);

/* The libc of an ELF file with an interpreter. */
enum lg_libc lg_program_libc(const struct lg_elf *elf);

/*
 * "sees all: dynamic, glibc, x86-64; imports close; 2 libraries import more", or with `verbose` what each
 * of them imports, without a line end; control characters of names are shown as `?`.
 */
void lg_program_print(const struct lg_program *program, FILE *file, bool verbose);

/* What else is worth knowing, one line each: `prefix`, the note and a line end. */
void lg_program_print_notes(const struct lg_program *program, FILE *file, const char *prefix);

/* One JSON object on one line, its keys those of lingerguard(1). `name` is the program as it was asked for. */
void lg_program_print_json(const struct lg_program *program, FILE *file, const char *name);

/*
 * Prints one "lingerguard: warning: ..." line on standard error when the library would not see every
 * close of the program at `path` (already looked up in PATH). Says nothing about a file that it
 * cannot read: the exec that follows says it.
 */
void lg_program_warn(const char *path);

#endif
