/* SPDX-License-Identifier: MIT */
/* Where liblingerguard.so is. */
#ifndef LG_COMMAND_LIBRARY_H
#define LG_COMMAND_LIBRARY_H

#include "shim/base/visible.h"
#include <stdbool.h>

#define LG_LIBRARY_NAME "liblingerguard.so"

/*
 * The path of the library: beside the running command, in ../lib and ../lib/MULTIARCH from there, or
 * where it was to be installed. `installed` leaves out the first, which is a build directory. The
 * caller frees it. NULL after an error that names the places.
 */
char *lg_library_find(bool installed);

#define LG_LIBRARY_VERSION_ROOM (sizeof(((struct lg_visible *)0)->name) - (sizeof(LG_VISIBLE_MAGIC) - 1))

/*
 * The version that the library at `path` says of itself, read from the file, which is not loaded. False where
 * there is no such regular file, or none that says one: a library from before versions, or none of ours.
 */
bool lg_library_version(const char *path, char version[LG_LIBRARY_VERSION_ROOM]);

#endif
