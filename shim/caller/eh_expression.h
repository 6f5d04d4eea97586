/* SPDX-License-Identifier: MIT */
/*
 * The expressions in tables for exceptions, DWARF 5 section 2.5: those of PLTs, of signal trampolines
 * and of functions that align their stack. Without branches, so that an expression ends.
 *
 * Async-signal-safe, thread-safe, fork-safe.
 */
#ifndef LG_EH_EXPRESSION_H
#define LG_EH_EXPRESSION_H

#include "shim/caller/unwind.h"

/*
 * Evaluates the expression `where` bytes behind the start of the tables of `module`, with the registers and the stack
 * of `walk`, and with `first` on its own stack unless that is NULL. Returns false when it is not understood or uses
 * what is not known.
 */
bool lg_expression_evaluate(struct lg_walk *walk, const struct lg_module *module, int32_t where, const uintptr_t *first,
                            uintptr_t *result);

#endif
