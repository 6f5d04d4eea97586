/* SPDX-License-Identifier: MIT */
/*
 * Where liblingerguard.so is, and lists of libraries as the dynamic linker reads them from LD_PRELOAD
 * and /etc/ld.so.preload: names, separated by white space and colons.
 */
#ifndef LG_COMMAND_LIBRARY_H
#define LG_COMMAND_LIBRARY_H

#include "policy/policy.h"

#define LG_LIBRARY_NAME "liblingerguard.so"

/* What separates two names: glibc splits at these, musl at every white space and colons. */
#define LG_LIST_SEPARATORS " :\t\n\v\f\r"

/*
 * The path of the library: beside the running command, in ../lib and ../lib/MULTIARCH from there, or
 * where it was to be installed. `installed` leaves out the first, which is a build directory. The
 * caller frees it. NULL after an error that names the places.
 */
char *lg_library_find(bool installed);

/* Why a path cannot be written into such a list, as the end of a sentence, or NULL when it can. */
const char *lg_library_path_problem(const char *path);

/* Whether a name of a list is this library, whichever directory it is in. */
bool lg_library_is_ours(struct lg_text name);

/*
 * The value for LD_PRELOAD: `library` first, then what `existing` (may be NULL) holds, without any
 * copy of this library and otherwise unchanged. The caller frees it; NULL when memory is short.
 */
char *lg_library_preload(const char *library, const char *existing);

#endif
