/* SPDX-License-Identifier: MIT */
/*
 * Storms under every verdict: no wrong result, no leaked descriptor, no broken line, no hang. STORM_SECONDS: how long
 * each lasts; a little more than one by default.
 */
#include "tests/interpose/storm.h"

static void snippet_storm(int argc, char **argv)
{
    REQUIRE(argc == 2);
    storm((unsigned)atoi(argv[0]), argv[1]);
}

/* Every line of the file is one whole record. Returns how many. */
static long whole_lines(const char *path)
{
    char line[8192];
    FILE *file = fopen(path, "re");
    long count = 0;

    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        char *end = strchr(line, '\n');

        if (end != NULL)
            *end = '\0';
        if (end == NULL || !record_is_valid(line))
            tap_fail(__FILE__, __LINE__, "%s, line %ld: %s", path, count + 1, line);
        count++;
    }
    if (file != NULL)
        fclose(file);
    return count;
}

/* The numbered files that the log became, and the last one. */
static long check_log(const char *path, const char *said)
{
    const char *moved = strstr(said, "moved=");
    int files = moved != NULL ? atoi(moved + 6) : -1;
    long records = whole_lines(path);
    char name[512];

    CHECK(files > 0);
    unlink(path);
    for (int i = 0; i < files; i++) {
        snprintf(name, sizeof name, "%s.%d", path, i);
        records += whole_lines(name);
        unlink(name);
    }
    return records;
}

static void play(const char *rules)
{
    const char *seconds = getenv("STORM_SECONDS") != NULL ? getenv("STORM_SECONDS") : "1";
    char directory[64], path[96];
    const char *const arguments[] = {seconds, path, NULL};
    struct under under = {.rules = rules, .log = path};
    struct proc_result result;

    under.start.deadline_ms = 60000 + 3000 * (unsigned)atoi(seconds);
    snprintf(directory, sizeof directory, "%s", own_directory());
    snprintf(path, sizeof path, "%s/storm.log", directory);
    result = run_under("storm", arguments, &under);
    check_ended(&result, rules);
    CHECK_TEXT(result.err, "");
    if (strncmp(rules, "allow", 5) != 0)
        CHECK(check_log(path, result.out) > 10);
    tap_note("%s: %s", rules, result.out);
    unlink(path);
    rmdir(directory);
    proc_result_free(&result);
}

#define STORM_TEST(name, rules)                                                                                        \
    static void test_##name(void)                                                                                      \
    {                                                                                                                  \
        play(rules);                                                                                                   \
    }                                                                                                                  \
    static void test_##name(void)

STORM_TEST(orderly, "limit 100000/s; orderly within 2s on linger-zero,unread; observe on backlog,disconnect");
STORM_TEST(linger, "linger 1s; orderly on unread");
STORM_TEST(drain, "limit 100000/s; drain 2s on linger-zero,unread");
STORM_TEST(drain_every_close, "inspect every-close; drain 50ms on linger-zero,unread; reject on disconnect");
STORM_TEST(observe, "callers 4; observe on linger-zero,unread,backlog,disconnect");
STORM_TEST(reject, "inspect every-close; reject; orderly on unread");
STORM_TEST(allow_some, "orderly role accepted; allow role connected; drain 1s on unread");

static const struct proc_snippet snippets[] = {{"storm", snippet_storm}};

static const struct tap_test tests[] = {
    {"a storm under orderly", test_orderly, 400000},
    {"a storm under linger", test_linger, 400000},
    {"a storm under drain", test_drain, 400000},
    {"a storm under drain, every close inspected", test_drain_every_close, 400000},
    {"a storm under observe", test_observe, 400000},
    {"a storm under reject", test_reject, 400000},
    {"a storm under rules by role", test_allow_some, 400000},
};

int main(int argc, char **argv)
{
    proc_snippet_main(argc, argv, snippets, TAP_COUNT(snippets));
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
