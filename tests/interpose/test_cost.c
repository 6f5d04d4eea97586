/* SPDX-License-Identifier: MIT */
/*
 * What a request and a close cost: the system calls of the thread that makes them, counted one by one, between two
 * marks. They do not depend on the number of threads.
 */
#include "tests/interpose/interpose.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

#define STACK_BYTES (64 << 10)

static void *idle(void *nothing)
{
    for (;;)
        pause();
    return nothing;
}

static void start_threads(int count)
{
    pthread_attr_t small;

    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, STACK_BYTES);
    for (int i = 0; i < count; i++) {
        pthread_t thread;

        if (pthread_create(&thread, &small, idle, NULL) != 0) {
            printf("too many\n");
            fflush(stdout);
            _exit(0);
        }
    }
}

/* close THREADS SCENE */
static void close_between_marks(int argc, char **argv)
{
    struct net_pair pair;
    char go;

    REQUIRE(argc == 2);
    start_threads(atoi(argv[0]));
    pair = net_pair(AF_INET, NULL);
    set_linger(pair.server, 1, 0);
    REQUIRE(net_send_pattern(pair.client, 0, 1) && net_wait_unread(pair.server, 1, 10000));
    if (strcmp(argv[1], "nonblocking") == 0)
        fcntl(pair.server, F_SETFL, O_NONBLOCK);
    if (strcmp(argv[1], "done") == 0) {
        shutdown(pair.client, SHUT_WR);
        REQUIRE(net_wait_state(pair.server, TCP_CLOSE_WAIT, 10000));
    }
    printf("ready\n");
    fflush(stdout);
    CHECK_INT(read(STDIN_FILENO, &go, 1), 1);
    CHECK_INT(chdir("/mark-begin"), -1);
    CHECK_INT(close(pair.server), 0);
    CHECK_INT(chdir("/mark-end"), -1);
    _exit(tap_failures() != 0);
}

/* A connection that is not the first to be aborted, from the request to the end of its close. */
static void both_between_marks(int argc, char **argv)
{
    struct net_pair first = net_pair(AF_INET, NULL), pair;
    char block[4096] = "", go;

    REQUIRE(argc == 2);
    set_linger(first.server, 1, 0);
    CHECK_INT(close(first.server), 0);
    pair = net_pair(AF_INET, NULL);
    if (strcmp(argv[1], "unsent") == 0) {
        REQUIRE(fcntl(pair.server, F_SETFL, O_NONBLOCK) == 0);
        while (write(pair.server, block, sizeof block) > 0)
            continue;
    }
    printf("ready\n");
    fflush(stdout);
    CHECK_INT(read(STDIN_FILENO, &go, 1), 1);
    CHECK_INT(chdir("/mark-begin"), -1);
    set_linger(pair.server, 1, 0);
    CHECK_INT(close(pair.server), 0);
    CHECK_INT(chdir("/mark-end"), -1);
    _exit(tap_failures() != 0);
}

/* Lets the main thread of the process go from call to call; returns how many there are between the marks. */
static int count_calls(pid_t pid)
{
    int calls = 0, marks = 0, status;
    bool inside = false;

    for (;;) {
        struct __ptrace_syscall_info about;

        if (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) != 0 || waitpid(pid, &status, __WALL) != pid ||
            !WIFSTOPPED(status) || ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof about, &about) <= 0)
            return -1;
        if (about.op != PTRACE_SYSCALL_INFO_ENTRY)
            continue;
        if (about.entry.nr == SYS_chdir && ++marks == 2)
            break;
        calls += inside;
        inside |= marks == 1;
    }
    ptrace(PTRACE_DETACH, pid, NULL, NULL);
    return calls;
}

/* -1: not so many threads here. */
static int calls_of(const char *snippet, const char *threads, const char *scene, const char *rules, const char *log)
{
    const char *const arguments[] = {threads, scene, NULL};
    struct under under = {.rules = rules, .log = log, .start = {.input_pipe = true, .deadline_ms = 30000}};
    struct proc process = start_under(snippet, arguments, &under);
    struct proc_result result;
    int calls = -1, status;

    if (proc_wait_output(&process, "ready", 20000)) {
        if (ptrace(PTRACE_SEIZE, process.pid, NULL, PTRACE_O_TRACESYSGOOD) != 0)
            tap_skip("ptrace", "ptrace: %s", strerror(errno));
        REQUIRE(ptrace(PTRACE_INTERRUPT, process.pid, NULL, NULL) == 0);
        REQUIRE(waitpid(process.pid, &status, __WALL) == process.pid);
        CHECK_INT(write(process.stdin_fd, "\n", 1), 1);
        calls = count_calls(process.pid);
        CHECK(calls >= 0);
    }
    result = proc_wait(&process);
    check_ended(&result, rules);
    proc_result_free(&result);
    return calls;
}

static void test_threads(void)
{
    static const struct {
        const char *scene, *rules;
    } rows[] = {
        {"plain", "orderly"},
        {"plain", "orderly within 2s on linger-zero,unread"},
        {"nonblocking", "drain 5s on linger-zero,unread"},
        {"done", "drain 5s on linger-zero,unread"},
        {"done", "linger 5s"},
    };
    static const char *const many[] = {"100", "1000", "4000"};

    if (getenv("LG_RUNNER") != NULL)
        tap_skip("emulator", "system calls are the emulator's");
    for (size_t i = 0; i < TAP_COUNT(rows); i++) {
        int one = calls_of("close", "1", rows[i].scene, rows[i].rules, "off");

        CHECK(one > 0 && one < 40);
        for (size_t k = 0; k < TAP_COUNT(many); k++) {
            int calls = calls_of("close", many[k], rows[i].scene, rows[i].rules, "off");

            if (calls < 0)
                tap_note("not so many threads here: %s", many[k]);
            else if (calls != one)
                tap_fail(__FILE__, __LINE__, "%s, %s: %d system calls with one thread more, %d with %s", rows[i].rules,
                         rows[i].scene, one, calls, many[k]);
        }
        tap_note("%s, %s: %d", rows[i].rules, rows[i].scene, one);
    }
}

#define OWN 2 /* the request and the close themselves */

static void test_bounds(void)
{
    static const struct {
        const char *scene, *rules;
        bool recorded;
        int added;
    } rows[] = {
        {"nothing queued", "orderly", false, 5},
        {"nothing queued", "orderly within 60s", false, 5},
        {"nothing queued", "orderly quiet", true, 5},
        {"unsent", "orderly within 60s", false, 7},
        /* Two records: for each a write and six calls, of seven and five; twice the second may begin anew, for a look.
         */
        {"nothing queued", "orderly", true, 5 + 2 * 6 + 2 + 2},
    };
    char log[] = "/tmp/lingerguard-cost-XXXXXX";
    int fd = mkstemp(log);

    if (getenv("LG_RUNNER") != NULL)
        tap_skip("emulator", "system calls are the emulator's");
    REQUIRE(fd >= 0);
    for (size_t i = 0; i < TAP_COUNT(rows); i++) {
        int calls = calls_of("both", "1", rows[i].scene, rows[i].rules, rows[i].recorded ? log : "off");

        if (calls < OWN || calls > OWN + rows[i].added)
            tap_fail(__FILE__, __LINE__, "%s, %s%s: %d system calls are added, not %d", rows[i].rules, rows[i].scene,
                     rows[i].recorded ? ", log FILE" : "", calls - OWN, rows[i].added);
    }
    unlink(log);
    close(fd);
}

static const struct proc_snippet snippets[] = {{"close", close_between_marks}, {"both", both_between_marks}};

static const struct tap_test tests[] = {
    {"a cured abort adds five system calls, a record seven at most beside its write", test_bounds, 60000},
    {"as many system calls with one thread more as with 4,000", test_threads, 120000},
};

int main(int argc, char **argv)
{
    proc_snippet_main(argc, argv, snippets, TAP_COUNT(snippets));
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
