/* SPDX-License-Identifier: MIT */
/* ELF files, read one checked piece at a time. */
#include "shim/command/program/elf.h"
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES 65536u

static bool in_file(const struct lg_elf *elf, uint64_t offset, uint64_t length)
{
    return offset <= elf->source.size_bytes && length <= elf->source.size_bytes - offset;
}

static bool read_at(const struct lg_elf *elf, uint64_t offset, void *to, size_t length)
{
    return in_file(elf, offset, length) && elf->source.read_at(elf->source.context, offset, to, length);
}

/* An unsigned number of `bytes` bytes in the file's byte order. */
static uint64_t number(const struct lg_elf *elf, const unsigned char *at, unsigned bytes)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < bytes; i++)
        value = value << 8 | at[elf->big_endian ? i : bytes - 1 - i];
    return value;
}

static unsigned word_bytes(const struct lg_elf *elf)
{
    return elf->bits / 8;
}

/* A field that stands at `at32` in the 32-bit layout and at `at64` in the other, one word wide. */
static uint64_t word(const struct lg_elf *elf, const unsigned char *from, unsigned at32, unsigned at64)
{
    return number(elf, from + (elf->bits == 64 ? at64 : at32), word_bytes(elf));
}

static uint16_t half(const struct lg_elf *elf, const unsigned char *from, unsigned at32, unsigned at64)
{
    return (uint16_t)number(elf, from + (elf->bits == 64 ? at64 : at32), 2);
}

static uint32_t full(const struct lg_elf *elf, const unsigned char *from, unsigned at32, unsigned at64)
{
    return (uint32_t)number(elf, from + (elf->bits == 64 ? at64 : at32), 4);
}

/* The file offset of `length` bytes at `address`; false when no segment has all of them in the file. */
static bool offset_of(const struct lg_elf *elf, uint64_t address, uint64_t length, uint64_t *offset)
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
static uint64_t bytes_behind(const struct lg_elf *elf, uint64_t address)
{
    for (size_t i = 0; i < elf->segment_count; i++) {
        const struct lg_elf_segment *segment = &elf->segments[i];

        if (segment->type == PT_LOAD && address >= segment->address &&
            address - segment->address <= segment->file_bytes)
            return segment->file_bytes - (address - segment->address);
    }
    return 0;
}

static enum lg_elf_result damaged(const char **why, const char *text)
{
    *why = text;
    return LG_ELF_DAMAGED;
}

static enum lg_elf_result truncated(const char **why, const char *text)
{
    *why = text;
    return LG_ELF_TRUNCATED;
}

/* One section header, decoded. */
struct section {
    uint32_t name;
    uint32_t type;
    uint64_t address;
    uint64_t offset_bytes;
    uint64_t size_bytes;
    uint32_t link;
};

static unsigned section_header_bytes(const struct lg_elf *elf)
{
    return elf->bits == 64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
}

static bool read_section(const struct lg_elf *elf, uint64_t table, uint32_t index, struct section *section)
{
    unsigned char raw[sizeof(Elf64_Shdr)];
    unsigned size = section_header_bytes(elf);

    if (!read_at(elf, table + (uint64_t)index * size, raw, size))
        return false;
    section->name = full(elf, raw, 0, 0);
    section->type = full(elf, raw, 4, 4);
    section->address = word(elf, raw, 12, 16);
    section->offset_bytes = word(elf, raw, 16, 24);
    section->size_bytes = word(elf, raw, 20, 32);
    section->link = full(elf, raw, 24, 40);
    return true;
}

/* Section headers are for linkers and debuggers: what is wrong with them is as if they were stripped. */
static void find_sections(struct lg_elf *elf, const unsigned char *header)
{
    uint64_t table = word(elf, header, 32, 40);
    uint64_t count = half(elf, header, 48, 60);
    uint32_t names = half(elf, header, 50, 62);
    struct section first;

    if (table == 0 || half(elf, header, 46, 58) != section_header_bytes(elf) || !in_file(elf, table, 0))
        return;
    if (!read_section(elf, table, 0, &first))
        return;
    if (count == 0) /* too many for the header: gABI, e_shnum */
        count = first.size_bytes;
    if (names == SHN_XINDEX)
        names = first.link;
    if (count > LG_ELF_SECTIONS_MAX || names >= count || !in_file(elf, table, count * section_header_bytes(elf)))
        return;
    elf->sections_bytes = table;
    elf->section_count = (uint32_t)count;
    elf->section_names = names;
}

static void decode_segment(const struct lg_elf *elf, const unsigned char *raw, struct lg_elf_segment *segment)
{
    segment->type = full(elf, raw, 0, 0);
    segment->flags = full(elf, raw, 24, 4);
    segment->offset_bytes = word(elf, raw, 4, 8);
    segment->address = word(elf, raw, 8, 16);
    segment->file_bytes = word(elf, raw, 16, 32);
}

static enum lg_elf_result read_segments(struct lg_elf *elf, const unsigned char *header, const char **why)
{
    unsigned size = elf->bits == 64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
    uint64_t table = word(elf, header, 28, 32);
    size_t count = half(elf, header, 44, 56);
    unsigned char raw[sizeof(Elf64_Phdr)];

    if (count == 0)
        return damaged(why, "it has no program headers");
    if (half(elf, header, 42, 54) != size || count * size > LG_ELF_SEGMENT_BYTES_MAX)
        return damaged(why, "its program headers have a wrong size");
    if (!in_file(elf, table, count * size))
        return truncated(why, "its program headers lie outside of the file");
    elf->segments = calloc(count, sizeof(*elf->segments));
    if (!elf->segments)
        return LG_ELF_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        struct lg_elf_segment *segment = &elf->segments[i];

        if (!read_at(elf, table + i * size, raw, size))
            return truncated(why, "its program headers could not be read");
        decode_segment(elf, raw, segment);
        elf->segment_count = i + 1;
        if (segment->type != PT_LOAD && segment->type != PT_INTERP && segment->type != PT_DYNAMIC)
            continue;
        if (!in_file(elf, segment->offset_bytes, segment->file_bytes))
            return truncated(why, "a segment lies outside of the file");
    }
    return LG_ELF_OK;
}

static const struct lg_elf_segment *segment_of_type(const struct lg_elf *elf, uint32_t type)
{
    for (size_t i = 0; i < elf->segment_count; i++) {
        if (elf->segments[i].type == type)
            return &elf->segments[i];
    }
    return NULL;
}

/* The kernel takes 2 to PATH_MAX bytes that end in a NUL, and nothing else (load_elf_binary). */
static enum lg_elf_result read_interpreter(struct lg_elf *elf, const char **why)
{
    const struct lg_elf_segment *segment = segment_of_type(elf, PT_INTERP);

    if (!segment)
        return LG_ELF_OK;
    if (segment->file_bytes < 2 || segment->file_bytes > 4096)
        return damaged(why, "the path of its interpreter has a wrong length");
    elf->interpreter = malloc((size_t)segment->file_bytes);
    if (!elf->interpreter)
        return LG_ELF_NO_MEMORY;
    if (!read_at(elf, segment->offset_bytes, elf->interpreter, (size_t)segment->file_bytes))
        return truncated(why, "the path of its interpreter could not be read");
    if (elf->interpreter[segment->file_bytes - 1] != '\0')
        return damaged(why, "the path of its interpreter does not end");
    return LG_ELF_OK;
}

/* The entries of the dynamic section that matter here; addresses, 0 when absent. */
struct dynamic {
    uint64_t strings, strings_bytes;
    uint64_t symbols;
    uint64_t hash, gnu_hash;
    uint64_t mips_symbols;
    uint64_t rel, rel_bytes, rela, rela_bytes, plt, plt_bytes, plt_kind;
    bool has_soname, has_rpath, has_runpath;
    uint64_t soname, rpath, runpath; /* offsets into the strings */
    uint64_t needed[LG_ELF_NEEDED_MAX];
    size_t needed_count;
};

static void note_place(struct dynamic *dynamic, uint64_t tag, uint64_t value)
{
    static const struct {
        uint64_t tag;
        size_t at;
    } places[] = {
        {DT_STRTAB, offsetof(struct dynamic, strings)},     {DT_STRSZ, offsetof(struct dynamic, strings_bytes)},
        {DT_SYMTAB, offsetof(struct dynamic, symbols)},     {DT_HASH, offsetof(struct dynamic, hash)},
        {DT_GNU_HASH, offsetof(struct dynamic, gnu_hash)},  {DT_REL, offsetof(struct dynamic, rel)},
        {DT_RELSZ, offsetof(struct dynamic, rel_bytes)},    {DT_RELA, offsetof(struct dynamic, rela)},
        {DT_RELASZ, offsetof(struct dynamic, rela_bytes)},  {DT_JMPREL, offsetof(struct dynamic, plt)},
        {DT_PLTRELSZ, offsetof(struct dynamic, plt_bytes)}, {DT_PLTREL, offsetof(struct dynamic, plt_kind)},
    };

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (places[i].tag == tag)
            memcpy((char *)dynamic + places[i].at, &value, sizeof(value));
    }
}

static void note_entry(struct lg_elf *elf, struct dynamic *dynamic, uint64_t tag, uint64_t value)
{
    if (tag == DT_NEEDED) {
        if (dynamic->needed_count < LG_ELF_NEEDED_MAX)
            dynamic->needed[dynamic->needed_count++] = value;
    } else if (tag == DT_SONAME) {
        dynamic->has_soname = true;
        dynamic->soname = value;
    } else if (tag == DT_RPATH) {
        dynamic->has_rpath = true;
        dynamic->rpath = value;
    } else if (tag == DT_RUNPATH) {
        dynamic->has_runpath = true;
        dynamic->runpath = value;
    } else if (tag == DT_FLAGS_1) {
        elf->pie = (value & DF_1_PIE) != 0;
        elf->default_off = (value & DF_1_NODEFLIB) != 0;
    } else if (tag == DT_MIPS_SYMTABNO && elf->machine == EM_MIPS) {
        dynamic->mips_symbols = value;
    } else {
        note_place(dynamic, tag, value);
    }
}

static enum lg_elf_result read_entries(struct lg_elf *elf, const struct lg_elf_segment *segment,
                                       struct dynamic *dynamic, const char **why)
{
    unsigned size = 2 * word_bytes(elf);
    unsigned char raw[2 * sizeof(uint64_t)];

    for (uint64_t i = 0; (i + 1) * size <= segment->file_bytes; i++) {
        if (i == LG_ELF_DYNAMIC_MAX)
            return damaged(why, "its dynamic section is too long");
        if (!read_at(elf, segment->offset_bytes + i * size, raw, size))
            return truncated(why, "its dynamic section could not be read");
        if (word(elf, raw, 0, 0) == DT_NULL)
            return LG_ELF_OK;
        note_entry(elf, dynamic, word(elf, raw, 0, 0), word(elf, raw, 4, 8));
    }
    return LG_ELF_OK;
}

static enum lg_elf_result read_strings(struct lg_elf *elf, const struct dynamic *dynamic, const char **why)
{
    uint64_t offset;

    if (dynamic->strings_bytes > LG_ELF_STRING_BYTES_MAX)
        return damaged(why, "its dynamic string table is too long");
    if (!offset_of(elf, dynamic->strings, dynamic->strings_bytes, &offset))
        return damaged(why, "its dynamic string table lies outside of its segments");
    elf->strings = malloc((size_t)dynamic->strings_bytes + 1);
    if (!elf->strings)
        return LG_ELF_NO_MEMORY;
    if (!read_at(elf, offset, elf->strings, (size_t)dynamic->strings_bytes))
        return truncated(why, "its dynamic string table could not be read");
    elf->strings_bytes = (size_t)dynamic->strings_bytes;
    elf->strings[elf->strings_bytes] = '\0';
    return LG_ELF_OK;
}

static const char *string_at(const struct lg_elf *elf, uint64_t offset)
{
    return offset < elf->strings_bytes ? elf->strings + offset : NULL;
}

/* The number of symbols of DT_HASH is its second word (of 64 bits on s390x and alpha: gABI supplements). */
static uint64_t count_by_hash(const struct lg_elf *elf, uint64_t address)
{
    unsigned size = elf->bits == 64 && (elf->machine == EM_S390 || elf->machine == EM_ALPHA) ? 8 : 4;
    unsigned char raw[8];
    uint64_t offset;

    if (!offset_of(elf, address, 2 * size, &offset) || !read_at(elf, offset + size, raw, size))
        return 0;
    return number(elf, raw, size);
}

/* Largest 32-bit number of an array in the file; false when it cannot be read. */
static bool largest_of(const struct lg_elf *elf, uint64_t offset, uint64_t count, uint32_t *largest)
{
    unsigned char raw[4096];

    *largest = 0;
    while (count > 0) {
        size_t take = count < sizeof(raw) / 4 ? (size_t)count : sizeof(raw) / 4;

        if (!read_at(elf, offset, raw, take * 4))
            return false;
        for (size_t i = 0; i < take; i++) {
            uint32_t value = (uint32_t)number(elf, raw + 4 * i, 4);

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

        if (take == 0 || !read_at(elf, offset, raw, take * 4))
            return 0;
        for (size_t i = 0; i < take; i++) {
            if (number(elf, raw + 4 * i, 4) & 1)
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

    if (!offset_of(elf, address, sizeof(raw), &offset) || !read_at(elf, offset, raw, sizeof(raw)))
        return 0;
    buckets = full(elf, raw, 0, 0);
    first = full(elf, raw, 4, 4);
    bloom = full(elf, raw, 8, 8);
    if (buckets > LG_ELF_SYMBOLS_MAX)
        return 0;
    buckets_bytes = offset + sizeof(raw) + (uint64_t)bloom * word_bytes(elf);
    if (!largest_of(elf, buckets_bytes, buckets, &largest) || largest == 0 || largest < first)
        return 0;
    return end_of_chain(elf, buckets_bytes + 4 * (uint64_t)buckets, first, largest);
}

/* One behind the largest symbol that a table of relocations asks for. */
static uint64_t count_by_relocations(const struct lg_elf *elf, uint64_t address, uint64_t bytes, bool addend)
{
    size_t size = (addend ? 3 : 2) * word_bytes(elf);
    unsigned char raw[24 * 256];
    size_t batch = sizeof(raw) / size;
    uint64_t offset, count, largest = 0;

    if (bytes > LG_ELF_SEARCH_BYTES_MAX)
        bytes = LG_ELF_SEARCH_BYTES_MAX;
    if (!offset_of(elf, address, bytes, &offset))
        return 0;
    for (count = bytes / size; count > 0;) {
        size_t take = count < batch ? (size_t)count : batch;

        if (!read_at(elf, offset, raw, take * size))
            return 0;
        for (size_t i = 0; i < take; i++) {
            uint64_t info = word(elf, raw + i * size, 4, 8);
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
static uint64_t count_symbols(const struct lg_elf *elf, const struct dynamic *dynamic)
{
    uint64_t count = dynamic->mips_symbols;

    if (dynamic->hash)
        count = larger(count, count_by_hash(elf, dynamic->hash));
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

static enum lg_elf_result find_symbols(struct lg_elf *elf, const struct dynamic *dynamic, const char **why)
{
    uint64_t count;

    if (dynamic->symbols == 0)
        return LG_ELF_OK;
    count = count_symbols(elf, dynamic);
    if (count > LG_ELF_SYMBOLS_MAX)
        return damaged(why, "it has too many dynamic symbols");
    if (count > bytes_behind(elf, dynamic->symbols) / symbol_bytes(elf) ||
        !offset_of(elf, dynamic->symbols, count * symbol_bytes(elf), &elf->symbols_bytes))
        return damaged(why, "its dynamic symbols lie outside of its segments");
    elf->symbol_count = (uint32_t)count;
    return LG_ELF_OK;
}

static void name_needed(struct lg_elf *elf, const struct dynamic *dynamic)
{
    for (size_t i = 0; i < dynamic->needed_count; i++) {
        const char *name = string_at(elf, dynamic->needed[i]);

        if (name && name[0] && strnlen(name, LG_ELF_NEEDED_BYTES_MAX) < LG_ELF_NEEDED_BYTES_MAX)
            elf->needed[elf->needed_count++] = name;
    }
    elf->soname = dynamic->has_soname ? string_at(elf, dynamic->soname) : NULL;
    elf->rpath = dynamic->has_rpath ? string_at(elf, dynamic->rpath) : NULL;
    elf->runpath = dynamic->has_runpath ? string_at(elf, dynamic->runpath) : NULL;
}

static enum lg_elf_result read_dynamic(struct lg_elf *elf, const char **why)
{
    const struct lg_elf_segment *segment = segment_of_type(elf, PT_DYNAMIC);
    struct dynamic dynamic;
    enum lg_elf_result result;

    if (!segment)
        return LG_ELF_OK;
    elf->dynamic = true;
    memset(&dynamic, 0, sizeof(dynamic));
    result = read_entries(elf, segment, &dynamic, why);
    if (result != LG_ELF_OK || dynamic.strings == 0)
        return result;
    result = read_strings(elf, &dynamic, why);
    if (result != LG_ELF_OK)
        return result;
    name_needed(elf, &dynamic);
    return find_symbols(elf, &dynamic, why);
}

/* Class, byte order, type and machine; the rest of the header into `header`. */
static enum lg_elf_result read_header(struct lg_elf *elf, unsigned char *header, const char **why)
{
    size_t size = sizeof(Elf64_Ehdr);

    if (!read_at(elf, 0, header, SELFMAG) || memcmp(header, ELFMAG, SELFMAG) != 0) {
        *why = "not an ELF file";
        return LG_ELF_FOREIGN;
    }
    if (!read_at(elf, 0, header, EI_NIDENT))
        return truncated(why, "it ends within its header");
    if (header[EI_CLASS] != ELFCLASS32 && header[EI_CLASS] != ELFCLASS64)
        return damaged(why, "its class is neither 32-bit nor 64-bit");
    if (header[EI_DATA] != ELFDATA2LSB && header[EI_DATA] != ELFDATA2MSB)
        return damaged(why, "its byte order is unknown");
    elf->bits = header[EI_CLASS] == ELFCLASS64 ? 64 : 32;
    elf->big_endian = header[EI_DATA] == ELFDATA2MSB;
    if (elf->bits == 32)
        size = sizeof(Elf32_Ehdr);
    if (!read_at(elf, 0, header, size))
        return truncated(why, "it ends within its header");
    elf->type = half(elf, header, 16, 16);
    elf->machine = half(elf, header, 18, 18);
    elf->entry = word(elf, header, 24, 24);
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
        return damaged(why, "it is an object file, not a program");
    if (elf->type == ET_CORE)
        return damaged(why, "it is a core dump, not a program");
    if (elf->type != ET_EXEC && elf->type != ET_DYN)
        return damaged(why, "its type is unknown");
    result = read_segments(elf, header, why);
    if (result != LG_ELF_OK)
        return result;
    find_sections(elf, header);
    result = read_interpreter(elf, why);
    return result == LG_ELF_OK ? read_dynamic(elf, why) : result;
}

void lg_elf_close(struct lg_elf *elf)
{
    free(elf->segments);
    free(elf->interpreter);
    free(elf->strings);
    memset(elf, 0, sizeof(*elf));
}

static void see_symbol(const struct lg_elf *elf, const unsigned char *raw, lg_elf_symbol_fn *see, void *context)
{
    const char *name = string_at(elf, full(elf, raw, 0, 0));
    unsigned info = raw[elf->bits == 64 ? 4 : 12];
    unsigned other = raw[elf->bits == 64 ? 5 : 13];
    bool imported = half(elf, raw, 14, 6) == SHN_UNDEF;

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

        if (!read_at(elf, offset, raw, (size_t)take * size))
            return false;
        for (uint32_t i = 0; i < take; i++)
            see_symbol(elf, raw + (size_t)i * size, see, context);
        offset += (uint64_t)take * size;
        left -= take;
    }
    return true;
}

/* The name of a section held against `name`, without reading more than that. */
static bool section_is_called(const struct lg_elf *elf, const struct section *names, const struct section *section,
                              const char *name)
{
    char found[32];
    size_t length = strlen(name) + 1;

    if (length > sizeof(found) || section->name > names->size_bytes || length > names->size_bytes - section->name)
        return false;
    if (!in_file(elf, names->offset_bytes, names->size_bytes))
        return false;
    return read_at(elf, names->offset_bytes + section->name, found, length) && memcmp(found, name, length) == 0;
}

/* The first section of this name or, with `name` NULL, of this type. */
static bool find_section(const struct lg_elf *elf, const char *name, uint32_t type, struct section *found)
{
    struct section names;

    if (elf->section_count == 0 || !read_section(elf, elf->sections_bytes, elf->section_names, &names))
        return false;
    for (uint32_t i = 1; i < elf->section_count; i++) {
        if (!read_section(elf, elf->sections_bytes, i, found))
            return false;
        if (name ? section_is_called(elf, &names, found, name) : found->type == type)
            return found->type != SHT_NOBITS && in_file(elf, found->offset_bytes, found->size_bytes);
    }
    return false;
}

/*
 * Go's build information, debug/buildinfo: 32 bytes on an address that is a multiple of 16, the
 * first 14 of which are this magic; then the size of a pointer and flags: 1 big endian, 2 the
 * version follows in line, as a varint length and text.
 */
#define GO_MAGIC_BYTES   14u
#define GO_ALIGN_BYTES   16u
#define GO_HEADER_BYTES  32u
#define GO_FLAG_BIG      1u
#define GO_FLAG_IN_LINE  2u
#define GO_NOTE_BUILD_ID 4u

/* Written so that this program does not contain the magic itself. */
static bool is_go_magic(const unsigned char *at)
{
    return at[0] == 0xff && memcmp(at + 1, " Go build", 9) == 0 && memcmp(at + 10, "inf:", 4) == 0;
}

/* Takes what it searched off `left_bytes`. */
static bool find_go_magic(const struct lg_elf *elf, uint64_t offset, uint64_t length, uint64_t *left_bytes,
                          uint64_t *found)
{
    unsigned char *chunk = malloc(CHUNK_BYTES);
    bool seen = false;

    if (length > *left_bytes)
        length = *left_bytes;
    *left_bytes -= length;
    while (chunk && !seen && length >= GO_ALIGN_BYTES) {
        size_t take = length < CHUNK_BYTES ? (size_t)length : CHUNK_BYTES;

        if (!read_at(elf, offset, chunk, take))
            break;
        for (size_t i = 0; i + GO_MAGIC_BYTES <= take && !seen; i += GO_ALIGN_BYTES) {
            seen = is_go_magic(chunk + i);
            *found = offset + i;
        }
        offset += take;
        length -= take;
    }
    free(chunk);
    return seen;
}

static bool find_go_information(const struct lg_elf *elf, uint64_t *found)
{
    uint64_t left_bytes = LG_ELF_SEARCH_BYTES_MAX;
    struct section section;

    if (find_section(elf, ".go.buildinfo", 0, &section) &&
        find_go_magic(elf, section.offset_bytes, section.size_bytes, &left_bytes, found))
        return true;
    for (size_t i = 0; i < elf->segment_count; i++) {
        const struct lg_elf_segment *segment = &elf->segments[i];
        uint64_t skip = (GO_ALIGN_BYTES - segment->address % GO_ALIGN_BYTES) % GO_ALIGN_BYTES;

        if (segment->type != PT_LOAD || !(segment->flags & PF_W) || segment->file_bytes < skip)
            continue;
        if (find_go_magic(elf, segment->offset_bytes + skip, segment->file_bytes - skip, &left_bytes, found))
            return true;
    }
    return false;
}

/* Copies a version of printable bytes; leaves it empty otherwise. */
static void copy_version(const struct lg_elf *elf, uint64_t offset, uint64_t length, char version[LG_ELF_GO_BYTES])
{
    if (length == 0 || length >= LG_ELF_GO_BYTES || !read_at(elf, offset, version, (size_t)length)) {
        version[0] = '\0';
        return;
    }
    version[length] = '\0';
    for (size_t i = 0; i < length; i++) {
        if (version[i] < 0x20 || version[i] > 0x7e)
            version[0] = '\0';
    }
}

/* Before Go 1.18: a pointer to a string, which is a pointer and a length. */
static void read_version_by_pointer(const struct lg_elf *elf, const unsigned char *header,
                                    char version[LG_ELF_GO_BYTES])
{
    unsigned size = header[14];
    unsigned char string[16];
    uint64_t offset, length;

    if ((size != 4 && size != 8) || ((header[15] & GO_FLAG_BIG) != 0) != elf->big_endian)
        return;
    if (!offset_of(elf, number(elf, header + 16, size), 2 * size, &offset) || !read_at(elf, offset, string, 2 * size))
        return;
    length = number(elf, string + size, size);
    if (offset_of(elf, number(elf, string, size), length, &offset))
        copy_version(elf, offset, length, version);
}

static void read_version(const struct lg_elf *elf, uint64_t at, char version[LG_ELF_GO_BYTES])
{
    unsigned char header[GO_HEADER_BYTES], length;

    if (!read_at(elf, at, header, sizeof(header)))
        return;
    if (!(header[15] & GO_FLAG_IN_LINE))
        read_version_by_pointer(elf, header, version);
    else if (read_at(elf, at + sizeof(header), &length, 1) && length < 0x80) /* one byte of varint will do */
        copy_version(elf, at + sizeof(header) + 1, length, version);
}

/* The notes of one segment: size of the owner, size of the text, type, then both in steps of 4. */
static bool notes_say_go(const struct lg_elf *elf, const struct lg_elf_segment *segment)
{
    unsigned char raw[16];
    uint64_t at = 0;

    for (unsigned notes = 0;
         notes < 64 && segment->file_bytes >= sizeof(raw) && at <= segment->file_bytes - sizeof(raw); notes++) {
        if (!read_at(elf, segment->offset_bytes + at, raw, sizeof(raw)))
            return false;
        if (full(elf, raw, 0, 0) == 4 && full(elf, raw, 8, 8) == GO_NOTE_BUILD_ID && memcmp(raw + 12, "Go\0", 4) == 0)
            return true;
        at += 12 + (((uint64_t)full(elf, raw, 0, 0) + 3) & ~(uint64_t)3);
        at += ((uint64_t)full(elf, raw, 4, 4) + 3) & ~(uint64_t)3;
    }
    return false;
}

bool lg_elf_is_go(const struct lg_elf *elf, char version[LG_ELF_GO_BYTES])
{
    uint64_t at;

    version[0] = '\0';
    if (find_go_information(elf, &at)) {
        read_version(elf, at, version);
        return true;
    }
    for (size_t i = 0; i < elf->segment_count; i++) {
        if (elf->segments[i].type == PT_NOTE &&
            in_file(elf, elf->segments[i].offset_bytes, elf->segments[i].file_bytes) &&
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

static bool search_names(const struct lg_elf *elf, const struct section *strings, const char *const *names,
                         size_t count)
{
    char *chunk = malloc(CHUNK_BYTES);
    uint64_t limit = strings->size_bytes < LG_ELF_SEARCH_BYTES_MAX ? strings->size_bytes : LG_ELF_SEARCH_BYTES_MAX;
    bool found = false;

    /* chunks overlap by the longest name, so that none is missed between two */
    for (uint64_t at = 0; chunk && !found && at < limit; at += CHUNK_BYTES - NAME_BYTES_MAX) {
        size_t take = limit - at < CHUNK_BYTES ? (size_t)(limit - at) : CHUNK_BYTES;

        if (!read_at(elf, strings->offset_bytes + at, chunk, take))
            break;
        for (size_t i = 0; i < count && !found; i++)
            found = chunk_names(chunk, take, names[i]);
    }
    free(chunk);
    return found;
}

bool lg_elf_names_any(const struct lg_elf *elf, const char *const *names, size_t count)
{
    struct section symbols, strings;

    if (!find_section(elf, NULL, SHT_SYMTAB, &symbols) || symbols.link >= elf->section_count)
        return false;
    if (!read_section(elf, elf->sections_bytes, symbols.link, &strings) || strings.type != SHT_STRTAB)
        return false;
    return in_file(elf, strings.offset_bytes, strings.size_bytes) && search_names(elf, &strings, names, count);
}

const char *lg_elf_machine_name(const struct lg_elf *elf)
{
    static const struct {
        uint16_t machine;
        const char *name;
        const char *name32; /* where the 32-bit class of it has a name of its own */
    } machines[] = {
        {EM_386, "i386", NULL},
        {EM_X86_64, "x86-64", "x32"},
        {EM_AARCH64, "aarch64", "aarch64 ilp32"},
        {EM_ARM, "arm", NULL},
        {EM_RISCV, "riscv64", "riscv32"},
        {EM_PPC64, "powerpc64", NULL},
        {EM_PPC, "powerpc", NULL},
        {EM_S390, "s390x", "s390"},
        {EM_MIPS, "mips64", "mips"},
        {258, "loongarch64", "loongarch32"}, /* EM_LOONGARCH is not in older headers */
        {EM_SPARC, "sparc", NULL},
        {EM_SPARCV9, "sparc64", NULL},
        {EM_IA_64, "ia64", NULL},
        {EM_68K, "m68k", NULL},
        {EM_PARISC, "hppa", NULL},
        {EM_ALPHA, "alpha", NULL},
        {EM_SH, "sh4", NULL},
    };

    for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
        if (machines[i].machine == elf->machine)
            return elf->bits == 32 && machines[i].name32 ? machines[i].name32 : machines[i].name;
    }
    return NULL;
}
