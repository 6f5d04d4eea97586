/* SPDX-License-Identifier: MIT */
/*
 * Reading DWARF data in sequence, never outside of the given range and never where no memory is.
 * A reader that failed once stays failed, and everything it then reads is 0: it is enough to look
 * at `failed` after the last read.
 *
 * Async-signal-safe, thread-safe, fork-safe. Bounded: a read consumes what it looks at.
 */
#ifndef LG_EH_READER_H
#define LG_EH_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shim/base/safe_read.h"

/* How a pointer is encoded, Linux Standard Base 5.0, "DWARF Exception Header Encoding". */
enum {
    DW_EH_PE_absptr = 0x00,
    DW_EH_PE_udata4 = 0x03,
    DW_EH_PE_udata8 = 0x04,
    DW_EH_PE_sdata4 = 0x0b,
    DW_EH_PE_pcrel = 0x10,
    DW_EH_PE_datarel = 0x30
};

struct lg_eh_reader {
    struct lg_safe_pages *pages;
    uintptr_t at;
    uintptr_t end;
    uintptr_t readable_end; /* from `at` up to here the memory is known to be readable; may be before `at` */
    bool failed;
};

/* A reader of [start, end). `pages` must outlive it. */
struct lg_eh_reader lg_eh_reader_make(struct lg_safe_pages *pages, uintptr_t start, uintptr_t end);

void lg_eh_skip(struct lg_eh_reader *reader, uint64_t size_bytes);

uint8_t lg_eh_read_u8(struct lg_eh_reader *reader);
uint16_t lg_eh_read_u16(struct lg_eh_reader *reader);
uint32_t lg_eh_read_u32(struct lg_eh_reader *reader);

/* LEB128, DWARF 5 section 7.6. Bits beyond 64 are dropped. */
uint64_t lg_eh_read_uleb(struct lg_eh_reader *reader);
int64_t lg_eh_read_sleb(struct lg_eh_reader *reader);

#endif
