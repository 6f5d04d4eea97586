/* SPDX-License-Identifier: MIT */
/*
 * Patterns for paths of executables.
 */
#include "policy/glob.h"
#include "tests/harness/tap.h"
#include "tests/unit/policy_text.h"

/* A pattern, and paths that it fits and that it does not, separated by blanks. */
static const struct {
    const char *glob;
    const char *fits;
    const char *others;
} patterns[] = {
    {"java", "java /java /usr/bin/java ./java", "jav javaa Java /java/ /java/x xjava"},
    {"/usr/bin/java", "/usr/bin/java", "java usr/bin/java /usr/bin/java/ /usr/bin/javac /x/usr/bin/java"},
    {"*", "a /a /a/b /a/", ""},
    {"*/", "/ a/ /a/", "a /a"},
    {"*/java", "/java /a/java /a/b/java a/java", "java /a/java/b /a/xjava"},
    {"/usr/*/java", "/usr/bin/java /usr/lib/jvm/bin/java /usr//java", "/usr/java /opt/bin/java"},
    {"ja*a", "jaa java /x/ja/jaba", "ja jav /java/x"},
    {"*ava*", "java avail /x/lava", "jav /java/x"},
    {"**a**", "a ba ab bab", "b"},
    {"a*b*c", "abc aXbXc abcbc aabbcc", "ab acb abcd"},
    {"j?va", "java jXva j*va", "jva jaava"},
    {"???", "abc", "ab abcd"},
    {"?*?", "ab abc", "a"},
    {"[abc]x", "ax bx cx", "dx x abx Ax"},
    {"[a-c]x", "ax bx cx", "dx -x"},
    {"[!a-c]x", "dx -x !x", "ax bx cx x"},
    {"[a-cx-z]", "a c x z", "d w -"},
    {"[]a]", "] a", "[ b"},
    {"[!]a]", "[ b", "] a"},
    {"[a-]", "a -", "b"},
    {"[-a]", "a -", "b"},
    {"[--0]", "- . 0", "1 ,"},
    {"[!!]", "a", "!"},
    {"[a!]", "a !", "b"},
    {"[a^]", "a ^", "b"},
    {"[*]", "*", "a"},
    {"[?]x", "?x", "ax"},
    {"[[]", "[", "]"},
    {"[\\]]", "]", "\\ a"},
    {"[\\]-a]", "] ^ a", "\\ b"},
    {"[+-\\-]", "+ , -", "\\ ."},
    {"[\\\\]", "\\", "a"},
    {"\\*", "*", "a \\*"},
    {"\\?\\[\\]", "?[]", "a[]"},
    {"\\a\\\\", "a\\", "\\a\\ a"},
    {"]", "]", "["},
    {"a-z", "a-z", "b"},
    {"x[a-c]*[!0-9]", "xaz xc99z", "xa xa9 xdz"},
    {"/[/]x", "//x", "/x x"},
    {"\xc3\xa9", "\xc3\xa9 /\xc3\xa9", "e \xc3"},
    {"??", "\xc3\xa9", "e"},
    {"[\x80-\xff]", "\x80 \xe9 \xff", "a \x7f"},
};

static void check_paths(struct lg_text glob, const char *paths, bool fits)
{
    char copy[200];

    strcpy(copy, paths);
    for (char *save, *path = strtok_r(copy, " ", &save); path != NULL; path = strtok_r(NULL, " ", &save))
        if (lg_glob_match(glob, text_of(path)) != fits)
            tap_fail(__FILE__, __LINE__, "%.*s %s %s", (int)glob.length_bytes, glob.at, fits ? "does not fit" : "fits",
                     path);
}

static void test_patterns(void)
{
    for (size_t i = 0; i < TAP_COUNT(patterns); i++) {
        struct lg_text glob = text_of(patterns[i].glob);

        CHECK_INT(lg_glob_check(glob), LG_PROBLEM_NONE);
        check_paths(glob, patterns[i].fits, true);
        check_paths(glob, patterns[i].others, false);
    }
}

static void test_empty(void)
{
    CHECK(lg_glob_match(text_of("*"), text_of("")));
    CHECK(lg_glob_match(text_of("*"), text_of("/a/")));
    CHECK(!lg_glob_match(text_of("?"), text_of("")));
    CHECK(!lg_glob_match(text_of(""), text_of("")));
    CHECK(!lg_glob_match((struct lg_text){NULL, 0}, text_of("a")));
    CHECK(lg_glob_match((struct lg_text){"a\0?", 3}, (struct lg_text){"a\0b", 3}));
    CHECK(!lg_glob_match((struct lg_text){"a", 1}, (struct lg_text){"a\0b", 3}));
}

/* What the parser refuses fits nothing, least of all itself. */
static void test_malformed(void)
{
    static const char *const malformed[] = {"[",   "[a",    "[]",    "[!]",  "[!",  "[a-", "[\\]",  "[\\",
                                            "a\\", "[a-\\", "[z-a]", "[^a]", "x[[", "*[",  "[a]\\", "[b-\\a]"};

    for (size_t i = 0; i < TAP_COUNT(malformed); i++) {
        struct lg_text glob = text_of(malformed[i]);

        if (lg_glob_check(glob) == LG_PROBLEM_NONE || lg_glob_match(glob, glob) || lg_glob_match(glob, text_of("a")))
            tap_fail(__FILE__, __LINE__, "%s is taken for a pattern", malformed[i]);
    }
}

/* A matcher that tries each star anew would not end in the life of this machine. */
static void test_many_stars(void)
{
    static char glob[4096], path[4096];

    for (size_t i = 0; i < sizeof(glob); i += 2)
        memcpy(glob + i, "*a", 2);
    memset(path, 'a', sizeof(path));
    CHECK(lg_glob_match((struct lg_text){glob, sizeof(glob)}, (struct lg_text){path, sizeof(path)}));
    glob[sizeof(glob) - 1] = 'b';
    CHECK(!lg_glob_match((struct lg_text){glob, sizeof(glob)}, (struct lg_text){path, sizeof(path)}));
    memset(glob, '*', 2048);
    memset(glob + 2048, '?', 2047);
    CHECK(!lg_glob_match((struct lg_text){glob, sizeof(glob)}, (struct lg_text){path, sizeof(path)}));
}

static void test_fences(void)
{
    struct fence glob_fence = fence_make(4096), path_fence = fence_make(4096);

    for (size_t i = 0; i < TAP_COUNT(patterns); i++) {
        for (size_t length = 0; length <= strlen(patterns[i].glob); length++) {
            struct lg_text glob = {patterns[i].glob, length}, path = text_of(patterns[i].fits);

            lg_glob_match(fence_end(glob_fence, glob), fence_end(path_fence, path));
            lg_glob_match(fence_end(glob_fence, glob), fence_start(path_fence, text_of("a")));
            lg_glob_match(fence_start(glob_fence, glob), fence_end(path_fence, glob));
        }
    }
}

static const struct tap_test tests[] = {
    {"each pattern fits what it should, and nothing else", test_patterns, 0},
    {"an empty path fits a star, an empty pattern fits nothing", test_empty, 0},
    {"a malformed pattern fits nothing", test_malformed, 0},
    {"many stars take no more than the product of the lengths", test_many_stars, 0},
    {"no byte outside of pattern and path is read", test_fences, 0},
};

int main(int argc, char **argv)
{
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
