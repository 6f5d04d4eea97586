/* SPDX-License-Identifier: MIT */
/*
 * The harness itself: what it reports for a test that crashes, hangs, leaves, fails or skips.
 */
#include "tests/harness/tap.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static char program[4096];

/* Runs the hidden table below as a program of its own; returns its exit status. */
static int run_specimen(const char *word, const char *environment, char *output, size_t size)
{
    const char *runner = getenv("LG_RUNNER");
    char command[5000];
    size_t length;
    FILE *pipe;
    int status;

    snprintf(command, sizeof command, "env -u MUST_RUN -u TAP_NO_FORK %s %s %s --specimen '%s' 2>&1", environment,
             runner == NULL ? "" : runner, program, word);
    pipe = popen(command, "r");
    REQUIRE(pipe != NULL);
    length = fread(output, 1, size - 1, pipe);
    output[length] = '\0';
    status = pclose(pipe);
    REQUIRE(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void specimen_passes(void)
{
    printf("quiet output\n");
    tap_note("a figure: %d", 42);
}

static void specimen_fails(void)
{
    printf("seen on failure\n");
    CHECK_INT(2 + 2, 5);
    CHECK_TEXT("a", "b");
    CHECK_CONTAINS("abc", "x");
    CHECK_LACKS("abc", "b");
    CHECK_LACKS(NULL, "b");
}

static void specimen_crashes(void)
{
    abort(); /* the one that a sanitizer leaves alone */
}

static void specimen_hangs(void)
{
    pid_t escaped = fork();

    if (escaped == 0)
        setsid();
    else
        tap_note("escaped %d", (int)escaped);
    for (;;)
        pause();
}

static void specimen_leaves(void)
{
    exit(0);
}

static void specimen_leaves_hard(void)
{
    _exit(0);
}

static void specimen_skips(void)
{
    tap_skip("moon", "no %s here", "rocket");
}

static void specimen_requires(void)
{
    REQUIRE(1 == 2);
    printf("never reached\n");
}

static void specimen_child_fails(void)
{
    if (fork() == 0) {
        tap_fail(__FILE__, __LINE__, "said by a child");
        _exit(0);
    }
    wait(NULL);
}

static const struct tap_test specimens[] = {
    {"passes", specimen_passes, 0}, {"fails", specimen_fails, 0},       {"crashes", specimen_crashes, 0},
    {"hangs", specimen_hangs, 200}, {"leaves", specimen_leaves, 0},     {"goes hard", specimen_leaves_hard, 0},
    {"skips", specimen_skips, 0},   {"requires", specimen_requires, 0}, {"has a bad child", specimen_child_fails, 0},
};

#define EXPECT(word, environment, status)                                                                              \
    char output[8192];                                                                                                 \
    CHECK_INT(run_specimen(word, environment, output, sizeof output), status);                                         \
    CHECK_CONTAINS(output, "1..1\n")

static void test_pass(void)
{
    EXPECT("passes", "", 0);
    CHECK_CONTAINS(output, "ok 1 - passes\n# a figure: 42\n");
    CHECK_LACKS(output, "not ok");
    CHECK_LACKS(output, "quiet output");
}

static void test_fail(void)
{
    EXPECT("fails", "", 1);
    CHECK_CONTAINS(output, "not ok 1 - fails\n");
    CHECK_CONTAINS(output, "# seen on failure\n");
    CHECK_CONTAINS(output, "2 + 2 is 4, not 5");
    CHECK_CONTAINS(output, "\"a\" is \"a\", not \"b\"");
    CHECK_CONTAINS(output, "lacks \"x\": \"abc\"");
    CHECK_CONTAINS(output, "contains \"b\": \"abc\"");
    CHECK_CONTAINS(output, "contains \"b\": NULL");
}

static void test_crash(void)
{
    EXPECT("crashes", "", 1);
    CHECK_CONTAINS(output, "not ok 1 - crashes\n# killed by signal 6 (Aborted)\n");
}

static void test_hang(void)
{
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
        tap_skip("subreaper", "nobody can find the escaped child here (an old qemu?)");
    EXPECT("hangs", "", 1);
    CHECK_CONTAINS(output, "not ok 1 - hangs\n# ran into its deadline of 200 ms and was killed\n");
    const char *escaped = strstr(output, "escaped ");
    REQUIRE(escaped != NULL);
    CHECK_INT(kill(atoi(escaped + strlen("escaped ")), 0), -1);
}

static void test_leave(void)
{
    EXPECT("leaves", "", 1);
    CHECK_CONTAINS(output, "not ok 1 - leaves\n# left early with exit status 0\n");
}

static void test_leave_hard(void)
{
    EXPECT("goes hard", "", 1);
    CHECK_CONTAINS(output, "not ok 1 - goes hard\n# left early with exit status 0\n");
}

static void test_skip(void)
{
    EXPECT("skips", "MUST_RUN='sun stars'", 0);
    CHECK_CONTAINS(output, "ok 1 - skips # SKIP moon: no rocket here\n");
    CHECK_LACKS(output, "not ok");
}

static void test_must_run(void)
{
    EXPECT("skips", "MUST_RUN='sun moon'", 1);
    CHECK_CONTAINS(output, "not ok 1 - skips\n");
    CHECK_CONTAINS(output, "no rocket here");
    CHECK_LACKS(output, "# SKIP");
}

static void test_must_run_all(void)
{
    EXPECT("skips", "MUST_RUN=all", 1);
    CHECK_CONTAINS(output, "not ok 1 - skips\n");
}

static void test_require(void)
{
    EXPECT("requires", "", 1);
    CHECK_CONTAINS(output, "not ok 1 - requires\n");
    CHECK_LACKS(output, "never reached");
}

static void test_child(void)
{
    EXPECT("has a bad child", "", 1);
    CHECK_CONTAINS(output, "said by a child");
}

static void test_no_fork(void)
{
    EXPECT("requires", "TAP_NO_FORK=1", 1);
    CHECK_CONTAINS(output, "not ok 1 - requires\n");
    CHECK_LACKS(output, "never reached");
}

static void test_no_match(void)
{
    char output[1024];

    CHECK_INT(run_specimen("no such name", "", output, sizeof output), 1);
    CHECK_CONTAINS(output, "1..0\n");
}

static const struct tap_test tests[] = {
    {"a test that passes shows its notes and not its output", test_pass, 0},
    {"a failed check is reported with the test's output", test_fail, 0},
    {"a crash is reported with its signal", test_crash, 0},
    {"a hang ends at the deadline, its escaped children too", test_hang, 0},
    {"exit in a test is a failure", test_leave, 0},
    {"_exit in a test is a failure", test_leave_hard, 0},
    {"a skip names its group and reason", test_skip, 0},
    {"MUST_RUN turns a skip of its group into a failure", test_must_run, 0},
    {"MUST_RUN=all turns every skip into a failure", test_must_run_all, 0},
    {"REQUIRE ends the test", test_require, 0},
    {"a failure in a child of the test counts", test_child, 0},
    {"TAP_NO_FORK runs the test in this process", test_no_fork, 0},
    {"a filter that matches nothing fails", test_no_match, 0},
};

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--specimen") == 0)
        return tap_main(argc - 1, argv + 1, specimens, TAP_COUNT(specimens));
    snprintf(program, sizeof program, "%s", argv[0]);
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
