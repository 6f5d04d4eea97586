/* SPDX-License-Identifier: MIT */
#include "shim/caller/module.h"

#include <link.h>
#include <string.h>

/* No linker writes more than 14; a bound for an ELF header that lies. */
#define HEADERS_MAX 64u

/* struct dl_find_object of glibc's <dlfcn.h>, which musl and older ones do not have. */
struct found_object {
    unsigned long long flags;
    void *map_start;
    void *map_end;
    struct link_map *link_map;
    void *eh_frame; /* what PT_GNU_EH_FRAME points at */
#ifdef __i386__
    void *eh_dbase;
    int padding;
#endif
    unsigned long long reserved[7];
};

/* By a name of our own, since <link.h> of a newer glibc declares it for its own struct. */
extern int find_object(void *, struct found_object *) __asm__("_dl_find_object") __attribute__((weak));

struct headers {
    uintptr_t at;
    size_t count;
};

static struct headers program_headers;

void lg_module_load(uintptr_t at, size_t count)
{
    program_headers = (struct headers){at, count < HEADERS_MAX ? count : HEADERS_MAX};
}

bool lg_module_can_find(void)
{
    return find_object != NULL;
}

/*
 * Finds the range of .eh_frame_hdr. Where the segments of an executable are not adjacent, the loader knows each as a
 * range of its own. Returns false when the address that PT_GNU_EH_FRAME gives lies in no range of this module.
 */
static bool find_tables(struct lg_module *module, const struct found_object *code)
{
    struct found_object tables;

    module->eh_frame_hdr = (uintptr_t)code->eh_frame;
    module->tables_start = module->start;
    module->tables_end = module->end;
    if (module->eh_frame_hdr >= module->start && module->eh_frame_hdr < module->end)
        return true;
    if (find_object(code->eh_frame, &tables) != 0 || tables.link_map != code->link_map)
        return false;
    module->tables_start = (uintptr_t)tables.map_start;
    module->tables_end = (uintptr_t)tables.map_end;
    return true;
}

bool lg_module_find(struct lg_module *module, uintptr_t address)
{
    struct found_object found;

    if (find_object == NULL || find_object((void *)address, &found) != 0)
        return false;
    module->start = (uintptr_t)found.map_start;
    module->end = (uintptr_t)found.map_end;
    module->bias = found.link_map->l_addr;
    module->name = found.link_map->l_name;
    if (!find_tables(module, &found))
        module->eh_frame_hdr = 0;
    return true;
}

/* The program headers behind the ELF header at `start`. Returns false where they are not within [start, end). */
static bool read_file_header(struct lg_safe_pages *pages, uintptr_t start, uintptr_t end, struct headers *headers)
{
    size_t size_bytes = end - start;
    ElfW(Ehdr) file;

    if (size_bytes < sizeof file || !lg_safe_read(pages, &file, start, sizeof file) ||
        memcmp(file.e_ident, ELFMAG, SELFMAG) != 0 || file.e_phentsize != sizeof(ElfW(Phdr)) ||
        file.e_phnum > HEADERS_MAX || file.e_phoff > size_bytes ||
        file.e_phnum * sizeof(ElfW(Phdr)) > size_bytes - file.e_phoff)
        return false;
    *headers = (struct headers){start + (uintptr_t)file.e_phoff, file.e_phnum};
    return true;
}

static bool read_header(struct lg_safe_pages *pages, const struct headers *headers, size_t i, ElfW(Phdr) * header)
{
    return lg_safe_read(pages, header, headers->at + i * sizeof *header, sizeof *header);
}

bool lg_module_is_code(const struct lg_module *module, struct lg_safe_pages *pages, uintptr_t address)
{
    struct headers headers = program_headers;
    ElfW(Phdr) segment;

    if ((module->name == NULL || module->name[0] != '\0' || headers.at == 0) &&
        !read_file_header(pages, module->start, module->end, &headers))
        return false;
    for (size_t i = 0; i < headers.count && read_header(pages, &headers, i, &segment); i++) {
        if (segment.p_type == PT_LOAD && (segment.p_flags & PF_X) != 0 &&
            address - (module->bias + segment.p_vaddr) < segment.p_memsz)
            return true;
    }
    return false;
}

bool lg_module_bias(struct lg_safe_pages *pages, uintptr_t start, uintptr_t end, uintptr_t *bias)
{
    struct headers headers;
    ElfW(Phdr) segment;

    if (!read_file_header(pages, start, end, &headers))
        return false;
    for (size_t i = 0; i < headers.count && read_header(pages, &headers, i, &segment); i++) {
        if (segment.p_type == PT_LOAD) {
            /* The first: that it holds the beginning of the file, as `start` does, is certain only within one page. */
            *bias = start - (uintptr_t)(segment.p_vaddr - segment.p_offset);
            return segment.p_offset < 65536;
        }
    }
    return false;
}
