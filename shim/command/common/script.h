/* SPDX-License-Identifier: MIT */
/*
 * The first line of a script: who runs it. Pure: works on bytes in memory, allocates nothing, and
 * is total, since the file may be hostile.
 *
 * Sources: fs/binfmt_script.c of the kernel (the line has to fit into the first 256 bytes of the
 * file; one argument, blanks within it included); env(1) of coreutils (-S splits it).
 */
#ifndef LG_SCRIPT_H
#define LG_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#define LG_SCRIPT_LINE_BYTES 256u /* BINPRM_BUF_SIZE; what is behind them is never looked at */

struct lg_script {
    char interpreter[LG_SCRIPT_LINE_BYTES]; /* path as written */
    char argument[LG_SCRIPT_LINE_BYTES];    /* the one argument, or "" */
};

/*
 * Reads the first line from the first bytes of a file. Returns false when they are no script, or one
 * that the kernel refuses to start (no path, or cut off).
 */
bool lg_script_parse(struct lg_script *script, const char *bytes, size_t length_bytes);

/*
 * What env(1) makes of that argument: the program that it looks up in PATH, or "" when it names
 * none. `drops_preload` says that it starts it without LD_PRELOAD (-i, -, -u LD_PRELOAD, or another
 * value for it).
 */
struct lg_script_env {
    char program[LG_SCRIPT_LINE_BYTES];
    bool drops_preload;
};

void lg_script_env(struct lg_script_env *env, const char *argument);

#endif
