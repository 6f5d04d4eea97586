/* SPDX-License-Identifier: MIT */
/*
 * DWARF expressions (DWARF 5 section 2.5) of call frame information: those of procedure linkage
 * tables, signal trampolines and functions that realign their stack. No operation branches, so an
 * expression ends.
 *
 * Async-signal-safe, thread-safe, fork-safe.
 */
#ifndef LG_EXPRESSION_H
#define LG_EXPRESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/caller/module.h"
#include "shim/caller/walk.h"

/*
 * Evaluates the expression at module->tables_start + `where`, with the registers and the stack of `walk`. Its stack
 * starts empty: no expression that occurs uses the CFA, which DWARF puts there. Returns false when an operation is
 * unknown or uses a register or memory that is.
 */
bool lg_expression_evaluate(struct lg_walk *walk, const struct lg_module *module, int32_t where, uintptr_t *result);

#endif
