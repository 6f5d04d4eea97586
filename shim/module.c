/* SPDX-License-Identifier: MIT */
#include "shim/module.h"

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

bool lg_module_can_find(void)
{
    return find_object != NULL;
}

bool lg_module_find(struct lg_module *module, uintptr_t address)
{
    struct found_object found;

    if (find_object == NULL || find_object((void *)address, &found) != 0)
        return false;
    module->start = (uintptr_t)found.map_start;
    module->end = (uintptr_t)found.map_end;
    module->bias = (uintptr_t)found.link_map->l_addr;
    module->eh_frame_hdr = (uintptr_t)found.eh_frame;
    module->name = found.link_map->l_name;
    return true;
}

bool lg_module_is_code(const struct lg_module *module, struct lg_peek *peek, uintptr_t address)
{
    ElfW(Ehdr) file;
    ElfW(Phdr) part;
    uintptr_t size = module->end - module->start;
    uintptr_t at;

    if (size < sizeof file || !lg_peek_copy(peek, &file, module->start, sizeof file) ||
        memcmp(file.e_ident, ELFMAG, SELFMAG) != 0 || file.e_phentsize != sizeof part || file.e_phnum > HEADERS_MAX ||
        file.e_phoff > size || file.e_phnum * sizeof part > size - file.e_phoff)
        return false;
    at = module->start + (uintptr_t)file.e_phoff;
    for (unsigned i = 0; i < file.e_phnum; i++, at += sizeof part) {
        if (!lg_peek_copy(peek, &part, at, sizeof part))
            return false;
        if (part.p_type == PT_LOAD && (part.p_flags & PF_X) != 0 &&
            address - (module->bias + part.p_vaddr) < part.p_memsz)
            return true;
    }
    return false;
}
