/* SPDX-License-Identifier: MIT */
#include "shim/caller/eh_reader.h"

struct lg_reader lg_reader_make(struct lg_safe_pages *peek, uintptr_t start, uintptr_t end)
{
    return (struct lg_reader){.peek = peek, .at = start, .end = end, .failed = start > end};
}

bool lg_take(struct lg_reader *reader, void *to, size_t size)
{
    if (!reader->failed && (reader->end - reader->at < size || !lg_safe_read(reader->peek, to, reader->at, size)))
        reader->failed = true;
    if (reader->failed)
        return false;
    reader->at += size;
    return true;
}

void lg_take_skip(struct lg_reader *reader, uint64_t size)
{
    if (reader->failed || size > reader->end - reader->at)
        reader->failed = true;
    else
        reader->at += (uintptr_t)size;
}

/* A part of what `reader` reads, behind which it goes on. */
struct lg_span lg_take_span(struct lg_reader *reader, uint64_t size)
{
    struct lg_span span = {reader->at, reader->at};

    lg_take_skip(reader, size);
    if (!reader->failed)
        span.end = reader->at;
    return span;
}

/* Most of what is read is single bytes: the kernel is asked for the rest of a page at once. */
uint8_t lg_take_u8(struct lg_reader *reader)
{
    if (reader->at >= reader->end)
        reader->failed = true;
    if (reader->failed)
        return 0;
    if (reader->at >= reader->readable) {
        size_t room_bytes = lg_safe_read_room(reader->peek, reader->at);

        if (room_bytes == 0) {
            reader->failed = true;
            return 0;
        }
        reader->readable = reader->at + room_bytes;
    }
    return *(const uint8_t *)reader->at++;
}

uint16_t lg_take_u16(struct lg_reader *reader)
{
    uint16_t value = 0;
    return lg_take(reader, &value, sizeof value) ? value : 0;
}

uint32_t lg_take_u32(struct lg_reader *reader)
{
    uint32_t value = 0;
    return lg_take(reader, &value, sizeof value) ? value : 0;
}

static uint64_t take_u64(struct lg_reader *reader)
{
    uint64_t value = 0;
    return lg_take(reader, &value, sizeof value) ? value : 0;
}

/* LEB128, DWARF 5 section 7.6. Bits beyond 64 are dropped. */
static uint64_t take_leb(struct lg_reader *reader, bool is_signed)
{
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte;

    do {
        byte = lg_take_u8(reader);
        if (shift < 64)
            value |= (uint64_t)(byte & 0x7f) << shift;
        shift += shift < 64 ? 7 : 0;
    } while ((byte & 0x80) != 0 && !reader->failed);
    if (is_signed && (byte & 0x40) != 0 && shift < 64)
        value |= ~(uint64_t)0 << shift;
    return value;
}

uint64_t lg_take_uleb(struct lg_reader *reader)
{
    return take_leb(reader, false);
}

int64_t lg_take_sleb(struct lg_reader *reader)
{
    return (int64_t)take_leb(reader, true);
}

uint64_t lg_take_format(struct lg_reader *reader, uint8_t format)
{
    switch (format) {
    case LG_FORMAT_WORD:
        return sizeof(uintptr_t) == 8 ? take_u64(reader) : lg_take_u32(reader);
    case LG_FORMAT_ULEB:
        return lg_take_uleb(reader);
    case LG_FORMAT_SLEB:
        return (uint64_t)lg_take_sleb(reader);
    case LG_FORMAT_U2:
        return lg_take_u16(reader);
    case LG_FORMAT_S2:
        return (uint64_t)(int64_t)(int16_t)lg_take_u16(reader);
    case LG_FORMAT_U4:
        return lg_take_u32(reader);
    case LG_FORMAT_S4:
        return (uint64_t)(int64_t)(int32_t)lg_take_u32(reader);
    case LG_FORMAT_U8:
    case LG_FORMAT_S8:
        return take_u64(reader);
    default:
        reader->failed = true;
        return 0;
    }
}

uintptr_t lg_take_pointer(struct lg_reader *reader, uint8_t encoding, uintptr_t header)
{
    uintptr_t here = reader->at;
    uintptr_t value = (uintptr_t)lg_take_format(reader, encoding & LG_FORMAT_MASK);

    switch (encoding & (LG_RELATION_MASK | LG_INDIRECT)) {
    case LG_RELATION_NONE:
        return value;
    case LG_RELATION_HERE:
        return here + value;
    case LG_RELATION_HEADER:
        if (header != 0)
            return header + value;
        break;
    default:
        break;
    }
    reader->failed = true;
    return 0;
}
