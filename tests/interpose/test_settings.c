/* SPDX-License-Identifier: MIT */
/* Where settings come from, which come first, and what happens to those that are wrong. */
#include "tests/interpose/interpose.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/auxv.h>

#define DISARMED "0 EOF\n"
#define ABORTED  "0 RST\n"
#define REJECTED "-1 EOF\n"
#define NOBODY   65534

extern char **environ;

static char directory[64];

/* A file in the test's directory, with its path in one of a few buffers. */
static const char *file(const char *name, const char *text)
{
    static char path[4][128];
    static unsigned next;
    char *mine = path[next++ % 4];

    if (directory[0] == '\0')
        snprintf(directory, sizeof directory, "%s", own_directory());
    snprintf(mine, sizeof path[0], "%s/%s", directory, name);
    if (text != NULL)
        write_file(mine, text);
    return mine;
}

static const char *variable(const char *name, const char *value)
{
    static char text[4][512];
    static unsigned next;
    char *mine = text[next++ % 4];

    snprintf(mine, sizeof text[0], "LINGERGUARD_%s=%s", name, value);
    return mine;
}

static void remove_directory(void)
{
    if (directory[0] != '\0')
        remove_tree(directory);
}

/* Runs one abort under these settings: what it printed, and the first record (or NULL: none). */
static struct records one_abort(const struct under *under, const char *printed)
{
    struct proc_result result = run_under("one abort", NULL, under);
    struct records records = records_parse(result.err, false);

    check_ended(&result, "one abort");
    CHECK_TEXT(result.out, printed);
    proc_result_free(&result);
    return records;
}

static void expect(const struct under *under, const char *printed, const char *record)
{
    struct records records = one_abort(under, printed);

    if (record == NULL)
        CHECK_INT((long long)records.count, 0);
    else if (records_find(&records, record) == NULL)
        tap_fail(__FILE__, __LINE__, "no record has %s; first: %s", record,
                 records.count > 0 ? records.line[0] : "none");
    records_free(&records);
}

static void test_sources(void)
{
    const char *policy = file("policy", "# first\nlog stderr\nreject EACCES\n");
    char rule[160];

    snprintf(rule, sizeof rule, "verdict=reject errno=EACCES rule=%s:3", policy);
    expect(&(struct under){0}, DISARMED, "verdict=orderly rule=default outcome=disarmed");
    expect(&(struct under){.rules = "orderly"}, DISARMED, "rule=rules:1 outcome=disarmed");
    expect(&(struct under){.rules = "format json;allow peer :1;reject"}, REJECTED, "rule=rules:3 errno=EPERM");
    expect(&(struct under){.variable = {variable("POLICY", policy)}}, REJECTED, rule);
    expect(&(struct under){.rules = "allow", .variable = {variable("POLICY", policy)}}, ABORTED, NULL);
    expect(&(struct under){.rules = "allow peer :1", .variable = {variable("POLICY", policy)}}, REJECTED, rule);
    expect(&(struct under){.rules = "", .variable = {variable("POLICY", policy)}}, REJECTED, rule);
    expect(&(struct under){.rules = "", .variable = {variable("POLICY", "")}}, DISARMED, "rule=default");
    remove_directory();
}

static void test_relative_policy(void)
{
    file("here", "reject\n");
    expect(&(struct under){.variable = {variable("POLICY", "here")}, .start.directory = directory}, REJECTED,
           "rule=here:1");
    remove_directory();
}

static void test_system_policy(void)
{
    const char *policy = file("policy", "allow\n");

    own_etc();
    expect(&(struct under){0}, DISARMED, "rule=default");
    write_file("/etc/lingerguard/policy", "reject EACCES\n");
    expect(&(struct under){0}, REJECTED, "rule=/etc/lingerguard/policy:1 errno=EACCES");
    expect(&(struct under){.rules = "observe"}, ABORTED, "rule=rules:1 verdict=observe");
    expect(&(struct under){.rules = "allow peer :1"}, DISARMED,
           "rule=default"); /* nothing of the system's behind them */
    expect(&(struct under){.variable = {variable("POLICY", policy)}}, ABORTED, NULL);
    write_file("/etc/lingerguard/policy", "rejekt\n");
    {
        struct records records = one_abort(&(struct under){0}, ABORTED);

        REQUIRE(records.count > 0);
        CHECK_CONTAINS(record_get(records.line[0], "error"), "/etc/lingerguard/policy:1:1");
        records_free(&records);
    }
    remove_directory();
}

static void test_log_and_format(void)
{
    const char *log = file("records.log", "");
    const char *const overridden[] = {"LINGERGUARD_RULES=format json", "LINGERGUARD_FORMAT=text", NULL};
    char *text;
    struct proc_result result;

    expect(&(struct under){.rules = "log off"}, DISARMED, NULL);
    expect(&(struct under){.rules = "log off", .log = "stderr"}, DISARMED, "outcome=disarmed");
    expect(&(struct under){.log = "off"}, DISARMED, NULL);
    expect(&(struct under){.log = log}, DISARMED, NULL);
    text = records_file(log);
    CHECK_CONTAINS(text, "\"outcome\":\"disarmed\"");
    free(text);
    expect(&(struct under){.rules = "format text"}, DISARMED, "outcome=disarmed"); /* FORMAT=json has the word */
    result =
        proc_snippet_run("one abort", NULL, &(struct proc_options){.with_library = true, .environment = overridden});
    CHECK_CONTAINS(result.err, "lingerguard: ");
    CHECK_LACKS(result.err, "{");
    proc_result_free(&result);
    remove_directory();
}

/* One loud record before the first of the others, `then` in force, and the program's own business done. */
static void expect_told(const struct under *under, const char *word, const char *printed, const char *then)
{
    struct records records = one_abort(under, printed);
    int loud = 0;

    for (size_t i = 0; i < records.count; i++) {
        const char *error = record_get(records.line[i], "error");

        if (error == NULL)
            continue;
        if (loud++ == 0 && strstr(error, word) == NULL)
            tap_fail(__FILE__, __LINE__, "does not say %s: %s", word, error);
        CHECK_INT((long long)i, 0);
    }
    CHECK_INT(loud, 1);
    CHECK(records_find(&records, then) != NULL);
    records_free(&records);
}

/* A setting that is ignored: the rest is in force. */
static void expect_loud(const struct under *under, const char *word)
{
    expect_told(under, word, DISARMED, "rule=default outcome=disarmed");
}

/* A policy that cannot be used: aborts are seen, and nothing is done about them. */
static void expect_fallback(const struct under *under, const char *word)
{
    expect_told(under, word, ABORTED, "rule=fallback:1 verdict=observe outcome=aborted");
}

static void test_bad_policies(void)
{
    char *huge = malloc(2u << 20);
    const char *path;

    expect_fallback(&(struct under){.rules = "rejct"}, "rules:1:1: error: unknown verdict or setting \\\"rejct\\\"");
    expect_fallback(&(struct under){.rules = "allow;reject EPERMM"}, "did you mean");
    expect_fallback(&(struct under){.rules = "a;b;c;d"}, "(and 3 more)");
    expect_fallback(&(struct under){.rules = "reject on unread"}, "unread");
    expect_fallback(&(struct under){.variable = {variable("POLICY", "/nonexistent/policy")}},
                    "/nonexistent/policy: ENOENT");
    expect_fallback(&(struct under){.variable = {variable("POLICY", "/etc")}}, "/etc: EISDIR");
    path = file("fifo", NULL);
    REQUIRE(mkfifo(path, 0600) == 0);
    expect_fallback(&(struct under){.variable = {variable("POLICY", path)}}, "fifo: not a regular file");
    expect_fallback(&(struct under){.variable = {variable("POLICY", "/dev/zero")}}, "/dev/zero: not a regular file");
    memset(huge, '#', 2u << 20);
    huge[(2u << 20) - 1] = '\0';
    expect_fallback(&(struct under){.variable = {variable("POLICY", file("huge", huge))}}, "longer than 1 MiB");
    expect_fallback(&(struct under){.rules = "reject", .variable = {variable("POLICY", "/nonexistent")}}, "ENOENT");
    free(huge);
    remove_directory();
}

static void become_nobody(void *context)
{
    (void)context;
    if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
        _exit(125);
}

static void test_unreadable_policy(void)
{
    const char *path = file("policy", "reject\n");

    if (getuid() != 0)
        tap_skip("root", "the test needs another user");
    REQUIRE(chmod(path, 0) == 0 && chmod(directory, 0755) == 0);
    expect_fallback(&(struct under){.variable = {variable("POLICY", path)}, .start.before_exec = become_nobody},
                    "EACCES");
    remove_directory();
}

static void expect_not_started(const struct under *under, const char *word)
{
    struct proc_result result = run_under("one abort", NULL, under);
    struct records records = records_parse(result.err, false);

    CHECK_INT(result.exit_status, 78);
    CHECK_TEXT(result.out, "");
    CHECK_CONTAINS(result.err, word);
    CHECK_CONTAINS(result.err, "the program is not started");
    CHECK(records.count >= 2);
    records_free(&records);
    proc_result_free(&result);
}

static void test_strict(void)
{
    const char *strict = "LINGERGUARD_STRICT=1";

    expect_not_started(&(struct under){.rules = "rejct", .variable = {strict}}, "did you mean");
    expect_not_started(&(struct under){.rules = "rejct", .log = "off", .variable = {strict}}, "did you mean");
    expect_not_started(&(struct under){.variable = {strict, "LINGERGUARD_POLICY=/nonexistent"}}, "ENOENT");
    expect_not_started(&(struct under){.log = "/nonexistent/log", .variable = {strict}}, "/nonexistent/log");
    expect(&(struct under){.rules = "reject", .variable = {strict}}, REJECTED, "rule=rules:1");
    expect(&(struct under){.rules = "reject", .variable = {strict, "LINGERGUARD_POLICCY=x"}}, REJECTED, "rule=rules:1");
    expect_fallback(&(struct under){.rules = "rejct", .variable = {"LINGERGUARD_STRICT=0"}}, "rejct");
}

static void test_off(void)
{
    expect(&(struct under){.rules = "reject", .variable = {"LINGERGUARD_OFF=1"}}, ABORTED, NULL);
    expect(&(struct under){.rules = "nonsense", .variable = {"LINGERGUARD_OFF=1", "LINGERGUARD_STRICT=1"}}, ABORTED,
           NULL);
    expect(&(struct under){.rules = "reject", .variable = {"LINGERGUARD_OFF=0"}}, REJECTED, "verdict=reject");
    expect(&(struct under){.rules = "reject", .variable = {"LINGERGUARD_OFF="}}, REJECTED, "verdict=reject");
}

static void test_unknown_variables(void)
{
    expect_loud(&(struct under){.variable = {"LINGERGUARD_POLICCY=/x"}}, "did you mean LINGERGUARD_POLICY");
    expect_loud(&(struct under){.variable = {"LINGERGUARD_LOGS=/x"}}, "did you mean LINGERGUARD_LOG");
    expect_loud(&(struct under){.variable = {"LINGERGUARD_SOMETHING_ELSE=1"}}, "LINGERGUARD_SOMETHING_ELSE");
    expect(&(struct under){.variable = {"LINGERGUARDS=1", "XLINGERGUARD_LOG=/x"}}, DISARMED, "rule=default");
}

static void test_bad_values(void)
{
    expect_loud(&(struct under){.log = "sysloog"}, "LINGERGUARD_LOG");
    expect_loud(&(struct under){.log = "records.log"}, "a path with a slash");
    expect_loud(&(struct under){.log = "/nonexistent/records.log"}, "/nonexistent/records.log: ENOENT");
    expect_loud(&(struct under){.variable = {"LINGERGUARD_STRICT=yes"}}, "LINGERGUARD_STRICT is not 1 or 0");
    expect_loud(&(struct under){.variable = {"LINGERGUARD_OFF=yes"}}, "LINGERGUARD_OFF is not 1 or 0");
}

static void test_bad_format(void)
{
    const char *const environment[] = {"LINGERGUARD_FORMAT=xml", "LINGERGUARD_RULES=format json", NULL};
    struct proc_result result =
        proc_snippet_run("one abort", NULL, &(struct proc_options){.with_library = true, .environment = environment});
    struct records records = records_parse(result.err, false);

    CHECK_TEXT(result.out, DISARMED);
    REQUIRE(records.count > 0);
    CHECK_CONTAINS(record_get(records.line[0], "error"), "LINGERGUARD_FORMAT is not text or json");
    records_free(&records);
    proc_result_free(&result);
}

/* As setproctitle does: the strings themselves are overwritten. */
static void wipe_environment(int argc, char **argv)
{
    for (char **at = environ; *at != NULL; at++)
        memset(*at, 'x', strlen(*at));
    environ = NULL;
    snippet_one_abort(argc, argv);
}

static void test_wiped(void)
{
    const char *log = file("wiped.log", ""), *policy = file("wiped.policy", "observe exe */nothing\nreject EACCES\n");
    struct under under = {
        .rules = "orderly exe *nowhere local 10.0.0.0/8", .log = log, .variable = {variable("POLICY", policy)}};
    struct proc_result result = run_under("wipe environment", NULL, &under);
    char *text = records_file(log);

    check_ended(&result, "wipe environment");
    CHECK_TEXT(result.out, REJECTED);
    CHECK_CONTAINS(text, "wiped.policy:2\"");
    free(text);
    proc_result_free(&result);
    remove_directory();
}

/* ---- A program that runs with more rights than its user ---- */

static void secure(int argc, char **argv)
{
    printf("%d ", getauxval(AT_SECURE) != 0);
    snippet_one_abort(argc, argv);
}

static void copy(const char *from, const char *to, mode_t mode)
{
    char chunk[65536];
    int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
    ssize_t got;

    REQUIRE(in >= 0 && out >= 0);
    while ((got = read(in, chunk, sizeof chunk)) > 0)
        REQUIRE(write(out, chunk, (size_t)got) == got);
    REQUIRE(fchmod(out, mode) == 0);
    close(in);
    close(out);
}

static struct proc_result run_secure(const char *const *environment)
{
    static const char *const words[] = {"/etc/program", "--snippet", "secure", NULL};
    struct proc_options options = {.environment = environment, .before_exec = become_nobody};

    return proc_run(words, &options);
}

static void expect_secure(const char *const *environment, const char *printed, const char *record)
{
    struct proc_result result = run_secure(environment);

    check_ended(&result, "a setuid program");
    CHECK_TEXT(result.out, printed);
    if (record != NULL)
        CHECK_CONTAINS(result.err, record);
    else
        CHECK_TEXT(result.err, "");
    proc_result_free(&result);
}

static void test_secure(void)
{
    const char *const hostile[] = {"LINGERGUARD_RULES=allow",
                                   "LINGERGUARD_LOG=/etc/hostile.log",
                                   "LINGERGUARD_OFF=1",
                                   "LINGERGUARD_STRICT=1",
                                   "LINGERGUARD_POLICY=/nonexistent",
                                   "LINGERGUARD_NONSENSE=1",
                                   NULL};
    const char *const preload[] = {"LD_PRELOAD=/etc/liblingerguard.so", NULL};

    if (getuid() != 0 || getenv("LG_RUNNER") != NULL)
        tap_skip("root", "the test needs root, and no emulator");
    own_etc();
    copy(proc_library(), "/etc/liblingerguard.so", 0755);
    copy("/proc/self/exe", "/etc/program", 0755);
    REQUIRE(chmod("/etc/program", 04755) == 0);
    expect_secure(preload, "1 " ABORTED, NULL); /* the loader itself refuses */
    write_file("/etc/ld.so.preload", "/etc/liblingerguard.so\n");
    expect_secure(NULL, "1 " DISARMED, "by default");
    expect_secure(hostile, "1 " DISARMED, "by default");
    CHECK(access("/etc/hostile.log", F_OK) != 0);
    write_file("/etc/lingerguard/policy", "reject EACCES\n");
    expect_secure(hostile, "1 " REJECTED, "/etc/lingerguard/policy:1");
    CHECK(access("/etc/hostile.log", F_OK) != 0);
    REQUIRE(chmod("/etc/program", 0755) == 0);
    expect_secure(hostile, "0 " ABORTED, NULL); /* OFF counts for an ordinary program */
}

static const struct proc_snippet snippets[] = {
    {"one abort", snippet_one_abort},
    {"wipe environment", wipe_environment},
    {"secure", secure},
};

static const struct tap_test tests[] = {
    {"rules and file, the rules first; an empty variable is none", test_sources, 0},
    {"a relative policy file is read where the program starts", test_relative_policy, 0},
    {"/etc/lingerguard/policy counts when nothing else is named", test_system_policy, 0},
    {"LINGERGUARD_LOG and LINGERGUARD_FORMAT override the policy", test_log_and_format, 0},
    {"a policy that cannot be used: one loud record, and the program runs", test_bad_policies, 60000},
    {"an unreadable policy", test_unreadable_policy, 0},
    {"STRICT ends the program before main with 78, and only then", test_strict, 0},
    {"OFF does nothing at all", test_off, 0},
    {"an unknown variable is told with a suggestion", test_unknown_variables, 0},
    {"a value that is wrong is told", test_bad_values, 0},
    {"a format that is wrong is told in the policy's own", test_bad_format, 0},
    {"a program that wipes its environment keeps its settings", test_wiped, 0},
    {"a setuid program ignores variables and reads the system's policy", test_secure, 0},
};

int main(int argc, char **argv)
{
    proc_snippet_main(argc, argv, snippets, TAP_COUNT(snippets));
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
