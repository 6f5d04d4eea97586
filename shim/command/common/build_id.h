/* SPDX-License-Identifier: MIT */
/* The build id of a program or library: what debuginfod and symbol servers know it by. */
#ifndef LG_COMMAND_BUILD_ID_H
#define LG_COMMAND_BUILD_ID_H

#include "policy/policy.h"

#define LG_BUILD_ID_ROOM 65u /* hexadecimal digits of 32 bytes, and a NUL */

/*
 * Reads it from the file at the absolute `path` as hexadecimal digits. False where there is no such regular
 * file, none of this machine's class and byte order, or none with a build id. The path may come from a
 * log, and the file may be hostile: nothing but a regular file is opened, and little is read of it.
 */
bool lg_build_id_read(struct lg_text path, char hex[LG_BUILD_ID_ROOM]);

/* The same for the module of a call site, MODULE+0xOFFSET. */
bool lg_build_id_of_caller(struct lg_text caller, char hex[LG_BUILD_ID_ROOM]);

#endif
