/* SPDX-License-Identifier: MIT */
/*
 * Walking up a stack by the tables that compilers write for exceptions: .eh_frame_hdr and .eh_frame
 * (Linux Standard Base 5.0, "Exception Frames"; DWARF 5 section 6.4). For x86-64, i386 and aarch64.
 *
 * Neither the stack nor the tables are trusted: every read is bounded and goes through lg_peek, no
 * loop is longer than what it reads, and each frame must lie further up than the one before. Under
 * 2 KiB of stack. Async-signal-safe, thread-safe, fork-safe.
 */
#ifndef LG_UNWIND_H
#define LG_UNWIND_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/caller.h"
#include "shim/module.h"
#include "shim/peek.h"

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

/* A position in a walk: the state in which one function is, or will be when it is returned to. */
struct lg_walk {
    struct lg_peek peek;
    uintptr_t value[LG_REGISTER_COUNT];
    uint32_t known;        /* bit 1u << i: value[i] is known */
    uintptr_t pc;          /* the next instruction of this function */
    bool is_interrupted;   /* it was interrupted there by a signal, and called nothing */
    bool left_signal;      /* the frame that was left last is a signal's trampoline */
    uintptr_t stack_start; /* no word of the stack lies outside of this */
    uintptr_t stack_end;
};

/*
 * Goes from a function in `module` to its caller. Returns false when there is none, or none that
 * can be relied on; walk->left_signal is valid even so.
 */
bool lg_walk_step(struct lg_walk *walk, const struct lg_module *module);

/* Adds the callers of frames->address[0] as far as `wanted`. Of the library's own use only. */
void lg_unwind_collect(struct lg_frames *frames, unsigned wanted);

#endif
