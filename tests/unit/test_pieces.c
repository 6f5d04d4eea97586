/* SPDX-License-Identifier: MIT */
/*
 * The pieces of the language that the command and the environment use alone, and suggestions.
 */
#include "policy/parse.h"
#include "policy/words.h"
#include "tests/harness/tap.h"
#include "tests/unit/policy_text.h"

static struct buffer out;

static void test_duration(void)
{
    static const char *const refused[] = {"",
                                          "5",
                                          "s",
                                          "0s",
                                          "0ms",
                                          "61m",
                                          "2h",
                                          "3601s",
                                          "-1s",
                                          "+1s",
                                          "1.5s",
                                          "05s",
                                          "5 s",
                                          "5S",
                                          "5sec",
                                          "5ss",
                                          " 5s",
                                          "5s ",
                                          "1e3s",
                                          "0x5s",
                                          "5\xc2\xb5s",
                                          "4294967297ms",
                                          "18446744073709551617s"};
    uint32_t duration_ms = 7;

    for (size_t i = 0; i < TAP_COUNT(refused); i++)
        if (lg_parse_duration(text_of(refused[i]), &duration_ms))
            tap_fail(__FILE__, __LINE__, "%s is taken for a duration", refused[i]);
    CHECK(!lg_parse_duration((struct lg_text){"5s\0", 3}, &duration_ms));
    CHECK(!lg_parse_duration((struct lg_text){NULL, 0}, &duration_ms));
    CHECK(lg_parse_duration(text_of("1ms"), &duration_ms));
    CHECK_INT(duration_ms, 1);
    CHECK(lg_parse_duration(text_of("250ms"), &duration_ms));
    CHECK_INT(duration_ms, 250);
    CHECK(lg_parse_duration(text_of("5s"), &duration_ms));
    CHECK_INT(duration_ms, 5000);
    CHECK(lg_parse_duration(text_of("2m"), &duration_ms));
    CHECK_INT(duration_ms, 120000);
    CHECK(lg_parse_duration(text_of("1h"), &duration_ms));
    CHECK_INT(duration_ms, 3600000);
    CHECK(lg_parse_duration(text_of("3600000ms"), &duration_ms));
    CHECK_INT(duration_ms, 3600000);
}

static const char *reprinted(const char *text)
{
    struct lg_address address;

    buffer_clear(&out);
    if (!lg_parse_address(text_of(text), &address))
        return "refused";
    lg_address_print(&address, buffer_put, &out);
    return out.at;
}

static void test_address(void)
{
    static const char *const refused[] = {
        "",          ":443",     "10.0.0.0/8", "10.0.0.5/32",  "10.0.0.5:1-1", "10.0.0.5:0", "10.0.0.5:65536",
        "10.0.0.5:", "10.0.0",   "::1",        "[::1]/128",    "[::1]:",       "[::1",       "localhost",
        "10.0.0.5 ", " 1.2.3.4", "[::1%lo]",   "010.0.0.5:80", "1.2.3.4:080",  "[]",         "[]:80"};
    struct lg_address address;

    for (size_t i = 0; i < TAP_COUNT(refused); i++)
        CHECK_TEXT(reprinted(refused[i]), "refused");
    CHECK(!lg_parse_address((struct lg_text){NULL, 0}, &address));
    CHECK_TEXT(reprinted("10.0.0.5"), "10.0.0.5");
    CHECK_TEXT(reprinted("10.0.0.5:443"), "10.0.0.5:443");
    CHECK_TEXT(reprinted("[2001:DB8::0:1]:65535"), "[2001:db8::1]:65535");
    CHECK_TEXT(reprinted("[::]"), "[::]");
    REQUIRE(lg_parse_address(text_of("[::ffff:10.0.0.5]:1"), &address));
    CHECK_INT(address.family, 4);
    CHECK(memcmp(address.bytes, (const uint8_t[16]){10, 0, 0, 5}, 16) == 0);
    CHECK_INT(address.port, 1);
}

static void test_words(void)
{
    enum lg_cause cause = LG_CAUSE_COUNT;
    enum lg_role role = LG_ROLE_UNKNOWN;
    enum lg_format format = LG_FORMAT_COUNT;

    CHECK(lg_parse_cause(text_of("backlog"), &cause));
    CHECK_INT(cause, LG_CAUSE_BACKLOG);
    CHECK(!lg_parse_cause(text_of("backlo"), &cause));
    CHECK(!lg_parse_cause(text_of("backlogs"), &cause));
    CHECK(!lg_parse_cause(text_of("Backlog"), &cause));
    CHECK(!lg_parse_cause((struct lg_text){NULL, 0}, &cause));
    CHECK(lg_parse_role(text_of("connected"), &role));
    CHECK_INT(role, LG_ROLE_CONNECTED);
    CHECK(!lg_parse_role(text_of("unknown"), &role));
    CHECK(!lg_parse_role(text_of(""), &role));
    CHECK(lg_parse_format(text_of("json"), &format));
    CHECK_INT(format, LG_FORMAT_JSON);
    CHECK(!lg_parse_format(text_of("yaml"), &format));
}

static const char *nearest(const char *text)
{
    static const char *const words[] = {"on", "exe", "local", "log", "peer", "orderly", "first-abort", "every-close"};
    const char *found = lg_nearest_word(text_of(text), words, TAP_COUNT(words));

    return found != NULL ? found : "";
}

static void test_nearest(void)
{
    CHECK_TEXT(nearest("ORDERLY"), "orderly");
    CHECK_TEXT(nearest("oderly"), "orderly");   /* left out */
    CHECK_TEXT(nearest("orrderly"), "orderly"); /* put in */
    CHECK_TEXT(nearest("orderty"), "orderly");  /* replaced */
    CHECK_TEXT(nearest("odrerly"), "orderly");  /* swapped */
    CHECK_TEXT(nearest("odrelry"), "orderly");  /* two swaps */
    CHECK_TEXT(nearest("Odrerly"), "orderly");
    CHECK_TEXT(nearest("order"), "orderly");
    CHECK_TEXT(nearest("orde"), "");
    CHECK_TEXT(nearest("orderlyxxx"), "");
    CHECK_TEXT(nearest("first_abort"), "first-abort");
    CHECK_TEXT(nearest("everyclose"), "every-close");
    /* Of three letters or fewer, one may be wrong. */
    CHECK_TEXT(nearest("onn"), "on");
    CHECK_TEXT(nearest("o"), "on");
    CHECK_TEXT(nearest("xe"), "exe");
    CHECK_TEXT(nearest("exce"), "exe");
    CHECK_TEXT(nearest("xx"), "");
    CHECK_TEXT(nearest("lgo"), "log");
    CHECK_TEXT(nearest("lxx"), "");
    CHECK_TEXT(nearest("logal"), "local");
    CHECK_TEXT(nearest(""), "");
    CHECK_TEXT(nearest("a-word-of-very-many-letters-indeed"), "");
    CHECK(lg_nearest_word((struct lg_text){NULL, 0}, NULL, 0) == NULL);
}

static void test_log(void)
{
    static const char *const refused[] = {"", "file", "Stderr", "stderr ", "records.log"};
    struct lg_settings settings = {.log = LG_LOG_SYSLOG, .log_path = text_of("kept")};

    for (size_t i = 0; i < TAP_COUNT(refused); i++)
        CHECK(!lg_parse_log(text_of(refused[i]), &settings));
    CHECK(settings.log == LG_LOG_SYSLOG && settings.log_path.length_bytes == 4);
    CHECK(lg_parse_log(text_of("./file"), &settings) && settings.log == LG_LOG_FILE);
    CHECK(text_equal(settings.log_path, text_of("./file")));
    CHECK(lg_parse_log(text_of("off"), &settings) && settings.log == LG_LOG_OFF && settings.log_path.length_bytes == 0);
    CHECK(lg_parse_log(text_of("stderr"), &settings) && settings.log == LG_LOG_STDERR);
    CHECK(lg_parse_log(text_of("syslog"), &settings) && settings.log == LG_LOG_SYSLOG);
}

/* A match apart from case wins over a nearer looking word that comes first. */
static void test_case_first(void)
{
    static const char *const words[] = {"linger", "limit", "LIMITS"};

    CHECK_TEXT(lg_nearest_word(text_of("limits"), words, 3), "LIMITS");
    CHECK_TEXT(lg_nearest_word(text_of("limet"), words, 3), "limit");
}

static void test_longest_word(void)
{
    static const char *const words[] = {"abcdefghijklmnopqrstuvwx", "abcdefghijklmnopqrstuvwxy"};

    CHECK_TEXT(lg_nearest_word(text_of("abcdefghijklmnopqrstuvw"), words, 2), words[0]);
    CHECK_TEXT(lg_nearest_word(text_of("bacdefghijklmnopqrstuvxw"), words, 2), words[0]);
    CHECK(lg_nearest_word(text_of("abcdefghijklmnopqrstuvwxy"), words, 2) == NULL);
}

static const struct tap_test tests[] = {
    {"a duration is a number and a unit, from 1ms to 1h", test_duration, 0},
    {"one address, with or without a port", test_address, 0},
    {"causes, roles and formats, exactly as written", test_words, 0},
    {"where records go: a word or a path", test_log, 0},
    {"the nearest word, when it can have been meant", test_nearest, 0},
    {"the same word in other letters is the nearest", test_case_first, 0},
    {"words of any length are compared within bounds", test_longest_word, 0},
};

int main(int argc, char **argv)
{
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
