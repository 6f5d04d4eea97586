/* SPDX-License-Identifier: MIT */
#include "shim/caller/module.h"

#include <link.h>
#include <string.h>

/* More than any linker writes; a bound for a header that lies. */
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

/* Where its parts are not adjacent, the loader answers for each of them, and the tables are in another one. */
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
    module->bias = (uintptr_t)found.link_map->l_addr;
    module->name = found.link_map->l_name;
    if (!find_tables(module, &found))
        module->eh_frame_hdr = 0;
    return true;
}

/* The program headers of the executable are known; those of another module follow its ELF header. */
static bool find_headers(const struct lg_module *module, struct lg_safe_pages *peek, struct headers *headers)
{
    uintptr_t size = module->end - module->start;
    ElfW(Ehdr) file;

    *headers = program_headers;
    if (module->name[0] == '\0' && program_headers.at != 0)
        return true;
    if (size < sizeof file || !lg_safe_read(peek, &file, module->start, sizeof file) ||
        memcmp(file.e_ident, ELFMAG, SELFMAG) != 0 || file.e_phentsize != sizeof(ElfW(Phdr)) ||
        file.e_phnum > HEADERS_MAX || file.e_phoff > size || file.e_phnum * sizeof(ElfW(Phdr)) > size - file.e_phoff)
        return false;
    *headers = (struct headers){module->start + (uintptr_t)file.e_phoff, file.e_phnum};
    return true;
}

bool lg_module_is_code(const struct lg_module *module, struct lg_safe_pages *peek, uintptr_t address)
{
    struct headers headers;
    ElfW(Phdr) part;

    if (!find_headers(module, peek, &headers))
        return false;
    for (size_t i = 0; i < headers.count; i++) {
        if (!lg_safe_read(peek, &part, headers.at + i * sizeof part, sizeof part))
            return false;
        if (part.p_type == PT_LOAD && (part.p_flags & PF_X) != 0 &&
            address - (module->bias + part.p_vaddr) < part.p_memsz)
            return true;
    }
    return false;
}
