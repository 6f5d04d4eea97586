/* SPDX-License-Identifier: MIT */
/* A policy that changes a thousand times, and one that changes under a hundred processes. */
#include "tests/interpose/edits.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "policy/parse.h"

#define EDITS     1000u
#define PROCESSES 100u
#define THREADS   6u

/* ---- What the program does ---- */

static struct sockaddr_in server;

/* Takes what comes and closes it, to the end of the process. */
static void *acceptor(void *listener)
{
    for (;;)
        close(accept4((int)(intptr_t)listener, NULL, NULL, SOCK_CLOEXEC));
    return NULL;
}

static void listen_somewhere(void)
{
    pthread_t thread;
    socklen_t size = sizeof server;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    server.sin_family = AF_INET;
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(listener >= 0 && bind(listener, (struct sockaddr *)&server, sizeof server) == 0);
    REQUIRE(listen(listener, 4096) == 0 && getsockname(listener, (struct sockaddr *)&server, &size) == 0);
    REQUIRE(pthread_create(&thread, NULL, acceptor, (void *)(intptr_t)listener) == 0);
}

/* On a socket that is not connected: the request is decided, and nothing needs a peer. Returns errno, or 0. */
static int ask_once(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int error = set_linger(fd, 1, 0) == 0 ? 0 : errno;

    close(fd);
    return error;
}

/* A connection, so that the close has something to decide too. */
static int abort_once(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int error = 0;

    if (connect(fd, (struct sockaddr *)&server, sizeof server) == 0)
        error = set_linger(fd, 1, 0) == 0 ? 0 : errno;
    close(fd);
    return error;
}

static atomic_bool is_over;
static atomic_int bad;

static void check_error(int error)
{
    if (error != 0 && error != EACCES && error != EPERM && error != EBUSY)
        atomic_fetch_add(&bad, 1);
}

static void *aborter(void *argument)
{
    (void)argument;
    while (!atomic_load(&is_over)) {
        check_error(abort_once());
        check_error(ask_once());
        sleep_ms(2);
    }
    return NULL;
}

static void *forker(void *argument)
{
    (void)argument;
    while (!atomic_load(&is_over)) {
        pid_t child = fork();
        int status = 0;

        if (child == 0) {
            for (int i = 0; i < 5; i++)
                check_error(ask_once());
            _exit(atomic_load(&bad));
        }
        if (child > 0 && (waitpid(child, &status, 0) != child || status != 0))
            atomic_fetch_add(&bad, 1);
        sleep_ms(2);
    }
    return NULL;
}

static void on_alarm(int number)
{
    int error = errno;

    (void)number;
    check_error(ask_once());
    errno = error;
}

static long mapped_kib(void)
{
    char line[256];
    FILE *file = fopen("/proc/self/status", "re");
    long kib = -1;

    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        sscanf(line, "VmSize: %ld", &kib);
    if (file != NULL)
        fclose(file);
    return kib;
}

/* Goes on until its standard input ends. */
static void snippet_storm(int argc, char **argv)
{
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    struct itimerval often = {{0, 2000}, {0, 2000}}, never = {{0, 0}, {0, 0}};
    pthread_t threads[THREADS + 1];
    char byte;
    long before, after;

    (void)argc, (void)argv;
    listen_somewhere();
    sigaction(SIGALRM, &action, NULL);
    for (unsigned i = 0; i <= THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, i == THREADS ? forker : aborter, NULL) == 0);
    sleep_ms(50);
    before = mapped_kib();
    setitimer(ITIMER_REAL, &often, NULL);
    while (read(0, &byte, 1) > 0)
        ;
    setitimer(ITIMER_REAL, &never, NULL);
    after = mapped_kib();
    atomic_store(&is_over, true);
    for (unsigned i = 0; i <= THREADS; i++)
        pthread_join(threads[i], NULL);
    printf("bad=%d grown=%ld\n", atomic_load(&bad), after - before);
}

/* ---- A thousand edits ---- */

struct edit {
    uint32_t digest;
    unsigned line;
    const char *verdict;
};

static struct edit edits[EDITS];

static struct edit describe(const char *text, unsigned line, const char *verdict)
{
    static struct lg_policy policy;
    const struct lg_source source = {LG_SOURCE_FILE, {"x", 1}};

    lg_policy_init(&policy);
    REQUIRE(lg_policy_parse(&policy, &source, (struct lg_text){text, strlen(text)}, NULL, NULL) == 0);
    return (struct edit){lg_policy_digest(&policy), line, verdict};
}

/* The number and the line of the rule differ from one edit to the next, and its verdict. */
static const char *make_edit(unsigned number)
{
    static const char *const verdicts[] = {"reject EACCES", "orderly",    "reject EPERM",
                                           "observe",       "drain 20ms", "reject EBUSY"};
    static char text[1024];
    const char *verdict = verdicts[number % 6];
    unsigned line = 2 + number % 50;
    size_t used = (size_t)snprintf(text, sizeof text, "limit 1000000/s; tag t%u\n", number);

    for (unsigned i = 2; i < line; i++)
        text[used++] = '\n';
    snprintf(text + used, sizeof text - used, "%s on linger-zero\n", verdict);
    edits[number] = describe(text, line, verdict);
    return text;
}

static const struct edit *find_edit(const char *digest)
{
    uint32_t wanted = digest != NULL ? (uint32_t)strtoul(digest, NULL, 16) : 0;

    for (unsigned i = 0; i < EDITS; i++) {
        if (edits[i].digest == wanted)
            return &edits[i];
    }
    return NULL;
}

/* Rule, verdict and digest are of one policy. */
static bool check_record(const char *record, unsigned *seen)
{
    const struct edit *edit = find_edit(record_get(record, "policy"));
    const char *rule = record_get(record, "rule"), *verdict = record_get(record, "verdict");
    const char *colon = rule != NULL ? strrchr(rule, ':') : NULL;
    char wanted[32];

    if (edit == NULL || colon == NULL || verdict == NULL || (unsigned)atoi(colon + 1) != edit->line)
        return false;
    snprintf(wanted, sizeof wanted, "%s", edit->verdict);
    wanted[strcspn(wanted, " ")] = '\0';
    seen[edit - edits]++;
    return strcmp(verdict, wanted) == 0;
}

static void check_log(const char *path)
{
    static unsigned seen[EDITS];
    FILE *file = fopen(path, "re");
    char line[8192];
    unsigned records = 0, policies = 0;

    REQUIRE(file != NULL);
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (record_get(line, "call") == NULL)
            continue;
        records++;
        if (!check_record(line, seen))
            tap_fail(__FILE__, __LINE__, "rule, verdict and policy do not belong together: %s", line);
    }
    fclose(file);
    for (unsigned i = 0; i < EDITS; i++)
        policies += seen[i] > 0;
    tap_note("%u records under %u policies", records, policies);
    CHECK(policies > 20);
    CHECK(seen[EDITS - 1] > 0);
}

/* The last one, which is followed by nothing. */
static bool comes_in(const char *path, uint32_t digest)
{
    char wanted[40];

    snprintf(wanted, sizeof wanted, "\"policy\":\"%08x\"", digest);
    for (int i = 0; i < 400; i++) {
        static char tail[65536];
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        off_t size = lseek(fd, 0, SEEK_END), from = size < (off_t)sizeof tail ? 0 : size - (off_t)sizeof tail + 1;
        ssize_t got = pread(fd, tail, sizeof tail - 1, from);

        close(fd);
        tail[got > 0 ? got : 0] = '\0';
        if (strstr(tail, wanted) != NULL)
            return true;
        sleep_ms(50);
    }
    return false;
}

static void test_storm(void)
{
    const char *policy = in_directory("policy"), *log = in_directory("log");
    char variable[256];
    struct under under = {.log = log, .variable = {variable}, .start.input_pipe = true, .start.deadline_ms = 60000};
    struct proc process;
    struct proc_result result;
    const char *grown;

    snprintf(variable, sizeof variable, "LINGERGUARD_POLICY=%s", policy);
    under.start.preload_before = proc_helper("interpose/lib_fast_clock.so");
    replace_file(policy, make_edit(0));
    process = start_under("storm", NULL, &under);
    for (unsigned i = 1; i < EDITS; i++) {
        replace_file(policy, make_edit(i));
        sleep_ms(2);
    }
    CHECK(comes_in(log, edits[EDITS - 1].digest));
    close(process.stdin_fd);
    process.stdin_fd = -1;
    result = proc_wait(&process);
    check_ended(&result, "storm");
    CHECK_CONTAINS(result.out, "bad=0 ");
    CHECK_TEXT(result.err, "");
    grown = strstr(result.out, "grown=");
    tap_note("%s", result.out);
    /* A page for each policy that came into force; and what malloc and threads map, a few MiB. */
    CHECK(grown != NULL && atol(grown + 6) < (long)EDITS * 4 + 4096);
    proc_result_free(&result);
    check_log(log);
    remove_directory();
}

/* ---- A hundred processes ---- */

struct slot {
    atomic_int error; /* of the last request */
    atomic_uint requests;
};

static struct slot *map_slots(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct slot *slots;

    REQUIRE(fd >= 0 && ftruncate(fd, sizeof *slots * PROCESSES) == 0);
    slots = mmap(NULL, sizeof *slots * PROCESSES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    REQUIRE(slots != MAP_FAILED);
    close(fd);
    return slots;
}

/* Ten requests a second, until its standard input ends. */
static void snippet_busy(int argc, char **argv)
{
    struct slot *slot;
    struct pollfd input = {0, POLLIN, 0};

    REQUIRE(argc == 2);
    slot = map_slots(argv[0]) + atoi(argv[1]);
    while (poll(&input, 1, 100) == 0) {
        atomic_store(&slot->error, ask_once());
        atomic_fetch_add(&slot->requests, 1);
    }
}

static bool all_answer(const struct slot *slots, int error)
{
    for (unsigned i = 0; i < PROCESSES; i++) {
        if (atomic_load(&slots[i].requests) == 0 || atomic_load(&slots[i].error) != error)
            return false;
    }
    return true;
}

static void wait_for_all(const struct slot *slots, int error)
{
    unsigned waited_ms = 0;

    while (!all_answer(slots, error) && waited_ms < 60000) {
        sleep_ms(20);
        waited_ms += 20;
    }
    CHECK(all_answer(slots, error));
    tap_note("all after about %u ms", waited_ms);
}

static void test_processes(void)
{
    const char *policy = in_directory("policy"), *path = in_directory("slots");
    struct slot *slots = map_slots(path);
    char variable[256], number[16];
    const char *const arguments[] = {path, number, NULL};
    struct under under = {.log = "off", .variable = {variable}, .start.input_pipe = true, .start.deadline_ms = 60000};
    struct proc processes[PROCESSES];

    snprintf(variable, sizeof variable, "LINGERGUARD_POLICY=%s", policy);
    write_file(policy, "orderly\n");
    for (unsigned i = 0; i < PROCESSES; i++) {
        snprintf(number, sizeof number, "%u", i);
        processes[i] = start_under("busy", arguments, &under);
    }
    wait_for_all(slots, 0);
    replace_file(policy, "reject EACCES\n");
    wait_for_all(slots, EACCES);
    write_file(policy, "reject EPERM # longer\n");
    wait_for_all(slots, EPERM);
    for (unsigned i = 0; i < PROCESSES; i++) {
        close(processes[i].stdin_fd);
        processes[i].stdin_fd = -1;
    }
    for (unsigned i = 0; i < PROCESSES; i++) {
        struct proc_result result = proc_wait(&processes[i]);

        check_ended(&result, "busy");
        proc_result_free(&result);
    }
    remove_directory();
}

static const struct proc_snippet snippets[] = {
    {"storm", snippet_storm},
    {"busy", snippet_busy},
};

static const struct tap_test tests[] = {
    {"a thousand edits under threads, signals and forks", test_storm, 120000},
    {"a hundred processes", test_processes, 120000},
};

int main(int argc, char **argv)
{
    proc_snippet_main(argc, argv, snippets, TAP_COUNT(snippets));
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
