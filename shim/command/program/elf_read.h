/* SPDX-License-Identifier: MIT */
/*
 * What the files of the ELF reader share: numbers and places of a file whose first bytes are known,
 * each checked against the file. For elf*.c alone; elf.h is for everybody else.
 */
#ifndef LG_ELF_READ_H
#define LG_ELF_READ_H

#include "shim/command/program/elf.h"
#include <elf.h>

static inline bool lg_elf_in_file(const struct lg_elf *elf, uint64_t offset, uint64_t length)
{
    return offset <= elf->source.size_bytes && length <= elf->source.size_bytes - offset;
}

static inline bool lg_elf_read(const struct lg_elf *elf, uint64_t offset, void *to, size_t length)
{
    return lg_elf_in_file(elf, offset, length) && elf->source.read_at(elf->source.context, offset, to, length);
}

/* An unsigned number of `bytes` bytes in the file's byte order. */
static inline uint64_t lg_elf_number(const struct lg_elf *elf, const unsigned char *at, unsigned bytes)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < bytes; i++)
        value = value << 8 | at[elf->big_endian ? i : bytes - 1 - i];
    return value;
}

static inline unsigned lg_elf_word_bytes(const struct lg_elf *elf)
{
    return elf->bits / 8;
}

/* A field that stands at `at32` in the 32-bit layout and at `at64` in the other, one word wide. */
static inline uint64_t lg_elf_word(const struct lg_elf *elf, const unsigned char *from, unsigned at32, unsigned at64)
{
    return lg_elf_number(elf, from + (elf->bits == 64 ? at64 : at32), lg_elf_word_bytes(elf));
}

static inline uint16_t lg_elf_half(const struct lg_elf *elf, const unsigned char *from, unsigned at32, unsigned at64)
{
    return (uint16_t)lg_elf_number(elf, from + (elf->bits == 64 ? at64 : at32), 2);
}

static inline uint32_t lg_elf_full(const struct lg_elf *elf, const unsigned char *from, unsigned at32, unsigned at64)
{
    return (uint32_t)lg_elf_number(elf, from + (elf->bits == 64 ? at64 : at32), 4);
}

/* The file offset of `length` bytes at `address`; false when no segment has all of them in the file. */
static inline bool lg_elf_offset_of(const struct lg_elf *elf, uint64_t address, uint64_t length, uint64_t *offset)
{
    for (size_t i = 0; i < elf->segment_count; i++) {
        const struct lg_elf_segment *segment = &elf->segments[i];

        if (segment->type != PT_LOAD || address < segment->address)
            continue;
        if (address - segment->address <= segment->file_bytes &&
            length <= segment->file_bytes - (address - segment->address)) {
            *offset = segment->offset_bytes + (address - segment->address);
            return true;
        }
    }
    return false;
}

/* Bytes in the file from `address` to the end of its segment. */
static inline uint64_t lg_elf_bytes_behind(const struct lg_elf *elf, uint64_t address)
{
    for (size_t i = 0; i < elf->segment_count; i++) {
        const struct lg_elf_segment *segment = &elf->segments[i];

        if (segment->type == PT_LOAD && address >= segment->address &&
            address - segment->address <= segment->file_bytes)
            return segment->file_bytes - (address - segment->address);
    }
    return 0;
}

static inline enum lg_elf_result lg_elf_damaged(const char **why, const char *text)
{
    *why = text;
    return LG_ELF_DAMAGED;
}

static inline enum lg_elf_result lg_elf_truncated(const char **why, const char *text)
{
    *why = text;
    return LG_ELF_TRUNCATED;
}

/* One section header, decoded. */
struct lg_elf_section {
    uint32_t name;
    uint32_t type;
    uint64_t address;
    uint64_t offset_bytes;
    uint64_t size_bytes;
    uint32_t link;
};

/* Reads section header `index` of the table at file offset `table`; false when it is not in the file. */
bool lg_elf_section_read(const struct lg_elf *elf, uint64_t table, uint32_t index, struct lg_elf_section *section);

static inline const struct lg_elf_segment *lg_elf_segment_of_type(const struct lg_elf *elf, uint32_t type)
{
    for (size_t i = 0; i < elf->segment_count; i++) {
        if (elf->segments[i].type == type)
            return &elf->segments[i];
    }
    return NULL;
}

static inline const char *lg_elf_string(const struct lg_elf *elf, uint64_t offset)
{
    return offset < elf->strings_bytes ? elf->strings + offset : NULL;
}

/* The entries of the dynamic section that matter here; addresses, 0 when absent. */
struct lg_elf_dynamic {
    uint64_t strings, strings_bytes;
    uint64_t symbols;
    uint64_t hash, gnu_hash;
    uint64_t rel, rel_bytes, rela, rela_bytes, plt, plt_bytes, plt_kind;
    uint64_t soname, rpath, runpath; /* offsets into the strings, behind their end when absent */
    uint64_t needed[LG_ELF_NEEDED_MAX];
    size_t needed_count;
};

/* Reads the dynamic section, if there is one, and finds the symbols. */
enum lg_elf_result lg_elf_dynamic_read(struct lg_elf *elf, const char **why);

/* Says in `elf` where the dynamic symbols are and how many. */
enum lg_elf_result lg_elf_symbols_find(struct lg_elf *elf, const struct lg_elf_dynamic *dynamic, const char **why);

#endif
