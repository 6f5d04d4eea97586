/* SPDX-License-Identifier: MIT */
/*
 * A path with $LIB in it, which the dynamic linker of each class replaces by its own directory (ld.so(8)): lib64 and
 * lib, or lib/x86_64-linux-gnu and lib32. So one entry serves programs of 64 and of 32 bits.
 */
#ifndef LG_COMMAND_EACH_CLASS_H
#define LG_COMMAND_EACH_CLASS_H

#include <stdbool.h>
#include <stddef.h>

typedef bool lg_library_check(const char *root, const char *library, char *problem, size_t problem_bytes);

/*
 * `check` for every file that `library`, below `root`, stands for: at least one, all of which must hold. Without $LIB
 * that is itself.
 */
bool lg_each_class(lg_library_check *check, const char *root, const char *library, char *problem, size_t problem_bytes);

#endif
