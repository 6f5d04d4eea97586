/* SPDX-License-Identifier: MIT */
/*
 * /etc/ld.so.preload below a root directory: read whole, replaced in one step, so that no program that
 * starts meanwhile finds half of it. Every program of the system reads this file when it starts.
 */
#ifndef LG_COMMAND_PRELOAD_FILE_H
#define LG_COMMAND_PRELOAD_FILE_H

#include "policy/policy.h"
#include <sys/stat.h>

struct lg_preload_file {
    char *path;       /* for messages */
    int directory_fd; /* of etc/, locked against another `enable` or `disable` until it is closed */
    bool exists;
    struct stat status; /* of the file that exists */
    struct lg_text text;
};

/*
 * Reads the file below `root` ("" for the system's). `lock` waits for whoever else edits it. A missing
 * file is an empty text. Returns false after a message. lg_preload_file_close gives everything back.
 */
bool lg_preload_file_open(struct lg_preload_file *file, const char *root, bool lock);
void lg_preload_file_close(struct lg_preload_file *file);

/*
 * Replaces the file, with its mode and owner (0644 for a new one); a blank text removes it. Returns
 * false after a message, the file then being what it was.
 */
bool lg_preload_file_replace(struct lg_preload_file *file, struct lg_text text);

#endif
