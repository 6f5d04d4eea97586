/* SPDX-License-Identifier: MIT */
#include "tests/harness/proc.h"

#include "tests/harness/net.h"
#include "tests/harness/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEADLINE_DEFAULT_MS 10000u
#define ENVIRONMENT_MAX     64
#define ARGUMENTS_MAX       64
#define FIRST_INHERITED_FD  3
#define INHERITED_FDS_MAX   1024
#define SNIPPET_ARGUMENT    "--snippet"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* The words of argv and environment, kept until the exec. */
struct words {
    char *at[ENVIRONMENT_MAX + ARGUMENTS_MAX];
    size_t count;
};

static char *format_text(const char *format, ...) __attribute__((format(printf, 1, 2)));
static char *format_text(const char *format, ...)
{
    va_list arguments;
    char *text;

    va_start(arguments, format);
    REQUIRE(vasprintf(&text, format, arguments) >= 0);
    va_end(arguments);
    return text;
}

static void words_add(struct words *words, char *word)
{
    REQUIRE(words->count + 1 < sizeof words->at / sizeof words->at[0]);
    words->at[words->count++] = word;
    words->at[words->count] = NULL;
}

static void words_free(struct words *words)
{
    for (size_t i = 0; i < words->count; i++)
        free(words->at[i]);
}

/* The build directory: named by the runner, else where this program lies, BUILD/tests/DIR/NAME. */
static const char *build_file(const char *variable, const char *name)
{
    static char path[PATH_MAX + 256];
    const char *given = getenv(variable);
    ssize_t length;

    if (given != NULL && given[0] != '\0')
        return given;
    length = readlink("/proc/self/exe", path, PATH_MAX - 1);
    REQUIRE(length > 0);
    path[length] = '\0';
    for (int i = 0; i < 3; i++) {
        char *slash = strrchr(path, '/');

        REQUIRE(slash != NULL);
        *slash = '\0';
    }
    snprintf(path + strlen(path), 256, "/%s", name);
    return path;
}

const char *proc_library(void)
{
    return build_file("LG_LIB", "liblingerguard.so");
}

const char *proc_command(void)
{
    return build_file("LG_COMMAND", "lingerguard");
}

const char *proc_helper(const char *name)
{
    static char path[PATH_MAX + 256];
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);

    REQUIRE(length > 0);
    path[length] = '\0';
    for (int i = 0; i < 2; i++)
        *strrchr(path, '/') = '\0';
    snprintf(path + strlen(path), 256, "/%s", name);
    return path;
}

/* Ours, and what stands before and behind it; NULL when nothing is to be preloaded. */
static char *preload_list(const struct proc_options *options)
{
    const char *parts[] = {options->preload_before, options->with_library ? proc_library() : NULL,
                           options->preload_after};
    char *list = NULL;

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        char *longer;

        if (parts[i] == NULL)
            continue;
        REQUIRE(access(parts[i], R_OK) == 0);
        longer = list == NULL ? format_text("%s", parts[i]) : format_text("%s:%s", list, parts[i]);
        free(list);
        list = longer;
    }
    return list;
}

static void keep_variable(struct words *environment, const char *name)
{
    const char *value = getenv(name);

    if (value != NULL)
        words_add(environment, format_text("%s=%s", name, value));
}

/*
 * An emulator (LG_RUNNER, such as `qemu-aarch64`) is a program of this machine: the library is not
 * for it but for what it runs, so LD_PRELOAD goes through the variable that it knows.
 */
static struct words make_environment(const struct proc_options *options)
{
    static const char *const kept[] = {"PATH",    "HOME",     "TMPDIR",         "LG_LIB",   "LG_COMMAND",
                                       "LG_ROOT", "LG_TESTS", "QEMU_LD_PREFIX", "LG_RUNNER"};
    struct words environment = {{NULL}, 0};
    char *preload = preload_list(options);

    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        keep_variable(&environment, kept[i]);
    words_add(&environment, format_text("LC_ALL=C"));
    if (preload != NULL) {
        words_add(
            &environment,
            format_text("%s%s", getenv("LG_RUNNER") != NULL ? "QEMU_SET_ENV=LD_PRELOAD=" : "LD_PRELOAD=", preload));
        /* Our own sanitizer insists on being first otherwise. */
        if (SANITIZED)
            words_add(&environment, format_text("ASAN_OPTIONS=verify_asan_link_order=0"));
    }
    for (size_t i = 0; options->environment != NULL && options->environment[i] != NULL; i++)
        words_add(&environment, format_text("%s", options->environment[i]));
    free(preload);
    return environment;
}

static int memory_file(const char *text)
{
    int fd = memfd_create("lingerguard-test", MFD_CLOEXEC);

    REQUIRE(fd >= 0);
    if (text != NULL) {
        REQUIRE(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
        REQUIRE(lseek(fd, 0, SEEK_SET) == 0);
    }
    /* A log that is opened again by its /proc path, or shared by children, must not overwrite itself. */
    if (text == NULL)
        REQUIRE(fcntl(fd, F_SETFL, O_APPEND) == 0);
    return fd;
}

/* Out of the way of the numbers that the child is to have. */
static int moved_up(int fd)
{
    return fd < 0 ? fd : fcntl(fd, F_DUPFD_CLOEXEC, 64);
}

static void place(int from, int to)
{
    if (from == PROC_CLOSED)
        close(to);
    else if (dup2(from, to) < 0)
        _exit(125);
}

static void become(const struct words *argv, const struct words *environment, const struct proc_options *options,
                   const int standard[3])
{
    int inherited[PROC_INHERIT_MAX], moved[3], first_unused = FIRST_INHERITED_FD;
    sigset_t none;

    setpgid(0, 0);
    for (int i = 0; i < 3; i++)
        moved[i] = moved_up(standard[i]);
    for (int i = 0; i < PROC_INHERIT_MAX; i++)
        inherited[i] = options->inherit_fd[i] > 0 ? moved_up(options->inherit_fd[i]) : -1;
    for (int i = 0; i < 3; i++)
        place(moved[i], i);
    for (int i = 0; i < PROC_INHERIT_MAX && inherited[i] >= 0; i++)
        place(inherited[i], first_unused++);
    /* What the test itself was given without close-on-exec, by make for instance. */
    for (int fd = first_unused; fd < INHERITED_FDS_MAX; fd++)
        close(fd);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    if (options->directory != NULL && chdir(options->directory) != 0)
        _exit(125);
    if (options->before_exec != NULL)
        options->before_exec(options->context);
    execvpe(argv->at[0], argv->at, environment->at);
    _exit(127);
}

static int choose(int given, int fallback)
{
    return given == 0 ? fallback : given;
}

static struct proc start_words(const struct words *argv, const struct proc_options *options)
{
    struct words environment = make_environment(options);
    struct proc process = {-1, -1, memory_file(NULL), memory_file(NULL), 0};
    int standard[3], input_pipe[2] = {-1, -1}, input;

    if (options->input_pipe) {
        REQUIRE(pipe2(input_pipe, O_CLOEXEC) == 0);
        input = input_pipe[0];
        process.stdin_fd = input_pipe[1];
    } else {
        input = options->input != NULL ? memory_file(options->input) : open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    standard[0] = choose(options->stdin_fd, input);
    standard[1] = choose(options->stdout_fd, process.out_fd);
    standard[2] = choose(options->stderr_fd, process.err_fd);
    process.deadline_ms = options->deadline_ms != 0 ? options->deadline_ms : DEADLINE_DEFAULT_MS;
    fflush(NULL);
    process.pid = fork();
    if (process.pid == 0)
        become(argv, &environment, options, standard);
    REQUIRE(process.pid > 0);
    setpgid(process.pid, process.pid);
    close(input);
    words_free(&environment);
    return process;
}

struct proc proc_start(const char *const *argv, const struct proc_options *options)
{
    struct words words = {{NULL}, 0};
    struct proc process;

    for (size_t i = 0; argv[i] != NULL; i++)
        words_add(&words, format_text("%s", argv[i]));
    process = start_words(&words, options);
    words_free(&words);
    return process;
}

static char *whole_file(int fd, size_t *bytes)
{
    off_t end = lseek(fd, 0, SEEK_END);
    char *text = malloc((size_t)(end < 0 ? 0 : end) + 1);
    ssize_t got;

    REQUIRE(text != NULL);
    got = pread(fd, text, (size_t)(end < 0 ? 0 : end), 0);
    *bytes = got < 0 ? 0 : (size_t)got;
    text[*bytes] = '\0';
    return text;
}

char *proc_output_so_far(const struct proc *process)
{
    size_t bytes;

    return whole_file(process->out_fd, &bytes);
}

char *proc_errors_so_far(const struct proc *process)
{
    size_t bytes;

    return whole_file(process->err_fd, &bytes);
}

struct awaited_output {
    const struct proc *process;
    const char *part;
};

static bool has_output(void *context)
{
    const struct awaited_output *awaited = context;
    char *text = proc_output_so_far(awaited->process);
    bool found = strstr(text, awaited->part) != NULL;

    free(text);
    return found;
}

bool proc_wait_output(const struct proc *process, const char *part, unsigned deadline_ms)
{
    struct awaited_output awaited = {process, part};

    return net_wait_for(has_output, &awaited, deadline_ms);
}

struct awaited_end {
    pid_t pid;
};

static bool has_ended(void *context)
{
    const struct awaited_end *awaited = context;
    siginfo_t info;

    info.si_pid = 0;
    return waitid(P_PID, (id_t)awaited->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0;
}

struct proc_result proc_wait(struct proc *process)
{
    struct awaited_end awaited = {process->pid};
    struct proc_result result = {0};
    int status = 0;

    if (process->stdin_fd >= 0)
        close(process->stdin_fd);
    result.timed_out = !net_wait_for(has_ended, &awaited, process->deadline_ms);
    kill(-process->pid, SIGKILL); /* what it left running, too */
    while (waitpid(process->pid, &status, 0) == -1 && errno == EINTR)
        continue;
    result.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    result.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    result.out = whole_file(process->out_fd, &result.out_bytes);
    result.err = whole_file(process->err_fd, &result.err_bytes);
    close(process->out_fd);
    close(process->err_fd);
    process->pid = -1;
    return result;
}

struct proc_result proc_end(struct proc *process, int signal_number)
{
    kill(process->pid, signal_number);
    return proc_wait(process);
}

struct proc_result proc_run(const char *const *argv, const struct proc_options *options)
{
    struct proc process = proc_start(argv, options);

    return proc_wait(&process);
}

void proc_result_free(struct proc_result *result)
{
    free(result->out);
    free(result->err);
    result->out = result->err = NULL;
}

void proc_snippet_main(int argc, char **argv, const struct proc_snippet *snippets, size_t count)
{
    if (argc < 3 || strcmp(argv[1], SNIPPET_ARGUMENT) != 0)
        return;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(snippets[i].name, argv[2]) != 0)
            continue;
        snippets[i].run(argc - 3, argv + 3);
        exit(tap_failures() == 0 ? 0 : 1);
    }
    fprintf(stderr, "no snippet is called %s\n", argv[2]);
    exit(126);
}

struct proc proc_snippet_start(const char *name, const char *const *arguments, const struct proc_options *options)
{
    const char *runner = getenv("LG_RUNNER");
    struct words words = {{NULL}, 0};
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    struct proc process;

    REQUIRE(length > 0);
    self[length] = '\0';
    if (runner != NULL)
        words_add(&words, format_text("%s", runner));
    words_add(&words, format_text("%s", self));
    words_add(&words, format_text("%s", SNIPPET_ARGUMENT));
    words_add(&words, format_text("%s", name));
    for (size_t i = 0; arguments != NULL && arguments[i] != NULL; i++)
        words_add(&words, format_text("%s", arguments[i]));
    process = start_words(&words, options);
    words_free(&words);
    return process;
}

struct proc_result proc_snippet_run(const char *name, const char *const *arguments, const struct proc_options *options)
{
    struct proc process = proc_snippet_start(name, arguments, options);

    return proc_wait(&process);
}

void proc_snippet_compare(const char *name, const char *const *arguments, const struct proc_options *options)
{
    struct proc_options without = *options, with = *options;
    struct proc_result bare, preloaded;

    without.with_library = false;
    with.with_library = true;
    bare = proc_snippet_run(name, arguments, &without);
    preloaded = proc_snippet_run(name, arguments, &with);
    if (bare.timed_out || bare.signal != 0 || bare.exit_status != 0)
        tap_fail(__FILE__, __LINE__, "%s without the library: %s, exit status %d, signal %d: %s", name,
                 bare.timed_out ? "deadline" : "ended", bare.exit_status, bare.signal, bare.err);
    if (preloaded.timed_out != bare.timed_out || preloaded.signal != bare.signal ||
        preloaded.exit_status != bare.exit_status)
        tap_fail(__FILE__, __LINE__, "%s with the library: %s, exit status %d, signal %d: %s", name,
                 preloaded.timed_out ? "deadline" : "ended", preloaded.exit_status, preloaded.signal, preloaded.err);
    if (strcmp(bare.out, preloaded.out) != 0)
        tap_fail(__FILE__, __LINE__, "%s: with the library it says\n%s\nand without it\n%s", name, preloaded.out,
                 bare.out);
    if (bare.out_bytes == 0)
        tap_fail(__FILE__, __LINE__, "%s says nothing, so nothing was compared", name);
    proc_result_free(&bare);
    proc_result_free(&preloaded);
}
