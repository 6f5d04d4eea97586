/* SPDX-License-Identifier: MIT */
/* The interposed calls work wherever a program may make them: early, inside malloc, in handlers, in a vfork child. */
#include "tests/interpose/interpose.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>

/* ---- Before the constructor, and under other libraries ---- */

static struct proc_result run_between(const char *before, const char *after, bool with_library, const char *rules)
{
    static char variable[256];
    const char *environment[] = {variable, "LINGERGUARD_FORMAT=json", "EARLY_PROCESSES=1", NULL};
    struct proc_options options = {
        .with_library = with_library, .preload_before = before, .preload_after = after, .environment = environment};

    snprintf(variable, sizeof variable, "LINGERGUARD_RULES=%s", rules);
    return proc_snippet_run("one abort", NULL, &options);
}

static void test_early_constructor(void)
{
    static const char *const rules[] = {"orderly", "inspect every-close; drain 50ms", "observe on unread,backlog;allow",
                                        "inspect never; reject"};
    char *early = strdup(proc_helper("interpose/lib_early.so"));
    struct proc_result bare = run_between(early, NULL, false, "");

    check_ended(&bare, "lib_early alone");
    CHECK_CONTAINS(bare.out, "early vfork: 1 0\n");
    for (size_t i = 0; i < TAP_COUNT(rules); i++) {
        struct proc_result with = run_between(NULL, early, true, rules[i]);
        size_t bytes = strlen(bare.out) - strlen("0 RST\n");

        check_ended(&with, rules[i]);
        if (strncmp(with.out, bare.out, bytes) != 0)
            tap_fail(__FILE__, __LINE__, "under '%s':\n%s\nwithout the library:\n%s", rules[i], with.out, bare.out);
        proc_result_free(&with);
    }
    proc_result_free(&bare);
    free(early);
}

/* The policy holds for what the program does later, and its first abort is known even if it came too early. */
static void test_policy_after_early(void)
{
    struct proc_result result;
    struct records records;

    if (sizeof(void *) < 8)
        tap_skip("i386", "the early library spawns a program of the machine's own class");
    result = run_between(NULL, proc_helper("interpose/lib_early.so"), true, "orderly");
    records = records_parse(result.err, false);
    check_ended(&result, "one abort");
    CHECK_CONTAINS(result.out, "\n0 EOF\n");
    CHECK_INT(records_count(&records, "call=setsockopt outcome=disarmed"), 1);
    CHECK_INT(records_count(&records, "call=close outcome=orderly"), 1);
    records_free(&records);
    proc_result_free(&result);
}

static void test_constructor_after_ours(void)
{
    struct proc_result result = run_between(proc_helper("interpose/lib_early.so"), NULL, true, "reject EACCES");

    check_ended(&result, "one abort");
    CHECK_CONTAINS(result.out, "early setsockopt: -1 13\n");
    proc_result_free(&result);
}

static void test_malloc(void)
{
    static const char *const rules[] = {"orderly", "inspect every-close; orderly", "drain 20ms", "reject"};
    char *allocator = strdup(proc_helper("interpose/lib_malloc.so"));

    for (size_t i = 0; i < TAP_COUNT(rules); i++) {
        struct proc_result before = run_between(allocator, NULL, true, rules[i]);
        struct proc_result after = run_between(NULL, allocator, true, rules[i]);

        check_ended(&before, "malloc in front of us");
        check_ended(&after, "malloc behind us");
        CHECK_CONTAINS(before.out, i == 3 ? "-1 EOF\n" : "0 EOF\n");
        CHECK_CONTAINS(after.out, i == 3 ? "-1 EOF\n" : "0 EOF\n");
        proc_result_free(&before);
        proc_result_free(&after);
    }
    free(allocator);
}

static void count_stacked(int argc, char **argv)
{
    unsigned (*setsockopts)(void) = (unsigned (*)(void))dlsym(RTLD_DEFAULT, "second_setsockopts");
    unsigned (*closes)(void) = (unsigned (*)(void))dlsym(RTLD_DEFAULT, "second_closes");
    unsigned before;

    REQUIRE(setsockopts != NULL && closes != NULL);
    before = closes();
    snippet_one_abort(argc, argv);
    CHECK_INT(setsockopts(), 2);     /* SO_REUSEADDR of the listener, and the one */
    CHECK_INT(closes() - before, 3); /* the listener, the client, the server: each once */
}

static void test_stacked(void)
{
    char *second = strdup(proc_helper("interpose/lib_second.so"));

    for (int order = 0; order < 2; order++) {
        const char *const environment[] = {"LINGERGUARD_RULES=orderly", "LINGERGUARD_FORMAT=json", NULL};
        struct proc_options options = {.with_library = true,
                                       .preload_before = order == 0 ? second : NULL,
                                       .preload_after = order == 1 ? second : NULL,
                                       .environment = environment};
        struct proc_result result = proc_snippet_run("count stacked", NULL, &options);
        struct records records = records_parse(result.err, false);

        check_ended(&result, order == 0 ? "behind another library" : "in front of another library");
        CHECK_TEXT(result.out, "0 EOF\n");
        CHECK_INT(records_count(&records, "outcome=disarmed"), 1);
        CHECK_INT(records_count(&records, "outcome=orderly"), 1);
        records_free(&records);
        proc_result_free(&result);
    }
    free(second);
}

static void last_error(int argc, char **argv)
{
    const char *error;

    (void)argc, (void)argv;
    error = dlerror();
    printf("%s\n", error != NULL ? error : "no error");
    snippet_one_abort(0, NULL);
    fclose(fopen("/dev/null", "r"));
    error = dlerror();
    printf("%s\n", error != NULL ? error : "no error");
}

static void test_dlerror(void)
{
    struct proc_result result = run_rules("last error", "inspect every-close; orderly");

    check_ended(&result, "last error");
    CHECK_TEXT(result.out, "no error\n0 EOF\nno error\n");
    proc_result_free(&result);
}

/* ---- Signal handlers ---- */

static volatile sig_atomic_t handled;

static void abort_in_handler(int number)
{
    int before = errno;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    (void)number;
    if (fd >= 0 && (set_linger(fd, 1, 0) != 0 || close(fd) != 0))
        _exit(3);
    handled++;
    errno = before;
}

static void start_timer(long microseconds)
{
    struct itimerval every = {{0, microseconds}, {0, microseconds}};

    REQUIRE(setitimer(ITIMER_REAL, &every, NULL) == 0);
}

static void handler_storm(int argc, char **argv)
{
    struct sigaction action = {.sa_handler = abort_in_handler, .sa_flags = SA_RESTART};
    int file = open("/dev/null", O_RDWR | O_CLOEXEC);

    (void)argc, (void)argv;
    sigaction(SIGALRM, &action, NULL);
    start_timer(100);
    for (int i = 0; i < 3000 || handled < 1000; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        errno = UNTOUCHED;
        if (set_linger(fd, 1, 0) != 0 || close(fd) != 0 || errno != UNTOUCHED)
            tap_fail(__FILE__, __LINE__, "round %d: errno %d", i, errno);
        CHECK_INT(dup2(file, 50), 50);
        fclose(fopen("/dev/null", "r"));
        free(malloc(100));
    }
    start_timer(0);
    printf("done\n");
}

static void test_handler_storm(void)
{
    static const char *const rules[] = {"limit 1000000/s; orderly", "limit 1000000/s; inspect every-close; drain 10ms",
                                        "limit 1000000/s; callers 8; observe"};

    if (sizeof(void *) < 8)
        tap_skip("i386", "int $0x80 takes longer here than the timer leaves");
    for (size_t i = 0; i < TAP_COUNT(rules); i++) {
        char directory[64], path[96];
        struct under under = {.rules = rules[i], .start.deadline_ms = 30000, .log = path};
        struct proc_result result;
        char *text, *line, *rest;
        long broken = 0, whole = 0;

        snprintf(directory, sizeof directory, "%s", own_directory());
        snprintf(path, sizeof path, "%s/storm.log", directory);
        result = run_under("handler storm", NULL, &under);
        check_ended(&result, rules[i]);
        CHECK_TEXT(result.out, "done\n");
        text = records_file(path);
        if (strrchr(text, '\n') != NULL)
            *strrchr(text, '\n') = '\0'; /* the reader's buffer may end within a line */
        for (line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest), whole++)
            broken += !record_is_valid(line);
        CHECK_INT(broken, 0);
        CHECK(whole > 1000);
        free(text);
        unlink(path);
        rmdir(directory);
        proc_result_free(&result);
    }
}

static struct net_pair handler_pair;

static void close_in_handler(int number)
{
    (void)number;
    if (set_linger(handler_pair.client, 1, 0) != 0 || close(handler_pair.client) != 0)
        _exit(3);
    handled = 1;
}

/* A stack of SIGSTKSZ as it has been for decades, with a page behind it that nobody may touch. */
static void small_stack(int argc, char **argv)
{
    struct sigaction action = {.sa_handler = close_in_handler, .sa_flags = SA_ONSTACK};
    char *memory = mmap(NULL, 4096 + 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack_t stack = {.ss_sp = memory + 4096, .ss_size = 8192};

    (void)argc, (void)argv;
    REQUIRE(memory != MAP_FAILED && mprotect(memory, 4096, PROT_NONE) == 0);
    if (sigaltstack(&stack, NULL) != 0) {
        printf("none\n");
        return;
    }
    handler_pair = net_pair(AF_INET, NULL);
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    printf("%d %s\n", (int)handled, end_of(handler_pair.server));
}

static void test_small_stack(void)
{
    static const char *const rules[] = {"orderly", "linger 1s",           "drain 20ms",
                                        "reject;", "callers 16; orderly", "format text; orderly"};

    for (size_t i = 0; i < TAP_COUNT(rules); i++) {
        struct proc_result result = run_rules("small stack", rules[i]);

        if (strcmp(result.out, "none\n") == 0)
            tap_skip("sigaltstack", "this machine's registers need more than 8 KiB");
        if (i != 3) {
            check_ended(&result, rules[i]);
            CHECK_TEXT(result.out, "1 EOF\n");
        } else {
            CHECK_INT(result.exit_status, 3); /* rejected */
        }
        proc_result_free(&result);
    }
}

/* ---- Children that share the memory ---- */

static void vfork_child(int argc, char **argv)
{
    static char *const arguments[] = {(char *)"sh", (char *)"-c", (char *)"exit 7", NULL};
    static char *const environment[] = {NULL};
    struct net_pair first = net_pair(AF_INET, NULL), second = net_pair(AF_INET, NULL);
    int status = 0;
    pid_t child;

    (void)argc, (void)argv;
    child = vfork();
    if (child == 0) {
        if (set_linger(first.client, 1, 0) != 0 || close(first.client) != 0 || close(first.server) != 0)
            _exit(4);
        closefrom(3);
        execve("/bin/sh", arguments, environment);
        _exit(5);
    }
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK_INT(WEXITSTATUS(status), 7);
    CHECK_INT(write(first.client, "open", 4), 4); /* the parent's is another table */
    CHECK(net_wait_unread(first.server, 4, 5000));
    CHECK_INT(set_linger(second.client, 1, 0), 0);
    CHECK_INT(close(second.client), 0);
    CHECK_INT(close(first.client), 0);
    printf("%s %s\n", end_of(first.server), end_of(second.server));
}

static void test_vfork_child(void)
{
    static const char *const rules[] = {"orderly", "inspect every-close; drain 100ms", "linger 1s"};

    for (size_t i = 0; i < TAP_COUNT(rules); i++) {
        struct proc_result result = run_rules("vfork child", rules[i]);

        check_ended(&result, rules[i]);
        CHECK_TEXT(result.out, "EOF EOF\n");
        proc_result_free(&result);
    }
}

static const struct proc_snippet snippets[] = {
    {"one abort", snippet_one_abort}, {"count stacked", count_stacked}, {"last error", last_error},
    {"handler storm", handler_storm}, {"small stack", small_stack},     {"vfork child", vfork_child},
};

static const struct tap_test tests[] = {
    {"every call from a constructor that runs before ours", test_early_constructor, 60000},
    {"the policy holds after a library that asked for an abort before it was read", test_policy_after_early, 0},
    {"the policy holds in a constructor that runs after ours", test_constructor_after_ours, 0},
    {"a malloc that opens, closes and sets linger zero on first use", test_malloc, 60000},
    {"stacked with another library of the same calls, in both orders", test_stacked, 0},
    {"dlerror is left alone", test_dlerror, 0},
    {"a handler at 10 kHz that aborts while the program does", test_handler_storm, 100000},
    {"an abort on an alternate stack of 8 KiB", test_small_stack, 0},
    {"a vfork child that aborts, closes all and execs", test_vfork_child, 0},
};

int main(int argc, char **argv)
{
    proc_snippet_main(argc, argv, snippets, TAP_COUNT(snippets));
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
