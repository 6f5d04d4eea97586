/* SPDX-License-Identifier: MIT */
#include "policy/put.h"

#include "policy/text.h"

void lg_put_text(const struct lg_out *out, struct lg_text text)
{
    if (text.length_bytes > 0)
        out->put(out->context, text.at, text.length_bytes);
}

void lg_put_word(const struct lg_out *out, const char *word)
{
    lg_put_text(out, lg_text_make(word, strlen(word)));
}

static void put_digits(const struct lg_out *out, uint32_t number, uint32_t base)
{
    char digits[10];
    size_t at = sizeof(digits);

    do {
        digits[--at] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number > 0);
    lg_put_text(out, lg_text_make(digits + at, sizeof(digits) - at));
}

void lg_put_number(const struct lg_out *out, uint32_t number)
{
    put_digits(out, number, 10);
}

void lg_put_hex(const struct lg_out *out, uint32_t number)
{
    put_digits(out, number, 16);
}

static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

/* Length of the sequence that these bytes start, or 0; no longer forms, no surrogates (RFC 3629 section 4). */
static size_t sequence_bytes(unsigned char lead, unsigned char second)
{
    if (lead >= 0xc2 && lead <= 0xdf)
        return 2;
    if (lead >= 0xe0 && lead <= 0xef)
        return (lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ? 0 : 3;
    if (lead >= 0xf0 && lead <= 0xf4)
        return (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f) ? 0 : 4;
    return 0;
}

static bool is_sequence(struct lg_text text, size_t length_bytes)
{
    if (length_bytes == 0 || length_bytes > text.length_bytes)
        return false;
    for (size_t i = 1; i < length_bytes; i++)
        if (!is_continuation(text.at[i]))
            return false;
    return true;
}

struct lg_text lg_glyph_take(struct lg_text *text)
{
    unsigned char lead = (unsigned char)text->at[0];
    unsigned char second = text->length_bytes > 1 ? (unsigned char)text->at[1] : 0;
    size_t length_bytes = sequence_bytes(lead, second);
    struct lg_text glyph = lg_text_make(text->at, is_sequence(*text, length_bytes) ? length_bytes : 1);
    bool is_cut = glyph.length_bytes == 1 && lead >= 0x80;
    bool is_c1_control = glyph.length_bytes == 2 && lead == 0xc2 && second < 0xa0; /* U+0080 to U+009F */

    *text = lg_text_skip(*text, glyph.length_bytes);
    return is_cut || is_c1_control || lg_byte_is_control(glyph.at[0]) ? lg_text_make("?", 1) : glyph;
}

void lg_put_visible(const struct lg_out *out, struct lg_text text)
{
    while (text.length_bytes > 0)
        lg_put_text(out, lg_glyph_take(&text));
}
