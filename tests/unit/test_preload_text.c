/* SPDX-License-Identifier: MIT */
/*
 * The lists of libraries that the dynamic linker reads.
 *
 * links: shim/command/common/preload_text.c
 */
#include "policy/text.h"
#include "shim/command/common/preload_text.h"
#include "tests/harness/tap.h"
#include <stdio.h>
#include <stdlib.h>

#define OURS "/usr/lib/liblingerguard.so"

/* The names of a text, a `|` behind each. */
static const char *names(const char *text)
{
    static char joined[256];
    struct lg_text name;
    size_t at = 0, used = 0;

    joined[0] = '\0';
    while (lg_preload_text_next(lg_text_of(text), &at, &name))
        used += (size_t)snprintf(joined + used, sizeof(joined) - used, "%.*s|", (int)name.length_bytes, name.at);
    return joined;
}

static void test_names(void)
{
    CHECK_TEXT(names(""), "");
    CHECK_TEXT(names(" \t\n::"), "");
    CHECK_TEXT(names("a b\tc:d\ne"), "a|b|c|d|e|");
    CHECK_TEXT(names("#a\nb # c d\n#\n# " OURS), "b|");
    CHECK_TEXT(names("a#b\nc"), "a|c|");
    CHECK_TEXT(names("a\rb"), "a\rb|"); /* glibc splits at blanks, tabs, line ends and colons only */
}

static void test_count(void)
{
    struct lg_text first = {NULL, 0};

    CHECK_INT(lg_preload_text_count(lg_text_of("a # " OURS "\n"), &first), 0);
    CHECK(first.at == NULL);
    CHECK_INT(lg_preload_text_count(lg_text_of("a /x/liblingerguard.so b:liblingerguard.so\n"), &first), 2);
    CHECK_INT((int)first.length_bytes, 20);
    CHECK_INT(lg_preload_text_count(lg_text_of("xliblingerguard.so liblingerguard.so.1 liblingerguard.so/"), NULL), 0);
}

static const char *edited(const char *text, bool insert)
{
    static char copy[256];
    struct lg_text result;

    REQUIRE(insert ? lg_preload_text_insert(lg_text_of(text), OURS, &result)
                   : lg_preload_text_remove(lg_text_of(text), &result));
    snprintf(copy, sizeof(copy), "%.*s", (int)result.length_bytes, result.at);
    free((char *)result.at);
    return copy;
}

static void test_remove(void)
{
    CHECK_TEXT(edited("", false), "");
    CHECK_TEXT(edited(OURS "\n", false), "");
    CHECK_TEXT(edited("a\n" OURS "\nb\n", false), "a\nb\n");
    CHECK_TEXT(edited("a " OURS " b\n", false), "a b\n");
    CHECK_TEXT(edited("a:" OURS "\n", false), "a\n");
    CHECK_TEXT(edited(OURS ":" OURS " b", false), "b");
    CHECK_TEXT(edited("# " OURS "\n", false), "# " OURS "\n");
    CHECK(lg_preload_text_is_blank(lg_text_of(" \t\n\n")));
    CHECK(!lg_preload_text_is_blank(lg_text_of("#\n")));
}

static void test_insert(void)
{
    CHECK_TEXT(edited("", true), OURS "\n");
    CHECK_TEXT(edited("# a\nb\n", true), "# a\n" OURS "\nb\n");
    CHECK_TEXT(edited("# a", true), "# a\n" OURS "\n");
    CHECK_TEXT(edited("  a b\n", true), OURS "\n  a b\n");
}

static const char *variable(const char *existing)
{
    static char copy[256];
    char *value = lg_preload_variable(OURS, existing);

    REQUIRE(value != NULL);
    snprintf(copy, sizeof(copy), "%s", value);
    free(value);
    return copy;
}

static void test_variable(void)
{
    CHECK_TEXT(variable(NULL), OURS);
    CHECK_TEXT(variable(""), OURS);
    CHECK_TEXT(variable("a b"), OURS ":a b");
    CHECK_TEXT(variable("a:/old/liblingerguard.so  b"), OURS ":a:b");
    CHECK_TEXT(variable("liblingerguard.so"), OURS);
    CHECK(lg_preload_path_problem(OURS) == NULL);
    CHECK(lg_preload_path_problem("/a b/x") != NULL && lg_preload_path_problem("/a:b") != NULL);
    CHECK(lg_preload_path_problem("/$LIB/x") != NULL);
}

static const struct tap_test tests[] = {
    {"names, and what is a comment", test_names, 0},        {"which of them are ours", test_count, 0},
    {"taken out, with what belongs to it", test_remove, 0}, {"put before the first name", test_insert, 0},
    {"the value of LD_PRELOAD", test_variable, 0},
};

int main(int argc, char **argv)
{
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
