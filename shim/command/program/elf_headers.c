/* SPDX-License-Identifier: MIT */
/* The headers of an ELF file: what it is, its segments and its sections. */
#include "shim/command/program/elf_read.h"
#include <stdlib.h>
#include <string.h>

static unsigned section_header_bytes(const struct lg_elf *elf)
{
    return elf->bits == 64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
}

bool lg_elf_section_read(const struct lg_elf *elf, uint64_t table, uint32_t index, struct lg_elf_section *section)
{
    unsigned char raw[sizeof(Elf64_Shdr)];
    unsigned size = section_header_bytes(elf);

    if (!lg_elf_read(elf, table + (uint64_t)index * size, raw, size))
        return false;
    section->name = lg_elf_full(elf, raw, 0, 0);
    section->type = lg_elf_full(elf, raw, 4, 4);
    section->address = lg_elf_word(elf, raw, 12, 16);
    section->offset_bytes = lg_elf_word(elf, raw, 16, 24);
    section->size_bytes = lg_elf_word(elf, raw, 20, 32);
    section->link = lg_elf_full(elf, raw, 24, 40);
    return true;
}

/* Section headers are for linkers and debuggers: what is wrong with them is as if they were stripped. */
static void find_sections(struct lg_elf *elf, const unsigned char *header)
{
    uint64_t table = lg_elf_word(elf, header, 32, 40);
    uint64_t count = lg_elf_half(elf, header, 48, 60);
    uint32_t names = lg_elf_half(elf, header, 50, 62);
    struct lg_elf_section first;

    if (table == 0 || lg_elf_half(elf, header, 46, 58) != section_header_bytes(elf) || !lg_elf_in_file(elf, table, 0))
        return;
    if (!lg_elf_section_read(elf, table, 0, &first))
        return;
    if (count == 0) /* too many for the header: gABI, e_shnum */
        count = first.size_bytes;
    if (names == SHN_XINDEX)
        names = first.link;
    if (count > LG_ELF_SECTIONS_MAX || names >= count || !lg_elf_in_file(elf, table, count * section_header_bytes(elf)))
        return;
    elf->sections_bytes = table;
    elf->section_count = (uint32_t)count;
    elf->section_names = names;
}

static void decode_segment(const struct lg_elf *elf, const unsigned char *raw, struct lg_elf_segment *segment)
{
    segment->type = lg_elf_full(elf, raw, 0, 0);
    segment->flags = lg_elf_full(elf, raw, 24, 4);
    segment->offset_bytes = lg_elf_word(elf, raw, 4, 8);
    segment->address = lg_elf_word(elf, raw, 8, 16);
    segment->file_bytes = lg_elf_word(elf, raw, 16, 32);
}

static enum lg_elf_result read_segments(struct lg_elf *elf, const unsigned char *header, const char **why)
{
    unsigned size = elf->bits == 64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
    uint64_t table = lg_elf_word(elf, header, 28, 32);
    size_t count = lg_elf_half(elf, header, 44, 56);
    unsigned char raw[sizeof(Elf64_Phdr)];

    if (count == 0)
        return lg_elf_damaged(why, "it has no program headers");
    if (lg_elf_half(elf, header, 42, 54) != size || count * size > LG_ELF_SEGMENT_BYTES_MAX)
        return lg_elf_damaged(why, "its program headers have a wrong size");
    if (!lg_elf_in_file(elf, table, count * size))
        return lg_elf_truncated(why, "its program headers lie outside of the file");
    elf->segments = calloc(count, sizeof(*elf->segments));
    if (!elf->segments)
        return LG_ELF_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        struct lg_elf_segment *segment = &elf->segments[i];

        if (!lg_elf_read(elf, table + i * size, raw, size))
            return lg_elf_truncated(why, "its program headers could not be read");
        decode_segment(elf, raw, segment);
        elf->segment_count = i + 1;
        if (segment->type != PT_LOAD && segment->type != PT_INTERP && segment->type != PT_DYNAMIC)
            continue;
        if (!lg_elf_in_file(elf, segment->offset_bytes, segment->file_bytes))
            return lg_elf_truncated(why, "a segment lies outside of the file");
    }
    return LG_ELF_OK;
}

/* The kernel takes 2 to PATH_MAX bytes that end in a NUL, and nothing else (load_elf_binary). */
static enum lg_elf_result read_interpreter(struct lg_elf *elf, const char **why)
{
    const struct lg_elf_segment *segment = lg_elf_segment_of_type(elf, PT_INTERP);

    if (!segment)
        return LG_ELF_OK;
    if (segment->file_bytes < 2 || segment->file_bytes > 4096)
        return lg_elf_damaged(why, "the path of its interpreter has a wrong length");
    elf->interpreter = malloc((size_t)segment->file_bytes);
    if (!elf->interpreter)
        return LG_ELF_NO_MEMORY;
    if (!lg_elf_read(elf, segment->offset_bytes, elf->interpreter, (size_t)segment->file_bytes))
        return lg_elf_truncated(why, "the path of its interpreter could not be read");
    if (elf->interpreter[segment->file_bytes - 1] != '\0')
        return lg_elf_damaged(why, "the path of its interpreter does not end");
    return LG_ELF_OK;
}

/* Class, byte order, type and machine; the rest of the header into `header`. */
static enum lg_elf_result read_header(struct lg_elf *elf, unsigned char *header, const char **why)
{
    size_t size = sizeof(Elf64_Ehdr);

    if (!lg_elf_read(elf, 0, header, SELFMAG) || memcmp(header, ELFMAG, SELFMAG) != 0) {
        *why = "not an ELF file";
        return LG_ELF_FOREIGN;
    }
    if (!lg_elf_read(elf, 0, header, EI_NIDENT))
        return lg_elf_truncated(why, "it ends within its header");
    if (header[EI_CLASS] != ELFCLASS32 && header[EI_CLASS] != ELFCLASS64)
        return lg_elf_damaged(why, "its class is neither 32-bit nor 64-bit");
    if (header[EI_DATA] != ELFDATA2LSB && header[EI_DATA] != ELFDATA2MSB)
        return lg_elf_damaged(why, "its byte order is unknown");
    elf->bits = header[EI_CLASS] == ELFCLASS64 ? 64 : 32;
    elf->big_endian = header[EI_DATA] == ELFDATA2MSB;
    if (elf->bits == 32)
        size = sizeof(Elf32_Ehdr);
    if (!lg_elf_read(elf, 0, header, size))
        return lg_elf_truncated(why, "it ends within its header");
    elf->type = lg_elf_half(elf, header, 16, 16);
    elf->machine = lg_elf_half(elf, header, 18, 18);
    elf->entry = lg_elf_word(elf, header, 24, 24);
    return LG_ELF_OK;
}

enum lg_elf_result lg_elf_open(struct lg_elf *elf, struct lg_elf_source source, const char **why)
{
    unsigned char header[sizeof(Elf64_Ehdr)];
    enum lg_elf_result result;

    memset(elf, 0, sizeof(*elf));
    elf->source = source;
    *why = "out of memory";
    result = read_header(elf, header, why);
    if (result != LG_ELF_OK)
        return result;
    if (elf->type == ET_REL)
        return lg_elf_damaged(why, "it is an object file, not a program");
    if (elf->type == ET_CORE)
        return lg_elf_damaged(why, "it is a core dump, not a program");
    if (elf->type != ET_EXEC && elf->type != ET_DYN)
        return lg_elf_damaged(why, "its type is unknown");
    result = read_segments(elf, header, why);
    if (result != LG_ELF_OK)
        return result;
    find_sections(elf, header);
    result = read_interpreter(elf, why);
    return result == LG_ELF_OK ? lg_elf_dynamic_read(elf, why) : result;
}

void lg_elf_close(struct lg_elf *elf)
{
    free(elf->segments);
    free(elf->interpreter);
    free(elf->strings);
    memset(elf, 0, sizeof(*elf));
}
