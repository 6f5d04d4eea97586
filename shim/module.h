/* SPDX-License-Identifier: MIT */
/*
 * Which module (the executable, a shared object, the vdso) an address belongs to.
 *
 * Asked of _dl_find_object (glibc 2.35), which takes no lock, makes no system call and is
 * async-signal-safe, also where the signal interrupted dlopen or dlclose (glibc manual, "Dynamic
 * Linker Introspection"). dl_iterate_phdr and dladdr are not: they take the loader's lock.
 *
 * Async-signal-safe, thread-safe, fork-safe.
 */
#ifndef LG_MODULE_H
#define LG_MODULE_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/peek.h"

struct lg_module {
    uintptr_t start; /* what it has mapped: from start up to end, possibly with holes */
    uintptr_t end;
    uintptr_t bias;         /* what is added to an address of the file */
    uintptr_t eh_frame_hdr; /* 0: none */
    const char *name;       /* as the loader has it, "" for the executable; lives as long as the module */
};

/* Whether modules can be found at all: not under musl, nor under glibc before 2.35. */
bool lg_module_can_find(void);

/* Finds the module of `address`. Returns false, with `module` untouched, where there is none. */
bool lg_module_find(struct lg_module *module, uintptr_t address);

/* Whether `address` lies in a part of `module` that its program headers make executable. */
bool lg_module_is_code(const struct lg_module *module, struct lg_peek *peek, uintptr_t address);

#endif
