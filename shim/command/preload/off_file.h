/* SPDX-License-Identifier: MIT */
/*
 * /etc/lingerguard/off below a root directory: while it is there, every process that sees it stands aside. That it is
 * there is all that counts; what is in it tells the next operator who wrote it, and when.
 */
#ifndef LG_COMMAND_OFF_FILE_H
#define LG_COMMAND_OFF_FILE_H

#include <stdbool.h>

#include "shim/base/paths.h"

/* Says on standard output when it is there. True where nothing is wrong, false after a message. */
bool lg_off_tell(const char *root);

#endif
