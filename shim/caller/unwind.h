/* SPDX-License-Identifier: MIT */
/*
 * Unwinding: from a function to its caller, by call frame information. For x86-64, i386 and aarch64.
 *
 * Neither the stack nor the tables are trusted: every read is bounded and goes through lg_safe_read,
 * and each frame must lie further up than the one before. What is not understood ends the walk.
 * Under 2 KiB of stack. Async-signal-safe, thread-safe, fork-safe.
 */
#ifndef LG_UNWIND_H
#define LG_UNWIND_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/caller/module.h"
#include "shim/caller/walk.h"

/*
 * Goes from a function in `module` to its caller. Returns false when there is none, or none that
 * can be relied on; walk->left_signal_frame is valid even so.
 */
bool lg_walk_step(struct lg_walk *walk, const struct lg_module *module);

/*
 * Finds the callers of addresses[0], a return address on this thread's stack, in the form of struct
 * lg_frames: at most `wanted` addresses, that one included. Returns how many there are then, at least 1.
 */
unsigned lg_unwind(uintptr_t *addresses, unsigned wanted);

#endif
