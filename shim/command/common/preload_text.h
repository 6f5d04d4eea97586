/* SPDX-License-Identifier: MIT */
/*
 * The two lists of libraries that the dynamic linker reads: LD_PRELOAD, and the text of
 * /etc/ld.so.preload, which has names separated by blanks, colons and line ends, `#` starting a
 * comment anywhere (ld.so(8); glibc, elf/rtld.c). Pure: no input or output.
 */
#ifndef LG_COMMAND_PRELOAD_TEXT_H
#define LG_COMMAND_PRELOAD_TEXT_H

#include "policy/policy.h"

#define LG_PRELOAD_FILE "/etc/ld.so.preload"

/* Why a path cannot be written into such a list, as the end of a sentence, or NULL when it can. */
const char *lg_preload_path_problem(const char *path);

/* Whether a name of a list is this library, whichever directory it is in. */
bool lg_preload_is_ours(struct lg_text name);

/*
 * The value for LD_PRELOAD: `library` first, then what `existing` (may be NULL) holds, without any
 * copy of this library and otherwise unchanged. The caller frees it; NULL when memory is short.
 */
char *lg_preload_variable(const char *library, const char *existing);

/* The next name at or behind *at, which is moved behind it; false at the end. */
bool lg_preload_text_next(struct lg_text text, size_t *at, struct lg_text *name);

/* How often this library is listed, and in *first (may be NULL) its first name. */
unsigned lg_preload_text_count(struct lg_text text, struct lg_text *first);

/*
 * `text` without this library: a line that held nothing else goes with it, everything else stays as
 * it is, byte for byte. The caller frees result->at; false when memory is short.
 */
bool lg_preload_text_remove(struct lg_text text, struct lg_text *result);

/*
 * `text` with a line for `library` before the first name, or at the end when there is none. The caller
 * frees result->at; false when memory is short.
 */
bool lg_preload_text_insert(struct lg_text text, const char *library, struct lg_text *result);

/* Whether nothing is left but blanks and line ends, which is to the loader as no file. */
bool lg_preload_text_is_blank(struct lg_text text);

#endif
