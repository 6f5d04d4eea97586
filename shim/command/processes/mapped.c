/* SPDX-License-Identifier: MIT */
#define _FILE_OFFSET_BITS 64 /* an address of a process of 64 bits is an offset */
#include "shim/command/processes/mapped.h"
#include "policy/text.h"
#include "shim/command/common/library.h"
#include "shim/command/processes/lines.h"
#include "shim/command/processes/process.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MAPPING_BYTES_MAX (4u << 20) /* what is read of a mapping; the library's has some KiB */
#define MAPPINGS_MAX      16u        /* of the library, that are read in one process */

/* Takes the struct out of a writable mapping of the library. */
static void read_mapping(int process, const struct lg_mapping *mapping, struct lg_mapped *mapped)
{
    uint64_t whole = mapping->end - mapping->start;
    size_t size_bytes = whole < MAPPING_BYTES_MAX ? (size_t)whole : MAPPING_BYTES_MAX;
    int fd = openat(process, "mem", O_RDONLY | O_CLOEXEC);
    char *bytes = fd < 0 ? NULL : malloc(size_bytes);
    ssize_t got = bytes ? pread(fd, bytes, size_bytes, (off_t)mapping->start) : -1;
    struct lg_visible visible;

    if (fd < 0 && (errno == EACCES || errno == EPERM))
        mapped->denied = true;
    if (got > 0 && lg_visible_find((struct lg_text){bytes, (size_t)got}, &visible) &&
        (!mapped->shown || (visible.flags & LG_VISIBLE_LOADED))) {
        mapped->visible = visible;
        mapped->shown = true;
    }
    free(bytes);
    if (fd >= 0)
        close(fd);
}

static bool is_complete(const struct lg_mapped *mapped)
{
    return mapped->shown && (mapped->visible.flags & LG_VISIBLE_LOADED);
}

static void look_at_mapping(int process, const struct lg_mapping *mapping, struct lg_mapped *mapped, unsigned *count)
{
    /* loaded, not only read by somebody */
    if (!mapped->present && mapping->executable) {
        size_t length =
            mapping->path.length_bytes < sizeof(mapped->path) ? mapping->path.length_bytes : sizeof(mapped->path) - 1;

        memcpy(mapped->path, mapping->path.at, length);
        mapped->deleted = mapping->deleted;
        mapped->present = true;
    }
    if (mapping->writable && mapping->readable && !mapped->denied && (*count)++ < MAPPINGS_MAX)
        read_mapping(process, mapping, mapped);
}

/* Installed it is a link to a file that has the version behind its name (shim/install.mk): that one is mapped. */
static bool is_ours(struct lg_text path)
{
    static const char name[] = "/" LG_LIBRARY_NAME;
    const char *last = path.length_bytes ? memrchr(path.at, '/', path.length_bytes) : NULL;
    size_t length = last ? path.length_bytes - (size_t)(last - path.at) : 0;

    return length >= sizeof(name) - 1 && memcmp(last, name, sizeof(name) - 1) == 0 &&
           (length == sizeof(name) - 1 || last[sizeof(name) - 1] == '.');
}

enum lg_look lg_mapped_look(int process, struct lg_mapped *mapped)
{
    int fd = openat(process, "maps", O_RDONLY | O_CLOEXEC), error = errno;
    FILE *maps = fd < 0 ? NULL : fdopen(fd, "r");
    size_t room = 0, lines = 0;
    struct lg_mapping mapping;
    unsigned count = 0;
    char *line = NULL;
    ssize_t length;

    errno = 0;
    while (maps && !is_complete(mapped) && (length = getline(&line, &room, maps)) > 0) {
        lines++;
        if (lg_mapping_parse((struct lg_text){line, (size_t)length - (line[length - 1] == '\n')}, &mapping) &&
            is_ours(mapping.path))
            look_at_mapping(process, &mapping, mapped, &count);
    }
    if (maps && lines == 0 && ferror(maps))
        error = errno;
    else if (maps)
        error = 0;
    free(line);
    if (maps)
        fclose(maps);
    if (error == EACCES || error == EPERM)
        return LG_LOOK_DENIED;
    return lines > 0 ? LG_LOOK_DONE : LG_LOOK_GONE;
}

enum lg_look lg_mapped_look_any(int *process, struct lg_mapped *mapped)
{
    enum lg_look look = lg_mapped_look(*process, mapped);
    int other = look == LG_LOOK_GONE ? lg_process_other_thread(*process) : -1;

    if (other < 0)
        return look;
    close(*process);
    *process = other;
    return lg_mapped_look(other, mapped);
}
