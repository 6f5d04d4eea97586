/* SPDX-License-Identifier: MIT */
/*
 * A position in a walk up the stack: the registers of one frame, as far as they are known, and
 * the part of the stack that its callers are in.
 *
 * Async-signal-safe, thread-safe, fork-safe. A struct lg_walk belongs to one caller and one moment.
 */
#ifndef LG_WALK_H
#define LG_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/base/safe_read.h"
#include "shim/caller/registers.h"

struct lg_walk {
    struct lg_safe_pages pages;
    uintptr_t value[LG_REGISTER_COUNT];
    uint32_t known;         /* bit 1u << index: value[index] is known */
    uintptr_t pc;           /* the next instruction of this function */
    bool is_interrupted;    /* a signal came before that instruction; otherwise a call will return to it */
    bool left_signal_frame; /* the last step left a signal trampoline */
    uintptr_t stack_start;  /* no word of the stack lies outside of [stack_start, stack_end) */
    uintptr_t stack_end;
};

/* Whether the register of this index is known; LG_REGISTER_COUNT, one that unwinding does not need, is not. */
static inline bool lg_walk_knows(const struct lg_walk *walk, unsigned index)
{
    return index < LG_REGISTER_COUNT && (walk->known & (1u << index)) != 0;
}

/* Reads a word of the stack. Returns false for one that is not aligned, or below the frame, or not readable. */
static inline bool lg_walk_read(struct lg_walk *walk, uintptr_t at, uintptr_t *word)
{
    return at % sizeof *word == 0 && at >= walk->value[LG_REGISTER_SP] && at >= walk->stack_start &&
           at < walk->stack_end && walk->stack_end - at >= sizeof *word &&
           lg_safe_read(&walk->pages, word, at, sizeof *word);
}

#endif
