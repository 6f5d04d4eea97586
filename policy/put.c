/* SPDX-License-Identifier: MIT */
#include "policy/put.h"

#include "policy/safe_text.h"
#include "policy/text.h"

void lg_put_text(const struct lg_out *out, struct lg_text text)
{
    if (text.length_bytes > 0)
        out->put(out->context, text.at, text.length_bytes);
}

void lg_put_word(const struct lg_out *out, const char *word)
{
    lg_put_text(out, lg_text_of(word));
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

struct lg_text lg_glyph_take(struct lg_text *text)
{
    return lg_safe_take(text, LG_SAFE_MARK, NULL);
}

void lg_put_visible(const struct lg_out *out, struct lg_text text)
{
    while (text.length_bytes > 0)
        lg_put_text(out, lg_glyph_take(&text));
}
