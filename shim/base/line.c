/* SPDX-License-Identifier: MIT */
#include "shim/base/line.h"

#include <string.h>

#include "policy/safe_text.h"

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

/* How many bytes at the start of `text` stand for themselves in either form: most of what there is. */
static size_t plain_bytes(struct lg_text text)
{
    size_t count = 0;

    while (count < text.length_bytes && text.at[count] >= ' ' && text.at[count] < 0x7f && text.at[count] != '"' &&
           text.at[count] != '\\')
        count++;
    return count;
}

static void safe_text(struct lg_line *line, struct lg_text text, size_t max_bytes, enum lg_safe_form form)
{
    size_t room_bytes = line->size_bytes - line->used_bytes;
    char room[LG_SAFE_BYTES_MAX];

    if (max_bytes > room_bytes)
        max_bytes = room_bytes;
    max_bytes -= max_bytes < sizeof ELLIPSIS ? max_bytes : sizeof ELLIPSIS - 1;
    while (text.length_bytes > 0) {
        struct lg_text safe = {text.at, plain_bytes(text)};

        if (safe.length_bytes > max_bytes)
            safe.length_bytes = max_bytes;
        if (safe.length_bytes > 0)
            text = (struct lg_text){text.at + safe.length_bytes, text.length_bytes - safe.length_bytes};
        else
            safe = lg_safe_take(&text, form, room);
        if (safe.length_bytes > max_bytes) {
            lg_line_word(line, ELLIPSIS);
            return;
        }
        lg_line_bytes(line, safe.at, safe.length_bytes);
        max_bytes -= safe.length_bytes;
    }
}

void lg_line_json_string(struct lg_line *line, struct lg_text text, size_t max_bytes)
{
    size_t start = line->used_bytes;

    lg_line_bytes(line, "\"", 1);
    safe_text(line, text, max_bytes, LG_SAFE_JSON);
    lg_line_bytes(line, "\"", 1);
    if (line->full) /* half a string is no JSON */
        line->used_bytes = start;
}

void lg_line_escaped(struct lg_line *line, struct lg_text text, size_t max_bytes)
{
    safe_text(line, text, max_bytes, LG_SAFE_LOG);
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
