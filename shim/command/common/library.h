/* SPDX-License-Identifier: MIT */
/* Where liblingerguard.so is. */
#ifndef LG_COMMAND_LIBRARY_H
#define LG_COMMAND_LIBRARY_H

#include <stdbool.h>

#define LG_LIBRARY_NAME "liblingerguard.so"

/*
 * The path of the library: beside the running command, in ../lib and ../lib/MULTIARCH from there, or
 * where it was to be installed. `installed` leaves out the first, which is a build directory. The
 * caller frees it. NULL after an error that names the places.
 */
char *lg_library_find(bool installed);

#endif
