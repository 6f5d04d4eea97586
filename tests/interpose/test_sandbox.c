/* SPDX-License-Identifier: MIT */
/*
 * In a sandbox that kills for every system call that is not on its list: what each way of using the
 * library needs there. The lists below are the promise; a call that is not in them is a defect.
 */
#include "tests/interpose/interpose.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* What the snippets below use themselves. */
#define PROGRAM       PROGRAM_ALONE LOOK
#define PROGRAM_ALONE "close dup2 dup3 setsockopt socketcall connect write exit_group exit futex "

/* Once a second, at a request or at a close that is inspected: is /etc/lingerguard/off there? */
#define LOOK "faccessat "

/* setsockopt of an abort: is it TCP, and was it asked before? */
#define REQUEST "getsockopt "

/* The close of a socket that was to abort: whose it is, what nobody has read, and of dup2 whether the number may be
 * had. */
#define CLOSE REQUEST "fcntl fcntl64 prlimit64 poll ppoll ppoll_time64 recvfrom ioctl getsockname getpeername "
#define DRAIN CLOSE "shutdown getpid gettid " /* the last two where it waits: whose close it is */

/* Any record. The addresses are for its facts, the diagnosis for who holds the socket now. */
/* The first one also maps a page (shim/base/copied.h). */
#define RECORD                                                                                                         \
    CLOSE "mmap mmap2 madvise statx getpid gettid fstat fstat64 rt_sigprocmask clock_gettime clock_gettime64 "         \
          "gettimeofday "                                                                                              \
          "socket sendto "
#define RECORD_PIPE  RECORD "poll ppoll ppoll_time64 pwritev2 write "
#define RECORD_FILE  RECORD "newfstatat fstatat64 write "
#define DISCONNECT   "rt_sigprocmask "
#define OTHER_THREAD "openat getdents64 read gettid getpid "

struct name {
    const char *name;
    long number;
};

#define NAME(call)                                                                                                     \
    {                                                                                                                  \
#call, SYS_##call                                                                                              \
    }

static const struct name names[] = {
    NAME(close),      NAME(dup3),        NAME(setsockopt),     NAME(getsockopt),    NAME(connect),      NAME(prlimit64),
    NAME(write),      NAME(exit),        NAME(exit_group),     NAME(futex),         NAME(fcntl),        NAME(recvfrom),
    NAME(ioctl),      NAME(getsockname), NAME(getpeername),    NAME(shutdown),      NAME(ppoll),        NAME(getpid),
    NAME(gettid),     NAME(fstat),       NAME(rt_sigprocmask), NAME(clock_gettime), NAME(gettimeofday), NAME(socket),
    NAME(sendto),     NAME(pwritev2),    NAME(openat),         NAME(getdents64),    NAME(read),         NAME(madvise),
    NAME(statx),      NAME(faccessat),
#ifdef SYS_newfstatat
    NAME(newfstatat),
#else
    NAME(fstatat64),      NAME(fstat64),       NAME(fcntl64),      NAME(clock_gettime64),
    NAME(ppoll_time64),
#endif
#ifdef SYS_socketcall
    NAME(socketcall), /* most of the above, as glibc makes them for i386 */
#endif
#ifdef SYS_mmap
    NAME(mmap),
#endif
#ifdef SYS_mmap2
    NAME(mmap2),
#endif
#ifdef SYS_dup2
    NAME(dup2),
#endif
#ifdef SYS_poll
    NAME(poll),
#endif
};

static long number_of(const char *name, size_t bytes)
{
    for (size_t i = 0; i < TAP_COUNT(names); i++) {
        if (strlen(names[i].name) == bytes && memcmp(names[i].name, name, bytes) == 0)
            return names[i].number;
    }
    return -1; /* this machine has another call for it */
}

/* Puts a filter over the process. */
static long inline_call(struct sock_fprog *program)
{
    return raw_syscall(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, (long)program, 0, 0);
}

static long prctl_call(struct sock_fprog *program)
{
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program);
}

static long prctl_by_number(struct sock_fprog *program)
{
    return syscall(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0);
}

static long seccomp_by_number(struct sock_fprog *program)
{
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, program);
}

typedef long install_fn(struct sock_fprog *program);

/* From now on every other system call has that action: kills, or fails. */
static void allow_only(const char *list, unsigned otherwise, install_fn *install)
{
    struct sock_filter filter[2 * 64 + 2];
    struct sock_fprog program = {0, filter};
    unsigned short count = 0;

    filter[count++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    while (*list != '\0') {
        size_t bytes = strcspn(list, " ");
        long number = number_of(list, bytes);

        if (number >= 0) {
            filter[count++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1);
            filter[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
        }
        list += bytes;
        list += strspn(list, " ");
    }
    filter[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, otherwise);
    program.len = count;
    REQUIRE(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    if (install(&program) != 0)
        tap_skip("seccomp", "no seccomp filter here: %s", strerror(errno));
}

static void *wait_in_recv(void *pair)
{
    char byte;

    recv(*(int *)pair, &byte, 1, 0);
    return NULL;
}

/* Everything that ends a connection; the program's own calls are in PROGRAM. */
static void sandboxed(int argc, char **argv)
{
    struct net_pair first = net_pair(AF_INET, NULL), second = net_pair(AF_INET6, NULL), third = net_pair(AF_INET, NULL),
                    fourth = net_pair(AF_INET, NULL), idle = net_pair(AF_INET, NULL);
    struct sockaddr unspec = {.sa_family = AF_UNSPEC};
    int file = open("/dev/null", O_RDWR);
    pthread_t thread;

    REQUIRE(argc >= 2);
    REQUIRE(net_send_pattern(first.server, 0, 5) && net_wait_unread(first.client, 5, 5000));
    if (strcmp(argv[1], "thread") == 0)
        REQUIRE(pthread_create(&thread, NULL, wait_in_recv, &idle.client) == 0);
    allow_only(argv[0], strcmp(argv[1], "refused") == 0 ? SECCOMP_RET_ERRNO | EPERM : SECCOMP_RET_KILL_PROCESS,
               inline_call);
    set_linger(first.client, 1, 0);
    close(first.client);
    set_linger(second.client, 1, 0);
    set_linger(second.client, 0, 0);
    close(second.client);
    set_linger(third.client, 1, 0);
    dup2(file, third.client);
    close(file);
    close(file);
    connect(fourth.client, &unspec, sizeof unspec);
    _exit(write(1, "done\n", 5) != 5);
}

static void expect_end(const char *rules, const char *log, const char *allowed, const char *thread, int signal_number)
{
    const char *const arguments[] = {allowed, thread, NULL};
    char path[96];
    struct under under = {.rules = rules, .log = log};
    struct proc_result result;

    if (getenv("LG_RUNNER") != NULL)
        tap_skip("emulator", "the filter would be for the emulator itself");
    if (strcmp(log, "file") == 0) {
        snprintf(path, sizeof path, "%s/log", own_directory());
        under.log = path;
    }
    result = run_under("sandboxed", arguments, &under);
    if (result.signal != signal_number || (signal_number == 0 && strcmp(result.out, "done\n") != 0))
        tap_fail(__FILE__, __LINE__, "'%s', log %s: exit status %d, signal %d\n%s%s", rules, log, result.exit_status,
                 result.signal, result.out, result.err);
    if (under.log == path) {
        unlink(path);
        *strrchr(path, '/') = '\0';
        rmdir(path);
    }
    proc_result_free(&result);
}

static void test_lists(void)
{
    static const struct {
        const char *rules, *log, *allowed;
    } rows[] = {
        {"allow", "off", PROGRAM},
        {"inspect never; orderly", "off", PROGRAM REQUEST},
        {"inspect never; reject", "off", PROGRAM REQUEST},
        {"inspect never; drain 1s", "off", PROGRAM REQUEST},
        {"orderly", "off", PROGRAM CLOSE},
        {"reject", "off", PROGRAM CLOSE},
        {"orderly within 2s", "off", PROGRAM CLOSE},
        {"linger 1s", "off", PROGRAM CLOSE},
        {"inspect every-close; observe on linger-zero,unread", "off", PROGRAM CLOSE},
        {"orderly peer 127.0.0.1; reject local :1; orderly role accepted", "off", PROGRAM CLOSE},
        {"drain 20ms", "off", PROGRAM DRAIN},
        {"orderly", "stderr", PROGRAM RECORD_PIPE},
        {"callers 8; orderly", "stderr", PROGRAM RECORD_PIPE},
        {"observe on linger-zero,unread,backlog", "stderr", PROGRAM RECORD_PIPE},
        {"orderly", "file", PROGRAM RECORD_FILE},
        {"drain 20ms", "file", PROGRAM RECORD_FILE DRAIN},
        {"reject on disconnect", "off", PROGRAM CLOSE DISCONNECT},
        {"observe on disconnect", "file", PROGRAM RECORD_FILE DISCONNECT},
    };

    for (size_t i = 0; i < TAP_COUNT(rows); i++)
        expect_end(rows[i].rules, rows[i].log, rows[i].allowed, "alone", 0);
}

static void test_threads(void)
{
    expect_end("orderly", "off", PROGRAM CLOSE OTHER_THREAD, "thread", 0);
    expect_end("drain 20ms", "off", PROGRAM DRAIN OTHER_THREAD, "thread", 0);
}

/* That the sandbox bites: one call too few. */
static void test_sandbox_kills(void)
{
    expect_end("orderly", "off", PROGRAM, "alone", SIGSYS);
    expect_end("orderly", "stderr", PROGRAM CLOSE, "alone", SIGSYS);
}

/* Where the sandbox says no instead, the library knows less, and the program goes on as if it were not there. */
static void test_refused(void)
{
    static const char *const rules[] = {"orderly",
                                        "reject",
                                        "linger 1s",
                                        "drain 1s",
                                        "inspect every-close; callers 8; observe",
                                        "observe on disconnect,unread,backlog"};

    for (size_t i = 0; i < TAP_COUNT(rules); i++) {
        expect_end(rules[i], "off", PROGRAM, "refused", 0);
        expect_end(rules[i], "stderr", PROGRAM, "refused", 0);
        expect_end(rules[i], "file", PROGRAM REQUEST, "refused", 0);
    }
}

/* `inspect never` and no log: no close makes a system call that the program would not make. */
static void only_closes(int argc, char **argv)
{
    struct net_pair first = net_pair(AF_INET, NULL), second = net_pair(AF_INET, NULL);
    int file = open("/dev/null", O_RDWR), six = dup2(file, 600);

    (void)argc, (void)argv;
    REQUIRE(six == 600);
    set_linger(first.client, 1, 0);
    set_linger(second.client, 1, 0);
    allow_only("close close_range dup2 dup3 exit_group write", SECCOMP_RET_KILL_PROCESS, inline_call);
    close(first.client);
    close(first.client);
    close(-1);
    dup2(file, second.client);
    dup3(file, first.server, O_CLOEXEC);
    fclose(stdin);
    syscall(SYS_close, second.server);
    _exit(write(1, "done\n", 5) != 5);
}

static void test_only_closes(void)
{
    static const char *const rules[] = {"inspect never; log off; orderly", "inspect never; log off; drain 1s",
                                        "inspect never; log off; reject", "inspect never; observe", "log off; allow"};

    if (getenv("LG_RUNNER") != NULL)
        tap_skip("emulator", "the filter would be for the emulator itself");
    for (size_t i = 0; i < TAP_COUNT(rules); i++) {
        struct proc_result result = run_rules("only closes", rules[i]);

        check_ended(&result, rules[i]);
        CHECK_TEXT(result.out, "done\n");
        proc_result_free(&result);
    }
}

/* ---- A filter that the program itself puts over itself ---- */

static install_fn *const ways[] = {prctl_call, prctl_by_number, seccomp_by_number};
static const char *const names_of_ways[] = {"prctl", "syscall(SYS_prctl)", "syscall(SYS_seccomp)"};

/* As vsftpd and others: a daemon that has everything blocked, and a list of what it calls itself. */
static void sandboxes_itself(int argc, char **argv)
{
    struct net_pair first = net_pair(AF_INET, NULL), second = net_pair(AF_INET, NULL), third = net_pair(AF_INET, NULL);
    struct sockaddr unspec = {.sa_family = AF_UNSPEC};
    int file = open("/dev/null", O_RDWR);
    sigset_t all;
    char byte;

    REQUIRE(argc >= 2);
    REQUIRE(net_send_pattern(first.server, 0, 5) && net_wait_unread(first.client, 5, 5000));
    if (strcmp(argv[1], "before") == 0) {
        struct net_pair early = net_pair(AF_INET, NULL);

        set_linger(early.client, 1, 0);
        close(early.client);
        REQUIRE(getenv("LINGERGUARD_LOG") != NULL);
        rename(getenv("LINGERGUARD_LOG"), argv[2]); /* a further record would make it anew */
    }
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    /* Its own calls; only to reject is the option read before it is set. */
    allow_only(strstr(getenv("LINGERGUARD_RULES"), "reject") != NULL ? PROGRAM "read " REQUEST : PROGRAM "read ",
               SECCOMP_RET_KILL_PROCESS, ways[atoi(argv[0])]);
    set_linger(first.client, 1, 0);
    close(first.client);
    set_linger(second.client, 1, 0);
    dup2(file, second.client);
    close(file);
    close(1023);
    connect(third.client, &unspec, sizeof unspec);
    _exit(read(second.server, &byte, 1) == 0 ? write(1, "EOF\n", 4) != 4 : write(1, "RST\n", 4) != 4);
}

static void test_own_filter(void)
{
    static const char *const rules[] = {
        "orderly",
        "reject",
        "linger 1s",
        "drain 1s on linger-zero,unread",
        "orderly within 2s",
        "inspect every-close; observe on linger-zero,unread,backlog,disconnect",
        "callers 8; orderly peer 127.0.0.1 role accepted; reject EACCES on disconnect; orderly user 0"};
    static const char number[][2] = {"0", "1", "2"};

    if (getenv("LG_RUNNER") != NULL)
        tap_skip("emulator", "the filter would be for the emulator itself");
    for (size_t way = 0; way < TAP_COUNT(ways); way++) {
        for (size_t i = 0; i < TAP_COUNT(rules); i++) {
            const char *const arguments[] = {number[way], "after", NULL};
            struct under under = {.rules = rules[i]};
            struct proc_result result = run_under("sandboxes itself", arguments, &under);

            if (check_ended(&result, rules[i]) && strcmp(result.err, "") != 0)
                tap_fail(__FILE__, __LINE__, "%s, %s: says %s", names_of_ways[way], rules[i], result.err);
            CHECK_TEXT(result.out, strstr(rules[i], "observe") != NULL ? "RST\n" : "EOF\n");
            proc_result_free(&result);
        }
    }
}

/* A process whose records are read says that there will be no more. */
static void test_last_word(void)
{
    static char log[96], moved[104];
    const char *const arguments[] = {"0", "before", moved, NULL};
    struct under under = {.rules = "drain 1s on linger-zero,unread", .log = log};
    struct proc_result result;
    struct records records;
    char *text;

    if (getenv("LG_RUNNER") != NULL)
        tap_skip("emulator", "the filter would be for the emulator itself");
    snprintf(log, sizeof log, "%s/log", own_directory());
    snprintf(moved, sizeof moved, "%s.1", log);
    result = run_under("sandboxes itself", arguments, &under);
    check_ended(&result, "a filter after a record");
    text = records_file(moved);
    records = records_parse(text, false);
    CHECK_INT((long long)records.count, 3);
    CHECK_CONTAINS(text, "seccomp filter of the program's own");
    CHECK(access(log, F_OK) != 0);
    records_free(&records);
    free(text);
    unlink(moved);
    *strrchr(log, '/') = '\0';
    rmdir(log);
    proc_result_free(&result);
}

/* What the kernel refuses is no sandbox; and every other option goes on with all its arguments. */
static void other_prctls(int argc, char **argv)
{
    char name[16] = "";

    (void)argc, (void)argv;
    SHOW(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL));
    SHOW(prctl(PR_SET_SECCOMP, 77));
    SHOW(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL));
    SHOW(syscall(SYS_seccomp, 77, 0, NULL));
    SHOW(prctl(PR_SET_NAME, "renamed"));
    SHOW(prctl(PR_GET_NAME, name));
    puts(name);
    SHOW(prctl(PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0));
    SHOW(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 7));
    SHOW(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    SHOW(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    SHOW(prctl(PR_GET_SECCOMP));
    SHOW(syscall(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    SHOW(prctl(PR_CAPBSET_READ, 0));
    SHOW(prctl(9999, 1, 2, 3, 4));
    snippet_one_abort(0, NULL);
}

static void test_other_prctls(void)
{
    static const char *const rules[] = {"observe"};
    struct proc_result result = run_rules("other prctls", "orderly");

    check_ended(&result, "other prctls");
    CHECK_CONTAINS(result.out, "0 EOF\n");
    CHECK_CONTAINS(result.err, "disarmed");
    proc_result_free(&result);
    compare_under("other prctls", rules, TAP_COUNT(rules));
}

static const struct proc_snippet snippets[] = {
    {"sandboxes itself", sandboxes_itself},
    {"other prctls", other_prctls},
    {"sandboxed", sandboxed},
    {"only closes", only_closes},
};

static const struct tap_test tests[] = {
    {"each way of use needs no system call beyond its list", test_lists, 60000},
    {"with another thread it also looks at what that is doing", test_threads, 0},
    {"a call that is not on the list kills", test_sandbox_kills, 0},
    {"a sandbox that refuses instead of killing does no harm", test_refused, 60000},
    {"a filter that the program puts over itself kills nobody for what we would do", test_own_filter, 120000},
    {"where records were written it is told before", test_last_word, 0},
    {"a filter that is refused is none, and prctl passes everything on", test_other_prctls, 0},
    {"inspect never adds no system call to a close", test_only_closes, 0},
};

int main(int argc, char **argv)
{
    proc_snippet_main(argc, argv, snippets, TAP_COUNT(snippets));
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
