/* SPDX-License-Identifier: MIT */
/* A directory of the test's own, made when it is first needed, and files in it that change. */
#ifndef EDITS_H
#define EDITS_H

#include "tests/interpose/interpose.h"

#include <time.h>

static char directory[64];

static inline const char *in_directory(const char *name)
{
    static char path[8][160];
    static unsigned next;
    char *mine = path[next++ % 8];

    if (directory[0] == '\0')
        snprintf(directory, sizeof directory, "%s", own_directory());
    snprintf(mine, sizeof path[0], "%s/%s", directory, name);
    return mine;
}

static inline void remove_directory(void)
{
    remove_tree(directory);
    directory[0] = '\0';
}

static inline void sleep_ms(long ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};

    while (nanosleep(&time, &time) != 0)
        ;
}

/* As an editor, a package or a tool does it: another file takes the name. */
static inline void replace_file(const char *path, const char *text)
{
    char beside[512];

    snprintf(beside, sizeof beside, "%s.new", path);
    write_file(beside, text);
    REQUIRE(rename(beside, path) == 0);
}

#endif
