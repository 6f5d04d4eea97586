/* SPDX-License-Identifier: MIT */
#include "shim/base/line.h"

#include <string.h>

#define ELLIPSIS "..."

void lg_line_init(struct lg_line *line, char *buffer, size_t size_bytes)
{
    line->at = buffer;
    line->size_bytes = size_bytes;
    line->used_bytes = 0;
    line->full = false;
}

void lg_line_bytes(struct lg_line *line, const char *at, size_t length_bytes)
{
    if (length_bytes > line->size_bytes - line->used_bytes) {
        line->full = true;
        return;
    }
    memcpy(line->at + line->used_bytes, at, length_bytes);
    line->used_bytes += length_bytes;
}

void lg_line_put(void *line, const char *at, size_t length_bytes)
{
    lg_line_bytes(line, at, length_bytes);
}

void lg_line_word(struct lg_line *line, const char *word)
{
    lg_line_bytes(line, word, strlen(word));
}

/* At least `least` digits, 20 at most. */
static void unsigned_number(struct lg_line *line, uint64_t number, unsigned base, unsigned least)
{
    char digits[20];
    size_t at = sizeof digits;

    do {
        digits[--at] = "0123456789abcdef"[number % base];
        number /= base;
    } while (at > 0 && (number != 0 || sizeof digits - at < least));
    lg_line_bytes(line, digits + at, sizeof digits - at);
}

void lg_line_number(struct lg_line *line, int64_t number)
{
    if (number < 0)
        lg_line_bytes(line, "-", 1);
    unsigned_number(line, number < 0 ? 0 - (uint64_t)number : (uint64_t)number, 10, 1);
}

void lg_line_hex(struct lg_line *line, uint64_t number, unsigned digits)
{
    unsigned_number(line, number, 16, digits);
}

/* The length of the UTF-8 sequence at `at` (RFC 3629: no surrogate, no overlong form), or 0. */
static size_t utf8_length(const unsigned char *at, size_t left)
{
    unsigned char low = 0x80;
    unsigned char high = 0xbf;
    size_t length;

    if (at[0] < 0x80)
        return 1;
    if (at[0] >= 0xc2 && at[0] <= 0xdf)
        length = 2;
    else if (at[0] >= 0xe0 && at[0] <= 0xef)
        length = 3;
    else if (at[0] >= 0xf0 && at[0] <= 0xf4)
        length = 4;
    else
        return 0;
    if (length > left)
        return 0;
    if (at[0] == 0xe0)
        low = 0xa0;
    else if (at[0] == 0xed)
        high = 0x9f;
    else if (at[0] == 0xf0)
        low = 0x90;
    else if (at[0] == 0xf4)
        high = 0x8f;
    for (size_t i = 1; i < length; i++) {
        if (at[i] < low || at[i] > high)
            return 0;
        low = 0x80;
        high = 0xbf;
    }
    return length;
}

static size_t escape_hex(char *out, const char *lead, unsigned char byte)
{
    size_t length = strlen(lead);

    memcpy(out, lead, length);
    out[length] = "0123456789abcdef"[byte >> 4];
    out[length + 1] = "0123456789abcdef"[byte & 15];
    return length + 2;
}

/* One byte that cannot stand for itself, as it is written; `out` has room for 8 bytes. */
static size_t escape(char *out, unsigned char byte, bool json)
{
    static const char short_forms[] = "\nn\tt\rr\\\\\"\"";

    for (size_t i = 0; short_forms[i]; i += 2) {
        if ((unsigned char)short_forms[i] == byte) {
            out[0] = '\\';
            out[1] = short_forms[i + 1];
            return 2;
        }
    }
    if (!json)
        return escape_hex(out, "\\x", byte);
    if (byte < 0x80)
        return escape_hex(out, "\\u00", byte);
    memcpy(out, "\\ufffd", 6);
    return 6;
}

static void safe_text(struct lg_line *line, struct lg_text text, size_t max_bytes, bool json)
{
    const unsigned char *at = (const unsigned char *)text.at;
    size_t room = line->size_bytes - line->used_bytes;
    size_t left = text.length_bytes;
    size_t written = 0;

    if (max_bytes > room)
        max_bytes = room;
    max_bytes -= max_bytes < sizeof ELLIPSIS ? max_bytes : sizeof ELLIPSIS - 1;
    while (left > 0) {
        size_t length = utf8_length(at, left);
        bool plain =
            length > 1 || (length == 1 && at[0] >= 0x20 && at[0] != 0x7f && at[0] != '\\' && (at[0] != '"' || !json));
        char escaped[8];
        size_t needed = plain ? length : escape(escaped, at[0], json);

        if (written + needed > max_bytes) {
            lg_line_word(line, ELLIPSIS);
            return;
        }
        lg_line_bytes(line, plain ? (const char *)at : escaped, needed);
        written += needed;
        at += plain ? length : 1;
        left -= plain ? length : 1;
    }
}

void lg_line_json_string(struct lg_line *line, struct lg_text text, size_t max_bytes)
{
    size_t start = line->used_bytes;

    lg_line_bytes(line, "\"", 1);
    safe_text(line, text, max_bytes, true);
    lg_line_bytes(line, "\"", 1);
    if (line->full) /* half a string is no JSON */
        line->used_bytes = start;
}

void lg_line_escaped(struct lg_line *line, struct lg_text text, size_t max_bytes)
{
    safe_text(line, text, max_bytes, false);
}

static void padded(struct lg_line *line, int64_t number, int digits)
{
    char out[8];

    for (int i = digits - 1; i >= 0; i--) {
        out[i] = (char)('0' + number % 10);
        number /= 10;
    }
    lg_line_bytes(line, out, (size_t)digits);
}

/* Days since 1970-01-01 to a date of the Gregorian calendar, years counted from 1 March so that the leap day is last.
 */
static void date_from_days(int64_t days, int64_t *year, int64_t *month, int64_t *day)
{
    int64_t shifted = days + 719468; /* days from 0000-03-01 to 1970-01-01 */
    int64_t era = shifted / 146097;  /* 400 years */
    int64_t of_era = shifted % 146097;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t from_march = (5 * of_year + 2) / 153;

    *day = of_year - (153 * from_march + 2) / 5 + 1;
    *month = from_march < 10 ? from_march + 3 : from_march - 9;
    *year = year_of_era + era * 400 + (*month <= 2);
}

void lg_line_time(struct lg_line *line, int64_t seconds, int64_t nanoseconds)
{
    int64_t year, month, day;
    int64_t of_day;

    if (seconds < 0)
        seconds = 0; /* a clock before 1970: the text stays well-formed */
    of_day = seconds % 86400;
    date_from_days(seconds / 86400, &year, &month, &day);
    padded(line, year % 10000, 4);
    lg_line_bytes(line, "-", 1);
    padded(line, month, 2);
    lg_line_bytes(line, "-", 1);
    padded(line, day, 2);
    lg_line_bytes(line, "T", 1);
    padded(line, of_day / 3600, 2);
    lg_line_bytes(line, ":", 1);
    padded(line, of_day / 60 % 60, 2);
    lg_line_bytes(line, ":", 1);
    padded(line, of_day % 60, 2);
    lg_line_bytes(line, ".", 1);
    padded(line, nanoseconds / 1000, 6);
    lg_line_bytes(line, "Z", 1);
}
