/* SPDX-License-Identifier: MIT */
/*
 * What an ELF file says about how it will be loaded: class, machine, interpreter, needed libraries,
 * imported symbols, Go build information. Nothing is executed and nothing is mapped.
 *
 * The file may be hostile. Every offset and size is checked against the file, every count against a
 * limit below, and every byte comes through one callback, so that a file cut while it is read is an
 * error and not a SIGBUS. Time and memory are bounded by the limits, whatever the file claims.
 *
 * Formats: System V gABI chapters 4 and 5; binfmt_elf.c of the kernel for what it refuses to start;
 * debug/buildinfo of Go for its build information. Single-threaded; not for a signal handler.
 */
#ifndef LG_ELF_H
#define LG_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Limits. A file beyond one of the first four is an error, beyond the last it is searched in part. */
#define LG_ELF_SEGMENT_BYTES_MAX 65536u      /* program headers; the kernel's own limit */
#define LG_ELF_DYNAMIC_MAX       4096u       /* entries of the dynamic section */
#define LG_ELF_STRING_BYTES_MAX  (64u << 20) /* its string table, which is held in memory */
#define LG_ELF_SYMBOLS_MAX       (4u << 20)  /* its symbols */
#define LG_ELF_NEEDED_MAX        512u        /* needed libraries; more are left out */
#define LG_ELF_NEEDED_BYTES_MAX  4096u       /* of the name of one; longer ones are left out, no path is longer */
#define LG_ELF_SECTIONS_MAX      65536u      /* more section headers: treated as if there were none */
#define LG_ELF_SEARCH_BYTES_MAX  (64u << 20) /* bytes of a search for names or for Go, all segments together */

enum lg_elf_result {
    LG_ELF_OK = 0,
    LG_ELF_FOREIGN,   /* not an ELF file */
    LG_ELF_TRUNCATED, /* it ends before what its headers promise, or could not be read to there */
    LG_ELF_DAMAGED,   /* headers that contradict each other, or a limit */
    LG_ELF_NO_MEMORY
};

/*
 * Where the bytes come from. read_at fills `to` with the `length_bytes` bytes at `offset_bytes` and
 * returns true, or returns false when it cannot give all of them. It is never asked beyond
 * size_bytes.
 */
struct lg_elf_source {
    bool (*read_at)(void *context, uint64_t offset_bytes, void *to, size_t length_bytes);
    void *context;
    uint64_t size_bytes;
};

/* A program header. */
struct lg_elf_segment {
    uint32_t type;
    uint32_t flags;
    uint64_t offset_bytes;
    uint64_t address;
    uint64_t file_bytes; /* for PT_LOAD, PT_INTERP and PT_DYNAMIC: checked to lie in the file */
};

struct lg_elf {
    struct lg_elf_source source;
    unsigned bits; /* 32 or 64 */
    bool big_endian;
    uint16_t type;    /* ET_* of elf.h */
    uint16_t machine; /* EM_* of elf.h */
    uint64_t entry;   /* address of the first instruction, 0 without one */

    struct lg_elf_segment *segments;
    size_t segment_count;
    uint64_t sections_bytes; /* offset of the section headers, 0 when there are none that can be used */
    uint32_t section_count;
    uint32_t section_names; /* index of the section with their names */

    char *interpreter; /* PT_INTERP, or NULL */
    bool dynamic;      /* there is a PT_DYNAMIC */
    bool pie;          /* DF_1_PIE */
    bool default_off;  /* DF_1_NODEFLIB: no default directories for its libraries */

    char *strings; /* the dynamic string table, with a NUL behind it */
    size_t strings_bytes;
    const char *soname; /* these point into strings, or are NULL */
    const char *rpath;
    const char *runpath;
    const char *needed[LG_ELF_NEEDED_MAX];
    size_t needed_count;

    uint64_t symbols_bytes; /* offset of the dynamic symbols */
    uint32_t symbol_count;
};

/*
 * Reads the headers and the dynamic section. Whatever it returns, lg_elf_close must follow. `why`
 * becomes a static text for people on failure ("the program headers lie outside of the file").
 */
enum lg_elf_result lg_elf_open(struct lg_elf *elf, struct lg_elf_source source, const char **why);
void lg_elf_close(struct lg_elf *elf);

/*
 * Calls `see` for each dynamic symbol that has a name: imported (undefined here) or defined and
 * visible to others. Returns false when the table could not be read to its end.
 */
typedef void lg_elf_symbol_fn(void *context, const char *name, bool imported);
bool lg_elf_symbols(const struct lg_elf *elf, lg_elf_symbol_fn *see, void *context);

/*
 * Whether it was built with Go: its build information in the section .go.buildinfo or, without
 * section headers, in a writable segment; else the note with Go's build ID.
 */
bool lg_elf_is_go(const struct lg_elf *elf);

/*
 * Whether one of `names` (count of them, at most 256 bytes each) is in the string table of the
 * static symbols: what was linked in and not stripped. Names only, so a program that merely
 * declares a symbol of its own by that name counts too.
 */
bool lg_elf_names_any(const struct lg_elf *elf, const char *const *names, size_t count);

#endif
