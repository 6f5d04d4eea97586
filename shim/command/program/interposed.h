/* SPDX-License-Identifier: MIT */
/* The calls that the library interposes, from its export list (shim/call/exports.map) at build time. */
#ifndef LG_INTERPOSED_H
#define LG_INTERPOSED_H

#include <stddef.h>

#define LG_INTERPOSED_MAX 128u /* a build with more of them fails */

extern const char *const lg_interposed[]; /* sorted as by strcmp */
extern const size_t lg_interposed_count;

/* The index of `name` in the table, or -1. */
int lg_interposed_find(const char *name);

#endif
