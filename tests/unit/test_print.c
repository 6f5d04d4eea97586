/* SPDX-License-Identifier: MIT */
/*
 * What the printers write. The canonical form of each form of the language is in test_parse.c.
 */
#include <arpa/inet.h>
#include <errno.h>

#include "policy/parse.h"
#include "policy/words.h"
#include "tests/harness/tap.h"
#include "tests/unit/policy_text.h"

static struct lg_policy policy;
static struct buffer out;
static const struct lg_source rules = {LG_SOURCE_RULES, {"rules", 5}};

static const char *duration(uint32_t duration_ms)
{
    buffer_clear(&out);
    lg_duration_print(duration_ms, buffer_put, &out);
    return out.at;
}

static void test_durations(void)
{
    CHECK_TEXT(duration(0), "0ms");
    CHECK_TEXT(duration(1), "1ms");
    CHECK_TEXT(duration(999), "999ms");
    CHECK_TEXT(duration(1000), "1s");
    CHECK_TEXT(duration(1500), "1500ms");
    CHECK_TEXT(duration(59000), "59s");
    CHECK_TEXT(duration(60000), "1m");
    CHECK_TEXT(duration(61000), "61s");
    CHECK_TEXT(duration(3600000), "60m");
    CHECK_TEXT(duration(UINT32_MAX), "4294967295ms");
}

static const char *verdict(enum lg_verdict_kind kind, int reject_errno, uint32_t duration_ms)
{
    struct lg_verdict printed = {kind, reject_errno, duration_ms, 0};

    buffer_clear(&out);
    lg_verdict_print(&printed, buffer_put, &out);
    return out.at;
}

static void test_verdicts(void)
{
    CHECK_TEXT(verdict(LG_VERDICT_ALLOW, 0, 0), "allow");
    CHECK_TEXT(verdict(LG_VERDICT_OBSERVE, 0, 0), "observe");
    CHECK_TEXT(verdict(LG_VERDICT_REJECT, EPERM, 0), "reject EPERM");
    CHECK_TEXT(verdict(LG_VERDICT_REJECT, 4000, 0), "reject 4000");
    CHECK_TEXT(verdict(LG_VERDICT_ORDERLY, 0, 0), "orderly");
    CHECK_TEXT(verdict(LG_VERDICT_ORDERLY, 0, 30000), "orderly within 30s");
    CHECK_TEXT(verdict(LG_VERDICT_LINGER, 0, 1), "linger 1ms");
    CHECK_TEXT(verdict(LG_VERDICT_DRAIN, 0, 2000), "drain 2s");
    CHECK_TEXT(verdict(LG_VERDICT_COUNT, 0, 0), "?");
}

/* Against the names that libc has, where it tells them. */
const char *strerrorname_np(int number) __attribute__((weak));

static void test_errno_names(void)
{
    for (int number = -1; number <= LG_ERRNO_MAX + 1; number++) {
        const char *name = lg_errno_name(number);

        if (name != NULL)
            CHECK_INT(lg_errno_find(text_of(name)), number);
        if (number > 0 && number <= EHWPOISON && strerrorname_np != NULL) /* glibc 2.43 knows one more, EFTYPE */
            CHECK_TEXT(name != NULL ? name : "", strerrorname_np(number) != NULL ? strerrorname_np(number) : "");
    }
    CHECK(lg_errno_name(0) == NULL);
    CHECK_INT(lg_errno_find(text_of("EWOULDBLOCK")), EWOULDBLOCK);
    CHECK_INT(lg_errno_find(text_of("ENOTSUP")), ENOTSUP);
    CHECK_INT(lg_errno_find(text_of("EDEADLOCK")), EDEADLOCK);
    CHECK_INT(lg_errno_find(text_of("EPER")), 0);
    CHECK_INT(lg_errno_find(text_of("")), 0);
}

static void test_names(void)
{
    CHECK_TEXT(lg_cause_name(LG_CAUSE_LINGER_ZERO), "linger-zero");
    CHECK_TEXT(lg_cause_name(LG_CAUSE_UNREAD), "unread");
    CHECK_TEXT(lg_cause_name(LG_CAUSE_DISCONNECT), "disconnect");
    CHECK_TEXT(lg_cause_name(LG_CAUSE_BACKLOG), "backlog");
    CHECK_TEXT(lg_cause_name(LG_CAUSE_COUNT), "?");
    CHECK_TEXT(lg_cause_name((enum lg_cause) - 1), "?");
    CHECK_TEXT(lg_verdict_name(LG_VERDICT_DRAIN), "drain");
    CHECK_TEXT(lg_verdict_name(LG_VERDICT_COUNT), "?");
    CHECK_TEXT(lg_role_name(LG_ROLE_UNKNOWN), "unknown");
    CHECK_TEXT(lg_role_name(LG_ROLE_CONNECTED), "connected");
    CHECK_TEXT(lg_role_name(LG_ROLE_COUNT), "?");
}

static const char *address(uint8_t family, const uint8_t *bytes, uint16_t port)
{
    struct lg_address printed = {.family = family, .port = port};

    memcpy(printed.bytes, bytes, family == 4 ? 4 : 16);
    buffer_clear(&out);
    lg_address_print(&printed, buffer_put, &out);
    return out.at;
}

static const char *ipv6(const char *text, uint16_t port)
{
    uint8_t bytes[16] = {0};

    REQUIRE(inet_pton(AF_INET6, text, bytes) == 1);
    return address(6, bytes, port);
}

static void test_addresses(void)
{
    CHECK_TEXT(address(4, (const uint8_t[]){10, 0, 200, 5}, 443), "10.0.200.5:443");
    CHECK_TEXT(address(4, (const uint8_t[]){0, 0, 0, 0}, 0), "0.0.0.0");
    CHECK_TEXT(address(4, (const uint8_t[]){255, 255, 255, 255}, 65535), "255.255.255.255:65535");
    CHECK_TEXT(address(0, (const uint8_t[16]){1}, 5), "");
    CHECK_TEXT(address(7, (const uint8_t[16]){1}, 5), "");
    /* RFC 5952: section 4.1, 4.2.1, 4.2.2, 4.2.3 and 4.3 */
    CHECK_TEXT(ipv6("2001:0db8::0001", 0), "[2001:db8::1]");
    CHECK_TEXT(ipv6("2001:db8:0:0:0:0:2:1", 80), "[2001:db8::2:1]:80");
    CHECK_TEXT(ipv6("2001:db8:0:1:1:1:1:1", 0), "[2001:db8:0:1:1:1:1:1]");
    CHECK_TEXT(ipv6("2001:0:0:1:0:0:0:1", 0), "[2001:0:0:1::1]");
    CHECK_TEXT(ipv6("2001:db8:0:0:1:0:0:1", 0), "[2001:db8::1:0:0:1]");
    CHECK_TEXT(ipv6("2001:DB8:ABCD::", 0), "[2001:db8:abcd::]");
    CHECK_TEXT(ipv6("::", 1), "[::]:1");
    CHECK_TEXT(ipv6("::1", 0), "[::1]");
    CHECK_TEXT(ipv6("1:0:0:4:5:6:0:0", 0), "[1::4:5:6:0:0]");
    CHECK_TEXT(ipv6("::ffff:10.0.0.5", 443), "10.0.0.5:443");
    CHECK_TEXT(ipv6("::fffe:10.0.0.5", 0), "[::fffe:a00:5]");
}

/* Against libc's inet_ntop, for every pattern of zero and other groups. */
static void test_ipv6_patterns(void)
{
    for (unsigned pattern = 0; pattern < 256; pattern++) {
        uint8_t bytes[16] = {0};
        char want[INET6_ADDRSTRLEN + 3] = "[";

        for (unsigned i = 0; i < 8; i++)
            if (pattern & 1u << i)
                bytes[2 * i + 1] = (uint8_t)(i + 1);
        if ((pattern & 0x3f) == 0)
            continue; /* libc shows the last 32 bits of these as IPv4 */
        inet_ntop(AF_INET6, bytes, want + 1, INET6_ADDRSTRLEN);
        strcat(want, "]");
        CHECK_TEXT(address(6, bytes, 0), want);
    }
}

static void test_source(void)
{
    struct lg_facts facts = {.cause = LG_CAUSE_LINGER_ZERO};
    struct lg_decision decision;

    lg_policy_init(&policy);
    decision = lg_decide(&policy, &facts);
    buffer_clear(&out);
    lg_decision_source_print(&policy, &decision, buffer_put, &out);
    CHECK_TEXT(out.at, "default");
    REQUIRE(lg_policy_parse(&policy, &rules, text_of("reject on disconnect;;allow"), NULL, NULL) == 0);
    decision = lg_decide(&policy, &facts);
    buffer_clear(&out);
    lg_decision_source_print(&policy, &decision, buffer_put, &out);
    CHECK_TEXT(out.at, "rules:3");
}

static void print_error(void *context, const struct lg_policy_error *error)
{
    (void)context;
    lg_policy_error_print(error, true, buffer_put, &out);
}

static const char *errors_of(const char *name, struct lg_text text)
{
    struct lg_source source = {LG_SOURCE_FILE, text_of(name)};

    lg_policy_init(&policy);
    buffer_clear(&out);
    lg_policy_parse(&policy, &source, text, print_error, NULL);
    return out.at;
}

#define UNKNOWN_MATCH "expected on, exe, user, cgroup, local, peer, role, unsent, quiet or the end of the rule"

static void test_caret(void)
{
    CHECK_TEXT(errors_of("/etc/p", text_of("# x\n  allow lcal :1 # y\n")),
               "/etc/p:2:9: error: unknown match \"lcal\"; " UNKNOWN_MATCH "; did you mean \"local\"?\n"
               "      allow lcal :1 # y\n"
               "            ^~~~\n");
    CHECK_TEXT(errors_of("p", text_of("allow; linger   ; reject")),
               "p:1:14: error: missing duration; expected a number and a unit (ms, s, m or h), such as 250ms\n"
               "    allow; linger   ; reject\n"
               "                 ^\n");
}

static void test_strange_characters(void)
{
    /* A tab stays; é is one column; what a terminal would obey, or could not show, is a ?. */
    CHECK_TEXT(errors_of("a\033[2Jb",
                         text_of("\tallow\texe \xc3\xa9\xff\xc2\x85\xe2\x82\xac\xed\xa0\x80\xf0\x9f\x98\x80 x\033\tz")),
               "a?[2Jb:1:28: error: control character in \"x?\"; expected text, with blanks or tabs between the words\n"
               "    \tallow\texe \xc3\xa9??\xe2\x82\xac???\xf0\x9f\x98\x80 x?\tz\n"
               "    \t     \t             ^~\n");
    CHECK_TEXT(errors_of("p", (struct lg_text){"on\0\xf0\x9f\x98", 6}),
               "p:1:1: error: NUL byte in \"on????\"; expected text\n"
               "    on????\n"
               "    ^~~~~~\n");
}

static void test_window(void)
{
    static char line[3000], want[1000];
    const char *at;

    memset(line, 'x', sizeof(line) - 1);
    memcpy(line, "allow exe ", 10);
    memcpy(line + 1000, " zqzq ", 6);
    errors_of("p", text_of(line));
    snprintf(want, sizeof(want), "\n    ...%.*s zqzq %.*s...\n    %*s^~~~\n", 39, line + 500, 65, line + 500, 43, "");
    at = strchr(out.at, '\n');
    REQUIRE(at != NULL);
    CHECK_TEXT(at, want);
    /* A token longer than the window is underlined as far as it is shown, and quoted in part. */
    memset(line, 'y', sizeof(line) - 1);
    errors_of("p", text_of(line));
    snprintf(want, sizeof(want), "p:1:1: error: unknown verdict or setting \"%.60s...\";", line);
    CHECK_CONTAINS(out.at, want);
    snprintf(want, sizeof(want), "\n    %.110s...\n    ^", line);
    memset(want + strlen(want), '~', 109);
    strcat(want, "\n");
    CHECK_CONTAINS(out.at, want);
}

static void test_without_caret(void)
{
    struct lg_source source = {LG_SOURCE_RULES, {"rules", 5}};
    struct lg_policy_error error = {.source = &source, .line = 7, .column = 3, .problem = "wrong"};

    buffer_clear(&out);
    lg_policy_error_print(&error, false, buffer_put, &out);
    CHECK_TEXT(out.at, "rules:7:3: error: wrong\n");
    error.suggestion = "right";
    buffer_clear(&out);
    lg_policy_error_print(&error, false, buffer_put, &out);
    CHECK_TEXT(out.at, "rules:7:3: error: wrong; did you mean \"right\"?\n");
}

static const struct tap_test tests[] = {
    {"a duration in the largest unit that is exact", test_durations, 0},
    {"a verdict with its argument", test_verdicts, 0},
    {"an errno by its name, where it has one", test_errno_names, 0},
    {"the words of the language, and ? beyond", test_names, 0},
    {"an address as RFC 5952 has it", test_addresses, 0},
    {"each pattern of zeros in an IPv6 address as libc prints it", test_ipv6_patterns, 0},
    {"where a decision comes from", test_source, 0},
    {"an error shows its line and a caret below the token", test_caret, 0},
    {"an error shows no control character and no invalid UTF-8", test_strange_characters, 0},
    {"an error shows a window of a long line", test_window, 0},
    {"an error without what is not known, and without a caret", test_without_caret, 0},
};

int main(int argc, char **argv)
{
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
