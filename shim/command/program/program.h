/* SPDX-License-Identifier: MIT */
/*
 * Whether and what the library would see of a program's closes: the program is followed through its
 * scripts, read, and held against the library; its needed libraries are read too. Nothing is
 * executed. Single-threaded.
 *
 * Bounded: at most LG_PROGRAM_READ_BYTES_MAX bytes are read for one program, all its files together,
 * each read counted as LG_PROGRAM_READ_BYTES_MIN at least, and at most LG_PROGRAM_LIBRARIES_MAX
 * libraries; elf.h has the limits of one file.
 */
#ifndef LG_PROGRAM_H
#define LG_PROGRAM_H

#include "shim/command/program/elf.h"
#include "shim/command/program/interposed.h"
#include "shim/command/program/search.h"
#include <limits.h>
#include <stdio.h>

#define LG_PROGRAM_READ_BYTES_MAX (1ull << 30)
#define LG_PROGRAM_READ_BYTES_MIN 512u
#define LG_PROGRAM_LIBRARIES_MAX  512u
#define LG_PROGRAM_SCRIPTS_MAX    5u                                /* the kernel gives up behind five */
#define LG_PROGRAM_CHAIN_MAX      (2 * LG_PROGRAM_SCRIPTS_MAX + 2u) /* each may go through env */

enum lg_sees { LG_SEES_ALL = 0, LG_SEES_PART, LG_SEES_NOTHING, LG_SEES_UNKNOWN };

/* Why it does not see everything. Those up to LG_REASON_ENVIRONMENT: it sees nothing; the others: a part. */
enum lg_reason {
    LG_REASON_STATIC = 0,
    LG_REASON_GO,
    LG_REASON_MACHINE, /* class, byte order or machine are not the library's */
    LG_REASON_SETUID,
    LG_REASON_SETGID,
    LG_REASON_CAPABILITIES,
    LG_REASON_ENVIRONMENT, /* the script's env(1) drops LD_PRELOAD */
    LG_REASON_IO_URING,
    LG_REASON_GO_LIBRARY,
    LG_REASON_DEFINES, /* it exports close or setsockopt itself, ahead of every preload */
    LG_REASON_COUNT    /* always last */
};

/* Class, byte order and machine. */
struct lg_program_kind {
    unsigned bits;
    bool big_endian;
    uint16_t machine;
    char name[32]; /* "x86-64", or "machine 4711" */
};

/* A needed library, its own or one of a library. */
struct lg_program_library {
    char *name;    /* as in DT_NEEDED */
    char *path;    /* where it was found, NULL when it was not */
    char *problem; /* why it could not be read, or NULL */
    char *origin;
    char *rpath;
    char *runpath;
    bool imports[LG_INTERPOSED_MAX];
    bool io_uring;
    bool go;
    char go_version[LG_ELF_GO_BYTES];
    struct lg_search_object object; /* who needed it, for the search */
};

struct lg_program {
    enum lg_sees sees;
    char error[512]; /* for LG_SEES_UNKNOWN: what is wrong */
    bool reasons[LG_REASON_COUNT];

    char *chain[LG_PROGRAM_CHAIN_MAX]; /* the script first and the program last; the one file without a script */
    size_t chain_count;

    bool dynamic;
    bool pie;
    char *interpreter;
    bool interpreter_missing;
    enum lg_libc libc;
    struct lg_program_kind kind;
    struct lg_program_kind library_kind; /* the library's, or the command's own when that is not there */

    char setuid_owner[64]; /* name or number; empty without the bit */
    char setgid_group[64];
    bool has_capabilities;
    uint64_t capabilities;  /* permitted, bit by number */
    bool nosuid;            /* these have no effect where the file is mounted */
    bool preloaded_for_all; /* /etc/ld.so.preload names the library, and this loader reads it */
    char go_version[LG_ELF_GO_BYTES];

    bool imports[LG_INTERPOSED_MAX];
    bool defines[LG_INTERPOSED_MAX];
    bool io_uring; /* the program itself, not only a library */

    struct lg_program_library *libraries;
    size_t library_count;
    bool libraries_left_out; /* beyond one of the two limits */

    uint64_t budget_bytes; /* what may still be read */
};

/*
 * Reads what the library is: liblingerguard.so as the command finds it, otherwise this command.
 * Returns false when not even that can be read.
 */
bool lg_program_library_kind(struct lg_program_kind *kind);

/* Examines the program `name`, looked up as execvp does. lg_program_free must follow. */
void lg_program_examine(struct lg_program *program, const char *name, const struct lg_program_kind *library);
void lg_program_free(struct lg_program *program);

/*
 * "sees all: dynamic, glibc, x86-64; imports close; libfoo.so.1 imports setsockopt", without a line
 * end; control characters of names are shown as `?`.
 */
void lg_program_print(const struct lg_program *program, FILE *file);

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
