/* SPDX-License-Identifier: MIT */
/*
 * What dlsym(RTLD_NEXT, ...) finds, at a quarter of its price: the objects that were loaded with the program, behind
 * this one, in their order, by their tables of symbols (System V ABI, chapter 5; DT_GNU_HASH). What is not plain is
 * left to dlsym: an object without such a table, an indirect function, a library that was loaded later or in a
 * namespace of its own.
 *
 * For the constructor: the list of objects may change later.
 */
#ifndef LG_LOOKUP_H
#define LG_LOOKUP_H

#include <stdint.h>

#define LG_LOOKUP_OBJECTS 8u /* what is not found in so many is dlsym's to find */

/* What DT_GNU_HASH points to: four words, then a filter, the heads of chains, and the hashes, a chain behind the other.
 */
struct lg_hash_table {
    uint32_t buckets;
    uint32_t first; /* symbol that has a hash */
    uint32_t filter_words;
    uint32_t shift;
    const uintptr_t *filter;
    const uint32_t *heads;
    const uint32_t *hashes;
};

struct lg_lookup_object {
    uintptr_t base;
    const void *symbols;
    const char *names;
    const uint16_t *versions; /* NULL: none has one */
    struct lg_hash_table table;
};

struct lg_lookup {
    unsigned count; /* 0: nobody can be asked */
    struct lg_lookup_object objects[LG_LOOKUP_OBJECTS];
};

void lg_lookup_start(struct lg_lookup *lookup);

/* The default version of a function, NULL when it is not found or not plain. */
void *lg_lookup(const struct lg_lookup *lookup, const char *name);

#endif
