/* SPDX-License-Identifier: MIT */
#include "shim/call/lookup.h"

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>

#ifndef DT_GNU_HASH
#define DT_GNU_HASH 0x6ffffef5
#endif

#define WORD_BITS (8 * sizeof(uintptr_t))
#define HIDDEN    0x8000 /* of a version: not the default */

extern unsigned long getauxval(unsigned long) __attribute__((weak));

/* glibc has made absolute addresses of these, musl has not. */
static const void *address_of(const struct link_map *map, const ElfW(Dyn) * entry)
{
    ElfW(Addr) at = entry->d_un.d_ptr;

    return (const void *)(at < map->l_addr ? at + map->l_addr : at);
}

static struct lg_hash_table read_table(const uint32_t *at)
{
    struct lg_hash_table table = {.buckets = at[0], .first = at[1], .filter_words = at[2], .shift = at[3]};

    table.filter = (const uintptr_t *)(const void *)(at + 4);
    table.heads = (const uint32_t *)(const void *)(table.filter + table.filter_words);
    table.hashes = table.heads + table.buckets;
    return table;
}

/* False for one that has no such table. */
static bool read_object(const struct link_map *map, struct lg_lookup_object *object)
{
    *object = (struct lg_lookup_object){.base = map->l_addr};
    for (const ElfW(Dyn) *entry = map->l_ld; entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == DT_SYMTAB)
            object->symbols = address_of(map, entry);
        else if (entry->d_tag == DT_STRTAB)
            object->names = address_of(map, entry);
        else if (entry->d_tag == DT_VERSYM)
            object->versions = address_of(map, entry);
        else if (entry->d_tag == DT_GNU_HASH)
            object->table = read_table(address_of(map, entry));
    }
    return object->symbols && object->names && object->table.buckets > 0;
}

static uint32_t hash_of(const char *name)
{
    uint32_t hash = 5381;

    while (*name != '\0')
        hash = hash * 33 + (unsigned char)*name++;
    return hash;
}

static bool may_have(const struct lg_hash_table *table, uint32_t hash)
{
    uintptr_t word = table->filter[hash / WORD_BITS & (table->filter_words - 1)];

    return word >> hash % WORD_BITS & word >> (hash >> table->shift) % WORD_BITS & 1;
}

static bool is_same(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

static bool is_it(const struct lg_lookup_object *object, uint32_t index, const char *name)
{
    const ElfW(Sym) *symbol = (const ElfW(Sym) *)object->symbols + index;

    return symbol->st_shndx != SHN_UNDEF && symbol->st_value != 0 &&
           !(object->versions && object->versions[index] & HIDDEN) && is_same(object->names + symbol->st_name, name);
}

static const ElfW(Sym) * find(const struct lg_lookup_object *object, uint32_t hash, const char *name)
{
    const struct lg_hash_table *table = &object->table;
    uint32_t index;

    if (!may_have(table, hash) || (index = table->heads[hash % table->buckets]) < table->first)
        return NULL;
    for (;; index++) {
        uint32_t other = table->hashes[index - table->first];

        if ((other | 1) == (hash | 1) && is_it(object, index, name))
            return (const ElfW(Sym) *)object->symbols + index;
        if (other & 1) /* the end of the chain */
            return NULL;
    }
}

/* The list of what was loaded, as a debugger finds it. */
static const struct link_map *loaded(void)
{
    const ElfW(Phdr) *header = (const void *)(getauxval ? getauxval(AT_PHDR) : 0);
    unsigned long count = header ? getauxval(AT_PHNUM) : 0;
    const ElfW(Dyn) *entry = NULL;
    ElfW(Addr) base = 0;

    for (unsigned long i = 0; i < count; i++) {
        if (header[i].p_type == PT_PHDR)
            base = (ElfW(Addr))header - header[i].p_vaddr;
        else if (header[i].p_type == PT_DYNAMIC)
            entry = (const void *)(base + header[i].p_vaddr);
    }
    for (; entry && entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == DT_DEBUG && entry->d_un.d_ptr != 0)
            return ((const struct r_debug *)entry->d_un.d_ptr)->r_map;
    }
    return NULL;
}

void lg_lookup_start(struct lg_lookup *lookup)
{
    const struct link_map *map = loaded();
    uintptr_t kernels = map ? getauxval(AT_SYSINFO_EHDR) : 0;

    lookup->count = 0;
    while (map && map->l_ld != _DYNAMIC)
        map = map->l_next;
    for (map = map ? map->l_next : NULL; map && lookup->count < LG_LOOKUP_OBJECTS; map = map->l_next) {
        if (map->l_addr == kernels) /* which has nothing of this */
            continue;
        if (!read_object(map, &lookup->objects[lookup->count]))
            return;
        lookup->count++;
    }
}

void *lg_lookup(const struct lg_lookup *lookup, const char *name)
{
    uint32_t hash = hash_of(name);

    for (unsigned i = 0; i < lookup->count; i++) {
        const struct lg_lookup_object *object = &lookup->objects[i];
        const ElfW(Sym) *symbol = find(object, hash, name);

        if (symbol)
            return ELF64_ST_TYPE(symbol->st_info) == STT_FUNC ? (void *)(object->base + symbol->st_value) : NULL;
    }
    return NULL;
}
