/* SPDX-License-Identifier: MIT */
/*
 * The tables that compilers write for exceptions, .eh_frame_hdr and .eh_frame (Linux Standard Base
 * 5.0, "Exception Frames"; DWARF 5 section 6.4): where, at one place of a function, the registers of
 * its caller are. For x86-64, i386 and aarch64.
 *
 * The tables are not trusted: no loop is longer than what it reads. Async-signal-safe, thread-safe,
 * fork-safe.
 */
#ifndef LG_EH_FRAME_H
#define LG_EH_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/base/safe_read.h"
#include "shim/caller/module.h"

/* The registers that a walk needs, in the order of the machine's DWARF numbers from FIRST_NUMBER. */
#if defined(__x86_64__)
#define LG_REGISTER_FIRST_NUMBER 0u
#define LG_REGISTER_COUNT        17u /* rax to r15, and the return address as a register */
#define LG_REGISTER_SP           7u
#define LG_REGISTER_RETURN       16u
#define LG_REGISTERS_PRESERVED   0xf048u /* rbx rbp r12 to r15 */
#elif defined(__i386__)
#define LG_REGISTER_FIRST_NUMBER 0u
#define LG_REGISTER_COUNT        9u /* eax to edi, and the return address as a register */
#define LG_REGISTER_SP           4u
#define LG_REGISTER_RETURN       8u
#define LG_REGISTERS_PRESERVED   0xe8u /* ebx ebp esi edi */
#elif defined(__aarch64__)
#define LG_REGISTER_FIRST_NUMBER 19u
#define LG_REGISTER_COUNT        13u /* x19 to x30, sp */
#define LG_REGISTER_SP           12u
#define LG_REGISTER_RETURN       11u
#define LG_REGISTERS_PRESERVED   0x7ffu /* x19 to x29 */
#endif

/* Where the caller's value of a register is. */
enum lg_eh_place {
    LG_UNCHANGED = 0,
    LG_AT_OFFSET, /* in memory, from the CFA */
    LG_IS_OFFSET, /* the CFA plus the offset */
    LG_IN_REGISTER,
    LG_AT_EXPRESSION, /* in memory, at an address that an expression computes */
    LG_IS_EXPRESSION,
    LG_LOST
};

struct lg_eh_rule {
    int32_t operand; /* an offset, a register, or where behind lg_module.tables_start an expression starts */
    uint8_t place;
};

/* A row of the table: the rules that hold at one place of a function. */
struct lg_eh_row {
    struct lg_eh_rule rule[LG_REGISTER_COUNT];
    struct lg_eh_rule cfa; /* LG_IN_REGISTER plus cfa_offset, or LG_IS_EXPRESSION */
    int32_t cfa_offset;
    bool return_is_signed;
};

/* The register that a DWARF number stands for; LG_REGISTER_COUNT for one that no walk needs. */
static inline unsigned lg_register_of(uint64_t number)
{
    uint64_t index = number - LG_REGISTER_FIRST_NUMBER;

    return index < LG_REGISTER_COUNT ? (unsigned)index : LG_REGISTER_COUNT;
}

/*
 * Finds the row that holds at `address` in `module`. Returns false where there is none that is sound,
 * with `row` in an undefined state;
 * `is_signal`, whether the function is the trampoline of a signal, is set even so.
 */
bool lg_eh_frame_row(struct lg_safe_pages *peek, const struct lg_module *module, uintptr_t address,
                     struct lg_eh_row *row, bool *is_signal);

#endif
