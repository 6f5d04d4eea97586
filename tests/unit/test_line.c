/* SPDX-License-Identifier: MIT */
/*
 * Lines in a fixed buffer: what fits, what does not, and other people's text in them.
 *
 * links: shim/base/line.c
 */
#include "policy/text.h"
#include "shim/base/line.h"
#include "tests/harness/tap.h"
#include <stdint.h>

static struct lg_line line;
static char buffer[128];

static void start(size_t size_bytes)
{
    memset(buffer, '#', sizeof(buffer));
    lg_line_init(&line, buffer, size_bytes);
}

/* What was written, once it is certain that nothing was written behind the end. */
static const char *written(void)
{
    static char copy[sizeof(buffer) + 1];

    CHECK(line.used_bytes <= line.size_bytes);
    for (size_t i = line.size_bytes; i < sizeof(buffer); i++)
        CHECK(buffer[i] == '#');
    memcpy(copy, buffer, line.used_bytes);
    copy[line.used_bytes] = '\0';
    return copy;
}

static void test_numbers(void)
{
    start(sizeof(buffer));
    lg_line_number(&line, 0);
    lg_line_word(&line, " ");
    lg_line_number(&line, INT64_MIN);
    lg_line_put(&line, " ", 1);
    lg_line_number(&line, INT64_MAX);
    lg_line_word(&line, " ");
    lg_line_hex(&line, UINT64_MAX, 8);
    lg_line_word(&line, " ");
    lg_line_hex(&line, 0xbeef, 8);
    CHECK_TEXT(written(), "0 -9223372036854775808 9223372036854775807 ffffffffffffffff 0000beef");
    CHECK(!line.full);
}

static void test_full(void)
{
    start(5);
    lg_line_word(&line, "abc");
    lg_line_word(&line, "def");
    CHECK(line.full);
    lg_line_word(&line, "de");
    CHECK_TEXT(written(), "abcde");
    lg_line_number(&line, 1);
    CHECK_TEXT(written(), "abcde");
    start(0);
    lg_line_json_string(&line, lg_text_of("a"), 100);
    lg_line_escaped(&line, lg_text_of("a"), 100);
    CHECK_TEXT(written(), "");
}

static const char *json(const char *text, size_t max_bytes)
{
    start(sizeof(buffer));
    lg_line_json_string(&line, lg_text_of(text), max_bytes);
    return written();
}

static const char *escaped(const char *text, size_t max_bytes)
{
    start(sizeof(buffer));
    lg_line_escaped(&line, lg_text_of(text), max_bytes);
    return written();
}

static void test_text(void)
{
    CHECK_TEXT(json("", 64), "\"\"");
    CHECK_TEXT(json("a\"b\\c\n\x01\x7f\xff\xc3\xa9", 64), "\"a\\\"b\\\\c\\n\\u0001\\u007f\\ufffd\xc3\xa9\"");
    CHECK_TEXT(escaped("a\"b\\c\n\x01\x7f\xff\xc3\xa9", 64), "a\"b\\\\c\\n\\x01\\x7f\\xff\xc3\xa9");
    /* a terminal would obey the first, and show the rest of the line backwards after the second */
    CHECK_TEXT(json("\xc2\x9b"
                    "31m\xe2\x80\xae",
                    64),
               "\"\\u009b31m\\u202e\"");
    CHECK_TEXT(escaped("\xc2\x9b"
                       "31m\xe2\x80\xae",
                       64),
               "\\u{9b}31m\\u{202e}");
}

static void test_text_is_cut(void)
{
    CHECK_TEXT(json("abcdefghij", 9), "\"abcdef...\"");
    CHECK_TEXT(json("abcde\nfghi", 9), "\"abcde...\""); /* never within an escape */
    CHECK_TEXT(escaped("abcde\xc3\xa9xyz", 9), "abcde...");
    CHECK_TEXT(escaped("abcd\xc3\xa9xyz", 9), "abcd\xc3\xa9...");
    CHECK_TEXT(escaped("abc", 6), "abc");
    start(12);
    lg_line_json_string(&line, lg_text_of("abcdefghijklmnop"), 64);
    CHECK_TEXT(written(), ""); /* half a string is no JSON */
    CHECK(line.full);
}

static const char *time_of(int64_t seconds, int64_t nanoseconds)
{
    start(sizeof(buffer));
    lg_line_time(&line, seconds, nanoseconds);
    return written();
}

static void test_time(void)
{
    CHECK_TEXT(time_of(0, 0), "1970-01-01T00:00:00.000000Z");
    CHECK_TEXT(time_of(951782399, 999999999), "2000-02-28T23:59:59.999999Z");
    CHECK_TEXT(time_of(951782400, 1000), "2000-02-29T00:00:00.000001Z");
    CHECK_TEXT(time_of(1709164800, 0), "2024-02-29T00:00:00.000000Z");
    CHECK_TEXT(time_of(1767225599, 0), "2025-12-31T23:59:59.000000Z");
    CHECK_TEXT(time_of(4102444800, 0), "2100-01-01T00:00:00.000000Z");
    CHECK_TEXT(time_of(-5, 0), "1970-01-01T00:00:00.000000Z");
}

static const struct tap_test tests[] = {
    {"numbers", test_numbers, 0},
    {"what does not fit is left out and noted", test_full, 0},
    {"other people's text is escaped", test_text, 0},
    {"a text that is too long ends in dots", test_text_is_cut, 0},
    {"times", test_time, 0},
};

int main(int argc, char **argv)
{
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
