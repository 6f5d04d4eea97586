/* SPDX-License-Identifier: MIT */
/* The dynamic section: what the loader is asked for. */
#include "shim/command/program/elf_read.h"
#include <stdlib.h>
#include <string.h>

static void note_place(struct lg_elf_dynamic *dynamic, uint64_t tag, uint64_t value)
{
    static const struct {
        uint64_t tag;
        size_t at;
    } places[] = {
        {DT_STRTAB, offsetof(struct lg_elf_dynamic, strings)},
        {DT_STRSZ, offsetof(struct lg_elf_dynamic, strings_bytes)},
        {DT_SYMTAB, offsetof(struct lg_elf_dynamic, symbols)},
        {DT_HASH, offsetof(struct lg_elf_dynamic, hash)},
        {DT_GNU_HASH, offsetof(struct lg_elf_dynamic, gnu_hash)},
        {DT_REL, offsetof(struct lg_elf_dynamic, rel)},
        {DT_RELSZ, offsetof(struct lg_elf_dynamic, rel_bytes)},
        {DT_RELA, offsetof(struct lg_elf_dynamic, rela)},
        {DT_RELASZ, offsetof(struct lg_elf_dynamic, rela_bytes)},
        {DT_JMPREL, offsetof(struct lg_elf_dynamic, plt)},
        {DT_PLTRELSZ, offsetof(struct lg_elf_dynamic, plt_bytes)},
        {DT_PLTREL, offsetof(struct lg_elf_dynamic, plt_kind)},
        {DT_SONAME, offsetof(struct lg_elf_dynamic, soname)},
        {DT_RPATH, offsetof(struct lg_elf_dynamic, rpath)},
        {DT_RUNPATH, offsetof(struct lg_elf_dynamic, runpath)},
    };

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (places[i].tag == tag)
            memcpy((char *)dynamic + places[i].at, &value, sizeof(value));
    }
}

static void note_entry(struct lg_elf *elf, struct lg_elf_dynamic *dynamic, uint64_t tag, uint64_t value)
{
    if (tag == DT_NEEDED) {
        if (dynamic->needed_count < LG_ELF_NEEDED_MAX)
            dynamic->needed[dynamic->needed_count++] = value;
    } else if (tag == DT_FLAGS_1) {
        elf->pie = (value & DF_1_PIE) != 0;
        elf->default_off = (value & DF_1_NODEFLIB) != 0;
    } else {
        note_place(dynamic, tag, value);
    }
}

static enum lg_elf_result read_entries(struct lg_elf *elf, const struct lg_elf_segment *segment,
                                       struct lg_elf_dynamic *dynamic, const char **why)
{
    unsigned size = 2 * lg_elf_word_bytes(elf);
    unsigned char raw[2 * sizeof(uint64_t)];

    for (uint64_t i = 0; (i + 1) * size <= segment->file_bytes; i++) {
        if (i == LG_ELF_DYNAMIC_MAX)
            return lg_elf_damaged(why, "its dynamic section is too long");
        if (!lg_elf_read(elf, segment->offset_bytes + i * size, raw, size))
            return lg_elf_truncated(why, "its dynamic section could not be read");
        if (lg_elf_word(elf, raw, 0, 0) == DT_NULL)
            return LG_ELF_OK;
        note_entry(elf, dynamic, lg_elf_word(elf, raw, 0, 0), lg_elf_word(elf, raw, 4, 8));
    }
    return LG_ELF_OK;
}

static enum lg_elf_result read_strings(struct lg_elf *elf, const struct lg_elf_dynamic *dynamic, const char **why)
{
    uint64_t offset;

    if (dynamic->strings_bytes > LG_ELF_STRING_BYTES_MAX)
        return lg_elf_damaged(why, "its dynamic string table is too long");
    if (!lg_elf_offset_of(elf, dynamic->strings, dynamic->strings_bytes, &offset))
        return lg_elf_damaged(why, "its dynamic string table lies outside of its segments");
    elf->strings = malloc((size_t)dynamic->strings_bytes + 1);
    if (!elf->strings)
        return LG_ELF_NO_MEMORY;
    if (!lg_elf_read(elf, offset, elf->strings, (size_t)dynamic->strings_bytes))
        return lg_elf_truncated(why, "its dynamic string table could not be read");
    elf->strings_bytes = (size_t)dynamic->strings_bytes;
    elf->strings[elf->strings_bytes] = '\0';
    return LG_ELF_OK;
}

static void name_needed(struct lg_elf *elf, const struct lg_elf_dynamic *dynamic)
{
    for (size_t i = 0; i < dynamic->needed_count; i++) {
        const char *name = lg_elf_string(elf, dynamic->needed[i]);

        if (name && name[0] && strnlen(name, LG_ELF_NEEDED_BYTES_MAX) < LG_ELF_NEEDED_BYTES_MAX)
            elf->needed[elf->needed_count++] = name;
    }
    elf->soname = lg_elf_string(elf, dynamic->soname);
    elf->rpath = lg_elf_string(elf, dynamic->rpath);
    elf->runpath = lg_elf_string(elf, dynamic->runpath);
}

enum lg_elf_result lg_elf_dynamic_read(struct lg_elf *elf, const char **why)
{
    const struct lg_elf_segment *segment = lg_elf_segment_of_type(elf, PT_DYNAMIC);
    struct lg_elf_dynamic dynamic = {.soname = UINT64_MAX, .rpath = UINT64_MAX, .runpath = UINT64_MAX};
    enum lg_elf_result result;

    if (!segment)
        return LG_ELF_OK;
    elf->dynamic = true;
    result = read_entries(elf, segment, &dynamic, why);
    if (result != LG_ELF_OK || dynamic.strings == 0)
        return result;
    result = read_strings(elf, &dynamic, why);
    if (result != LG_ELF_OK)
        return result;
    name_needed(elf, &dynamic);
    return lg_elf_symbols_find(elf, &dynamic, why);
}
