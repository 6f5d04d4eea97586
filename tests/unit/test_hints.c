/* SPDX-License-Identifier: MIT */
/*
 * What is suggested can be written: each suggestion is put in the place of what it replaces, again and again until
 * there is none left, and never has an error at that place. Texts of operators, and a policy's words thrown about.
 */
#include "policy/parse.h"
#include "tests/harness/tap.h"
#include "tests/unit/policy_text.h"

static struct lg_policy policy;
static const struct lg_source file = {LG_SOURCE_FILE, {"/etc/p", 6}};

/* The first suggestion for a line, and every place where an error is. */
struct found {
    unsigned errors;
    uint32_t columns[16];
    uint32_t ends[16];
    bool has_suggestion;
    uint32_t at; /* what is replaced, from 0 */
    uint32_t bytes;
    char suggestion[512];
};

static void note(void *context, const struct lg_policy_error *error)
{
    struct found *found = context;

    if (found->errors < 16) {
        found->columns[found->errors] = error->column;
        found->ends[found->errors] = error->column + (uint32_t)error->token.length_bytes;
    }
    found->errors++;
    CHECK(error->replaced.at >= error->line_text.at);
    CHECK(error->replaced.at + error->replaced.length_bytes <= error->line_text.at + error->line_text.length_bytes);
    if (found->has_suggestion || error->suggestion == NULL)
        return;
    found->has_suggestion = true;
    found->at = (uint32_t)(error->replaced.at - error->line_text.at);
    found->bytes = (uint32_t)error->replaced.length_bytes;
    snprintf(found->suggestion, sizeof(found->suggestion), "%s", error->suggestion);
}

static struct found parse(const char *line)
{
    struct found found = {0};

    lg_policy_init(&policy);
    lg_policy_parse(&policy, &file, text_of(line), note, &found);
    return found;
}

static void mend(char *line, size_t room, const struct found *found)
{
    char before[2048];

    snprintf(before, sizeof(before), "%s", line);
    snprintf(line, room, "%.*s%s%s", (int)found->at, before, found->suggestion, before + found->at + found->bytes);
}

/* Returns how many errors are left when every suggestion has been followed. */
static unsigned follow(const char *text)
{
    char line[2048];
    struct found found;

    snprintf(line, sizeof(line), "%s", text);
    found = parse(line);
    for (unsigned tries = 0; found.has_suggestion && tries < 20; tries++) {
        struct found after;
        uint32_t end = found.at + (uint32_t)strlen(found.suggestion);

        mend(line, sizeof(line), &found);
        after = parse(line);
        for (unsigned i = 0; i < after.errors && i < 16; i++) {
            bool is_there = after.ends[i] > found.at + 1 && after.columns[i] <= end;

            if (is_there)
                tap_note("%s: \"%s\" is suggested and wrong: %s", text, found.suggestion, line);
            CHECK(!is_there);
        }
        found = after;
    }
    CHECK(!found.has_suggestion); /* no suggestions in circles */
    return found.errors;
}

/* Followed, these leave no error. */
static const char *const mended[] = {
    "allow local :80-:90",
    "limit 100/min",
    "limit 3 per hour",
    "limit 100 /s",
    "limit 1k/s",
    "limit 10000000/s",
    "quiet allow local :80",
    "allow quiet local :80",
    "observe quiet on unread",
    "on unread drain 5s",
    "on unread,late local :80 drain 5s idle 1s",
    "drain 5s exe nginx on unread",
    "*: orderly",
    "default: orderly",
    "default drain 5s local :80",
    "- allow",
    "reject on close",
    "drain 5s on close",
    "drain 5s on rst",
    "observe on any",
    "observe on linger zero",
    "observe on unread, late",
    "observe on unread late",
    "allow dst 10.0.0.1",
    "allow dport 443",
    "allow src 10.0.0.1",
    "allow remote 10.0.0.1",
    "allow client 10.0.0.1",
    "allow port 80,443",
    "allow tcp",
    "allow all",
    "orderly all local :80",
    "drainer on",
    "drainer off",
    "tag pod 7",
    "log /var/log/x",
    "log file=/var/log/x",
    "log to /var/log/x",
    "log file /var/log/my log",
    "log json",
    "format JSON",
    "format=json",
    "drain 2h local :80",
    "drain 5 local :80",
    "drain 5 s",
    "drain 5sec",
    "drain 5.5s",
    "drain within 5s local :80",
    "drain for 5s",
    "orderly 30",
    "orderly timeout 30s",
    "orderly within 30 s",
    "allow exe nginx haproxy",
    "allow exe nginx,",
    "allow exe \"nginx\" \"haproxy\"",
    "allow exe: nginx",
    "exe nginx: allow",
    "allow nginx",
    "allow --exe nginx",
    "allow if unsent 0",
    "allow unsent = 0",
    "allow unsent > 0",
    "allow unsent==none",
    "allow uid 1000",
    "allow user = 0",
    "allow unit nginx.service",
    "allow role client",
    "reject with EPERM",
    "reject errno EACCESS",
    "callers 32",
    "inspect true",
    "ORDERLY",
    "allow Local :80",
    "allow peer 10.0.0.0-10.0.0.255",
    "allow peer 10.0.0.1,10.0.0.2,",
    "allow peer 10/8",
    "allow peer fe80::1",
    "allow peer localhost:80",
    "allow peer [10.0.0.1]:80",
    "allow peer 10.0.0.0/255.0.0.0",
    "allow local 10.0.0.5 :80",
    "allow local 10.0.0.5:*",
    "allow local :80/tcp",
    "allow local tcp:80",
    "allow local *:80",
    "allow local :::80",
    "allow local >1024",
    "allow local 1024+",
    "allow local 80-90",
    "allow local :http",
    "allow exe\xc2\xa0nginx",
    "allow exe \xe2\x80\x9cnginx\xe2\x80\x9d",
    "allow exe \xe2\x80\x98nginx\xe2\x80\x99",
    "allow local :80\342\200\22390",
    "observe on linger\xe2\x80\x91zero",
    "allow exe nginx\xe2\x80\x8b",
};

static void test_mended(void)
{
    for (size_t i = 0; i < TAP_COUNT(mended); i++) {
        unsigned left = follow(mended[i]);

        if (left > 0)
            tap_note("%s: %u errors are left", mended[i], left);
        CHECK(left == 0);
        CHECK(parse(mended[i]).errors > 0);
    }
}

/* Words of the language and of operators, thrown together. */
static const char *const words[] = {
    "allow",
    "observe",
    "reject",
    "orderly",
    "linger",
    "drain",
    "on",
    "unread",
    "late,backlog",
    "disconnect",
    "exe",
    "nginx",
    "/bin/x",
    "a,b",
    "local",
    ":80",
    "10.0.0.1",
    "peer",
    "role",
    "accepted",
    "client",
    "unsent",
    "none",
    "user",
    "0",
    "root",
    "cgroup",
    "quiet",
    "within",
    "idle",
    "5s",
    "5",
    "2h",
    "5 s",
    "EPERM",
    "log",
    "file",
    "/x",
    "format",
    "json",
    "limit",
    "100/min",
    "inspect",
    "all",
    "any",
    "*",
    "=",
    ",",
    ";",
    "#",
    "default",
    "if",
    "and",
    "not",
    "port",
    "8080",
    "80-:90",
    "[::1]",
    "::1",
    "\"a b\"",
    "\"",
    "\\",
    "--exe",
    "exe:",
    "on:",
    "close",
    "tag",
    "drainer",
    "callers",
    "skip",
    "\xe2\x80\x93",
    "x\xc2\xa0y",
    "include",
    "src",
    "to",
    ":*",
    "10.0.0.5:",
    "-",
    "linger-zero",
    "1k/s",
};

static void test_thrown_together(void)
{
    unsigned random = 1;

    for (unsigned i = 0; i < 60000; i++) {
        char line[512] = "";
        unsigned count;

        random = random * 1103515245u + 12345u;
        count = 1 + (random >> 16) % 7;
        for (unsigned word = 0; word < count; word++) {
            random = random * 1103515245u + 12345u;
            strcat(line, words[(random >> 16) % TAP_COUNT(words)]);
            strcat(line, " ");
        }
        follow(line);
    }
}

/* A suggestion is tried in a policy that is being read: nothing of it stays. */
static void test_no_trace(void)
{
    static struct lg_policy other;

    lg_policy_init(&policy);
    lg_policy_init(&other);
    REQUIRE(lg_policy_parse(&other, &file, text_of("format json\nallow exe a\n"), NULL, NULL) == 0);
    REQUIRE(lg_policy_parse(&policy, &file, text_of("format json\nallow exe a\n"), NULL, NULL) == 0);
    CHECK(lg_policy_parse(&other, &file, text_of("callers 99\nlocal :80,:90 exe b,c user 1 allow\nallow exe d e"), note,
                          &(struct found){0}) == 3);
    CHECK_INT(other.rule_count, policy.rule_count);
    CHECK_INT(other.glob_count, policy.glob_count);
    CHECK_INT(other.address_count, policy.address_count);
    CHECK_INT(other.user_count, policy.user_count);
    CHECK_INT(other.settings.set, policy.settings.set);
    CHECK(lg_policy_digest(&other) == lg_policy_digest(&policy));
}

/* Nor does it take the room of what is read. */
static void test_no_room(void)
{
    static char text[64 + LG_RULES_MAX * 6];
    size_t length = (size_t)sprintf(text, "exe a allow\nexe b allow\n");

    for (unsigned i = 0; i < LG_RULES_MAX - 1; i++)
        length += (size_t)sprintf(text + length, "allow\n");
    lg_policy_init(&policy);
    CHECK_INT(lg_policy_parse(&policy, &file, (struct lg_text){text, length}, note, &(struct found){0}), 2);
}

static const struct tap_test tests[] = {
    {"mistakes whose suggestions, followed, make a policy", test_mended, 0},
    {"words thrown together: no suggestion is wrong", test_thrown_together, 60000},
    {"a suggestion that was tried leaves no trace", test_no_trace, 0},
    {"a suggestion that was tried takes no room", test_no_room, 0},
};

int main(int argc, char **argv)
{
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
