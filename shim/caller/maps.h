/* SPDX-License-Identifier: MIT */
/*
 * Which file an address is mapped from, as /proc/self/maps tells it (proc_pid_maps(5)): for a libc
 * without _dl_find_object.
 *
 * Async-signal-safe, thread-safe, fork-safe.
 */
#ifndef LG_MAPS_H
#define LG_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lg_maps_line {
    uintptr_t start;
    uintptr_t end;
    uint64_t offset_bytes; /* of the mapping in the file */
    uint64_t major;        /* of the device that the file is on */
    uint64_t minor;
    uint64_t inode;
    bool readable;
    bool executable;
};

/* A search for one address, fed with the text of the file in pieces of any size. */
struct lg_maps {
    /* What is searched for, and where its path goes. */
    uintptr_t address;
    char *path; /* not terminated */
    size_t path_room_bytes;

    /* The answer. */
    bool found;              /* the line of the address has been read to its end */
    size_t path_bytes;       /* 0: mapped from no file, or the path did not fit */
    struct lg_maps_line hit; /* the mapping that holds the address */
    uintptr_t file_start;    /* the mapping of the beginning of the same file, 0: none */

    /* The line being read. */
    struct lg_maps_line line;
    struct lg_maps_line first; /* the last mapping of the beginning of a file */
    uint8_t field;
    uint8_t escape_digits;
    uint8_t escape;
    bool too_long;
};

void lg_maps_init(struct lg_maps *maps, uintptr_t address, char *path, size_t path_room_bytes);

/* Reads the next piece. Returns false when nothing more is needed. */
bool lg_maps_feed(struct lg_maps *maps, const char *text, size_t size);

#endif
