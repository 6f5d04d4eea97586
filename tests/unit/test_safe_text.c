/* SPDX-License-Identifier: MIT */
/*
 * Text that somebody else wrote, in every form: what is let through, and how the rest is written.
 */
#include "policy/safe_text.h"
#include "policy/text.h"
#include "tests/harness/tap.h"
#include <stdio.h>

#define FORMS 7u

static char written[256];

static const char *safe_bytes(const char *at, size_t length_bytes, enum lg_safe_form form)
{
    struct lg_text text = lg_text_make(at, length_bytes);
    char room[LG_SAFE_BYTES_MAX];
    size_t used = 0;

    while (text.length_bytes > 0) {
        struct lg_text piece = lg_safe_take(&text, form, form == LG_SAFE_MARK ? NULL : room);

        REQUIRE(piece.length_bytes > 0 && piece.length_bytes <= LG_SAFE_BYTES_MAX);
        REQUIRE(used + piece.length_bytes < sizeof(written));
        memcpy(written + used, piece.at, piece.length_bytes);
        used += piece.length_bytes;
    }
    written[used] = '\0';
    return written;
}

static const char *safe(const char *text, enum lg_safe_form form)
{
    return safe_bytes(text, strlen(text), form);
}

static void test_plain(void)
{
    static const char plain[] = "/usr/bin/caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 [x]{y}=~";

    for (unsigned form = 0; form < FORMS; form++)
        if (form != LG_SAFE_ASCII)
            CHECK_TEXT(safe(plain, (enum lg_safe_form)form), plain);
    CHECK_TEXT(safe(plain, LG_SAFE_ASCII), "/usr/bin/caf\\u{e9} \\u{20ac} \\u{1f600} [x]{y}=~");
}

static void test_controls(void)
{
    static const char text[] = "a\x1b[2J\n\t\r\x7f\xc2\x9bz";

    CHECK_TEXT(safe(text, LG_SAFE_LOG), "a\\x1b[2J\\n\\t\\r\\x7f\\u{9b}z");
    CHECK_TEXT(safe(text, LG_SAFE_TERMINAL), "a\\x1b[2J\\n\\t\\r\\x7f\\u{9b}z");
    CHECK_TEXT(safe(text, LG_SAFE_HTML), "a\\x1b[2J\\n\\t\\r\\x7f\\u{9b}z");
    CHECK_TEXT(safe(text, LG_SAFE_JSON), "a\\u001b[2J\\n\\t\\r\\u007f\\u009bz");
    CHECK_TEXT(safe(text, LG_SAFE_LABEL), "a\\\\x1b[2J\\n\\\\x09\\\\x0d\\\\x7f\\\\u{9b}z");
    CHECK_TEXT(safe(text, LG_SAFE_MARK), "a?[2J?????z");
    CHECK_TEXT(safe_bytes("a\0b", 3, LG_SAFE_LOG), "a\\x00b");
    CHECK_TEXT(safe_bytes("a\0b", 3, LG_SAFE_JSON), "a\\u0000b");
}

static void test_specials(void)
{
    static const char text[] = "a\\b\"c'd<e>&";

    CHECK_TEXT(safe(text, LG_SAFE_LOG), "a\\\\b\"c'd<e>&");
    CHECK_TEXT(safe(text, LG_SAFE_TERMINAL), text);
    CHECK_TEXT(safe(text, LG_SAFE_ASCII), text);
    CHECK_TEXT(safe(text, LG_SAFE_MARK), text);
    CHECK_TEXT(safe(text, LG_SAFE_HTML), "a\\b&quot;c&#39;d&lt;e&gt;&amp;");
    CHECK_TEXT(safe(text, LG_SAFE_JSON), "a\\\\b\\\"c'd<e>&");
    CHECK_TEXT(safe(text, LG_SAFE_LABEL), "a\\\\b\\\"c'd<e>&");
}

/* A code point beyond ASCII as UTF-8. */
static const char *utf8(uint32_t point)
{
    static char bytes[5];
    unsigned length = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;

    for (unsigned i = length; i-- > 1; point >>= 6)
        bytes[i] = (char)(0x80 | (point & 0x3f));
    bytes[0] = (char)((0xf00u >> length & 0xff) | point);
    bytes[length] = '\0';
    return bytes;
}

static void test_unseen(void)
{
    static const uint32_t unseen[] = {0x80,   0x85,   0x9b,   0x9f,   0xad,   0x61c,   0x200b,
                                      0x200d, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a,  0x202e,
                                      0x2060, 0x2066, 0x2069, 0xfeff, 0xfff9, 0xe0001, 0xe007f};
    static const uint32_t seen[] = {0xa0,   0xac,   0xae,   0x61b,  0x61d,  0x200a, 0x2010, 0x2027,  0x202f,
                                    0x205f, 0x2070, 0xfefe, 0xff00, 0xfff8, 0xfffc, 0xfffd, 0xe0080, 0x10ffff};
    char wanted[16];

    for (size_t i = 0; i < TAP_COUNT(unseen); i++) {
        snprintf(wanted, sizeof(wanted), "\\u{%x}", unseen[i]);
        CHECK_TEXT(safe(utf8(unseen[i]), LG_SAFE_TERMINAL), wanted);
        CHECK_TEXT(safe(utf8(unseen[i]), LG_SAFE_MARK), "?");
    }
    for (size_t i = 0; i < TAP_COUNT(seen); i++)
        for (unsigned form = 0; form < FORMS; form++)
            if (form != LG_SAFE_ASCII)
                CHECK_TEXT(safe(utf8(seen[i]), (enum lg_safe_form)form), utf8(seen[i]));
    CHECK_TEXT(safe("\xe2\x80\xae", LG_SAFE_JSON), "\\u202e");
    CHECK_TEXT(safe("\xf3\xa0\x80\x81", LG_SAFE_JSON), "\\udb40\\udc01");
    CHECK_TEXT(safe("\xf3\xa0\x80\x81", LG_SAFE_LABEL), "\\\\u{e0001}");
}

static void test_not_utf8(void)
{
    static const char *const wrong[] = {"\x80", "\xbf", "\xc0", "\xc1", "\xc2", "\xe2", "\xf0", "\xf5", "\xff"};

    for (size_t i = 0; i < TAP_COUNT(wrong); i++) {
        CHECK_TEXT(safe(wrong[i], LG_SAFE_JSON), "\\ufffd");
        CHECK_TEXT(safe(wrong[i], LG_SAFE_MARK), "?");
    }
    CHECK_TEXT(safe("\xc0\xaf", LG_SAFE_LOG), "\\xc0\\xaf"); /* longer than need be */
    CHECK_TEXT(safe("\xe0\x80\xaf", LG_SAFE_LOG), "\\xe0\\x80\\xaf");
    CHECK_TEXT(safe("\xf0\x80\x80\xaf", LG_SAFE_LOG), "\\xf0\\x80\\x80\\xaf");
    CHECK_TEXT(safe("\xed\xa0\x80", LG_SAFE_LOG), "\\xed\\xa0\\x80");          /* a surrogate */
    CHECK_TEXT(safe("\xf4\x90\x80\x80", LG_SAFE_LOG), "\\xf4\\x90\\x80\\x80"); /* beyond Unicode */
    CHECK_TEXT(safe("\xe2\x82z", LG_SAFE_LOG), "\\xe2\\x82z");                 /* cut off by another character */
    CHECK_TEXT(safe_bytes("\xe2\x82\xac", 2, LG_SAFE_LOG), "\\xe2\\x82");      /* cut off by the end */
    CHECK_TEXT(safe("\xff", LG_SAFE_LABEL), "\\\\xff");
    CHECK_TEXT(safe("<\xff", LG_SAFE_HTML), "&lt;\\xff");
}

/* Every code point is read as itself, and nothing else of two bytes is taken for one. */
static void test_read(void)
{
    uint32_t point = 0;
    char bytes[2];

    for (uint32_t i = 0x80; i <= 0x10ffff; i++) {
        size_t length = lg_utf8_read(lg_text_of(utf8(i)), &point);
        bool is_surrogate = i >= 0xd800 && i <= 0xdfff;

        if (is_surrogate ? length != 0 : length != strlen(utf8(i)) || point != i)
            tap_fail(__FILE__, __LINE__, "U+%04X is read as %zu bytes, U+%04X", i, length, point);
    }
    for (unsigned i = 0; i < 0x10000; i++) {
        unsigned first = i >> 8, second = i & 0xff;
        size_t wanted = first < 0x80 ? 1 : first >= 0xc2 && first <= 0xdf && second >= 0x80 && second <= 0xbf ? 2 : 0;

        bytes[0] = (char)first;
        bytes[1] = (char)second;
        if (lg_utf8_read(lg_text_make(bytes, 2), &point) != wanted)
            tap_fail(__FILE__, __LINE__, "%02x %02x", first, second);
    }
}

static const struct tap_test tests[] = {
    {"letters of every script stay as they are", test_plain, 0},
    {"controls: C0, DEL and C1", test_controls, 0},
    {"what has a meaning of its own in a form", test_specials, 0},
    {"what acts without being seen", test_unseen, 0},
    {"bytes that are not UTF-8", test_not_utf8, 0},
    {"every code point, and every pair of bytes", test_read, 0},
};

int main(int argc, char **argv)
{
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
