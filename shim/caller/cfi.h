/* SPDX-License-Identifier: MIT */
/*
 * Call frame information (DWARF 5 section 6.4): the row of a function's table that holds at one
 * address, which says by what rule each register of the caller is found.
 *
 * Async-signal-safe, thread-safe, fork-safe. Bounded by the length of a CIE and an FDE.
 */
#ifndef LG_CFI_H
#define LG_CFI_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/base/safe_read.h"
#include "shim/caller/eh_frame.h"
#include "shim/caller/module.h"
#include "shim/caller/registers.h"

/* The register rules of DWARF 5 section 6.4.1 that occur; val_offset(N) and val_expression(E) do not. */
enum lg_cfi_rule_kind {
    LG_RULE_SAME_VALUE = 0,
    LG_RULE_UNDEFINED,
    LG_RULE_OFFSET,    /* saved at CFA + operand */
    LG_RULE_REGISTER,  /* held by the register of index `operand` */
    LG_RULE_EXPRESSION /* saved at the address that the expression at lg_module.tables_start + operand computes */
};

struct lg_cfi_rule {
    int32_t operand;
    uint8_t kind; /* enum lg_cfi_rule_kind */
};

struct lg_cfi_row {
    struct lg_cfi_rule rule[LG_REGISTER_COUNT];
    struct lg_cfi_rule cfa; /* LG_RULE_REGISTER: that register + cfa_offset; LG_RULE_EXPRESSION: its result */
    int32_t cfa_offset;
    bool return_is_signed; /* aarch64: the return address has a pointer authentication code */
};

/*
 * Finds the row for `address`, which lies in fde->code of `module`. Returns false, with `row` in an undefined
 * state, where the instructions are not understood.
 */
bool lg_cfi_row_find(struct lg_safe_pages *pages, const struct lg_module *module, const struct lg_fde *fde,
                     uintptr_t address, struct lg_cfi_row *row);

#endif
