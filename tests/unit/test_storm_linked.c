/* SPDX-License-Identifier: MIT */
/*
 * The storm of tests/interpose with the library linked into the program, so that a sanitizer sees both:
 * make test SAN=thread T=test_storm_linked. STORM_SECONDS: how long it lasts.
 *
 * links: library
 */
#include "shim/record/sink.h"
#include "tests/interpose/storm.h"
#include "tests/unit/linked.h"

/* storm SECONDS LOG RULES */
static void snippet_storm(int argc, char **argv)
{
    REQUIRE(argc == 3);
    put_in_force(argv[2]);
    lg_sink_start(&(struct lg_sink_settings){.log = LG_LOG_FILE, .path = argv[1], .root = geteuid() == 0});
    REQUIRE(lg_sink_ready() == 0);
    storm((unsigned)atoi(argv[0]), argv[1]);
}

/*
 * Reports of a thread sanitizer, apart from two kinds: it takes a descriptor that is closed by a system call of ours,
 * which it does not see, for one that is still open; and the log's pair of number and identity is read under a sequence
 * count, which it does not know.
 */
static void check_reports(const char *err)
{
    static const char lead[] = "WARNING: ThreadSanitizer";
    const char *at = err, *next;

    for (at = strstr(at, lead); at != NULL; at = next) {
        char report[16384];

        next = strstr(at + 1, lead);
        snprintf(report, sizeof report, "%.*s", next != NULL ? (int)(next - at) : 16000, at);
        if (strstr(report, "Location is file descriptor") == NULL &&
            strstr(report, "data race shim/record/sink.c") == NULL)
            tap_fail(__FILE__, __LINE__, "%s", report);
    }
}

static void play(const char *rules)
{
    const char *seconds = getenv("STORM_SECONDS") != NULL ? getenv("STORM_SECONDS") : "1";
    char path[] = "/tmp/lg-storm-XXXXXX";
    const char *const arguments[] = {seconds, path, rules, NULL};
    struct proc_options options = {.deadline_ms = 60000 + 3000 * (unsigned)atoi(seconds)};
    int file = mkstemp(path), moved;
    struct proc_result result = proc_snippet_run("storm", arguments, &options);

    close(file);
    check_reports(result.err);
    if (strstr(result.err, "ThreadSanitizer") == NULL) {
        check_ended(&result, rules);
        CHECK_TEXT(result.err, "");
    }
    CHECK_CONTAINS(result.out, "moved="); /* it came to its end */
    moved = strstr(result.out, "moved=") != NULL ? atoi(strstr(result.out, "moved=") + 6) : 0;
    unlink(path);
    for (int i = 0; i < moved; i++) {
        char name[64];

        snprintf(name, sizeof name, "%s.%d", path, i);
        unlink(name);
    }
    proc_result_free(&result);
}

static void test_drain(void)
{
    play("limit 100000/s; drain 2s on linger-zero,unread; observe on backlog,disconnect");
}

static void test_orderly(void)
{
    play("callers 0; orderly within 2s role accepted; allow role connected; linger 1s; orderly on unread");
}

static const struct proc_snippet snippets[] = {{"storm", snippet_storm}};

static const struct tap_test tests[] = {
    {"a storm under drain", test_drain, 400000},
    {"a storm under orderly and linger", test_orderly, 400000},
};

int main(int argc, char **argv)
{
    proc_snippet_main(argc, argv, snippets, TAP_COUNT(snippets));
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
