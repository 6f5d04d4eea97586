/* SPDX-License-Identifier: MIT */
/* The dynamic symbols: how many there are, and which. */
#include "shim/command/program/elf_read.h"

/* The number of symbols is the second word of DT_HASH. */
static uint64_t count_by_hash(const struct lg_elf *elf, uint64_t address)
{
    unsigned char raw[8];
    uint64_t offset;

    if (!lg_elf_offset_of(elf, address, sizeof(raw), &offset) || !lg_elf_read(elf, offset, raw, sizeof(raw)))
        return 0;
    return lg_elf_full(elf, raw, 4, 4);
}

/* Largest 32-bit number of an array in the file; false when it cannot be read. */
static bool largest_of(const struct lg_elf *elf, uint64_t offset, uint64_t count, uint32_t *largest)
{
    unsigned char raw[4096];

    *largest = 0;
    while (count > 0) {
        size_t take = count < sizeof(raw) / 4 ? (size_t)count : sizeof(raw) / 4;

        if (!lg_elf_read(elf, offset, raw, take * 4))
            return false;
        for (size_t i = 0; i < take; i++) {
            uint32_t value = (uint32_t)lg_elf_number(elf, raw + 4 * i, 4);

            *largest = value > *largest ? value : *largest;
        }
        offset += take * 4;
        count -= take;
    }
    return true;
}

/* Follows a chain of DT_GNU_HASH to the entry whose lowest bit ends it; the index behind it. */
static uint64_t end_of_chain(const struct lg_elf *elf, uint64_t chains, uint32_t first, uint32_t symbol)
{
    unsigned char raw[4096];
    uint64_t index = symbol;

    while (index < LG_ELF_SYMBOLS_MAX) {
        uint64_t offset = chains + 4 * (index - first);
        uint64_t left = offset < elf->source.size_bytes ? (elf->source.size_bytes - offset) / 4 : 0;
        size_t take = left < sizeof(raw) / 4 ? (size_t)left : sizeof(raw) / 4;

        if (take == 0 || !lg_elf_read(elf, offset, raw, take * 4))
            return 0;
        for (size_t i = 0; i < take; i++) {
            if (lg_elf_number(elf, raw + 4 * i, 4) & 1)
                return index + i + 1;
        }
        index += take;
    }
    return 0;
}

/* The end of the longest chain of DT_GNU_HASH; 0 where it hashes nothing, as in most programs. */
static uint64_t count_by_gnu_hash(const struct lg_elf *elf, uint64_t address)
{
    unsigned char raw[16];
    uint64_t offset, buckets_bytes;
    uint32_t buckets, first, bloom, largest;

    if (!lg_elf_offset_of(elf, address, sizeof(raw), &offset) || !lg_elf_read(elf, offset, raw, sizeof(raw)))
        return 0;
    buckets = lg_elf_full(elf, raw, 0, 0);
    first = lg_elf_full(elf, raw, 4, 4);
    bloom = lg_elf_full(elf, raw, 8, 8);
    if (buckets > LG_ELF_SYMBOLS_MAX)
        return 0;
    buckets_bytes = offset + sizeof(raw) + (uint64_t)bloom * lg_elf_word_bytes(elf);
    if (!largest_of(elf, buckets_bytes, buckets, &largest) || largest == 0 || largest < first)
        return 0;
    return end_of_chain(elf, buckets_bytes + 4 * (uint64_t)buckets, first, largest);
}

/* One behind the largest symbol that a table of relocations asks for. */
static uint64_t count_by_relocations(const struct lg_elf *elf, uint64_t address, uint64_t bytes, bool addend)
{
    size_t size = (addend ? 3 : 2) * lg_elf_word_bytes(elf);
    unsigned char raw[24 * 256];
    size_t batch = sizeof(raw) / size;
    uint64_t offset, count, largest = 0;

    if (bytes > LG_ELF_SEARCH_BYTES_MAX)
        bytes = LG_ELF_SEARCH_BYTES_MAX;
    if (!lg_elf_offset_of(elf, address, bytes, &offset))
        return 0;
    for (count = bytes / size; count > 0;) {
        size_t take = count < batch ? (size_t)count : batch;

        if (!lg_elf_read(elf, offset, raw, take * size))
            return 0;
        for (size_t i = 0; i < take; i++) {
            uint64_t info = lg_elf_word(elf, raw + i * size, 4, 8);
            uint64_t symbol = elf->bits == 64 ? info >> 32 : info >> 8;

            largest = symbol > largest ? symbol : largest;
        }
        offset += take * size;
        count -= take;
    }
    return largest + 1;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/*
 * Nothing in the dynamic section says how many symbols there are. DT_HASH does; DT_GNU_HASH only
 * where something is exported, and imports come before that; what is left are the relocations, which
 * name every symbol that the loader will ever look up.
 */
static uint64_t count_symbols(const struct lg_elf *elf, const struct lg_elf_dynamic *dynamic)
{
    uint64_t count = dynamic->hash ? count_by_hash(elf, dynamic->hash) : 0;

    if (count == 0 && dynamic->gnu_hash)
        count = count_by_gnu_hash(elf, dynamic->gnu_hash);
    if (count == 0) {
        count = count_by_relocations(elf, dynamic->rela, dynamic->rela_bytes, true);
        count = larger(count, count_by_relocations(elf, dynamic->rel, dynamic->rel_bytes, false));
        count =
            larger(count, count_by_relocations(elf, dynamic->plt, dynamic->plt_bytes, dynamic->plt_kind == DT_RELA));
    }
    return count;
}

static unsigned symbol_bytes(const struct lg_elf *elf)
{
    return elf->bits == 64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
}

enum lg_elf_result lg_elf_symbols_find(struct lg_elf *elf, const struct lg_elf_dynamic *dynamic, const char **why)
{
    uint64_t count;

    if (dynamic->symbols == 0)
        return LG_ELF_OK;
    count = count_symbols(elf, dynamic);
    if (count > LG_ELF_SYMBOLS_MAX)
        return lg_elf_damaged(why, "it has too many dynamic symbols");
    if (count > lg_elf_bytes_behind(elf, dynamic->symbols) / symbol_bytes(elf) ||
        !lg_elf_offset_of(elf, dynamic->symbols, count * symbol_bytes(elf), &elf->symbols_bytes))
        return lg_elf_damaged(why, "its dynamic symbols lie outside of its segments");
    elf->symbol_count = (uint32_t)count;
    return LG_ELF_OK;
}

static void see_symbol(const struct lg_elf *elf, const unsigned char *raw, lg_elf_symbol_fn *see, void *context)
{
    const char *name = lg_elf_string(elf, lg_elf_full(elf, raw, 0, 0));
    unsigned info = raw[elf->bits == 64 ? 4 : 12];
    unsigned other = raw[elf->bits == 64 ? 5 : 13];
    bool imported = lg_elf_half(elf, raw, 14, 6) == SHN_UNDEF;

    if (!name || !name[0] || ELF64_ST_BIND(info) == STB_LOCAL)
        return;
    if (imported || ELF64_ST_VISIBILITY(other) == STV_DEFAULT || ELF64_ST_VISIBILITY(other) == STV_PROTECTED)
        see(context, name, imported);
}

bool lg_elf_symbols(const struct lg_elf *elf, lg_elf_symbol_fn *see, void *context)
{
    unsigned char raw[24 * 512];
    unsigned size = symbol_bytes(elf);
    uint64_t offset = elf->symbols_bytes;
    uint32_t left = elf->symbol_count;

    while (left > 0) {
        uint32_t take = left < 512 ? left : 512;

        if (!lg_elf_read(elf, offset, raw, (size_t)take * size))
            return false;
        for (uint32_t i = 0; i < take; i++)
            see_symbol(elf, raw + (size_t)i * size, see, context);
        offset += (uint64_t)take * size;
        left -= take;
    }
    return true;
}
