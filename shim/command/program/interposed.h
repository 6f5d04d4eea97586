/* SPDX-License-Identifier: MIT */
/*
 * The calls that the library interposes, from its export list (shim/call/exports.map) at build time,
 * and which of them a file uses.
 */
#ifndef LG_INTERPOSED_H
#define LG_INTERPOSED_H

#include "shim/command/program/elf.h"

#define LG_INTERPOSED_MAX 128u /* a build with more of them fails */

extern const char *const lg_interposed[]; /* sorted as by strcmp */
extern const size_t lg_interposed_count;

/* The index of `name` in the table, or -1. */
int lg_interposed_find(const char *name);

/* What the symbols of a file tell; the sets are indexed by the table. */
struct lg_calls {
    bool imports[LG_INTERPOSED_MAX];
    bool defines[LG_INTERPOSED_MAX];
    bool io_uring;
};

/* Fills `calls`, which is zeroed. Returns false when the symbols could not be read to their end. */
bool lg_calls_read(struct lg_calls *calls, const struct lg_elf *elf);

/* Whether `set` has any call, and whether it has the one of that name. */
bool lg_calls_any(const bool *set);
bool lg_calls_have(const bool *set, const char *name);

#endif
