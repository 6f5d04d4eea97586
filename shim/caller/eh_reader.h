/* SPDX-License-Identifier: MIT */
/*
 * Reading the tables of .eh_frame: numbers of every form that they use, in sequence, never outside of
 * bounds and never where no memory is. A reader that failed stays so, and everything it reads is 0:
 * it is enough to look once, at the end.
 *
 * Async-signal-safe, thread-safe, fork-safe.
 */
#ifndef LG_EH_READER_H
#define LG_EH_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shim/base/safe_read.h"

/* How a pointer is written: DW_EH_PE_* of the Linux Standard Base. */
enum lg_eh_encoding {
    LG_FORMAT_MASK = 0x0f,
    LG_FORMAT_WORD = 0x00,
    LG_FORMAT_ULEB = 0x01,
    LG_FORMAT_U2 = 0x02,
    LG_FORMAT_U4 = 0x03,
    LG_FORMAT_U8 = 0x04,
    LG_FORMAT_SLEB = 0x09,
    LG_FORMAT_S2 = 0x0a,
    LG_FORMAT_S4 = 0x0b,
    LG_FORMAT_S8 = 0x0c,
    LG_RELATION_MASK = 0x70,
    LG_RELATION_NONE = 0x00,
    LG_RELATION_HERE = 0x10,
    LG_RELATION_HEADER = 0x30,
    LG_INDIRECT = 0x80,
    LG_OMITTED = 0xff
};

/* What is being read: sequential, and void from the first read that fails. */
struct lg_reader {
    struct lg_safe_pages *peek;
    uintptr_t at;
    uintptr_t end;
    uintptr_t readable; /* what lies between `at` and this can be read; it may be behind `end`, or before `at` */
    bool failed;
};

struct lg_span {
    uintptr_t start;
    uintptr_t end;
};

struct lg_reader lg_reader_make(struct lg_safe_pages *peek, uintptr_t start, uintptr_t end);

/* Copies the next bytes. Returns false, and leaves `to` alone or undefined, where they cannot be had. */
bool lg_take(struct lg_reader *reader, void *to, size_t size);

void lg_take_skip(struct lg_reader *reader, uint64_t size);

/* Where the next `size` bytes are; they are skipped. */
struct lg_span lg_take_span(struct lg_reader *reader, uint64_t size);

uint8_t lg_take_u8(struct lg_reader *reader);
uint16_t lg_take_u16(struct lg_reader *reader);
uint32_t lg_take_u32(struct lg_reader *reader);

/* LEB128, DWARF 5 section 7.6. Bits beyond 64 are dropped. */
uint64_t lg_take_uleb(struct lg_reader *reader);
int64_t lg_take_sleb(struct lg_reader *reader);

/* A number in one of LG_FORMAT_*; signed ones are extended. */
uint64_t lg_take_format(struct lg_reader *reader, uint8_t format);

/* A pointer, relative to where it is or to `header` (0: none); indirect ones are not followed and fail. */
uintptr_t lg_take_pointer(struct lg_reader *reader, uint8_t encoding, uintptr_t header);

#endif
