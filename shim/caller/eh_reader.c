/* SPDX-License-Identifier: MIT */
#include "shim/caller/eh_reader.h"

struct lg_eh_reader lg_eh_reader_make(struct lg_safe_pages *pages, uintptr_t start, uintptr_t end)
{
    return (struct lg_eh_reader){.pages = pages, .at = start, .end = end, .failed = start > end};
}

void lg_eh_skip(struct lg_eh_reader *reader, uint64_t size_bytes)
{
    if (reader->failed || size_bytes > reader->end - reader->at)
        reader->failed = true;
    else
        reader->at += (uintptr_t)size_bytes;
}

/* Most of what is read is single bytes, so a page is asked for once and not for every byte. */
uint8_t lg_eh_read_u8(struct lg_eh_reader *reader)
{
    if (reader->failed || reader->at >= reader->end) {
        reader->failed = true;
        return 0;
    }
    if (reader->at >= reader->readable_end) {
        size_t room_bytes = lg_safe_read_room(reader->pages, reader->at);

        if (room_bytes == 0) {
            reader->failed = true;
            return 0;
        }
        reader->readable_end = reader->at + room_bytes;
    }
    return *(const uint8_t *)reader->at++;
}

static void read_bytes(struct lg_eh_reader *reader, void *to, size_t size_bytes)
{
    uintptr_t from = reader->at;

    lg_eh_skip(reader, size_bytes);
    if (!reader->failed && !lg_safe_read(reader->pages, to, from, size_bytes))
        reader->failed = true;
}

uint16_t lg_eh_read_u16(struct lg_eh_reader *reader)
{
    uint16_t value = 0;

    read_bytes(reader, &value, sizeof value);
    return value;
}

uint32_t lg_eh_read_u32(struct lg_eh_reader *reader)
{
    uint32_t value = 0;

    read_bytes(reader, &value, sizeof value);
    return value;
}

static uint64_t read_leb(struct lg_eh_reader *reader, bool is_signed)
{
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte;

    do {
        byte = lg_eh_read_u8(reader);
        if (shift < 64)
            value |= (uint64_t)(byte & 0x7f) << shift;
        shift += shift < 64 ? 7 : 0;
    } while ((byte & 0x80) != 0);
    if (is_signed && (byte & 0x40) != 0 && shift < 64)
        value |= ~(uint64_t)0 << shift;
    return value;
}

uint64_t lg_eh_read_uleb(struct lg_eh_reader *reader)
{
    return read_leb(reader, false);
}

int64_t lg_eh_read_sleb(struct lg_eh_reader *reader)
{
    return (int64_t)read_leb(reader, true);
}
