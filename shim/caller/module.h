/* SPDX-License-Identifier: MIT */
/*
 * Which module (the executable, a shared object, the vdso) an address belongs to.
 *
 * Asked of _dl_find_object (glibc 2.35), which takes no lock, makes no system call and is
 * async-signal-safe, also where the signal interrupted dlopen or dlclose (glibc manual, "Dynamic
 * Linker Introspection"). dl_iterate_phdr and dladdr are not: they take the loader's lock.
 * What lies in a module, its headers and tables, is not trusted: it is read through lg_safe_read,
 * within the ranges that the loader or the kernel mapped.
 *
 * Async-signal-safe, thread-safe, fork-safe.
 */
#ifndef LG_MODULE_H
#define LG_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shim/base/safe_read.h"

/* A module as the loader has it. It points to memory of the loader's, and is good as long as the module is loaded. */
struct lg_module {
    /* A range that is mapped from it, possibly with holes: all of it, or of an executable with holes one part. */
    uintptr_t start;
    uintptr_t end;
    /* The range that .eh_frame_hdr is in, mostly the same. */
    uintptr_t tables_start;
    uintptr_t tables_end;
    uintptr_t bias;         /* what is added to an address of the file */
    uintptr_t eh_frame_hdr; /* 0: none */
    const char *name;       /* as the loader has it, "" for the executable */
};

/* Notes where the program headers of the executable are, 0 if not known. Called once, from the constructor. */
void lg_module_load(uintptr_t program_headers, size_t count);

/* Whether modules can be found at all: not under musl, nor under glibc before 2.35. */
bool lg_module_can_find(void);

/* Finds the module of `address`. Returns false, with `module` untouched, where there is none. */
bool lg_module_find(struct lg_module *module, uintptr_t address);

/* Whether `address` lies in a segment of `module` that its program headers make executable. */
bool lg_module_is_code(const struct lg_module *module, struct lg_safe_pages *pages, uintptr_t address);

/*
 * Finds the bias of a file whose beginning is mapped at [start, end), from its headers alone: where the loader
 * cannot be asked. Returns false, with `bias` in an undefined state, when they do not say.
 */
bool lg_module_bias(struct lg_safe_pages *pages, uintptr_t start, uintptr_t end, uintptr_t *bias);

#endif
