/* SPDX-License-Identifier: MIT */
/*
 * Which file an address is mapped from, as /proc/self/maps tells it (proc_pid_maps(5)): for a libc
 * without _dl_find_object. This reads text that it is given, and makes no system call.
 *
 * Async-signal-safe, thread-safe, fork-safe.
 */
#ifndef LG_MAPS_H
#define LG_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The fields of a line, in their order: START-END PERMISSIONS OFFSET MAJOR:MINOR INODE BLANKS PATH */
enum lg_maps_field {
    LG_MAPS_START,
    LG_MAPS_END,
    LG_MAPS_PERMISSIONS,
    LG_MAPS_OFFSET,
    LG_MAPS_MAJOR,
    LG_MAPS_MINOR,
    LG_MAPS_INODE,
    LG_MAPS_BLANKS,
    LG_MAPS_PATH
};

struct lg_maps_line {
    uint64_t number[LG_MAPS_BLANKS]; /* by enum lg_maps_field */
    bool readable;
    bool executable;
};

/* A search for one address, fed with the text of the file in pieces of any size. */
struct lg_maps {
    /* What is searched for, and where its path goes. */
    uintptr_t address;
    char *path; /* not terminated; lent by the caller for as long as the search takes */
    size_t path_room_bytes;

    /* The answer. */
    bool found;               /* the line of the address has been read to its end: `line` */
    size_t path_bytes;        /* 0: mapped from no file, or the path did not fit */
    struct lg_maps_line line; /* the line being read */
    struct lg_maps_line file; /* the mapping of the beginning of the same file, all 0: none */

    uint8_t field; /* of the line being read, enum lg_maps_field */
    bool too_long; /* its path */
};

void lg_maps_init(struct lg_maps *maps, uintptr_t address, char *path, size_t path_room_bytes);

/* Reads the next piece. Returns false when nothing more is needed. */
bool lg_maps_feed(struct lg_maps *maps, const char *text, size_t size);

#endif
