/* SPDX-License-Identifier: MIT */
#include "shim/caller/maps.h"

#include <string.h>

/* The kernel writes a newline in a path this way, and escapes nothing else: this text in a path looks the same. */
static const char newline[] = "\\012";

static void begin_line(struct lg_maps *maps)
{
    maps->line = (struct lg_maps_line){.readable = false};
    maps->field = LG_MAPS_START;
    maps->path_bytes = 0;
    maps->too_long = false;
}

void lg_maps_init(struct lg_maps *maps, uintptr_t address, char *path, size_t path_room_bytes)
{
    *maps = (struct lg_maps){.address = address, .path = path, .path_room_bytes = path_room_bytes};
    begin_line(maps);
}

static bool is_hit(const struct lg_maps *maps)
{
    return maps->address >= maps->line.number[LG_MAPS_START] && maps->address < maps->line.number[LG_MAPS_END];
}

static bool is_same_file(const struct lg_maps_line *a, const struct lg_maps_line *b)
{
    return a->number[LG_MAPS_INODE] == b->number[LG_MAPS_INODE] &&
           a->number[LG_MAPS_MAJOR] == b->number[LG_MAPS_MAJOR] && a->number[LG_MAPS_MINOR] == b->number[LG_MAPS_MINOR];
}

static unsigned digit_value(char byte)
{
    if (byte >= '0' && byte <= '9')
        return (unsigned)(byte - '0');
    if (byte >= 'a' && byte <= 'f')
        return (unsigned)(byte - 'a' + 10);
    return 16;
}

static void read_number(struct lg_maps *maps, char byte)
{
    uint64_t *number = &maps->line.number[maps->field];
    unsigned base = maps->field == LG_MAPS_INODE ? 10 : 16, digit = digit_value(byte);

    if (digit < base)
        *number = *number * base + digit;
    else
        maps->field++;
}

static void read_permission(struct lg_maps *maps, char byte)
{
    maps->line.readable |= byte == 'r';
    maps->line.executable |= byte == 'x';
    if (byte == ' ')
        maps->field++;
}

static void read_path(struct lg_maps *maps, char byte)
{
    if (!is_hit(maps) || (maps->field == LG_MAPS_BLANKS && byte == ' '))
        return;
    maps->field = LG_MAPS_PATH;
    if (maps->path_bytes < maps->path_room_bytes)
        maps->path[maps->path_bytes++] = byte;
    else
        maps->too_long = true;
}

static void read_byte(struct lg_maps *maps, char byte)
{
    if (maps->field >= LG_MAPS_BLANKS)
        read_path(maps, byte);
    else if (maps->field == LG_MAPS_PERMISSIONS)
        read_permission(maps, byte);
    else
        read_number(maps, byte);
}

static size_t restore_newlines(char *path, size_t length)
{
    const size_t escape_bytes = sizeof newline - 1;
    size_t to = 0;

    for (size_t from = 0; from < length; to++) {
        bool is_newline = length - from >= escape_bytes && memcmp(path + from, newline, escape_bytes) == 0;

        path[to] = is_newline ? '\n' : path[from];
        from += is_newline ? escape_bytes : 1;
    }
    return to;
}

static void end_line(struct lg_maps *maps)
{
    const struct lg_maps_line *line = &maps->line;

    if (line->number[LG_MAPS_OFFSET] == 0 && line->number[LG_MAPS_INODE] != 0 && line->readable)
        maps->file = *line;
    if (!is_hit(maps)) {
        begin_line(maps);
        return;
    }
    maps->found = true;
    if (!is_same_file(&maps->file, line))
        maps->file = (struct lg_maps_line){.readable = false};
    /* Mapped from no file, it has no name or one like [heap]. */
    if (maps->too_long || line->number[LG_MAPS_INODE] == 0 || maps->path_bytes == 0 || maps->path[0] != '/')
        maps->path_bytes = 0;
    maps->path_bytes = restore_newlines(maps->path, maps->path_bytes);
}

bool lg_maps_feed(struct lg_maps *maps, const char *text, size_t size)
{
    for (size_t i = 0; i < size && !maps->found; i++) {
        if (text[i] == '\n')
            end_line(maps);
        else
            read_byte(maps, text[i]);
    }
    return !maps->found;
}
