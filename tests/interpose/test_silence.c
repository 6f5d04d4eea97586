/* SPDX-License-Identifier: MIT */
/* Trouble with the settings or the log: who is told, and when; and that nobody is told who did not ask. */
#include "tests/interpose/interpose.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>

#define NOBODY       65534
#define DISARMED     "0 EOF\n"
#define ABORTED      "0 RST\n"
#define BROKEN       "rejct\n"
#define NOT_WRITABLE "/etc/records.log"

static void plain(int argc, char **argv)
{
    struct net_pair pair = net_pair(AF_INET, NULL);

    (void)argc, (void)argv;
    close(pair.client);
    printf("%s\n", end_of(pair.server));
}

/* /etc and /dev of our own, the library in /etc, and somebody who listens to syslog. */
static int own_system(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
    const char *const copy_library[] = {"cp", proc_library(), "/etc/liblingerguard.so", NULL};
    const char *const copy_program[] = {"cp", "/proc/self/exe", "/etc/program", NULL};
    struct proc_options options = {0};
    struct proc_result result;
    char self[PATH_MAX] = "";
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (getenv("LG_RUNNER") != NULL)
        tap_skip("emulator", "the emulator itself would be under /etc/ld.so.preload");
    REQUIRE(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
    ((const char **)(uintptr_t)copy_program)[1] = self;
    own_etc();
    REQUIRE(mount("lg-dev", "/dev", "tmpfs", 0, "mode=755") == 0);
    REQUIRE(mknod("/dev/null", S_IFCHR | 0666, makedev(1, 3)) == 0 && chmod("/dev/null", 0666) == 0);
    REQUIRE(bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && chmod("/dev/log", 0666) == 0);
    result = proc_run(copy_library, &options);
    check_ended(&result, "cp");
    proc_result_free(&result);
    result = proc_run(copy_program, &options);
    check_ended(&result, "cp");
    proc_result_free(&result);
    return fd;
}

static void become_nobody(void *context)
{
    (void)context;
    if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
        _exit(125);
}

/* Runs the snippet as root or nobody; checks what it prints, and what is said on standard error. */
static void expect_words(const char *snippet, const char *const *environment, bool nobody, const char *printed,
                         const char *error)
{
    const char *const words[] = {"/etc/program", "--snippet", snippet, NULL};
    struct proc_options options = {.environment = environment, .before_exec = nobody ? become_nobody : NULL};
    struct proc_result result = proc_run(words, &options);

    check_ended(&result, snippet);
    CHECK_TEXT(result.out, printed);
    if (error == NULL)
        CHECK_TEXT(result.err, "");
    else
        CHECK_CONTAINS(result.err, error);
    proc_result_free(&result);
}

/* What syslog was told: how many lines, all of them in `said`. */
static int heard(int fd, char *said, size_t size)
{
    size_t used = 0;
    int count = 0;
    ssize_t got;

    while ((got = recv(fd, said + used, size - 1 - used, 0)) > 0) {
        used += (size_t)got;
        count++;
    }
    said[used] = '\0';
    return count;
}

static void expect_syslog(int fd, int lines, const char *word)
{
    char said[65536];

    CHECK_INT(heard(fd, said, sizeof said), lines);
    if (word != NULL)
        CHECK_CONTAINS(said, word);
}

static const char *const preload[] = {"LD_PRELOAD=/etc/liblingerguard.so", NULL};

static void test_broken_policy(void)
{
    int fd = own_system();

    write_file("/etc/lingerguard/policy", BROKEN);
    for (int nobody = 0; nobody < 2; nobody++) {
        expect_words("one abort", preload, nobody, ABORTED, "did you mean");
        expect_syslog(fd, 1, "/etc/lingerguard/policy:1:1");
        expect_words("plain", preload, nobody, "EOF\n", NULL);
        expect_syslog(fd, 0, NULL);
    }
    write_file("/etc/ld.so.preload", "/etc/liblingerguard.so\n");
    for (int nobody = 0; nobody < 2; nobody++) {
        expect_words("one abort", NULL, nobody, ABORTED, NULL);
        expect_syslog(fd, 3, "/etc/lingerguard/policy:1:1"); /* that, and the records of what is observed */
        expect_words("plain", NULL, nobody, "EOF\n", NULL);
        expect_syslog(fd, 0, NULL);
    }
    expect_words("one abort", preload, false, ABORTED, "did you mean"); /* asked for by both: by this environment too */
}

static void test_unreadable_policy(void)
{
    int fd = own_system();

    write_file("/etc/lingerguard/policy", "reject\n");
    REQUIRE(chmod("/etc/lingerguard/policy", 0600) == 0);
    write_file("/etc/ld.so.preload", "/etc/liblingerguard.so\n");
    expect_words("one abort", NULL, true, ABORTED, NULL);
    expect_syslog(fd, 3, "/etc/lingerguard/policy: EACCES");
    expect_words("plain", NULL, true, "EOF\n", NULL);
    expect_syslog(fd, 0, NULL);
}

/* A log that only root may write, as the first process of root makes it. */
static void test_unwritable_log(void)
{
    int fd = own_system();
    char *text;

    write_file("/etc/lingerguard/policy", "log file " NOT_WRITABLE "\nformat json\norderly\n");
    expect_words("plain", preload, false, "EOF\n", NULL);
    CHECK(access(NOT_WRITABLE, F_OK) == 0); /* root's is opened at load */
    expect_words("plain", preload, true, "EOF\n", NULL);
    expect_syslog(fd, 0, NULL);
    expect_words("one abort", preload, true, DISARMED, NOT_WRITABLE ": EACCES; they go to standard error");
    expect_syslog(fd, 1, "cannot write records");
    write_file("/etc/ld.so.preload", "/etc/liblingerguard.so\n");
    expect_words("plain", NULL, true, "EOF\n", NULL);
    expect_syslog(fd, 0, NULL);
    expect_words("one abort", NULL, true, DISARMED, NULL);
    expect_syslog(fd, 1, NOT_WRITABLE ": EACCES; they are dropped");
    text = records_file(NOT_WRITABLE);
    CHECK_TEXT(text, "");
    free(text);
    expect_words("one abort", NULL, false, DISARMED, NULL);
    text = records_file(NOT_WRITABLE);
    CHECK_CONTAINS(text, "disarmed");
    free(text);
}

/* Whoever is told of a log that cannot be written is given advice that leads to no hole. */
static void test_advice(void)
{
    struct under under = {.log = "/nonexistent/records.log"};
    struct proc_result result = run_under("one abort", NULL, &under);

    CHECK_LACKS(result.err, "writable");
    CHECK_CONTAINS(result.err, "log syslog takes those of every user");
    CHECK_INT(records_count(&(struct records){0}, ""), 0);
    proc_result_free(&result);
}

static void test_settings_under_preload(void)
{
    const char *const wrong[] = {"LINGERGUARD_OFF=yes", "LINGERGUARD_POLICCY=/x", "LINGERGUARD_FORMAT=xml", NULL};
    const char *const words[] = {"/etc/program", "--snippet", "one abort", NULL};
    struct proc_options options = {0};
    struct proc_result result;
    int fd = own_system();

    write_file("/etc/ld.so.preload", "/etc/liblingerguard.so\n");
    write_file("/etc/lingerguard/policy", "log file " NOT_WRITABLE "\norderly\n");
    expect_words("plain", wrong, false, "EOF\n", NULL);
    expect_syslog(fd, 0, NULL);
    expect_words("one abort", wrong, false, DISARMED, NULL);
    expect_syslog(fd, 3, "LINGERGUARD_OFF is not 1 or 0");
    write_file("/etc/lingerguard/policy", "log stderr\norderly\n"); /* records are asked for, trouble is not */
    options.environment = wrong;
    result = proc_run(words, &options);
    CHECK_CONTAINS(result.err, "disarmed");
    CHECK_LACKS(result.err, "LINGERGUARD_");
    proc_result_free(&result);
    expect_syslog(fd, 3, "LINGERGUARD_OFF is not 1 or 0");
}

/* ---- What is not trusted ---- */

/* An abort of root's under this log; what standard error says of it, which the caller frees. */
static char *log_as_root(const char *path)
{
    struct under under = {.rules = "orderly", .log = path};
    struct proc_result result = run_under("one abort", NULL, &under);

    check_ended(&result, "one abort");
    CHECK_TEXT(result.out, DISARMED);
    free(result.out);
    return result.err;
}

static void test_roots_log(void)
{
    char *said;

    own_etc();
    if (getuid() != 0)
        tap_skip("root", "the test needs root");
    write_file("/etc/victim", "");
    REQUIRE(symlink("/etc/victim", "/etc/link.log") == 0);
    said = log_as_root("/etc/link.log");
    CHECK_CONTAINS(said, "symbolic link");
    free(said);
    REQUIRE(unlink("/etc/victim") == 0); /* dangling: nothing is made at its end */
    free(log_as_root("/etc/link.log"));
    CHECK(access("/etc/victim", F_OK) != 0);
    write_file("/etc/theirs.log", "");
    REQUIRE(chown("/etc/theirs.log", NOBODY, NOBODY) == 0);
    said = log_as_root("/etc/theirs.log");
    CHECK_CONTAINS(said, "another user's file");
    free(said);
    said = records_file("/etc/theirs.log");
    CHECK_TEXT(said, "");
    free(said);
    said = log_as_root("/dev/stderr"); /* a link, in a directory where nobody else can put one */
    CHECK_CONTAINS(said, "disarmed");
    CHECK_LACKS(said, "cannot write");
    free(said);
}

static void expect_secure(const char *printed)
{
    const char *const words[] = {"/etc/lingerguard-suid", "--snippet", "one abort", NULL};
    struct proc_options options = {.before_exec = become_nobody};
    struct proc_result result = proc_run(words, &options);

    check_ended(&result, "a setuid program");
    CHECK_TEXT(result.out, printed);
    CHECK_TEXT(result.err, "");
    proc_result_free(&result);
}

static void test_secure_policy(void)
{
    const char *const copy[] = {"cp", "/etc/program", "/etc/lingerguard-suid", NULL};
    struct proc_options options = {0};
    struct proc_result result;
    int fd = own_system();

    result = proc_run(copy, &options);
    proc_result_free(&result);
    REQUIRE(chmod("/etc/lingerguard-suid", 04755) == 0);
    write_file("/etc/ld.so.preload", "/etc/liblingerguard.so\n");
    write_file("/etc/lingerguard/policy", "log syslog; reject\n");
    expect_secure("-1 EOF\n");
    expect_syslog(fd, 1, "reject");
    REQUIRE(chmod("/etc/lingerguard", 0777) == 0);
    expect_secure(ABORTED);
    expect_syslog(fd, 3, "/etc/lingerguard/policy: not root's alone");
    REQUIRE(chmod("/etc/lingerguard", 0755) == 0 && chmod("/etc/lingerguard/policy", 0664) == 0);
    expect_secure(ABORTED);
    REQUIRE(chmod("/etc/lingerguard/policy", 0644) == 0 && chown("/etc/lingerguard/policy", NOBODY, 0) == 0);
    expect_secure(ABORTED);
    REQUIRE(rename("/etc/lingerguard/policy", "/etc/policy") == 0 && chown("/etc/policy", 0, 0) == 0);
    REQUIRE(symlink("/etc/policy", "/etc/lingerguard/policy") == 0);
    expect_secure(ABORTED);
    REQUIRE(unlink("/etc/lingerguard/policy") == 0 && rename("/etc/policy", "/etc/lingerguard/policy") == 0);
    heard(fd, (char[65536]){0}, 65536);
    expect_secure("-1 EOF\n");
    expect_syslog(fd, 1, "reject");
    REQUIRE(unlink("/etc/lingerguard/policy") == 0); /* none: the built-in one */
    REQUIRE(chmod("/etc/lingerguard", 0777) == 0);
    expect_words("one abort", NULL, true, DISARMED, "disarmed");
}

static const struct proc_snippet snippets[] = {
    {"one abort", snippet_one_abort},
    {"plain", plain},
};

static const struct tap_test tests[] = {
    {"a policy with an error: observed, told to syslog and to who asked for it, and only where there is a record",
     test_broken_policy, 60000},
    {"a policy that another user cannot read", test_unreadable_policy, 60000},
    {"a log that another user cannot write", test_unwritable_log, 60000},
    {"advice that is safe", test_advice, 0},
    {"settings that are ignored, under /etc/ld.so.preload", test_settings_under_preload, 60000},
    {"root writes no log through a link, nor one of another user", test_roots_log, 0},
    {"a setuid program takes a policy of root's alone", test_secure_policy, 60000},
};

int main(int argc, char **argv)
{
    proc_snippet_main(argc, argv, snippets, TAP_COUNT(snippets));
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
