/* SPDX-License-Identifier: MIT */
#include "tests/harness/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DEADLINE_DEFAULT_MS 20000u
#define OUTPUT_SHOWN_BYTES  (256u * 1024u)
#define TEXT_SHOWN_BYTES    4096
#define NOTE_MARK           '\001' /* starts a captured line that is shown although the test passed */

/* What a test says about itself; in shared memory, so that it survives a crash and reaches us from its children. */
struct report {
    int failures;
    int finished; /* its function returned, or it ended itself by tap_end_failed or tap_skip */
    int skipped;
    char skip_reason[512];
};

static enum { OUTSIDE, FORKED, HERE } running; /* OUTSIDE: in a program that a test started */
static struct report outside_report;
static struct report *report = &outside_report;
static jmp_buf here_end;

struct outcome {
    int passed;
    char why[256]; /* why it failed, beyond what its own output says; may be empty */
};

static void say_line(int is_note, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));
static void say_line(int is_note, const char *format, va_list arguments)
{
    char line[8192];
    int length = vsnprintf(line, sizeof line, format, arguments);

    if (length < 0)
        return;
    fflush(stdout);
    /* One write a line: children of a test share the file. */
    dprintf(STDERR_FILENO, "%s%s\n", running == HERE ? "# " : is_note && running == FORKED ? "\001" : "", line);
}

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say_line(0, format, arguments);
    va_end(arguments);
}

void tap_note(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say_line(1, format, arguments);
    va_end(arguments);
}

void tap_fail(const char *file, int line, const char *format, ...)
{
    char text[6000];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    __atomic_add_fetch(&report->failures, 1, __ATOMIC_RELAXED);
    say("%s:%d: %s", file, line, text);
}

static void end_test(void) __attribute__((noreturn));
static void end_test(void)
{
    __atomic_store_n(&report->finished, 1, __ATOMIC_RELEASE);
    if (running == HERE)
        longjmp(here_end, 1);
    fflush(NULL);
    _exit(running == FORKED ? 0 : 1);
}

void tap_end_failed(void)
{
    __atomic_add_fetch(&report->failures, 1, __ATOMIC_RELAXED);
    end_test();
}

int tap_failures(void)
{
    return __atomic_load_n(&report->failures, __ATOMIC_RELAXED);
}

static int must_run(const char *group)
{
    const char *names = getenv("MUST_RUN");
    size_t length = strlen(group);

    while (names != NULL && *names != '\0') {
        size_t name_length = strcspn(names, " ,");

        if ((name_length == length && strncmp(names, group, length) == 0) ||
            (name_length == 3 && strncmp(names, "all", 3) == 0))
            return 1;
        names += name_length;
        names += strspn(names, " ,");
    }
    return 0;
}

void tap_skip(const char *group, const char *format, ...)
{
    char reason[400];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    if (must_run(group)) {
        say("would skip, but MUST_RUN asks for %s: %s", group, reason);
        tap_end_failed();
    }
    snprintf(report->skip_reason, sizeof report->skip_reason, "%s: %s", group, reason);
    __atomic_store_n(&report->skipped, 1, __ATOMIC_RELEASE);
    end_test();
}

int tap_check_int(const char *file, int line, const char *what, long long got, long long want)
{
    if (got == want)
        return 1;
    tap_fail(file, line, "%s is %lld, not %lld", what, got, want);
    return 0;
}

static const char *quoted(char *buffer, size_t size, const char *text)
{
    if (text == NULL)
        snprintf(buffer, size, "NULL");
    else
        snprintf(buffer, size, "\"%.*s\"%s", TEXT_SHOWN_BYTES / 2, text,
                 strlen(text) > TEXT_SHOWN_BYTES / 2 ? "..." : "");
    return buffer;
}

int tap_check_text(const char *file, int line, const char *what, const char *got, const char *want)
{
    char got_shown[TEXT_SHOWN_BYTES], want_shown[TEXT_SHOWN_BYTES];

    if (got == want || (got != NULL && want != NULL && strcmp(got, want) == 0))
        return 1;
    tap_fail(file, line, "%s is %s, not %s", what, quoted(got_shown, sizeof got_shown, got),
             quoted(want_shown, sizeof want_shown, want));
    return 0;
}

int tap_check_contains(const char *file, int line, const char *what, const char *got, const char *part, int wanted)
{
    char got_shown[TEXT_SHOWN_BYTES], part_shown[TEXT_SHOWN_BYTES];

    /* Nothing contains nothing and lacks nothing: a missing text fails both ways. */
    if (got != NULL && part != NULL && (strstr(got, part) != NULL) == (wanted != 0))
        return 1;
    tap_fail(file, line, "%s %s %s: %s", what, wanted ? "lacks" : "contains",
             quoted(part_shown, sizeof part_shown, part), quoted(got_shown, sizeof got_shown, got));
    return 0;
}

static long long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Shows what a test wrote: all of it after a failure, its notes otherwise. */
static void show_output(FILE *output, int all)
{
    char line[8192];
    size_t shown_bytes = 0;

    rewind(output);
    while (fgets(line, sizeof line, output) != NULL) {
        int is_note = line[0] == NOTE_MARK;

        line[strcspn(line, "\n")] = '\0';
        if (!all && !is_note)
            continue;
        if (shown_bytes > OUTPUT_SHOWN_BYTES) {
            printf("# (more output is not shown)\n");
            return;
        }
        shown_bytes += strlen(line);
        /* What a hostile input printed must not talk to the terminal. */
        for (char *at = line; *at != '\0'; at++)
            if ((unsigned char)*at < ' ' && *at != '\t')
                *at = '?';
        printf("# %s\n", line + is_note);
    }
}

/* Ends what a test left running: its group, and whoever left the group and was orphaned to us. */
static void end_leftovers(pid_t group)
{
    char path[64];
    FILE *children;
    int pid;

    kill(-group, SIGKILL);
    while (waitpid(group, NULL, WNOHANG) == -1 && errno == EINTR)
        continue;
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    for (int found = 1; found;) {
        found = 0;
        children = fopen(path, "re");
        if (children == NULL)
            return;
        while (fscanf(children, "%d", &pid) == 1) {
            kill(pid, SIGKILL);
            waitpid(pid, NULL, 0);
            found = 1;
        }
        fclose(children);
    }
}

static void run_in_child(const struct tap_test *test, FILE *output, const sigset_t *mask)
{
    int nothing = open("/dev/null", O_RDONLY);

    setsid();
    sigprocmask(SIG_SETMASK, mask, NULL);
    if (nothing >= 0)
        dup2(nothing, STDIN_FILENO);
    dup2(fileno(output), STDOUT_FILENO);
    dup2(fileno(output), STDERR_FILENO);
    if (nothing > STDERR_FILENO)
        close(nothing);
    fclose(output);
    test->run();
    fflush(NULL);
    __atomic_store_n(&report->finished, 1, __ATOMIC_RELEASE);
    exit(0); /* not _exit: a leak detector reports at exit */
}

static unsigned deadline_factor(void)
{
    const char *text = getenv("TAP_SLOW");
    int factor = text == NULL ? 1 : atoi(text);

    return factor < 1 ? 1 : (unsigned)factor;
}

/* Returns whether the child ended before its deadline; leaves it unreaped, so that its group id stays its own. */
static int wait_deadline(pid_t child, const sigset_t *child_ended, long long end_ms)
{
    siginfo_t info;

    for (;;) {
        long long left_ms = end_ms - now_ms();
        struct timespec wait;

        info.si_pid = 0;
        if (waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == child)
            return 1;
        if (left_ms <= 0)
            return 0;
        wait.tv_sec = left_ms / 1000;
        wait.tv_nsec = (left_ms % 1000) * 1000000;
        sigtimedwait(child_ended, NULL, &wait);
    }
}

static void judge(struct outcome *outcome, int in_time, unsigned deadline_ms, int status)
{
    size_t size = sizeof outcome->why;

    if (!in_time)
        snprintf(outcome->why, size, "ran into its deadline of %u ms and was killed", deadline_ms);
    else if (WIFSIGNALED(status))
        snprintf(outcome->why, size, "killed by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else if (!report->finished)
        snprintf(outcome->why, size, "left early with exit status %d", WEXITSTATUS(status));
    else if (WEXITSTATUS(status) != 0)
        snprintf(outcome->why, size, "exit status %d after its end", WEXITSTATUS(status));
    outcome->passed = outcome->why[0] == '\0' && report->failures == 0;
}

static void run_forked(const struct tap_test *test, FILE *output, struct outcome *outcome)
{
    unsigned deadline_ms = (test->deadline_ms != 0 ? test->deadline_ms : DEADLINE_DEFAULT_MS) * deadline_factor();
    sigset_t child_ended, before;
    int status = 0, in_time;
    pid_t child;

    fflush(NULL);
    sigemptyset(&child_ended);
    sigaddset(&child_ended, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child_ended, &before);
    child = fork();
    if (child == 0)
        run_in_child(test, output, &before);
    if (child < 0) {
        snprintf(outcome->why, sizeof outcome->why, "fork: %s", strerror(errno));
        return;
    }
    in_time = wait_deadline(child, &child_ended, now_ms() + deadline_ms);
    kill(-child, SIGKILL);
    kill(child, SIGKILL); /* it may not have come to setsid yet */
    while (waitpid(child, &status, 0) == -1 && errno == EINTR)
        continue;
    end_leftovers(child);
    sigprocmask(SIG_SETMASK, &before, NULL);
    judge(outcome, in_time, deadline_ms, status);
}

static void run_here(const struct tap_test *test, struct outcome *outcome)
{
    if (setjmp(here_end) == 0)
        test->run();
    outcome->passed = report->failures == 0;
}

/* Returns whether it passed. */
static int run_test(const struct tap_test *test, size_t number)
{
    struct outcome outcome = {0, ""};
    FILE *output = running == FORKED ? tmpfile() : NULL;

    memset(report, 0, sizeof *report);
    if (running == HERE) {
        run_here(test, &outcome);
    } else if (output == NULL) {
        snprintf(outcome.why, sizeof outcome.why, "temporary file: %s", strerror(errno));
    } else {
        fcntl(fileno(output), F_SETFL, O_APPEND);
        run_forked(test, output, &outcome);
    }
    printf("%s %zu - %s", outcome.passed ? "ok" : "not ok", number, test->name);
    if (outcome.passed && report->skipped)
        printf(" # SKIP %s", report->skip_reason);
    printf("\n");
    if (outcome.why[0] != '\0')
        printf("# %s\n", outcome.why);
    if (output != NULL) {
        show_output(output, !outcome.passed);
        fclose(output);
    }
    fflush(stdout);
    return outcome.passed;
}

static int is_wanted(const struct tap_test *test, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strstr(test->name, argv[i]) != NULL)
            return 1;
    return argc <= 1;
}

static int list_tests(const struct tap_test *tests, size_t count)
{
    for (size_t i = 0; i < count; i++)
        printf("%s\n", tests[i].name);
    return 0;
}

int tap_main(int argc, char **argv, const struct tap_test *tests, size_t count)
{
    const char *no_fork = getenv("TAP_NO_FORK");
    size_t wanted = 0, number = 0, passed = 0;

    if (argc == 2 && strcmp(argv[1], "-l") == 0)
        return list_tests(tests, count);
    running = no_fork == NULL || strcmp(no_fork, "1") != 0 ? FORKED : HERE;
    report = mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (report == MAP_FAILED) {
        printf("Bail out! no shared memory: %s\n", strerror(errno));
        return 1;
    }
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    for (size_t i = 0; i < count; i++)
        wanted += (size_t)is_wanted(&tests[i], argc, argv);
    printf("1..%zu\n", wanted);
    for (size_t i = 0; i < count; i++)
        if (is_wanted(&tests[i], argc, argv))
            passed += (size_t)run_test(&tests[i], ++number);
    if (wanted == 0)
        printf("# no test has a name with these words; -l lists them\n");
    return wanted > 0 && passed == wanted ? 0 : 1;
}
