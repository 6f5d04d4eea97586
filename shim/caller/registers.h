/* SPDX-License-Identifier: MIT */
/*
 * The registers that unwinding needs, by their DWARF numbers (the psABI of each machine, "DWARF
 * Register Number Mapping"): those that a called function preserves, the stack pointer, the return
 * address, and on x86 the others too, from which hand-written code may restore.
 */
#ifndef LG_REGISTERS_H
#define LG_REGISTERS_H

#include <stdint.h>

/* An index into a set of registers is its DWARF number minus LG_REGISTER_FIRST_NUMBER. */
#if defined(__x86_64__)
#define LG_REGISTER_FIRST_NUMBER 0u
#define LG_REGISTER_COUNT        17u /* rax to r15, and the return address as a register */
#define LG_REGISTER_SP           7u
#define LG_REGISTER_RETURN       16u
#define LG_REGISTERS_PRESERVED   0xf048u /* bit 1u << index: rbx rbp r12 to r15 */
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
#define LG_RETURN_IN_REGISTER    1      /* a call pushes nothing */
#elif defined(__s390x__)
#define LG_REGISTER_FIRST_NUMBER 6u
#define LG_REGISTER_COUNT        10u /* r6 to r15 */
#define LG_REGISTER_SP           9u
#define LG_REGISTER_RETURN       8u
#define LG_REGISTERS_PRESERVED   0xffu /* r6 to r13 */
#define LG_RETURN_IN_REGISTER    1
#define LG_CFA_ABOVE_SP          160u /* the area that a caller gives for saving registers */
#endif

#ifndef LG_RETURN_IN_REGISTER
#define LG_RETURN_IN_REGISTER 0
#endif

/* How far above the stack pointer of the caller its canonical frame address is. */
#ifndef LG_CFA_ABOVE_SP
#define LG_CFA_ABOVE_SP 0u
#endif

/* The index of a DWARF number; LG_REGISTER_COUNT for a register that unwinding does not need. */
static inline unsigned lg_register_index(uint64_t number)
{
    uint64_t index = number - LG_REGISTER_FIRST_NUMBER;

    return index < LG_REGISTER_COUNT ? (unsigned)index : LG_REGISTER_COUNT;
}

#endif
