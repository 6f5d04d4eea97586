/* SPDX-License-Identifier: MIT */
/*
 * What the interposition tests share: starting a snippet under a policy, and printing what a call
 * answered in a form that can be compared with and without the library.
 */
#ifndef INTERPOSE_H
#define INTERPOSE_H

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/base/sys.h"
#include "tests/harness/net.h"
#include "tests/harness/proc.h"
#include "tests/harness/records.h"
#include "tests/harness/tap.h"

/* No errno of the kernel: a call that succeeds must leave it. */
#define UNTOUCHED 4242

/* Settings of a run: variables of ours, each may be NULL. */
struct under {
    const char *rules;
    const char *log;
    const char *variable[4];   /* further NAME=VALUE */
    struct proc_options start; /* environment and with_library are filled in */
};

static inline const char **under_environment(const struct under *under, char storage[2][8192], const char *list[10])
{
    size_t count = 0;

    if (under->rules != NULL) {
        snprintf(storage[0], sizeof storage[0], "LINGERGUARD_RULES=%s", under->rules);
        list[count++] = storage[0];
    }
    if (under->log != NULL) {
        snprintf(storage[1], sizeof storage[1], "LINGERGUARD_LOG=%s", under->log);
        list[count++] = storage[1];
    }
    list[count++] = "LINGERGUARD_FORMAT=json";
    for (size_t i = 0; i < 4 && under->variable[i] != NULL; i++)
        list[count++] = under->variable[i];
    list[count] = NULL;
    return list;
}

static inline struct proc start_under(const char *snippet, const char *const *arguments, const struct under *under)
{
    static char storage[2][8192];
    const char *list[10];
    struct proc_options options = under->start;

    options.environment = under_environment(under, storage, list);
    options.with_library = true;
    return proc_snippet_start(snippet, arguments, &options);
}

static inline struct proc_result run_under(const char *snippet, const char *const *arguments, const struct under *under)
{
    struct proc process = start_under(snippet, arguments, under);

    return proc_wait(&process);
}

/* With the library and these rules, records as JSON on standard error. */
static inline struct proc_result run_rules(const char *snippet, const char *rules)
{
    struct under under = {.rules = rules};

    return run_under(snippet, NULL, &under);
}

/* The snippet ended by itself with status 0; else shows what it wrote. */
static inline bool check_ended(const struct proc_result *result, const char *what)
{
    if (!result->timed_out && result->exit_status == 0 && result->signal == 0)
        return true;
    tap_fail(__FILE__, __LINE__, "%s: exit status %d, signal %d%s\n%s%s", what, result->exit_status, result->signal,
             result->timed_out ? ", deadline passed" : "", result->out, result->err);
    return false;
}

/* Runs it without the library, then with it under each policy: the same output and end each time. */
static inline void compare_under(const char *snippet, const char *const *rules, size_t count)
{
    struct proc_options plain = {0};
    struct proc_result bare = proc_snippet_run(snippet, NULL, &plain);

    check_ended(&bare, snippet);
    CHECK(bare.out_bytes > 0);
    for (size_t i = 0; i < count; i++) {
        struct proc_result with = run_rules(snippet, rules[i]);

        if (check_ended(&with, rules[i]) && strcmp(with.out, bare.out) != 0)
            tap_fail(__FILE__, __LINE__, "%s under '%s' differs; without the library:\n%swith it:\n%s", snippet,
                     rules[i], bare.out, with.out);
        proc_result_free(&with);
    }
    proc_result_free(&bare);
}

static inline int set_linger(int fd, int on, int seconds)
{
    struct linger linger = {on, seconds};

    return setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

/* Prints "NAME: RESULT ERRNO" for a call that was made with errno UNTOUCHED. */
static inline void show(const char *name, long result)
{
    int error = errno;

    printf("%s: %ld %s\n", name, result, error == UNTOUCHED ? "untouched" : strerror(error));
    errno = UNTOUCHED;
}

#define SHOW(call) (errno = UNTOUCHED, show(#call, (long)(call)))

static inline void show_linger(int fd)
{
    int seconds = -1, on = net_get_linger(fd, &seconds);

    printf("    linger {%d,%d}\n", on, seconds);
}

/* What the peer sees of the end: "EOF" or the name of the error. */
static inline const char *end_of(int fd)
{
    struct net_received received = net_read_all(fd, 5000);

    return received.eof ? "EOF" : received.error == ECONNRESET ? "RST" : strerror(received.error);
}

/*
 * A private view of the file system, where /etc is empty and ours; /dev is still the real one. Programs find libc all
 * the same, by the loader's own directories.
 */
static inline void own_etc(void)
{
    if (unshare(CLONE_NEWNS) != 0)
        tap_skip("mountns", "a mount namespace needs root: %s", strerror(errno));
    REQUIRE(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
    REQUIRE(mount("lg-etc", "/etc", "tmpfs", 0, "mode=755") == 0);
    REQUIRE(mkdir("/etc/lingerguard", 0755) == 0);
}

static inline void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");

    REQUIRE(file != NULL);
    REQUIRE(fputs(text, file) >= 0 && fclose(file) == 0);
}

/* A directory of the test's own, gone at its end. */
static inline const char *own_directory(void)
{
    static char path[64];

    strcpy(path, "/tmp/lg-interpose-XXXXXX");
    if (mkdtemp(path) == NULL)
        tap_end_failed();
    return path;
}

static inline void remove_tree(const char *path)
{
    const char *const words[] = {"rm", "-rf", path, NULL};
    struct proc_options options = {0};
    struct proc_result result = proc_run(words, &options);

    proc_result_free(&result);
}

/* The program under test: one abort, asked for and closed; prints the answer and what the peer saw. */
static inline void snippet_one_abort(int argc, char **argv)
{
    struct net_pair pair = net_pair(AF_INET, NULL);
    int result = set_linger(pair.client, 1, 0);

    (void)argc, (void)argv;
    close(pair.client);
    printf("%d %s\n", result, end_of(pair.server));
    close(pair.server);
}

/* A system call that no library can see. */
static inline long raw_syscall(long number, long a, long b, long c, long d, long e)
{
    return lg_syscall5(number, a, b, c, d, e);
}

/* Linger zero, and a close, in ways that no library can see. */
static inline void raw_linger_zero(int fd)
{
    struct linger linger = {1, 0};

    raw_syscall(SYS_setsockopt, fd, SOL_SOCKET, SO_LINGER, (long)&linger, sizeof linger);
}

static inline void raw_close(int fd)
{
    raw_syscall(SYS_close, fd, 0, 0, 0, 0);
}

#endif
