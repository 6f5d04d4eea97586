/* SPDX-License-Identifier: MIT */
/* Many threads, and forks of them: no lock to be left held, no number taken from another thread. */
#include "tests/interpose/interpose.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define CLOSERS 8
#define RACERS  32
#define STORM   16

static atomic_bool stop;
static atomic_int bad;

static void abort_once(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || set_linger(fd, 1, 0) != 0 || close(fd) != 0)
        atomic_fetch_add(&bad, 1);
}

static void start(pthread_t *threads, size_t count, void *(*run)(void *))
{
    for (size_t i = 0; i < count; i++)
        REQUIRE(pthread_create(&threads[i], NULL, run, NULL) == 0);
}

static void join(const pthread_t *threads, size_t count)
{
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

/* ---- fork while others close ---- */

static void *close_for_ever(void *nothing)
{
    while (!atomic_load(&stop))
        abort_once();
    return nothing;
}

static void fork_loop(int argc, char **argv)
{
    static char *const arguments[] = {(char *)"true", NULL};
    pthread_t threads[CLOSERS];

    (void)argc, (void)argv;
    start(threads, CLOSERS, close_for_ever);
    for (int i = 0; i < 100; i++) {
        int status = 0;
        pid_t child = fork();

        if (child == 0) {
            abort_once();
            closefrom(3);
            abort_once();
            if (i % 4 == 0)
                execv("/bin/true", arguments);
            _exit(atomic_load(&bad) != 0);
        }
        REQUIRE(waitpid(child, &status, 0) == child);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    atomic_store(&stop, true);
    join(threads, CLOSERS);
    CHECK_INT(atomic_load(&bad), 0);
}

static void run_each(const char *snippet, const char *const *rules, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char directory[64], path[96];
        struct under under = {.rules = rules[i], .log = path, .start.deadline_ms = 90000};
        struct proc_result result;

        snprintf(directory, sizeof directory, "%s", own_directory());
        snprintf(path, sizeof path, "%s/log", directory);
        result = run_under(snippet, NULL, &under);
        check_ended(&result, rules[i]);
        proc_result_free(&result);
        unlink(path);
        rmdir(directory);
    }
}

static void test_fork_loop(void)
{
    static const char *const rules[] = {"limit 1000000/s; orderly",
                                        "inspect every-close; drain 10ms on linger-zero,unread"};

    run_each("fork loop", rules, TAP_COUNT(rules));
}

/* ---- The first call ---- */

static pthread_barrier_t barrier;

static void *race(void *nothing)
{
    pthread_barrier_wait(&barrier);
    abort_once();
    if (fclose(fopen("/dev/null", "r")) != 0)
        atomic_fetch_add(&bad, 1);
    return nothing;
}

static void racing(int argc, char **argv)
{
    pthread_t threads[RACERS];

    (void)argc, (void)argv;
    pthread_barrier_init(&barrier, NULL, RACERS);
    start(threads, RACERS, race);
    join(threads, RACERS);
    CHECK_INT(atomic_load(&bad), 0);
}

static void test_racing(void)
{
    for (int i = 0; i < 10; i++) {
        struct proc_result result = run_rules("racing", "orderly");
        struct records records = records_parse(result.err, false);

        check_ended(&result, "racing");
        CHECK_INT(records_count(&records, "outcome=disarmed"), RACERS);
        records_free(&records);
        proc_result_free(&result);
    }
}

/* ---- Whose number is it? ---- */

static void *open_and_close(void *nothing)
{
    for (int i = 0; i < 500; i++) {
        int file = open("/dev/null", O_RDONLY | O_CLOEXEC), fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        char byte;

        if (read(file, &byte, 1) != 0 || set_linger(fd, 1, 0) != 0)
            atomic_fetch_add(&bad, 1);
        if (close(fd) != 0 || close(file) != 0)
            atomic_fetch_add(&bad, 1);
    }
    return nothing;
}

static void storm(int argc, char **argv)
{
    pthread_t threads[STORM];

    (void)argc, (void)argv;
    start(threads, STORM, open_and_close);
    join(threads, STORM);
    CHECK_INT(atomic_load(&bad), 0);
}

static void test_storm(void)
{
    static const char *const rules[] = {"limit 1000000/s; orderly", "inspect every-close; drain 1s",
                                        "inspect never; orderly"};

    run_each("storm", rules, TAP_COUNT(rules));
}

/* ---- Connections over several threads ---- */

#define SERVERS     4
#define CONNECTIONS 100

static atomic_int orderly, reset;

static void *serve(void *abortive)
{
    for (int i = 0; i < CONNECTIONS; i++) {
        struct net_pair pair = net_pair(AF_INET, NULL);

        if (set_linger(pair.server, abortive != NULL, 0) != 0 || close(pair.server) != 0)
            atomic_fetch_add(&bad, 1);
        atomic_fetch_add(strcmp(end_of(pair.client), "EOF") == 0 ? &orderly : &reset, 1);
        close(pair.client);
    }
    return NULL;
}

static void serving(int argc, char **argv)
{
    pthread_t threads[SERVERS];
    bool abortive = argc > 0 && strcmp(argv[0], "abort") == 0;

    for (int i = 0; i < SERVERS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, serve, abortive ? &bad : NULL) == 0);
    join(threads, SERVERS);
    printf("%d ended, %d reset, %d bad\n", orderly, reset, bad);
}

static void test_serving(void)
{
    static const struct {
        const char *rules, *argument, *printed;
    } rows[] = {
        {"limit 1000000/s; orderly", "abort", "400 ended, 0 reset, 0 bad\n"},
        {"linger 1s", "abort", "400 ended, 0 reset, 0 bad\n"},
        {"inspect every-close; orderly", "abort", "400 ended, 0 reset, 0 bad\n"},
        {"inspect every-close; orderly", "plain", "400 ended, 0 reset, 0 bad\n"},
        {"observe", "plain", "400 ended, 0 reset, 0 bad\n"},
        {"limit 1000000/s; observe", "abort", "0 ended, 400 reset, 0 bad\n"},
    };

    for (size_t i = 0; i < TAP_COUNT(rows); i++) {
        const char *const arguments[] = {rows[i].argument, NULL};
        struct under under = {.rules = rows[i].rules, .log = "off"};
        struct proc_result result = run_under("serving", arguments, &under);

        check_ended(&result, rows[i].rules);
        CHECK_TEXT(result.out, rows[i].printed);
        proc_result_free(&result);
    }
}

/* ---- Cancellation ---- */

enum cancelled_call { IN_CLOSE, IN_ACCEPT, IN_CONNECT };

static struct net_pair stuck;
static int listener;
static atomic_bool entered;

static void *blocked_close(void *nothing)
{
    close(stuck.client);
    pthread_testcancel();
    return nothing;
}

static void *blocked_accept(void *nothing)
{
    atomic_store(&entered, true);
    accept(listener, NULL, NULL);
    return nothing;
}

/* Of a listener whose queue is full the kernel answers no further SYN. */
static void *blocked_connect(void *nothing)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.sin_port = htons(net_local_port(listener));
    atomic_store(&entered, true);
    connect(fd, (struct sockaddr *)&to, sizeof to);
    return nothing;
}

static void *cancelled_at_once(void *nothing)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    pthread_cancel(pthread_self());
    close(fd); /* the cancellation point */
    atomic_fetch_add(&bad, 1);
    return nothing;
}

static const char *cancel(void *(*run)(void *))
{
    pthread_t thread;
    void *result = NULL;

    atomic_store(&entered, false);
    REQUIRE(pthread_create(&thread, NULL, run, NULL) == 0);
    while (run != cancelled_at_once && !atomic_load(&entered) &&
           (run != blocked_close || fcntl(stuck.client, F_GETFD) >= 0))
        usleep(1000); /* the number is free as soon as the close lingers */
    if (run != cancelled_at_once)
        pthread_cancel(thread);
    REQUIRE(pthread_join(thread, &result) == 0);
    return result == PTHREAD_CANCELED ? "cancelled" : "not cancelled";
}

static void cancellation(int argc, char **argv)
{
    struct net_options one = {.backlog = 1}, small = {.send_bytes = 8192, .receive_bytes = 4096};

    (void)argc, (void)argv;
    listener = net_listen(AF_INET, &one);
    printf("accept %s\n", cancel(blocked_accept));
    for (int i = 0; i < 3; i++) {
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        to.sin_port = htons(net_local_port(listener));
        connect(fd, (struct sockaddr *)&to, sizeof to);
    }
    printf("connect %s\n", cancel(blocked_connect));
    printf("close %s\n", cancel(cancelled_at_once));
    CHECK_INT(atomic_load(&bad), 0);
    stuck = net_pair(AF_INET, &small);
    net_fill(stuck.client, 0);
    fcntl(stuck.client, F_SETFL, 0); /* blocking again */
    set_linger(stuck.client, 1, 30);
    printf("lingering close %s\n", cancel(blocked_close));
    printf("peer %s\n", end_of(stuck.server));
    abort_once(); /* nothing is held */
    printf("%d\n", atomic_load(&bad));
}

static void test_cancellation(void)
{
    static const char *const rules[] = {"allow", "orderly", "inspect every-close; orderly",
                                        "inspect every-close; drain 10ms on linger-zero,unread"};

    compare_under("cancellation", rules, TAP_COUNT(rules));
}

/* A thread in recv holds the socket: a drain must not take its bytes, nor a half-close its connection. */
static atomic_int receiver;

static void *receive(void *text)
{
    ssize_t got;

    atomic_store(&receiver, gettid());
    got = recv(stuck.client, text, 31, 0);
    if (got < 0)
        strcpy(text, strerror(errno));
    return text;
}

static bool is_in_recv(void *nothing)
{
    char path[64], *text;
    bool there;

    (void)nothing;
    if (atomic_load(&receiver) == 0)
        return false;
    snprintf(path, sizeof path, "/proc/self/task/%d/syscall", atomic_load(&receiver));
    text = records_file(path);
    there = atoi(text) == SYS_recvfrom;
#ifdef SYS_socketcall
    there |= atoi(text) == SYS_socketcall;
#endif
    free(text);
    return there;
}

static void reader_in_recv(int argc, char **argv)
{
    char text[32] = "";
    pthread_t thread;

    (void)argc, (void)argv;
    stuck = net_pair(AF_INET, NULL);
    REQUIRE(pthread_create(&thread, NULL, receive, text) == 0);
    REQUIRE(net_wait_for(is_in_recv, NULL, 10000));
    set_linger(stuck.client, 1, 0);
    close(stuck.client);
    if (argc == 0) /* a drain half-closes first */
        CHECK_INT(net_tcp_state(stuck.server), TCP_ESTABLISHED);
    CHECK_INT(send(stuck.server, "late", 4, MSG_NOSIGNAL), 4);
    pthread_join(thread, NULL);
    CHECK_TEXT(text, "late");
    printf("%s\n", end_of(stuck.server));
}

static void test_reader_in_recv(void)
{
    static const char *const rules[] = {"orderly", "drain 2s", "linger 1s"};

    if (getenv("LG_RUNNER") != NULL)
        tap_skip("emulator", "what a thread is in is told of the emulator");
    for (size_t i = 0; i < TAP_COUNT(rules); i++) {
        const char *const arguments[] = {strncmp(rules[i], "drain", 5) == 0 ? "half-closed" : NULL, NULL};
        struct under under = {.rules = rules[i]};
        struct proc_result result = run_under("reader in recv", arguments, &under);

        check_ended(&result, rules[i]);
        CHECK_TEXT(result.out, "EOF\n");
        proc_result_free(&result);
    }
}

static const struct proc_snippet snippets[] = {
    {"fork loop", fork_loop},       {"racing", racing},   {"storm", storm},
    {"cancellation", cancellation}, {"serving", serving}, {"reader in recv", reader_in_recv},
};

static const struct tap_test tests[] = {
    {"fork of a process whose threads close: the child closes and execs", test_fork_loop, 200000},
    {"32 threads race the first call", test_racing, 60000},
    {"16 threads open and close, and each keeps its own numbers", test_storm, 300000},
    {"400 connections over 4 threads end as the policy says", test_serving, 60000},
    {"a thread is cancelled in close, accept and connect as without us", test_cancellation, 60000},
    {"a thread that reads keeps the connection that another closes", test_reader_in_recv, 0},
};

int main(int argc, char **argv)
{
    proc_snippet_main(argc, argv, snippets, TAP_COUNT(snippets));
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
