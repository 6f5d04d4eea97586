/* SPDX-License-Identifier: MIT */
#include "policy/safe_text.h"

#include "policy/text.h"

size_t lg_utf8_read(struct lg_text text, uint32_t *point)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000}; /* that needs so many bytes */
    const unsigned char *byte = (const unsigned char *)text.at;
    size_t length = byte[0] < 0x80 ? 1 : byte[0] < 0xc0 ? 0 : byte[0] < 0xe0 ? 2 : byte[0] < 0xf0 ? 3 : 4;
    uint32_t sum = length == 1 ? byte[0] : byte[0] & (0x7fu >> length);

    if (length == 0 || byte[0] > 0xf4 || length > text.length_bytes)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((byte[i] & 0xc0) != 0x80)
            return 0;
        sum = sum << 6 | (byte[i] & 0x3fu);
    }
    if (sum < least[length] || sum > 0x10ffff || (sum >= 0xd800 && sum <= 0xdfff))
        return 0;
    *point = sum;
    return length;
}

static bool is_in_order(uint32_t first, uint32_t point, uint32_t last)
{
    return first <= point && point <= last;
}

/* What acts without being seen. Unicode's general categories Cc, Zl and Zp, and what of Cf has no shape of its own. */
static bool is_unseen(uint32_t point)
{
    return point < 0x20 || is_in_order(0x7f, point, 0x9f) /* C0, DEL and C1 */
           || point == 0xad                               /* soft hyphen */
           || point == 0x61c                              /* a mark of direction, as U+200E and U+200F */
           || is_in_order(0x200b, point, 0x200f)          /* no width, marks of direction */
           || is_in_order(0x2028, point, 0x202e)          /* separators, embeddings and overrides */
           || is_in_order(0x2060, point, 0x206f)          /* no width, isolates, operators that are not seen */
           || point == 0xfeff                             /* byte order mark */
           || is_in_order(0xfff9, point, 0xfffb)          /* annotations */
           || is_in_order(0xe0000, point, 0xe007f);       /* tags */
}

/* What a form writes as a backslash and a letter: each character, then its letter. */
static const char *short_forms(enum lg_safe_form form)
{
    switch (form) {
    case LG_SAFE_LOG:
        return "\\\\\nn\tt\rr";
    case LG_SAFE_JSON:
        return "\\\\\"\"\nn\tt\rr";
    case LG_SAFE_LABEL:
        return "\\\\\"\"\nn";
    case LG_SAFE_TERMINAL:
    case LG_SAFE_ASCII:
    case LG_SAFE_HTML:
        return "\nn\tt\rr";
    case LG_SAFE_MARK:
        break;
    }
    return "";
}

static const char *entity(char byte)
{
    return byte == '&'    ? "&amp;"
           : byte == '<'  ? "&lt;"
           : byte == '>'  ? "&gt;"
           : byte == '"'  ? "&quot;"
           : byte == '\'' ? "&#39;"
                          : NULL;
}

/* `number` in hexadecimal with at least `digits_min` digits, behind the `used` bytes of `room`; how many are used then.
 */
static size_t put_hex(char *room, size_t used, uint32_t number, unsigned digits_min)
{
    unsigned digits = digits_min;

    while (digits < 8 && number >> 4 * digits != 0)
        digits++;
    while (digits-- > 0)
        room[used++] = "0123456789abcdef"[number >> 4 * digits & 15];
    return used;
}

/* UTF-16 as JSON writes it, RFC 8259 section 7. */
static size_t put_json(char *room, uint32_t point)
{
    size_t used = 0;

    if (point > 0xffff) {
        used = put_json(room, 0xd7c0 + (point >> 10));
        point = 0xdc00 | (point & 0x3ff);
    }
    room[used++] = '\\';
    room[used++] = 'u';
    return put_hex(room, used, point, 4);
}

static size_t put_backslash(char *room, uint32_t point, bool is_byte, unsigned backslashes)
{
    size_t used = 0;

    while (used < backslashes)
        room[used++] = '\\';
    room[used++] = is_byte ? 'x' : 'u';
    if (is_byte)
        return put_hex(room, used, point, 2);
    room[used++] = '{';
    used = put_hex(room, used, point, 1);
    room[used++] = '}';
    return used;
}

struct lg_text lg_safe_take(struct lg_text *text, enum lg_safe_form form, char *room)
{
    uint32_t point;
    size_t length = lg_utf8_read(*text, &point);
    struct lg_text taken = lg_text_make(text->at, length > 0 ? length : 1);
    unsigned char byte = (unsigned char)taken.at[0];

    *text = lg_text_skip(*text, taken.length_bytes);
    if (form == LG_SAFE_HTML && entity(taken.at[0]) != NULL)
        return lg_text_of(entity(taken.at[0]));
    for (const char *pair = short_forms(form); *pair != '\0'; pair += 2) {
        if (pair[0] != taken.at[0])
            continue;
        room[0] = '\\';
        room[1] = pair[1];
        return lg_text_make(room, 2);
    }
    if (length > 0 && !is_unseen(point) && (point < 0x80 || form != LG_SAFE_ASCII))
        return taken;
    if (form == LG_SAFE_MARK)
        return lg_text_make("?", 1);
    if (form == LG_SAFE_JSON)
        return lg_text_make(room, put_json(room, length > 0 ? point : 0xfffd));
    return lg_text_make(room, put_backslash(room, length > 0 ? point : byte, byte < 0x80 || length == 0,
                                            form == LG_SAFE_LABEL ? 2 : 1));
}
