/* SPDX-License-Identifier: MIT */
#include "shim/command/report/text.h"
#include "policy/safe_text.h"
#include "policy/text.h"

#include <string.h>
#include <time.h>
#include <wchar.h>

char *lg_count_text(char *room, uint64_t number)
{
    char digits[24];
    int count = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)number);
    char *at = room;

    for (int i = 0; i < count; i++) {
        if (i > 0 && (count - i) % 3 == 0)
            *at++ = ',';
        *at++ = digits[i];
    }
    *at = '\0';
    return room;
}

char *lg_bytes_text(char *room, uint64_t bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double value = (double)bytes / 1024;
    unsigned unit = 0;

    if (bytes < 1024) {
        snprintf(room, LG_NUMBER_ROOM, "%u B", (unsigned)bytes);
        return room;
    }
    /* 1023.95 would be printed as 1024.0 */
    for (; value >= 1023.95 && unit < 5; unit++)
        value /= 1024;
    snprintf(room, LG_NUMBER_ROOM, "%.1f %s", value, units[unit]);
    return room;
}

char *lg_duration_text(char *room, int64_t seconds)
{
    static const struct {
        int64_t seconds;
        const char *name;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    unsigned unit = 0;

    while (unit < 3 && seconds < units[unit].seconds)
        unit++;
    int64_t whole = seconds / units[unit].seconds;
    int64_t rest = unit == 3 ? 0 : seconds % units[unit].seconds / units[unit + 1].seconds;
    if (rest != 0)
        snprintf(room, LG_NUMBER_ROOM, "%lld %s %lld %s", (long long)whole, units[unit].name, (long long)rest,
                 units[unit + 1].name);
    else
        snprintf(room, LG_NUMBER_ROOM, "%lld %s", (long long)whole, units[unit].name);
    return room;
}

char *lg_percent_text(char *room, uint64_t part, uint64_t whole)
{
    double percent = whole == 0 ? 0 : 100.0 * (double)part / (double)whole;

    if (part != 0 && percent < 0.1)
        snprintf(room, LG_NUMBER_ROOM, "under 0.1 %%");
    else
        snprintf(room, LG_NUMBER_ROOM, part == 0 ? "%.0f %%" : "%.1f %%", percent);
    return room;
}

/* The calendar of a time, and the microseconds within its second. */
static struct tm calendar(int64_t time_us, long *micros)
{
    int64_t remainder = time_us % 1000000;
    time_t seconds = (time_t)(time_us / 1000000 - (remainder < 0));
    struct tm tm = {0};

    *micros = (long)(remainder < 0 ? remainder + 1000000 : remainder);
    gmtime_r(&seconds, &tm);
    return tm;
}

char *lg_time_text(char *room, int64_t time_us)
{
    long micros;
    struct tm tm = calendar(time_us, &micros);

    if (strftime(room, LG_NUMBER_ROOM, "%Y-%m-%d %H:%M:%S", &tm) == 0)
        room[0] = '\0';
    return room;
}

char *lg_rfc3339_text(char *room, int64_t time_us)
{
    long micros;
    struct tm tm = calendar(time_us, &micros);
    size_t length = strftime(room, LG_NUMBER_ROOM, "%Y-%m-%dT%H:%M:%S", &tm);

    snprintf(room + length, LG_NUMBER_ROOM - length, ".%06ldZ", micros);
    return room;
}

char *lg_span_text(char *room, int64_t first_us, int64_t last_us)
{
    long micros;
    struct tm first;
    struct tm last;
    size_t length;

    room[0] = '\0';
    if (first_us > last_us)
        return room;
    first = calendar(first_us, &micros);
    last = calendar(last_us, &micros);
    if (first.tm_year != last.tm_year) {
        length = strftime(room, LG_NUMBER_ROOM, "%Y-%m-%d", &first);
        strftime(room + length, LG_NUMBER_ROOM - length, "-%Y-%m-%d", &last);
    } else if (first.tm_yday != last.tm_yday) {
        length = strftime(room, LG_NUMBER_ROOM, "%m-%d %H:%M", &first);
        strftime(room + length, LG_NUMBER_ROOM - length, "-%m-%d %H:%M", &last);
    } else {
        length = strftime(room, LG_NUMBER_ROOM, "%m-%d %H:%M:%S", &first);
        if (first_us / 1000000 != last_us / 1000000)
            strftime(room + length, LG_NUMBER_ROOM - length, "-%H:%M:%S", &last);
    }
    return room;
}

/* Takes a character off `text`, which is safe for the terminal and not empty; its columns. */
static size_t take_character(struct lg_text *text, bool ascii_only)
{
    uint32_t point = 0;
    size_t length = ascii_only ? 1 : lg_utf8_read(*text, &point);
    int width = ascii_only || length == 0 ? 1 : wcwidth((wchar_t)point);

    *text = lg_text_skip(*text, length == 0 ? 1 : length);
    return width < 0 ? 1u : (size_t)width;
}

size_t lg_columns(const char *text, bool ascii_only)
{
    struct lg_text rest = lg_text_of(text);
    size_t sum = 0;

    while (rest.length_bytes > 0)
        sum += take_character(&rest, ascii_only);
    return sum;
}

size_t lg_head_bytes(const char *text, size_t columns, bool ascii_only)
{
    struct lg_text rest = lg_text_of(text), ahead = rest;

    while (rest.length_bytes > 0) {
        size_t width = take_character(&ahead, ascii_only);

        if (width > columns)
            break;
        columns -= width;
        rest = ahead;
    }
    return (size_t)(rest.at - text);
}

size_t lg_tail_start(const char *text, size_t columns, bool ascii_only)
{
    size_t all = lg_columns(text, ascii_only);
    struct lg_text rest = lg_text_of(text);

    while (rest.length_bytes > 0 && all > columns)
        all -= take_character(&rest, ascii_only);
    return (size_t)(rest.at - text);
}
