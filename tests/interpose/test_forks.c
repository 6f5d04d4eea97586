/* SPDX-License-Identifier: MIT */
/* A child's records are its own, by whatever road it came to be: its limit, its counts, its log. */
#include "tests/interpose/interpose.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pty.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "shim/base/syscall_numbers.h"

static void abort_once(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    CHECK_INT(set_linger(fd, 1, 0), 0);
    CHECK_INT(close(fd), 0);
}

static pid_t by_daemon(void)
{
    pid_t child = fork(); /* daemon ends its caller */

    return child == 0 && daemon(1, 1) == 0 ? 0 : child;
}

static pid_t by_forkpty(void)
{
    int terminal;

    return forkpty(&terminal, NULL, NULL, NULL);
}

static pid_t by_number(void)
{
    return (pid_t)syscall(SYS_clone, LG_CLONE_FLAGS(SIGCHLD), 0, 0, 0);
}

static pid_t inline_clone(void)
{
    return (pid_t)raw_syscall(SYS_clone, LG_CLONE_FLAGS(SIGCHLD), 0, 0, 0);
}

static pid_t by_underscore(void)
{
    return _Fork != NULL ? _Fork() : fork();
}

static const struct {
    const char *name;
    pid_t (*start)(void);
} ways[] = {
    {"fork", fork},          {"_Fork", by_underscore}, {"daemon", by_daemon},
    {"forkpty", by_forkpty}, {"by number", by_number}, {"inline", inline_clone},
};

/* The parent has used up its limit, and more; the child and then the parent abort once. */
static void own_counts(int argc, char **argv)
{
    size_t way = (size_t)atoi(argc > 0 ? argv[0] : "");
    int ends[2];
    pid_t child;
    char byte;

    REQUIRE(way < TAP_COUNT(ways) && pipe2(ends, O_CLOEXEC) == 0);
    for (int i = 0; i < 20; i++)
        abort_once();
    child = ways[way].start();
    if (child == 0) {
        abort_once();
        _exit(0);
    }
    REQUIRE(child > 0 && close(ends[1]) == 0);
    REQUIRE(read(ends[0], &byte, 1) == 0); /* until the last child has ended */
    printf("%d\n", getpid());
}

static void test_own_counts(void)
{
    static char log[PATH_MAX];

    if (getenv("LG_RUNNER") != NULL)
        tap_skip("emulator", "qemu-user does not know MADV_WIPEONFORK");
    snprintf(log, sizeof log, "%s/log", own_directory());
    for (size_t way = 0; way < TAP_COUNT(ways); way++) {
        char number[8];
        const char *const arguments[] = {number, NULL};
        struct under under = {.rules = "limit 3/s; orderly", .log = log};
        struct proc_result result;
        struct records records;
        int of_child = 0;
        char *text;

        snprintf(number, sizeof number, "%zu", way);
        result = run_under("own counts", arguments, &under);
        check_ended(&result, ways[way].name);
        text = records_file(log);
        records = records_parse(text, false);
        for (size_t i = 0; i < records.count; i++) {
            if (record_number(records.line[i], "pid") == atoi(result.out))
                continue;
            of_child++;
            CHECK(record_get(records.line[i], "suppressed") == NULL);
        }
        if (of_child != 1)
            tap_fail(__FILE__, __LINE__, "%s: %d records of the child", ways[way].name, of_child);
        records_free(&records);
        free(text);
        proc_result_free(&result);
        unlink(log);
    }
    *strrchr(log, '/') = '\0';
    rmdir(log);
}

/* ---- A fork in the middle of a rotation ---- */

static const char *moved;

/* The library is changing its descriptor: another thread's fork would come at this moment. */
static void fork_now(int signal_number)
{
    pid_t child = inline_clone();

    (void)signal_number;
    if (child > 0) {
        int status = 0;

        REQUIRE(waitpid(child, &status, 0) == child && status == 0);
        return;
    }
    REQUIRE(rename(moved, getenv("LINGERGUARD_LOG")) == 0); /* no rotation for the child, whose log is as it was */
    abort_once();
    _exit(tap_failures() != 0);
}

static void trap_dup3(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_dup3, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {TAP_COUNT(filter), filter};
    struct sigaction action = {.sa_handler = fork_now};

    REQUIRE(sigaction(SIGSYS, &action, NULL) == 0);
    REQUIRE(raw_syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    if (raw_syscall(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, (long)&program, 0, 0) != 0)
        tap_skip("seccomp", "no seccomp filter here: %s", strerror(errno));
}

static void mid_rotation(int argc, char **argv)
{
    REQUIRE(argc == 1);
    moved = argv[0];
    abort_once();
    trap_dup3();
    REQUIRE(rename(getenv("LINGERGUARD_LOG"), moved) == 0);
    usleep(1100000); /* it is looked for once a second */
    abort_once();
    printf("%d\n", getpid());
}

static void test_mid_rotation(void)
{
    static char log[PATH_MAX], old[PATH_MAX + 4];
    const char *const arguments[] = {old, NULL};
    struct under under = {.rules = "orderly", .log = log};
    struct proc_result result;
    struct records records;
    int of_child = 0;
    char *text;

    if (getenv("LG_RUNNER") != NULL)
        tap_skip("emulator", "the filter would be for the emulator itself");
    snprintf(log, sizeof log, "%s/log", own_directory());
    snprintf(old, sizeof old, "%s.1", log);
    result = run_under("mid rotation", arguments, &under);
    check_ended(&result, "a fork in the middle of a rotation");
    text = records_file(log);
    records = records_parse(text, false);
    for (size_t i = 0; i < records.count; i++)
        of_child += record_number(records.line[i], "pid") != atoi(result.out);
    CHECK_INT(of_child, 1);
    records_free(&records);
    free(text);
    proc_result_free(&result);
    unlink(log);
    unlink(old);
    *strrchr(log, '/') = '\0';
    rmdir(log);
}

static int said = -1; /* standard output, which a child of forkpty does not have */

/* Says who aborts, for the record that follows. */
static void abort_as_said(void)
{
    char text[16];
    int length = snprintf(text, sizeof text, "%d\n", (int)raw_syscall(SYS_getpid, 0, 0, 0, 0, 0));

    REQUIRE(write(said, text, (size_t)length) == length);
    abort_once();
}

static void abort_twice(void)
{
    abort_as_said();
    abort_as_said();
}

/* Every process in turn, and its parent's memory has the parent's number before and after. */
static void own_numbers(int argc, char **argv)
{
    size_t way = (size_t)atoi(argc > 0 ? argv[0] : "");
    int ends[2];
    pid_t child;
    char byte;

    said = dup(STDOUT_FILENO);
    REQUIRE(way < TAP_COUNT(ways) && pipe2(ends, O_CLOEXEC) == 0);
    abort_twice();
    child = ways[way].start();
    if (child == 0) {
        pid_t grandchild;

        abort_twice();
        grandchild = vfork();
        if (grandchild == 0) {
            abort_twice();
            _exit(0);
        }
        abort_twice();
        _exit(0);
    }
    REQUIRE(child > 0 && close(ends[1]) == 0);
    REQUIRE(read(ends[0], &byte, 1) == 0);
    abort_twice();
    child = vfork();
    if (child == 0) {
        abort_twice();
        _exit(0);
    }
    abort_twice();
}

static void test_own_numbers(void)
{
    static char log[PATH_MAX];

    snprintf(log, sizeof log, "%s/log", own_directory());
    for (size_t way = 0; way < TAP_COUNT(ways); way++) {
        char number[8];
        const char *const arguments[] = {number, NULL};
        struct under under = {.rules = "limit 1000/s; orderly", .log = log};
        struct proc_result result;
        struct records records;
        char *text, *at;

        snprintf(number, sizeof number, "%zu", way);
        result = run_under("own numbers", arguments, &under);
        check_ended(&result, ways[way].name);
        text = records_file(log);
        records = records_parse(text, false);
        CHECK_INT((long long)records.count, 14);
        at = result.out;
        for (size_t i = 0; i < records.count; i++) {
            long pid = strtol(at, &at, 10);

            if (record_number(records.line[i], "pid") != pid || record_number(records.line[i], "tid") != pid)
                tap_fail(__FILE__, __LINE__, "%s, record %zu of process %ld: %s", ways[way].name, i, pid,
                         records.line[i]);
        }
        records_free(&records);
        free(text);
        proc_result_free(&result);
        unlink(log);
    }
    *strrchr(log, '/') = '\0';
    rmdir(log);
}

static const struct proc_snippet snippets[] = {
    {"own numbers", own_numbers},
    {"own counts", own_counts},
    {"mid rotation", mid_rotation},
};

static const struct tap_test tests[] = {
    {"a child of fork, _Fork, daemon, forkpty and clone by number counts for itself", test_own_counts, 60000},
    {"each process has its own number in its records, children of vfork too", test_own_numbers, 60000},
    {"a child of a fork in the middle of a rotation has its log", test_mid_rotation, 0},
};

int main(int argc, char **argv)
{
    proc_snippet_main(argc, argv, snippets, TAP_COUNT(snippets));
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
