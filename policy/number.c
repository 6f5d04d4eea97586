/* SPDX-License-Identifier: MIT */
#include "policy/number.h"

#include "policy/pieces.h"
#include "policy/text.h"

size_t lg_digits_count(struct lg_text text)
{
    size_t i = 0;

    while (i < text.length_bytes && lg_byte_is_digit(text.at[i]))
        i++;
    return i;
}

bool lg_number_parse(struct lg_text text, uint32_t *number)
{
    uint64_t sum = 0;

    if (text.length_bytes == 0 || lg_digits_count(text) != text.length_bytes)
        return false;
    if (text.length_bytes > 1 && text.at[0] == '0')
        return false;
    for (size_t i = 0; i < text.length_bytes; i++) {
        sum = sum * 10 + (uint64_t)(text.at[i] - '0');
        if (sum > LG_NUMBER_MAX)
            sum = LG_NUMBER_MAX;
    }
    *number = (uint32_t)sum;
    return true;
}

static uint32_t unit_ms(struct lg_text unit)
{
    if (lg_text_is_word(unit, "ms"))
        return 1;
    if (lg_text_is_word(unit, "s"))
        return 1000;
    if (lg_text_is_word(unit, "m"))
        return 60000;
    return lg_text_is_word(unit, "h") ? 3600000 : 0;
}

enum lg_problem lg_duration_parse(struct lg_text text, uint32_t *duration_ms)
{
    size_t digits = lg_digits_count(text);
    uint32_t number, unit;
    uint64_t product_ms;

    if (!lg_number_parse(lg_text_make(text.at, digits), &number))
        return LG_PROBLEM_DURATION;
    if (digits == text.length_bytes)
        return LG_PROBLEM_DURATION_NO_UNIT;
    unit = unit_ms(lg_text_skip(text, digits));
    if (unit == 0)
        return LG_PROBLEM_DURATION;
    product_ms = (uint64_t)number * unit;
    if (product_ms < 1 || product_ms > LG_DURATION_MS_MAX)
        return LG_PROBLEM_DURATION_RANGE;
    *duration_ms = (uint32_t)product_ms;
    return LG_PROBLEM_NONE;
}

bool lg_parse_user(struct lg_text text, int64_t *user)
{
    uint32_t number;

    if (!lg_number_parse(text, &number) || number > LG_USER_MAX)
        return false;
    *user = number;
    return true;
}

bool lg_parse_duration(struct lg_text text, uint32_t *duration_ms)
{
    return lg_duration_parse(text, duration_ms) == LG_PROBLEM_NONE;
}
