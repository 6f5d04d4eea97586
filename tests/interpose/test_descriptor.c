/* SPDX-License-Identifier: MIT */
/* The one descriptor that the library holds, and what programs do to descriptors that they did not open. */
#include "tests/interpose/interpose.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#ifndef CLOSE_RANGE_UNSHARE
#define CLOSE_RANGE_UNSHARE 2
#define CLOSE_RANGE_CLOEXEC 4
#endif

#define NOBODY    65534
#define PLACES    40 /* sockets that come to lie where the library's descriptor was */
#define ENOUGH_FD 4096

extern char **environ;

static const char *directory;
static char log_path[PATH_MAX];

static struct under log_to_file(const char *rules)
{
    directory = own_directory();
    snprintf(log_path, sizeof log_path, "%s/records.log", directory);
    return (struct under){.rules = rules, .log = log_path};
}

/* Records in the file; checks that each is whole. */
static int records_in(const char *path, const char *wanted)
{
    char *text = records_file(path);
    struct records records = records_parse(text, false);
    int count = records_count(&records, wanted);

    records_free(&records);
    free(text);
    return count;
}

static void abort_once(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    CHECK_INT(set_linger(fd, 1, 0), 0);
    CHECK_INT(close(fd), 0);
}

/* The number of the library's descriptor, found by what it is a link to; -1 when there is none. */
static int find_own(void)
{
    const char *log = getenv("LINGERGUARD_LOG");
    char target[PATH_MAX];
    DIR *numbers = opendir("/proc/self/fd");
    struct dirent *entry;
    int found = -1;

    REQUIRE(numbers != NULL);
    while (log != NULL && found < 0 && (entry = readdir(numbers)) != NULL) {
        ssize_t length = readlinkat(dirfd(numbers), entry->d_name, target, sizeof target - 1);

        if (length > 0 && (size_t)length == strlen(log) && memcmp(target, log, (size_t)length) == 0)
            found = atoi(entry->d_name);
    }
    closedir(numbers);
    return found;
}

/* ---- Everything closed ---- */

static void close_everything(const char *way)
{
    if (strcmp(way, "loop") == 0)
        for (int fd = 3; fd < ENOUGH_FD; fd++)
            close(fd);
    else if (strcmp(way, "close_range") == 0)
        CHECK_INT(close_range(3, ~0u, 0), 0);
    else if (strcmp(way, "closefrom") == 0)
        closefrom(3);
    else if (strcmp(way, "syscall") == 0)
        CHECK_INT(syscall(SYS_close_range, 3, ~0u, 0), 0);
    else if (strcmp(way, "syscall loop") == 0)
        for (int fd = 3; fd < ENOUGH_FD; fd++)
            syscall(SYS_close, fd);
    else
        CHECK_INT(raw_syscall(SYS_close_range, 3, (long)~0u, 0, 0, 0), 0);
}

/* Puts a socket under the number by every call that takes one. */
static void take_number(const char *how, int fd, int number)
{
    if (strcmp(how, "dup2") == 0)
        CHECK_INT(dup2(fd, number), number);
    else if (strcmp(how, "dup3") == 0)
        CHECK_INT(dup3(fd, number, O_CLOEXEC), number);
    else if (strcmp(how, "syscall") == 0)
        CHECK_INT(syscall(SYS_dup3, fd, number, 0), number);
    else if (strcmp(how, "inline") == 0)
        CHECK_INT(raw_syscall(SYS_dup3, fd, number, 0, 0, 0), number);
    else
        CHECK(fcntl(fd, F_DUPFD, number) >= number);
}

/* Closes all, fills low numbers and the library's own with one socket, aborts, and says what the peer was sent. */
static void closed_and_used_again(int argc, char **argv)
{
    int own = find_own();
    struct net_pair pair;

    REQUIRE(argc == 2 && own >= 3);
    abort_once();
    close_everything(argv[0]);
    pair = net_pair(AF_INET, NULL);
    for (int i = 0; i < PLACES; i++)
        CHECK(dup(pair.client) >= 0);
    abort_once();
    take_number(argv[1], pair.client, own);
    abort_once();
    abort_once();
    CHECK_INT(net_unread_bytes(pair.server), 0);
    close_everything("inline");
    printf("done\n");
}

static void test_closed_and_used_again(void)
{
    static const char *const ways[] = {"loop", "close_range", "closefrom", "syscall", "syscall loop", "inline"};
    static const char *const places[] = {"dup2", "dup3", "syscall", "inline", "fcntl"};

    for (size_t i = 0; i < TAP_COUNT(ways); i++) {
        for (size_t j = 0; j < TAP_COUNT(places); j++) {
            struct under under = log_to_file("inspect every-close; orderly");
            const char *const arguments[] = {ways[i], places[j], NULL};
            struct proc_result result = run_under("closed and used again", arguments, &under);

            if (check_ended(&result, ways[i]) && records_in(log_path, "outcome=disarmed") != 4)
                tap_fail(__FILE__, __LINE__, "%d records after %s, %s", records_in(log_path, "outcome=disarmed"),
                         ways[i], places[j]);
            proc_result_free(&result);
            remove_tree(directory);
        }
    }
}

/* dup2 over every number, ours among them; each is the program's to have. */
static void every_number(int argc, char **argv)
{
    struct net_pair pair = net_pair(AF_INET, NULL);
    int bad = 0;

    (void)argc, (void)argv;
    for (int fd = 30; fd < 1024; fd++)
        bad += (fd & 1 ? dup2(pair.client, fd) : dup3(pair.client, fd, 0)) != fd;
    abort_once();
    CHECK_INT(bad, 0);
    CHECK_INT(net_unread_bytes(pair.server), 0);
}

static void low_limit(void *context)
{
    struct rlimit limit = {1024, 1024};

    (void)context;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static void test_every_number(void)
{
    struct under under = log_to_file("orderly");
    struct proc_result result;

    under.start.before_exec = low_limit;
    result = run_under("every number", NULL, &under);
    check_ended(&result, "dup2 onto every number");
    /* With no number left for the log the record is lost; what must not be is a byte in the socket. */
    CHECK(records_in(log_path, "outcome=disarmed") <= 1);
    proc_result_free(&result);
    remove_tree(directory);
}

/* ---- The number itself ---- */

static void guarded(int argc, char **argv)
{
    int own = find_own();
    struct stat before, after;

    (void)argc, (void)argv;
    REQUIRE(own > 2 && fstat(own, &before) == 0);
    CHECK_INT(fcntl(own, F_GETFD), FD_CLOEXEC);
    for (int i = 0; i < 2; i++) {
        errno = 0;
        CHECK_INT(close(own), -1);
        CHECK_INT(errno, EBADF);
        errno = 0;
        CHECK_INT(syscall(SYS_close, own), -1);
        CHECK_INT(errno, EBADF);
        CHECK_INT(close_range((unsigned)own, (unsigned)own, 0), 0);
        CHECK_INT(close_range((unsigned)own - 1, (unsigned)own + 1, 0), 0);
        CHECK_INT(close_range((unsigned)own, (unsigned)own, CLOSE_RANGE_CLOEXEC), 0);
        CHECK_INT(close_range((unsigned)own, ~0u, CLOSE_RANGE_UNSHARE), 0);
        REQUIRE(fstat(own, &after) == 0);
        CHECK(before.st_ino == after.st_ino);
        abort_once();
    }
}

static void test_guarded(void)
{
    struct under under = log_to_file("orderly");
    struct proc_result result = run_under("guarded", NULL, &under);

    check_ended(&result, "guarded");
    CHECK_INT(records_in(log_path, "outcome=disarmed"), 2);
    proc_result_free(&result);
    remove_tree(directory);
}

/* What the program's own opens get; told through descriptor 3, since 1 may be closed. */
static void first_numbers(int argc, char **argv)
{
    char text[128];
    int numbers[4], own = find_own(), length;

    (void)argc, (void)argv;
    for (int i = 0; i < 4; i++)
        numbers[i] = open("/dev/null", O_RDWR);
    length = snprintf(text, sizeof text, "%d %d %d %d own is low %d\n", numbers[0], numbers[1], numbers[2], numbers[3],
                      own >= 0 && own < 3);
    for (int i = 0; i < 3; i++)
        abort_once();
    REQUIRE(write(3, text, (size_t)length) == length);
}

static char *numbers_with(const struct under *under, int combination, bool with_library)
{
    int file = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    struct under now = *under;
    struct proc_result result;
    char *text = calloc(1, 256);

    now.start.inherit_fd[0] = file;
    now.start.stdin_fd = combination & 1 ? PROC_CLOSED : 0;
    now.start.stdout_fd = combination & 2 ? PROC_CLOSED : 0;
    now.start.stderr_fd = combination & 4 ? PROC_CLOSED : 0;
    result =
        with_library ? run_under("first numbers", NULL, &now) : proc_snippet_run("first numbers", NULL, &now.start);
    check_ended(&result, "first numbers");
    CHECK(pread(file, text, 255, 0) > 0);
    proc_result_free(&result);
    close(file);
    return text;
}

static void test_started_without_standard_descriptors(void)
{
    for (int combination = 0; combination < 8; combination++) {
        struct under under = log_to_file("inspect every-close; orderly");
        char *bare = numbers_with(&under, combination, false), *with = numbers_with(&under, combination, true);

        CHECK_TEXT(with, bare);
        CHECK_INT(records_in(log_path, "outcome=disarmed"), 3);
        free(bare);
        free(with);
        under.log = "stderr";
        with = numbers_with(&under, combination, true);
        CHECK_CONTAINS(with, "own is low 0");
        free(with);
        remove_tree(directory);
    }
}

static void list_descriptors(int argc, char **argv)
{
    char path[64], target[PATH_MAX];

    (void)argc, (void)argv;
    for (int fd = 3; fd < 1 << 16; fd++) {
        ssize_t length;

        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        length = readlink(path, target, sizeof target - 1);
        if (length > 0)
            printf("%d %.*s\n", fd, (int)length, target);
    }
}

/* Starts a program without the library by each way; it lists what it was given. */
static void start_children(int argc, char **argv)
{
    static char *const arguments[] = {(char *)"self", (char *)"--snippet", (char *)"list descriptors", NULL};
    static char *const nothing[] = {NULL};
    pid_t child;

    (void)argc, (void)argv;
    abort_once();
    printf("children\n");
    fflush(stdout);
    child = fork();
    if (child == 0) {
        abort_once();
        execve("/proc/self/exe", arguments, nothing);
        _exit(126);
    }
    waitpid(child, NULL, 0);
    child = vfork();
    if (child == 0) {
        execve("/proc/self/exe", arguments, nothing);
        _exit(126);
    }
    waitpid(child, NULL, 0);
    CHECK_INT(posix_spawn(&child, "/proc/self/exe", NULL, NULL, arguments, nothing), 0);
    waitpid(child, NULL, 0);
    execve("/proc/self/exe", arguments, nothing);
}

static void test_no_leak(void)
{
    struct under under = log_to_file("orderly");
    struct proc_result result = run_under("start children", NULL, &under);

    check_ended(&result, "start children");
    CHECK_TEXT(result.out, "children\n");
    CHECK_INT(records_in(log_path, "outcome=disarmed"), 2);
    proc_result_free(&result);
    remove_tree(directory);
}

/* ---- Elsewhere, and nobody ---- */

static void dropped(int argc, char **argv)
{
    char line[16];

    REQUIRE(argc == 1);
    abort_once();
    REQUIRE(chroot(argv[0]) == 0 && chdir("/") == 0);
    REQUIRE(setgid(NOBODY) == 0 && setuid(NOBODY) == 0);
    for (int fd = 3; fd < ENOUGH_FD; fd++)
        close(fd);
    abort_once();
    printf("ready\n");
    fflush(stdout);
    REQUIRE(fgets(line, sizeof line, stdin) != NULL);
    abort_once();
}

/* Rotated meanwhile, the path means nothing in the new root: the old file is kept. */
static void test_dropped(void)
{
    struct under under = log_to_file("orderly");
    const char *arguments[] = {"/nowhere", NULL};
    char root[PATH_MAX + 8], old[PATH_MAX + 8], decoy[2 * PATH_MAX];
    const char *const make_decoy[] = {"mkdir", "-p", "-m", "777", decoy, NULL};
    struct proc_options plain = {0};
    struct proc_result result;
    struct proc process;

    if (getuid() != 0)
        tap_skip("root", "chroot needs root");
    snprintf(root, sizeof root, "%s/root", directory);
    snprintf(old, sizeof old, "%s.1", log_path);
    REQUIRE(mkdir(root, 0755) == 0);
    snprintf(decoy, sizeof decoy, "%s%s", root, directory); /* the same path within the new root */
    result = proc_run(make_decoy, &plain);
    check_ended(&result, "mkdir");
    proc_result_free(&result);
    arguments[0] = root;
    under.start.input_pipe = true;
    process = start_under("dropped", arguments, &under);
    CHECK(proc_wait_output(&process, "ready", 10000));
    CHECK_INT(records_in(log_path, "outcome=disarmed"), 2);
    REQUIRE(rename(log_path, old) == 0);
    REQUIRE(write(process.stdin_fd, "1\n", 2) == 2);
    result = proc_wait(&process);
    check_ended(&result, "chroot and setuid");
    CHECK_INT(records_in(old, "outcome=disarmed"), 3);
    CHECK(access(log_path, F_OK) != 0);
    strcat(decoy, "/records.log");
    CHECK(access(decoy, F_OK) != 0);
    proc_result_free(&result);
    remove_tree(directory);
}

static void no_descriptor_left(int argc, char **argv)
{
    struct rlimit limit = {64, 64};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    (void)argc, (void)argv;
    REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    while (open("/dev/null", O_RDONLY) >= 0)
        continue;
    CHECK_INT(errno, EMFILE);
    CHECK_INT(set_linger(fd, 1, 0), 0);
    CHECK_INT(close(fd), 0);
    CHECK_INT(open("/dev/null", O_RDONLY), fd);
}

static void test_no_descriptor_left(void)
{
    struct under under = log_to_file("inspect every-close; orderly");
    struct proc_result result = run_under("no descriptor left", NULL, &under);

    check_ended(&result, "no descriptor left");
    CHECK_INT(records_in(log_path, "outcome=disarmed"), 1);
    proc_result_free(&result);
    under.log = "stderr";
    result = run_under("no descriptor left", NULL, &under);
    check_ended(&result, "no descriptor left");
    CHECK_CONTAINS(result.err, "\"outcome\":\"disarmed\"");
    proc_result_free(&result);
    remove_tree(directory);
}

static void none_at_start(void *context)
{
    struct rlimit limit = {4, 4};

    (void)context;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* The loader needs one number for libc, and gives it back. */
static void limited_to_four(int argc, char **argv)
{
    (void)argc, (void)argv;
    printf("runs\n");
}

static void test_none_at_start(void)
{
    struct under under = log_to_file("orderly");
    struct proc_result result;

    under.start.before_exec = none_at_start;
    result = run_under("limited to four", NULL, &under);
    check_ended(&result, "RLIMIT_NOFILE of 4");
    CHECK_TEXT(result.out, "runs\n");
    CHECK_TEXT(result.err, ""); /* there is nothing to record */
    proc_result_free(&result);
    remove_tree(directory);
}

/* As daemons do: close all, open /dev/null three times. */
static void live_as_daemon(void)
{
    REQUIRE(daemon(0, 1) == 0);
    for (int fd = 1023; fd >= 0; fd--)
        close(fd);
    CHECK_INT(open("/dev/null", O_RDWR), 0);
    CHECK_INT(dup(0), 1);
    CHECK_INT(dup(0), 2);
    CHECK_INT(open("/dev/null", O_RDWR), 3);
    abort_once();
    if (tap_failures() == 0)
        abort_once(); /* which says that all this held */
    _exit(0);
}

static bool has_three_records(void *context)
{
    return records_in(context, "outcome=disarmed") == 3;
}

static void becomes_daemon(int argc, char **argv)
{
    (void)argc, (void)argv;
    abort_once();
    if (fork() == 0)
        live_as_daemon();
    CHECK(
        net_wait_for(has_three_records, getenv("LINGERGUARD_LOG"), 10000)); /* an end of ours would be the end of all */
}

static void test_daemon(void)
{
    struct under under = log_to_file("orderly");
    struct proc_result result = run_under("becomes a daemon", NULL, &under);

    check_ended(&result, "becomes a daemon");
    proc_result_free(&result);
    remove_tree(directory);
}

/* How many descriptors the kernel has made room for, and copies at each fork. */
static void table_size(int argc, char **argv)
{
    char line[128];
    FILE *status = fopen("/proc/self/status", "re");
    int size = 0;

    (void)argc, (void)argv;
    REQUIRE(status != NULL);
    while (fgets(line, sizeof line, status) != NULL)
        sscanf(line, "FDSize: %d", &size);
    fclose(status);
    printf("%d %d\n", size, find_own());
}

static void many_descriptors(void *context)
{
    struct rlimit limit = {1 << 19, 1 << 19};

    (void)context;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static void test_table_size(void)
{
    struct under under = log_to_file("orderly");
    struct proc_options plain = {.before_exec = many_descriptors};
    struct proc_result bare = proc_snippet_run("table size", NULL, &plain), with;

    under.start.before_exec = many_descriptors;
    with = run_under("table size", NULL, &under);
    check_ended(&bare, "table size");
    check_ended(&with, "table size");
    CHECK(atoi(bare.out) > 0 && atoi(with.out) <= atoi(bare.out) + 1024);
    CHECK(atoi(strchr(with.out, ' ')) >= 1000); /* and it was open */
    proc_result_free(&bare);
    proc_result_free(&with);
    remove_tree(directory);
}

static const struct proc_snippet snippets[] = {
    {"table size", table_size},
    {"closed and used again", closed_and_used_again},
    {"every number", every_number},
    {"guarded", guarded},
    {"first numbers", first_numbers},
    {"list descriptors", list_descriptors},
    {"start children", start_children},
    {"dropped", dropped},
    {"no descriptor left", no_descriptor_left},
    {"limited to four", limited_to_four},
    {"becomes a daemon", becomes_daemon},
};

static const struct tap_test tests[] = {
    {"all descriptors closed and taken again: the log goes on, no socket gets a byte", test_closed_and_used_again,
     120000},
    {"dup2 onto every number sends no record into a socket", test_every_number, 0},
    {"our descriptor is close-on-exec and cannot be closed, and close says EBADF", test_guarded, 0},
    {"started without standard descriptors: ours is never 0 to 2, the program's numbers are the same",
     test_started_without_standard_descriptors, 60000},
    {"no child is given our descriptor", test_no_leak, 0},
    {"chroot and another user: the log goes on, and stays with its file when that is rotated", test_dropped, 0},
    {"no free descriptor: records are written and the close's number is free", test_no_descriptor_left, 0},
    {"no free descriptor from the start", test_none_at_start, 0},
    {"the kernel's table of descriptors grows by 1,024 entries at most", test_table_size, 0},
    {"a daemon that closes all and opens /dev/null", test_daemon, 0},
};

int main(int argc, char **argv)
{
    proc_snippet_main(argc, argv, snippets, TAP_COUNT(snippets));
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
