/* SPDX-License-Identifier: MIT */
/*
 * Warnings about policies that are hardly the ones that were meant. That a rule which is said never to
 * decide never decides is held by fuzz_decide.
 */
#include "policy/parse.h"
#include "tests/harness/tap.h"
#include "tests/unit/policy_text.h"

static struct lg_policy policy;
static struct buffer out;
static const struct lg_source rules = {LG_SOURCE_RULES, {"rules", 5}};
static const struct lg_source file = {LG_SOURCE_FILE, {"/etc/p", 6}};

/* What is said about each rule: its line and a letter. */
static const struct {
    const char *problem;
    char letter;
} letters[] = {
    {"rule that never decides", 'n'},
    {"wait for every connection", 'w'},
    {"one-way protocol", '1'},
    {"within has no effect", 'u'},
    {"address that no connection has", 'a'},
    {"listening sockets have no", 'l'},
    {"pattern that no path fits", 'p'},
    {"nobody expands", 'e'},
    {"' is a part", 'q'},
    {"! is a part", '!'},
    {"rule in a comment", 'c'},
};

static void note(void *context, const struct lg_policy_error *warning)
{
    char piece[20];

    (void)context;
    CHECK(warning->is_warning);
    for (size_t i = 0; i < TAP_COUNT(letters); i++) {
        if (strncmp(warning->problem, letters[i].problem, strlen(letters[i].problem)) != 0)
            continue;
        buffer_put(&out, piece,
                   (size_t)sprintf(piece, "%s%u%c", out.length_bytes > 0 ? " " : "", warning->line, letters[i].letter));
    }
}

static void show(void *context, const struct lg_policy_error *warning)
{
    (void)context;
    lg_policy_error_print(warning, true, buffer_put, &out);
}

static const struct {
    const char *policy;
    const char *warnings;
} table[] = {
    {"", ""},
    {"orderly", ""},
    {"drain 5s local :80; orderly; observe on unread,backlog; allow on disconnect", ""},

    /* No match at all, and causes that several rules take together */
    {"orderly; allow", "2n"},
    {"orderly; allow exe x; drain 1s local :1 role accepted", "2n 3n"},
    {"orderly; allow on unread; allow on disconnect", ""},
    {"allow exe x; orderly", ""},
    {"orderly on unread; allow on linger-zero,unread", ""},
    {"orderly on unread; allow on backlog; observe; allow on linger-zero,unread local :1", "4n"},
    {"orderly on unread; allow on backlog; allow on linger-zero,unread local :1", ""},

    /* The same or a wider match */
    {"allow exe x; allow exe x", "2n"},
    {"allow exe x; allow exe y", ""},
    {"allow exe x; allow exe x,y", ""},
    {"allow exe x,y; allow exe y", "2n"},
    {"allow exe *; allow exe y; allow exe /a/*", "2n 3n"},
    {"allow exe j*; allow exe java; allow exe /opt/java; allow exe /opt/x; allow exe j?va", "2n 3n"},
    {"allow exe */java; allow exe java", ""},
    {"allow exe [/j]ava; allow exe java", ""},
    {"allow exe /opt/*; allow exe /opt/x; allow exe /opt/x*; allow exe opt", "2n"},
    {"allow exe x; allow exe x local :1; allow local :1", "2n"},
    {"allow exe x local :1; allow exe x", ""},
    {"allow cgroup a,b; allow cgroup b exe x; allow cgroup c", "2n"},
    {"allow user 1,2; allow user 2; allow user 2,3", "2n"},
    {"allow role accepted; allow role connected; allow role accepted", "3n"},
    {"allow unsent none; allow unsent some; allow unsent none exe x", "3n"},
    {"allow role accepted; allow role connected; orderly", ""},

    /* Addresses and ports that hold others */
    {"allow local 10.0.0.0/8; allow local 10.1.0.0/16; allow local 10.1.2.3:5; allow local 11.0.0.1", "2n 3n"},
    {"allow local 10.1.0.0/16; allow local 10.0.0.0/8; allow local 11.0.0.0/15", ""},
    {"allow local :80-90; allow local :85; allow local 10.0.0.1:80-90; allow local :80-91; allow local 10.0.0.1",
     "2n 3n"},
    {"allow local :1-65535; allow local 10.0.0.1", ""},
    {"allow local 0.0.0.0/0; allow local [::1]; allow local 10.0.0.1", "3n"},
    {"allow local 10.0.0.0/8:80; allow local 10.0.0.1; allow local 10.0.0.1:80", "3n"},
    {"allow peer :1; allow local :1", ""},
    {"allow local :1,:2; allow local :2,:1,10.0.0.1:1; allow local :2,:3", "2n"},

    /* Waits */
    {"drain 5s", "1w"},
    {"linger 5s", "1w"},
    {"drain 5s on unread,late", "1w"},
    {"drain 5s local :80; linger 5s exe x", ""},

    /* One-way protocols */
    {"drain 5s local :514; drain 5s local :80,:601; drain 5s local :1514; drain 5s local 10.0.0.1:6514", "11 21 31 41"},
    {"drain 5s local :513-515; orderly on unread local :514; drain 5s peer :514; drain 5s local :516", ""},

    /* No effect */
    {"orderly within 5s unsent none; orderly unsent none exe x", "1u 2n"},
    {"orderly within 5s unsent some", ""},

    /* What nothing matches */
    {"allow local 0.0.0.0:80; allow peer [::]; allow local 0.0.0.0/0; allow on backlog local 0.0.0.0:80", "1a 2a"},
    {"allow on linger-zero,backlog local 0.0.0.0; allow on backlog peer 0.0.0.0", "2a 2l"},
    {"allow on backlog role accepted; observe on backlog unsent none; allow on backlog,unread role accepted", "1l 2l"},
    {"allow exe ~/x; allow exe $HOME/x; allow exe ~x,a$b; allow cgroup $X", "1e 2e 4e"},
    {"tag $HOSTNAME", "1e"},
    {"tag \"%h\"; orderly", "1e"},
    {"tag a$b; orderly # x", ""},
    {"orderly # x; allow exe y", "2n"},
    {"allow exe 'x'; allow exe it's,'; allow exe a,!b; allow exe a!", "1q 3!"},
    {"allow exe bin/x; allow exe x,y/z; allow cgroup a/b; allow exe */x,/x,[/]x,?/x,\\\\/x", "1p 2p 3p"},
};

/* Of a file, where a comment goes to the end of the line. */
static const struct {
    const char *policy;
    const char *warnings;
} files[] = {
    {"orderly # x; allow exe y", "1c"},
    {"log off # x;drain 5s;", "1c"},
    {"\n\n  orderly local :80;  # ;allow", "3c"},
    {"# orderly local :80; allow", ""},
    {"orderly # see this; allow it\norderly local :80 # a;b\norderly exe x #;", "2n 3n"},
    {"orderly exe \"#a;allow\"", ""},
};

static void test_table(void)
{
    for (size_t i = 0; i < TAP_COUNT(files); i++) {
        lg_policy_init(&policy);
        REQUIRE(lg_policy_parse(&policy, &file, text_of(files[i].policy), show, NULL) == 0);
        buffer_clear(&out);
        lg_policy_warn(&policy, note, NULL);
        tap_check_text(__FILE__, __LINE__, files[i].policy, out.at, files[i].warnings);
    }
    for (size_t i = 0; i < TAP_COUNT(table); i++) {
        lg_policy_init(&policy);
        REQUIRE(lg_policy_parse(&policy, &rules, text_of(table[i].policy), show, NULL) == 0);
        buffer_clear(&out);
        lg_policy_warn(&policy, note, NULL);
        tap_check_text(__FILE__, __LINE__, table[i].policy, out.at, table[i].warnings);
    }
}

static void test_message(void)
{
    lg_policy_init(&policy);
    REQUIRE(lg_policy_parse(&policy, &rules, text_of("allow exe x"), NULL, NULL) == 0);
    REQUIRE(lg_policy_parse(&policy, &file,
                            text_of("\xef\xbb\xbf"
                                    "log off ; orderly #\n\n  allow ; drain 5s  local :1 # no"),
                            NULL, NULL) == 0);
    REQUIRE(lg_policy_parse(&policy, &file, text_of("observe exe x"), NULL, NULL) == 0);
    buffer_clear(&out);
    CHECK_INT(lg_policy_warn(&policy, show, NULL), 3);
    CHECK_TEXT(
        out.at,
        "/etc/p:3:3: warning: rule that never decides, since line 1 has taken all it is for: \"allow\"; "
        "expected what is narrow before what is wide\n"
        "      allow ; drain 5s  local :1 # no\n"
        "      ^~~~~\n"
        "/etc/p:3:11: warning: rule that never decides, since line 1 has taken all it is for: \"drain 5s  local :1\"; "
        "expected what is narrow before what is wide\n"
        "      allow ; drain 5s  local :1 # no\n"
        "              ^~~~~~~~~~~~~~~~~~\n"
        "/etc/p:1:1: warning: rule that never decides, since a text before this one has taken all it is for: "
        "\"observe exe x\"; expected what is narrow before what is wide\n"
        "    observe exe x\n"
        "    ^~~~~~~~~~~~~\n");
    CHECK_INT(lg_policy_warn(&policy, NULL, NULL), 3);
}

/* The longest policy is warned about within a deadline. */
static void test_many(void)
{
    static char text[LG_RULES_MAX * 60];
    size_t length = 0;

    for (unsigned i = 0; i < LG_RULES_MAX; i++)
        length += (size_t)sprintf(text + length, "observe exe a%u local 10.%u.%u.0/24 peer :1,:2,:3\n", i / 2, i / 512,
                                  i / 2 % 256);
    lg_policy_init(&policy);
    REQUIRE(lg_policy_parse(&policy, &file, (struct lg_text){text, length}, show, NULL) == 0);
    CHECK_INT(lg_policy_warn(&policy, NULL, NULL), LG_RULES_MAX / 2);
}

static const struct tap_test tests[] = {
    {"each policy of the table is warned about as it says", test_table, 0},
    {"a warning shows the whole rule, and the line before it", test_message, 0},
    {"4096 rules", test_many, 0},
};

int main(int argc, char **argv)
{
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
