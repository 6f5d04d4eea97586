/* SPDX-License-Identifier: MIT */
/* Class, byte order and machine of a file: what the loader asks before it takes a library. */
#ifndef LG_PROGRAM_KIND_H
#define LG_PROGRAM_KIND_H

#include "shim/command/program/elf.h"

struct lg_program_kind {
    unsigned bits; /* 0: not known */
    bool big_endian;
    uint16_t machine; /* EM_* of elf.h */
    char name[32];    /* "x86-64", or "machine 4711" where the library does not run */
};

void lg_kind_fill(struct lg_program_kind *kind, const struct lg_elf *elf);
bool lg_kind_is_same(const struct lg_program_kind *a, const struct lg_program_kind *b);

/* What $LIB and $PLATFORM stand for in the lists of the loader, ld.so(8); the latter may be NULL. */
const char *lg_kind_lib(const struct lg_program_kind *kind);
const char *lg_kind_platform(const struct lg_program_kind *kind);

/*
 * Reads what the library is: liblingerguard.so as the command finds it, otherwise this command.
 * Returns false when not even that can be read. `path`, where it is not NULL, becomes the library's, or NULL;
 * free() it.
 */
bool lg_kind_of_library(struct lg_program_kind *kind, char **path);

#endif
