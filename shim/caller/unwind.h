/* SPDX-License-Identifier: MIT */
/*
 * Walking up a stack by the tables that compilers write for exceptions: .eh_frame_hdr and .eh_frame
 * (Linux Standard Base 5.0, "Exception Frames"; DWARF 5 section 6.4). For x86-64, i386 and aarch64.
 *
 * Neither the stack nor the tables are trusted: every read is bounded and goes through lg_safe_read, no
 * loop is longer than what it reads, and each frame must lie further up than the one before. Under
 * 2 KiB of stack. Async-signal-safe, thread-safe, fork-safe.
 */
#ifndef LG_UNWIND_H
#define LG_UNWIND_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/base/safe_read.h"
#include "shim/caller/caller.h"
#include "shim/caller/eh_frame.h"
#include "shim/caller/module.h"

/* A position in a walk: the state in which one function is, or will be when it is returned to. */
struct lg_walk {
    struct lg_safe_pages peek;
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

/* Whether register `i` is known; one that no walk needs is not. */
bool lg_walk_knows(const struct lg_walk *walk, unsigned i);

/* Reads a word of the stack: aligned, and not below the frame that the walk is in. */
bool lg_walk_read(struct lg_walk *walk, uintptr_t at, uintptr_t *word);

/* Adds the callers of frames->address[0] as far as `wanted`. Of the library's own use only. */
void lg_unwind_collect(struct lg_frames *frames, unsigned wanted);

#endif
