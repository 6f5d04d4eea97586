/* SPDX-License-Identifier: MIT */
/*
 * Addresses as people and records write them.
 *
 * links: shim/command/common/address.c
 */
#include "policy/print.h"
#include "shim/command/common/address.h"
#include "tests/harness/tap.h"
#include "tests/unit/policy_text.h"

static struct buffer out;

/* The address as it is printed, or "" when it is none. */
static const char *reprinted(const char *text)
{
    struct lg_address address;

    buffer_clear(&out);
    if (lg_address_read(text_of(text), &address))
        lg_address_print(&address, buffer_put, &out);
    return out.at;
}

static void test_taken(void)
{
    static const char *const taken[][2] = {
        {"10.0.0.5", "10.0.0.5"},
        {"10.0.0.5:443", "10.0.0.5:443"},
        {"10.0.0.5:0", "10.0.0.5"},
        {"[2001:db8::1]", "[2001:db8::1]"},
        {"[2001:db8::1]:443", "[2001:db8::1]:443"},
        {"[2001:db8::1]:0", "[2001:db8::1]"},
        {"2001:db8::1", "[2001:db8::1]"},
        {"::1", "[::1]"},
        {"::", "[::]"},
        {"1::0", "[1::]"},
        {"1:2:3:4:5:6:7:0", "[1:2:3:4:5:6:7:0]"},
        {"::ffff:10.0.0.5", "10.0.0.5"},
        {"[::ffff:10.0.0.5]:80", "10.0.0.5:80"},
    };

    for (size_t i = 0; i < TAP_COUNT(taken); i++)
        CHECK_TEXT(reprinted(taken[i][0]), taken[i][1]);
}

static void test_refused(void)
{
    static const char *const refused[] = {"",
                                          ":0",
                                          "0",
                                          ":443",
                                          "10.0.0",
                                          "10.0.0.5:",
                                          "10.0.0.5:65536",
                                          "[::1",
                                          "[::1]0",
                                          "example.org:80",
                                          "10.0.0.5:00",
                                          "[[::1]]",
                                          "10.0.0.0/8",
                                          "[::1%eth0]:80",
                                          "::1%lo"};
    char long_text[200];

    for (size_t i = 0; i < TAP_COUNT(refused); i++)
        CHECK_TEXT(reprinted(refused[i]), "");
    memset(long_text, ':', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    CHECK_TEXT(reprinted(long_text), "");
}

static const struct tap_test tests[] = {
    {"with and without a port, brackets where they are needed", test_taken, 0},
    {"nothing else", test_refused, 0},
};

int main(int argc, char **argv)
{
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
