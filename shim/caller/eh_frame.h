/* SPDX-License-Identifier: MIT */
/*
 * .eh_frame_hdr and .eh_frame, the tables that compilers write for exceptions (Linux Standard Base
 * 5.0, "Exception Frames"): the frame description entry (FDE) of a function, and the common
 * information entry (CIE) that it refers to.
 *
 * Understood is what occurs in the programs and libraries of a Debian 12 (3,398 of x86-64, 49 of
 * i386, 29 of aarch64): a table of sdata4 pairs, CIEs of version 1 and 3 whose augmentation begins
 * with z, code pointers in four bytes. Everything else means that there is no FDE.
 *
 * The tables are not trusted: every read is bounded and goes through lg_safe_read. Async-signal-safe,
 * thread-safe, fork-safe.
 */
#ifndef LG_EH_FRAME_H
#define LG_EH_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/base/safe_read.h"
#include "shim/caller/module.h"

struct lg_span {
    uintptr_t start;
    uintptr_t end;
};

struct lg_cie {
    struct lg_span instructions; /* those that every function of this CIE begins with */
    int32_t data_alignment;      /* the unit of offsets from the CFA */
    uint8_t code_alignment;      /* the unit of advances in the code */
    uint8_t pointer_encoding;    /* of the code addresses in its FDEs, DW_EH_PE_* */
    bool is_signal_frame;        /* its functions are trampolines that the kernel has signal handlers return to */
};

struct lg_fde {
    struct lg_cie cie;
    struct lg_span code;
    struct lg_span instructions;
};

/*
 * Finds the FDE of the function in `module` that `address` lies in, and its CIE. Returns false, with
 * `fde` in an undefined state, where there is none that is sound.
 */
bool lg_fde_find(struct lg_safe_pages *pages, const struct lg_module *module, uintptr_t address, struct lg_fde *fde);

#endif
