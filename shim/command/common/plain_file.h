/* SPDX-License-Identifier: MIT */
/* Reading what lies somewhere in the system, whoever put it there. */
#ifndef LG_COMMAND_PLAIN_FILE_H
#define LG_COMMAND_PLAIN_FILE_H

#include <stdio.h>

/*
 * Opens a regular file for reading, without ever waiting: NULL for a FIFO, a device or a directory, and
 * where the file cannot be opened. The caller closes it.
 */
FILE *lg_plain_file_open(const char *path);

#endif
