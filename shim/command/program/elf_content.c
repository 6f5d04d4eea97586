/* SPDX-License-Identifier: MIT */
/* What is looked for in the content of a file: the marks of Go, and names of functions. */
#include "shim/command/program/elf_read.h"
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES 65536u

/* The name of a section held against `name`, without reading more than that. */
static bool section_is_called(const struct lg_elf *elf, const struct lg_elf_section *names,
                              const struct lg_elf_section *section, const char *name)
{
    char found[32];
    size_t length = strlen(name) + 1;

    if (length > sizeof(found) || section->name > names->size_bytes || length > names->size_bytes - section->name)
        return false;
    if (!lg_elf_in_file(elf, names->offset_bytes, names->size_bytes))
        return false;
    return lg_elf_read(elf, names->offset_bytes + section->name, found, length) && memcmp(found, name, length) == 0;
}

/* The first section of this name or, with `name` NULL, of this type. */
static bool find_section(const struct lg_elf *elf, const char *name, uint32_t type, struct lg_elf_section *found)
{
    struct lg_elf_section names;

    if (elf->section_count == 0 || !lg_elf_section_read(elf, elf->sections_bytes, elf->section_names, &names))
        return false;
    for (uint32_t i = 1; i < elf->section_count; i++) {
        if (!lg_elf_section_read(elf, elf->sections_bytes, i, found))
            return false;
        if (name ? section_is_called(elf, &names, found, name) : found->type == type)
            return found->type != SHT_NOBITS && lg_elf_in_file(elf, found->offset_bytes, found->size_bytes);
    }
    return false;
}

/*
 * Go's build information, debug/buildinfo: on an address that is a multiple of 16, it starts with
 * these 14 bytes.
 */
#define GO_MAGIC_BYTES   14u
#define GO_ALIGN_BYTES   16u
#define GO_NOTE_BUILD_ID 4u

/* Written so that this program does not contain the magic itself. */
static bool is_go_magic(const unsigned char *at)
{
    return at[0] == 0xff && memcmp(at + 1, " Go build", 9) == 0 && memcmp(at + 10, "inf:", 4) == 0;
}

/* Takes what it searched off `left_bytes`. */
static bool has_go_magic(const struct lg_elf *elf, uint64_t offset, uint64_t length, uint64_t *left_bytes)
{
    unsigned char *chunk = malloc(CHUNK_BYTES);
    bool found = false;

    if (length > *left_bytes)
        length = *left_bytes;
    *left_bytes -= length;
    while (chunk && !found && length >= GO_ALIGN_BYTES) {
        size_t take = length < CHUNK_BYTES ? (size_t)length : CHUNK_BYTES;

        if (!lg_elf_read(elf, offset, chunk, take))
            break;
        for (size_t i = 0; i + GO_MAGIC_BYTES <= take && !found; i += GO_ALIGN_BYTES)
            found = is_go_magic(chunk + i);
        offset += take;
        length -= take;
    }
    free(chunk);
    return found;
}

static bool has_go_information(const struct lg_elf *elf)
{
    uint64_t left_bytes = LG_ELF_SEARCH_BYTES_MAX;
    struct lg_elf_section section;

    if (find_section(elf, ".go.buildinfo", 0, &section) &&
        has_go_magic(elf, section.offset_bytes, section.size_bytes, &left_bytes))
        return true;
    for (size_t i = 0; i < elf->segment_count; i++) {
        const struct lg_elf_segment *segment = &elf->segments[i];
        uint64_t skip = (GO_ALIGN_BYTES - segment->address % GO_ALIGN_BYTES) % GO_ALIGN_BYTES;

        if (segment->type != PT_LOAD || !(segment->flags & PF_W) || segment->file_bytes < skip)
            continue;
        if (has_go_magic(elf, segment->offset_bytes + skip, segment->file_bytes - skip, &left_bytes))
            return true;
    }
    return false;
}

/* The notes of one segment: size of the owner, size of the text, type, then both in steps of 4. */
static bool notes_say_go(const struct lg_elf *elf, const struct lg_elf_segment *segment)
{
    unsigned char raw[16];
    uint64_t at = 0;

    for (unsigned notes = 0;
         notes < 64 && segment->file_bytes >= sizeof(raw) && at <= segment->file_bytes - sizeof(raw); notes++) {
        if (!lg_elf_read(elf, segment->offset_bytes + at, raw, sizeof(raw)))
            return false;
        if (lg_elf_full(elf, raw, 0, 0) == 4 && lg_elf_full(elf, raw, 8, 8) == GO_NOTE_BUILD_ID &&
            memcmp(raw + 12, "Go\0", 4) == 0)
            return true;
        at += 12 + (((uint64_t)lg_elf_full(elf, raw, 0, 0) + 3) & ~(uint64_t)3);
        at += ((uint64_t)lg_elf_full(elf, raw, 4, 4) + 3) & ~(uint64_t)3;
    }
    return false;
}

bool lg_elf_is_go(const struct lg_elf *elf)
{
    if (has_go_information(elf))
        return true;
    for (size_t i = 0; i < elf->segment_count; i++) {
        if (elf->segments[i].type == PT_NOTE &&
            lg_elf_in_file(elf, elf->segments[i].offset_bytes, elf->segments[i].file_bytes) &&
            notes_say_go(elf, &elf->segments[i]))
            return true;
    }
    return false;
}

/* Names stand in a string table between two NULs; its first byte is one. */
#define NAME_BYTES_MAX 258u

static bool chunk_names(const char *chunk, size_t length, const char *name)
{
    char between[NAME_BYTES_MAX] = "";
    size_t size = strlen(name);

    if (size + 2 > sizeof(between))
        return false;
    memcpy(between + 1, name, size + 1);
    return memmem(chunk, length, between, size + 2) != NULL;
}

static bool search_names(const struct lg_elf *elf, const struct lg_elf_section *strings, const char *const *names,
                         size_t count)
{
    char *chunk = malloc(CHUNK_BYTES);
    uint64_t limit = strings->size_bytes < LG_ELF_SEARCH_BYTES_MAX ? strings->size_bytes : LG_ELF_SEARCH_BYTES_MAX;
    bool found = false;

    /* chunks overlap by the longest name, so that none is missed between two */
    for (uint64_t at = 0; chunk && !found && at < limit; at += CHUNK_BYTES - NAME_BYTES_MAX) {
        size_t take = limit - at < CHUNK_BYTES ? (size_t)(limit - at) : CHUNK_BYTES;

        if (!lg_elf_read(elf, strings->offset_bytes + at, chunk, take))
            break;
        for (size_t i = 0; i < count && !found; i++)
            found = chunk_names(chunk, take, names[i]);
    }
    free(chunk);
    return found;
}

bool lg_elf_names_any(const struct lg_elf *elf, const char *const *names, size_t count)
{
    struct lg_elf_section symbols, strings;

    if (!find_section(elf, NULL, SHT_SYMTAB, &symbols) || symbols.link >= elf->section_count)
        return false;
    if (!lg_elf_section_read(elf, elf->sections_bytes, symbols.link, &strings) || strings.type != SHT_STRTAB)
        return false;
    return lg_elf_in_file(elf, strings.offset_bytes, strings.size_bytes) && search_names(elf, &strings, names, count);
}
