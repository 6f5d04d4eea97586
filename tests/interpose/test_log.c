/* SPDX-License-Identifier: MIT */
/* Writing records never blocks a program, never kills it, and never tells anybody but the log. */
#include "tests/interpose/interpose.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

static const char *directory;

static const char *in_directory(const char *name)
{
    static char path[4][PATH_MAX];
    static unsigned next;
    char *mine = path[next++ % 4];

    if (directory == NULL)
        directory = own_directory();
    snprintf(mine, sizeof path[0], "%s/%s", directory, name);
    return mine;
}

/* One record each: a socket that is never connected has a request and no end. */
static void abort_quickly(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    errno = UNTOUCHED;
    if (set_linger(fd, 1, 0) != 0 || errno != UNTOUCHED)
        tap_fail(__FILE__, __LINE__, "errno %d", errno);
    if (close(fd) != 0 || errno != UNTOUCHED)
        tap_fail(__FILE__, __LINE__, "errno %d", errno);
}

/* As many aborts as the first argument says, then one for each line of standard input. */
static void aborts(int argc, char **argv)
{
    char line[16];

    for (int i = atoi(argc > 0 ? argv[0] : "1"); i > 0; i--)
        abort_quickly();
    printf("ready\n");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL) {
        abort_quickly();
        printf("again\n");
        fflush(stdout);
    }
}

static const char *const two_thousand[] = {"2000", NULL};
static const char *const ten[] = {"10", NULL};

/* Reads everything that is in a pipe. */
static char *drain_pipe(int fd)
{
    char *text = calloc(1, 1u << 20);
    size_t bytes = 0;
    ssize_t got;

    fcntl(fd, F_SETFL, O_NONBLOCK);
    while ((got = read(fd, text + bytes, (1u << 20) - 1 - bytes)) > 0)
        bytes += (size_t)got;
    return text;
}

static long long suppressed_in(const struct records *records)
{
    long long sum = 0;

    for (size_t i = 0; i < records->count; i++)
        sum += record_number(records->line[i], "suppressed") > 0 ? record_number(records->line[i], "suppressed") : 0;
    return sum;
}

static void test_full_pipe(void)
{
    struct under under = {.rules = "limit 1000000/s; orderly", .start.input_pipe = true};
    struct records records;
    struct proc process;
    struct proc_result result;
    int pipes[2];
    long long suppressed;
    char *text;

    REQUIRE(pipe2(pipes, O_CLOEXEC) == 0);
    REQUIRE(fcntl(pipes[1], F_SETPIPE_SZ, 16384) > 0);
    under.start.stderr_fd = pipes[1];
    process = start_under("aborts", two_thousand, &under);
    CHECK(proc_wait_output(&process, "ready", 10000)); /* nobody has read */
    text = drain_pipe(pipes[0]);
    records = records_parse(text, false);
    CHECK(records.count > 10 && records.count < 100);
    suppressed = suppressed_in(&records); /* a line of its own, and shorter, may have fitted in behind the last */
    records_free(&records);
    free(text);
    REQUIRE(write(process.stdin_fd, "1\n", 2) == 2);
    CHECK(proc_wait_output(&process, "again", 10000));
    text = drain_pipe(pipes[0]);
    records = records_parse(text, false);
    CHECK(records.count > 0);
    CHECK(suppressed + suppressed_in(&records) > 1800);
    records_free(&records);
    free(text);
    result = proc_wait(&process);
    check_ended(&result, "aborts into a full pipe");
    proc_result_free(&result);
}

static void pending_signals(int argc, char **argv)
{
    sigset_t set, pending;
    bool before = argc > 0 && strcmp(argv[0], "before") == 0;

    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    if (before) {
        sigprocmask(SIG_BLOCK, &set, NULL);
        raise(SIGPIPE);
    }
    abort_quickly();
    sigprocmask(SIG_BLOCK, &set, NULL);
    sigpending(&pending);
    CHECK_INT(sigismember(&pending, SIGPIPE), before);
    abort_quickly();
    sigpending(&pending);
    CHECK_INT(sigismember(&pending, SIGPIPE), before);
}

static void test_closed_pipe(void)
{
    static const char *const variants[] = {"before", "not"};

    for (size_t i = 0; i < TAP_COUNT(variants); i++) {
        const char *const arguments[] = {variants[i], NULL};
        struct under under = {.rules = "orderly"};
        struct proc_result result;
        int pipes[2];

        REQUIRE(pipe2(pipes, O_CLOEXEC) == 0);
        close(pipes[0]);
        under.start.stderr_fd = pipes[1];
        result = run_under("pending signals", arguments, &under);
        check_ended(&result, "aborts into a closed pipe");
        proc_result_free(&result);
        close(pipes[1]);
    }
}

/* The reader goes away while the program runs, which has SIGPIPE as it was at its start. */
static void test_reader_goes(void)
{
    struct under under = {.rules = "orderly", .start.input_pipe = true};
    struct proc process;
    struct proc_result result;
    int pipes[2];

    REQUIRE(pipe2(pipes, O_CLOEXEC) == 0);
    under.start.stderr_fd = pipes[1];
    process = start_under("aborts", ten, &under);
    CHECK(proc_wait_output(&process, "ready", 10000));
    close(pipes[0]);
    close(pipes[1]);
    REQUIRE(write(process.stdin_fd, "1\n2\n", 4) == 4);
    CHECK(proc_wait_output(&process, "again\nagain", 10000));
    result = proc_wait(&process);
    check_ended(&result, "aborts into a pipe that was closed");
    proc_result_free(&result);
}

static void limited_file(int argc, char **argv)
{
    struct rlimit limit = {5000, 1 << 20};

    (void)argc, (void)argv;
    REQUIRE(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    for (int i = 0; i < 50; i++)
        abort_quickly();
    limit.rlim_cur = 1 << 20;
    REQUIRE(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    abort_quickly();
}

static void test_file_size_limit(void)
{
    const char *path = in_directory("limited.log");
    struct under under = {.rules = "limit 1000000/s; orderly", .log = path};
    struct proc_result result = run_under("limited file", NULL, &under);
    char *text = records_file(path), *last, *rest, *line;
    size_t whole = 0, broken = 0;

    check_ended(&result, "RLIMIT_FSIZE");
    last = strstr(text, "\"suppressed\"");
    REQUIRE(last != NULL);
    CHECK(atoi(last + 13) > 20 && atoi(last + 13) <= 50);
    for (line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        whole += record_is_valid(line);
        broken += !record_is_valid(line);
    }
    CHECK(whole >= 5 && broken <= 1); /* the line at the limit, and the next one is whole */
    free(text);
    proc_result_free(&result);
    remove_tree(directory);
}

static void full_disk(int argc, char **argv)
{
    char chunk[4096] = "";
    int filler = open(argc > 0 ? argv[0] : "", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    REQUIRE(filler >= 0);
    while (write(filler, chunk, sizeof chunk) > 0)
        continue;
    for (int i = 0; i < 100; i++)
        abort_quickly();
    REQUIRE(ftruncate(filler, 0) == 0);
    abort_quickly();
}

static void test_full_disk(void)
{
    const char *filler, *path;
    struct under under = {.rules = "limit 1000000/s; orderly"};
    const char *arguments[2] = {NULL, NULL};
    struct proc_result result;
    char *text;

    own_etc();
    REQUIRE(mkdir("/etc/small", 0700) == 0);
    REQUIRE(mount("lg-small", "/etc/small", "tmpfs", 0, "size=64k") == 0);
    filler = arguments[0] = "/etc/small/filler";
    path = under.log = "/etc/small/records.log";
    result = run_under("full disk", arguments, &under);
    check_ended(&result, "a full disk");
    text = records_file(path);
    CHECK_CONTAINS(text, "\"suppressed\":");
    CHECK(access(filler, F_OK) == 0);
    free(text);
    proc_result_free(&result);
}

/* ---- Standard error that is somebody else's ---- */

static void standard_error_closed(int argc, char **argv)
{
    struct net_pair pair;

    (void)argc, (void)argv;
    abort_quickly();
    close(2);
    abort_quickly();
    pair = net_pair(AF_INET, NULL); /* the listener had number 2; the client gets it */
    if (pair.client != 2) {
        dup2(pair.client, 2);
        close(pair.client);
    }
    for (int i = 0; i < 10; i++)
        abort_quickly();
    set_linger(2, 1, 0);
    CHECK_INT(net_unread_bytes(pair.server), 0);
    close(2);
    printf("%llu bytes\n", (unsigned long long)net_read_all(pair.server, 5000).bytes);
}

static void test_client_gets_number_two(void)
{
    struct proc_result result = run_rules("standard error closed", "orderly");
    struct records records = records_parse(result.err, false);

    check_ended(&result, "standard error closed");
    CHECK_TEXT(result.out, "0 bytes\n");
    CHECK_INT((long long)records.count, 1);
    records_free(&records);
    proc_result_free(&result);
}

/* Runs ten aborts with one end of `type` as standard error; returns what arrived at the other. */
static char *error_socket(bool tcp, bool named_by_journal)
{
    char stream[96];
    struct under under = {.rules = "orderly"};
    struct proc_result result;
    struct stat status;
    int two[2];
    char *text;

    if (tcp) {
        struct net_pair pair = net_pair(AF_INET, NULL);

        two[0] = pair.server;
        two[1] = pair.client;
    } else {
        REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, two) == 0);
    }
    REQUIRE(fstat(two[0], &status) == 0);
    snprintf(stream, sizeof stream, "JOURNAL_STREAM=%lu:%lu", (unsigned long)status.st_dev,
             (unsigned long)status.st_ino + !named_by_journal);
    under.variable[0] = stream;
    under.start.stderr_fd = two[0];
    result = run_under("aborts", ten, &under);
    check_ended(&result, "aborts with a socket as standard error");
    proc_result_free(&result);
    text = drain_pipe(two[1]);
    close(two[0]);
    close(two[1]);
    return text;
}

static void test_inetd(void)
{
    char *text = error_socket(true, false);

    CHECK_TEXT(text, "");
    free(text);
    text = error_socket(false, false);
    CHECK_TEXT(text, "");
    free(text);
}

static void test_journal(void)
{
    char *text = error_socket(false, true);
    struct records records = records_parse(text, false);

    CHECK_INT((long long)records.count, 10);
    records_free(&records);
    free(text);
}

static void test_no_standard_error(void)
{
    struct under under = {.rules = "orderly", .start.stderr_fd = PROC_CLOSED};
    struct proc_result result = run_under("aborts", ten, &under);

    check_ended(&result, "aborts without a standard error");
    proc_result_free(&result);
}

/* ---- Files and syslog ---- */

static void change_directory(int argc, char **argv)
{
    abort_quickly();
    REQUIRE(chdir(argc > 0 ? argv[0] : "/") == 0);
    closefrom(3);
    abort_quickly();
}

static void test_relative_log(void)
{
    const char *path = in_directory("relative.log");
    const char *const arguments[] = {"/", NULL};
    const char *lost = in_directory("lost.log");
    struct under under = {.rules = "log file lost.log; orderly", .log = "./relative.log", .start.directory = directory};
    struct proc_result result = run_under("change directory", arguments, &under);
    char *text = records_file(path);
    struct records records = records_parse(text, false);

    check_ended(&result, "change directory");
    CHECK_INT((long long)records.count, 2);
    CHECK(access(lost, F_OK) != 0); /* the variable overrides what the rules say */
    CHECK_TEXT(result.err, "");
    records_free(&records);
    free(text);
    proc_result_free(&result);
    remove_tree(directory);
}

/* One abort more; `count` so far. */
static void abort_again(struct proc *process, int *count)
{
    char wanted[256] = "";

    REQUIRE(++*count < 40);
    for (int i = 0; i < *count; i++)
        strcat(wanted, "again\n");
    REQUIRE(write(process->stdin_fd, "1\n", 2) == 2);
    CHECK(proc_wait_output(process, wanted, 10000));
}

static void test_rotation(void)
{
    const char *path = in_directory("rotated.log"), *old = in_directory("rotated.log.1");
    struct under under = {.rules = "orderly", .log = path, .start.input_pipe = true};
    struct proc process = start_under("aborts", ten, &under);
    struct records records;
    struct proc_result result;
    int count = 0, kept;
    char *text;

    CHECK(proc_wait_output(&process, "ready", 10000));
    REQUIRE(rename(path, old) == 0);
    while (access(path, F_OK) != 0) { /* it is looked for once a second */
        usleep(300000);
        abort_again(&process, &count);
    }
    kept = count - 1;
    text = records_file(path);
    records = records_parse(text, false);
    CHECK_INT((long long)records.count, 1);
    records_free(&records);
    free(text);
    REQUIRE(unlink(path) == 0); /* which the next record sees */
    abort_again(&process, &count);
    text = records_file(path);
    CHECK_CONTAINS(text, "disarmed");
    free(text);
    result = proc_wait(&process);
    check_ended(&result, "rotation");
    text = records_file(old);
    records = records_parse(text, false);
    CHECK_INT((long long)records.count, 10 + kept);
    records_free(&records);
    free(text);
    proc_result_free(&result);
    remove_tree(directory);
}

static int bind_log(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    unlink(at.sun_path);
    REQUIRE(bind(fd, (struct sockaddr *)&at, sizeof at) == 0);
    return fd;
}

static size_t count_datagrams(int fd, const char *part)
{
    char text[PIPE_BUF + 1];
    size_t count = 0;
    ssize_t got;

    while ((got = recv(fd, text, sizeof text - 1, MSG_DONTWAIT)) > 0) {
        text[got] = '\0';
        CHECK_CONTAINS(text, part);
        count++;
    }
    return count;
}

/* A /dev of our own: null is all that is needed. */
static void own_dev(void)
{
    own_etc();
    REQUIRE(mount("lg-dev", "/dev", "tmpfs", 0, "mode=755") == 0);
    REQUIRE(mknod("/dev/null", S_IFCHR | 0666, makedev(1, 3)) == 0);
}

/* Somebody hears of it, once. */
static void test_replaced_is_told(void)
{
    struct proc_result result;
    int fd;

    own_dev();
    fd = bind_log();
    result = run_rules("standard error closed", "orderly");
    CHECK_INT((long long)count_datagrams(fd, "cannot write records to standard error: the program has put something"),
              1);
    proc_result_free(&result);
    close(fd);
}

static void test_syslog(void)
{
    struct under under = {.rules = "limit 1000000/s; orderly", .log = "syslog", .start.input_pipe = true};
    struct proc_result result;
    struct proc process;
    int fd;

    own_dev();
    fd = bind_log();
    process = start_under("aborts", ten, &under);
    CHECK(proc_wait_output(&process, "ready", 10000));
    CHECK_INT((long long)count_datagrams(fd, "\"outcome\":\"disarmed\""), 10);
    close(fd);
    REQUIRE(write(process.stdin_fd, "1\n", 2) == 2); /* nobody listens */
    CHECK(proc_wait_output(&process, "again", 10000));
    fd = bind_log();
    REQUIRE(write(process.stdin_fd, "1\n", 2) == 2);
    CHECK(proc_wait_output(&process, "again\nagain", 10000));
    CHECK_INT((long long)count_datagrams(fd, "\"suppressed\":1"), 1);
    result = proc_wait(&process);
    check_ended(&result, "syslog");
    proc_result_free(&result);

    process = start_under("aborts", two_thousand, &under); /* and nobody reads */
    CHECK(proc_wait_output(&process, "ready", 10000));
    result = proc_wait(&process);
    check_ended(&result, "a full syslog");
    CHECK(count_datagrams(fd, "\"outcome\":\"disarmed\"") > 0);
    proc_result_free(&result);
    close(fd);
    unlink("/dev/log");
    under.start.input_pipe = false;
    result = run_under("aborts", ten, &under);
    CHECK_CONTAINS(result.err, "syslog (/dev/log): ENOENT");
    check_ended(&result, "no syslog");
    proc_result_free(&result);
}

static void test_fifo_without_reader(void)
{
    const char *path = in_directory("fifo");
    struct under under = {.rules = "orderly", .log = path};
    struct proc_result result;

    REQUIRE(mkfifo(path, 0600) == 0);
    result = run_under("aborts", ten, &under);
    check_ended(&result, "a FIFO that nobody reads");
    CHECK_CONTAINS(result.err, "ENXIO");
    proc_result_free(&result);
    remove_tree(directory);
}

/* ---- A file that is gone ---- */

/* Standard error is a file without a name. It is closed, and a file of the program's own gets its number and its inode.
 */
static void inode_again(int argc, char **argv)
{
    struct stat before, now;
    char path[PATH_MAX], line[16];

    REQUIRE(argc == 1 && fgets(line, sizeof line, stdin) != NULL);
    abort_quickly();
    REQUIRE(fstat(2, &before) == 0 && before.st_nlink == 0 && before.st_size > 0);
    raw_close(2);
    for (int i = 0; i < 200; i++) {
        int fd;

        snprintf(path, sizeof path, "%s/data%d", argv[0], i);
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        REQUIRE(fd >= 0 && fstat(fd, &now) == 0);
        if (fd == 2 && now.st_ino == before.st_ino) {
            abort_quickly();
            REQUIRE(fstat(2, &now) == 0);
            printf("%lld bytes\n", (long long)now.st_size);
            return;
        }
        if (fd != 2)
            close(fd);
        else
            raw_close(fd);
    }
    printf("no inode came again\n");
}

static void test_inode_again(void)
{
    const char *path = in_directory("error.log");
    const char *const arguments[] = {directory, NULL};
    struct under under = {.rules = "orderly", .start.input_pipe = true};
    struct proc process;
    struct proc_result result;

    under.start.stderr_fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    REQUIRE(under.start.stderr_fd >= 0);
    process = start_under("inode again", arguments, &under);
    REQUIRE(unlink(path) == 0 && close(under.start.stderr_fd) == 0);
    REQUIRE(write(process.stdin_fd, "1\n", 2) == 2);
    result = proc_wait(&process);
    check_ended(&result, "inode again");
    remove_tree(directory);
    if (strcmp(result.out, "no inode came again\n") == 0)
        tap_skip("inode", "no inode comes again on this file system");
    CHECK_TEXT(result.out, "0 bytes\n");
    proc_result_free(&result);
}

static void drops_root(int argc, char **argv)
{
    REQUIRE(setgid(65534) == 0 && setuid(65534) == 0);
    aborts(argc, argv);
}

/* The log of a daemon that cannot make it anew is removed, and later comes back. */
static void test_removed(void)
{
    const char *path = in_directory("removed.log");
    struct under under = {.rules = "orderly", .log = path, .start.input_pipe = true};
    struct proc_result result;
    struct proc process;
    struct records records;
    char *text;

    if (getuid() != 0)
        tap_skip("root", "the test needs root");
    REQUIRE(chmod(directory, 0755) == 0);
    process = start_under("drops root", ten, &under);
    CHECK(proc_wait_output(&process, "ready", 10000));
    REQUIRE(unlink(path) == 0);
    REQUIRE(write(process.stdin_fd, "1\n2\n", 4) == 4);
    CHECK(proc_wait_output(&process, "again\nagain", 10000));
    text = proc_errors_so_far(&process);
    records = records_parse(text, false);
    CHECK_INT((long long)records.count, 1); /* told once */
    CHECK_CONTAINS(text, "it was removed, and cannot be made anew");
    records_free(&records);
    free(text);
    write_file(path, "");
    REQUIRE(chmod(path, 0666) == 0);
    REQUIRE(write(process.stdin_fd, "3\n", 2) == 2);
    result = proc_wait(&process);
    check_ended(&result, "a log that was removed");
    text = records_file(path);
    records = records_parse(text, false);
    REQUIRE(records.count == 1);
    CHECK_INT(record_number(records.line[0], "suppressed"), 2);
    records_free(&records);
    free(text);
    proc_result_free(&result);
    remove_tree(directory);
}

static const struct proc_snippet snippets[] = {
    {"inode again", inode_again},
    {"drops root", drops_root},
    {"aborts", aborts},
    {"pending signals", pending_signals},
    {"limited file", limited_file},
    {"full disk", full_disk},
    {"standard error closed", standard_error_closed},
    {"change directory", change_directory},
};

static const struct tap_test tests[] = {
    {"a full pipe drops and counts, and the program goes on", test_full_pipe, 0},
    {"a closed pipe raises no SIGPIPE, and one that was pending stays", test_closed_pipe, 0},
    {"a reader that goes away does not end the program", test_reader_goes, 0},
    {"a file at RLIMIT_FSIZE raises no SIGXFSZ, and is whole again afterwards", test_file_size_limit, 0},
    {"a full disk drops and counts", test_full_disk, 0},
    {"a client that gets number 2 gets no record", test_client_gets_number_two, 0},
    {"a standard error that is the client from the start gets no record", test_inetd, 0},
    {"a standard error that JOURNAL_STREAM names gets them", test_journal, 0},
    {"no standard error, no records and no harm", test_no_standard_error, 0},
    {"a relative log stays where it was when the program moves", test_relative_log, 0},
    {"a log that is rotated by rename: within a second the new file gets the records", test_rotation, 0},
    {"standard error that is gone, and a file of the program's with its inode", test_inode_again, 0},
    {"a log that is removed: dropped records are counted, and it is told once", test_removed, 0},
    {"a standard error that is replaced is told of in syslog", test_replaced_is_told, 0},
    {"syslog: restarted, full and absent", test_syslog, 0},
    {"a log that is a FIFO without a reader does not block", test_fifo_without_reader, 0},
};

int main(int argc, char **argv)
{
    proc_snippet_main(argc, argv, snippets, TAP_COUNT(snippets));
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
