/* SPDX-License-Identifier: MIT */
#include "shim/caller/maps.h"

/* START-END PERMS OFFSET MAJOR:MINOR INODE    PATH */
enum field { START, END, PERMISSIONS, OFFSET, MAJOR, MINOR, INODE, BLANKS, PATH };

#define ESCAPE_DIGITS 3 /* the kernel writes \n in a path as \012, and escapes nothing else */

static void begin_line(struct lg_maps *maps)
{
    maps->line = (struct lg_maps_line){0};
    maps->field = START;
    maps->escape_digits = 0;
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
    return maps->address >= maps->line.start && maps->address < maps->line.end;
}

static bool is_same_file(const struct lg_maps_line *a, const struct lg_maps_line *b)
{
    return a->inode != 0 && a->inode == b->inode && a->major == b->major && a->minor == b->minor;
}

static unsigned digit_value(char byte)
{
    if (byte >= '0' && byte <= '9')
        return (unsigned)(byte - '0');
    if (byte >= 'a' && byte <= 'f')
        return (unsigned)(byte - 'a' + 10);
    return 16;
}

/* One byte of a number; a byte that is no digit ends it. */
static bool take_digit(uint64_t *value, char byte, unsigned base)
{
    unsigned digit = digit_value(byte);

    if (digit >= base)
        return false;
    *value = *value * base + digit;
    return true;
}

static bool take_address_digit(uintptr_t *value, char byte)
{
    uint64_t wide = *value;
    bool taken = take_digit(&wide, byte, 16);

    *value = (uintptr_t)wide;
    return taken;
}

static void put(struct lg_maps *maps, char byte)
{
    if (!is_hit(maps))
        return;
    if (maps->path_bytes < maps->path_room_bytes)
        maps->path[maps->path_bytes++] = byte;
    else
        maps->too_long = true;
}

/* What looked like an escape and was none: its bytes after all. */
static void put_held_back(struct lg_maps *maps)
{
    static const char escape[] = "\\012";

    for (uint8_t i = 0; i < maps->escape_digits; i++)
        put(maps, escape[i]);
    maps->escape_digits = 0;
}

static void take_path(struct lg_maps *maps, char byte)
{
    static const char escape[] = "\\012";

    if (byte == escape[maps->escape_digits]) {
        if (maps->escape_digits++ == ESCAPE_DIGITS) {
            maps->escape_digits = 0;
            put(maps, '\n');
        }
        return;
    }
    put_held_back(maps);
    if (byte == escape[0])
        maps->escape_digits = 1;
    else
        put(maps, byte);
}

/* The numbers of a line are complete. */
static void note_first(struct lg_maps *maps)
{
    if (maps->line.offset_bytes == 0 && maps->line.inode != 0 && maps->line.readable)
        maps->first = maps->line;
}

static void take_field(struct lg_maps *maps, char byte)
{
    struct lg_maps_line *line = &maps->line;

    switch ((enum field)maps->field) {
    case START:
        if (!take_address_digit(&line->start, byte))
            maps->field = END;
        break;
    case END:
        if (!take_address_digit(&line->end, byte))
            maps->field = PERMISSIONS;
        break;
    case PERMISSIONS:
        line->readable |= byte == 'r';
        line->executable |= byte == 'x';
        if (byte == ' ')
            maps->field = OFFSET;
        break;
    case OFFSET:
        if (!take_digit(&line->offset_bytes, byte, 16))
            maps->field = MAJOR;
        break;
    case MAJOR:
        if (!take_digit(&line->major, byte, 16))
            maps->field = MINOR;
        break;
    case MINOR:
        if (!take_digit(&line->minor, byte, 16))
            maps->field = INODE;
        break;
    case INODE:
        if (take_digit(&line->inode, byte, 10))
            break;
        note_first(maps);
        maps->field = BLANKS;
        break;
    case BLANKS:
        if (byte == ' ')
            break;
        maps->field = PATH;
        take_path(maps, byte);
        break;
    case PATH:
        take_path(maps, byte);
        break;
    }
}

static void end_line(struct lg_maps *maps)
{
    if (maps->field == INODE)
        note_first(maps);
    put_held_back(maps);
    if (!is_hit(maps)) {
        begin_line(maps);
        return;
    }
    maps->found = true;
    maps->hit = maps->line;
    if (is_same_file(&maps->first, &maps->hit))
        maps->file_start = maps->first.start;
    /* No file: no name, or one like [heap]. */
    if (maps->too_long || maps->hit.inode == 0 || maps->path_bytes == 0 || maps->path[0] != '/')
        maps->path_bytes = 0;
}

bool lg_maps_feed(struct lg_maps *maps, const char *text, size_t size)
{
    for (size_t i = 0; i < size && !maps->found; i++) {
        if (text[i] == '\n')
            end_line(maps);
        else
            take_field(maps, text[i]);
    }
    return !maps->found;
}
