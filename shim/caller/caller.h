/* SPDX-License-Identifier: MIT */
/*
 * Who asked: the return addresses of a call that we interpose, and their names.
 *
 * No lock, no allocation, no dlsym, nothing of the loader but _dl_find_object: each function here
 * can be called in a signal handler, one that interrupted dlopen, dlclose or malloc included, in a
 * vfork child, and on a stack that was overwritten. It then finds fewer frames. Thread-safe.
 * errno is not touched.
 */
#ifndef LG_CALLER_H
#define LG_CALLER_H

#include <stddef.h>
#include <stdint.h>

#include "policy/policy.h"

/*
 * Return addresses, innermost first. Where a signal interrupted a function, the address is that of
 * the next instruction + 1, so that address - 1 is always within the instruction to be named. The
 * signal's own trampoline is left out.
 */
struct lg_frames {
    unsigned count;
    uintptr_t address[LG_CALLERS_MAX];
};

/*
 * Notes how the program was started, from its auxiliary vector: AT_PHDR, AT_PHNUM, AT_BASE and
 * AT_EXECFN of getauxval(3), 0 or NULL where it has none. `execfn` is kept. Called once, from the
 * constructor. No system call.
 */
void lg_caller_load(uintptr_t program_headers, size_t count, uintptr_t base, const char *execfn);

/*
 * Finds at most `wanted` frames. `first`, the return address of the interposed call as its wrapper
 * has it from __builtin_return_address(0), is always the first of them; for one frame nothing is
 * unwound and no system call made. The others are found by unwinding, from this function on: through
 * this library to `first`, and further up until there are enough, or until a stack, a table or a
 * sandbox gives no answer that can be relied on. Where the loader has no _dl_find_object (musl, glibc
 * before 2.35) `first` is the only one.
 */
void lg_frames_collect(struct lg_frames *frames, uintptr_t first, unsigned wanted);

/*
 * Writes MODULE+0xOFFSET, not terminated: the path of the module, and the address of the call
 * (return_address - 1) as `addr2line -e MODULE` takes it. `exe` is the path of the executable.
 * Returns the length in bytes; 0, with nothing to be read in `out`, when the address belongs to no
 * module (code made at run time), when the module is not known, or when `size` does not suffice.
 *
 * Where the loader has no _dl_find_object this reads /proc/self/maps; where that cannot be read, or
 * the headers of the file are damaged, the module is not known.
 */
size_t lg_caller_name(uintptr_t return_address, struct lg_text exe, char *out, size_t size);

#endif
