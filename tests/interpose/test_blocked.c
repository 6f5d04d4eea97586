/* SPDX-License-Identifier: MIT */
/*
 * A thread that is blocked in a call on the descriptor that another one closes: it goes on as without the library. The
 * one that closes is always first to run when something happens, which is the worst for the other.
 */
#include "tests/interpose/interpose.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>

#define DRAIN      "drain 10s on linger-zero,unread"
#define ROUNDS     5
#define MUCH_BYTES 400000

static struct net_pair pair;
static volatile pid_t blocked_tid;
static volatile sig_atomic_t broken_pipes;

/* On the same processor as all others of this test, and before those of a lower priority. */
static void run_at(int priority)
{
    struct sched_param how = {.sched_priority = priority};
    cpu_set_t first;

    CPU_ZERO(&first);
    CPU_SET(0, &first);
    if (sched_setaffinity(0, sizeof first, &first) != 0 || sched_setscheduler(0, SCHED_FIFO, &how) != 0)
        tap_fail(__FILE__, __LINE__, "a real-time thread: %s", strerror(errno));
}

static void *close_it(void *nothing)
{
    run_at(2);
    CHECK_INT(close(pair.server), 0);
    return nothing;
}

/* The thread sleeps in the call. */
static bool is_in_call(void *number)
{
    char path[64], *text;
    bool there;

    if (blocked_tid == 0)
        return false;
    snprintf(path, sizeof path, "/proc/self/task/%d/syscall", blocked_tid);
    text = records_file(path);
    there = atoi(text) == *(int *)number;
#ifdef SYS_socketcall
    there |= atoi(text) == SYS_socketcall;
#endif
    free(text);
    return there;
}

/* Bare, the number is free when the close is over; with the library the drain has begun: it takes what is queued. */
static bool is_closing(void *nothing)
{
    (void)nothing;
    return fcntl(pair.server, F_GETFD) < 0 || net_unread_bytes(pair.server) == 0;
}

static pthread_t blocked, closer;

static void begin(void *(*run)(void *), int call, const struct net_options *options)
{
    pair = net_pair(AF_INET, options);
    set_linger(pair.server, 1, 0);
    blocked_tid = 0;
    REQUIRE(pthread_create(&blocked, NULL, run, NULL) == 0);
    REQUIRE(net_wait_for(is_in_call, &call, 10000));
    REQUIRE(pthread_create(&closer, NULL, close_it, NULL) == 0);
    REQUIRE(net_wait_for(is_closing, NULL, 10000));
    usleep(5000);
}

static void end(void)
{
    pthread_join(closer, NULL);
    close(pair.client);
}

/* ---- Readers ---- */

static char received[32];

static void *read_once(void *nothing)
{
    ssize_t got;

    run_at(1);
    blocked_tid = gettid();
    got = recv(pair.server, received, sizeof received - 1, 0);
    snprintf(received + (got > 0 ? got : 0), 20, " %zd", got);
    return nothing;
}

/* A reader that looks first, and then takes it; bare, its second call has no descriptor any more. */
static void *peek_once(void *nothing)
{
    ssize_t got;

    run_at(1);
    blocked_tid = gettid();
    got = recv(pair.server, received, sizeof received - 1, MSG_PEEK);
    snprintf(received + (got > 0 ? got : 0), 20, " %zd", got);
    if (recv(pair.server, received + 10, 10, MSG_DONTWAIT) < 0)
        CHECK_INT(errno, EBADF);
    return nothing;
}

/* The peer sends late: and goes on, or is done with the same segment. */
static void late(void *(*run)(void *), bool with_fin)
{
    for (int i = 0; i < ROUNDS; i++) {
        memset(received, 0, sizeof received);
        begin(run, SYS_recvfrom, NULL);
        CHECK_INT(send(pair.client, "late", 4, with_fin ? MSG_MORE : 0), 4);
        if (with_fin)
            shutdown(pair.client, SHUT_WR);
        pthread_join(blocked, NULL);
        shutdown(pair.client, SHUT_WR);
        printf("%s, then %s\n", received, end_of(pair.client));
        end();
    }
}

static void reader(int argc, char **argv)
{
    (void)argc, (void)argv;
    late(read_once, false);
}

static void reader_to_the_end(int argc, char **argv)
{
    (void)argc, (void)argv;
    late(read_once, true);
}

static void peeker(int argc, char **argv)
{
    (void)argc, (void)argv;
    late(peek_once, false);
    late(peek_once, true);
}

/* ---- Writers ---- */

static ssize_t sent;
static long long filled;

/* Blocked with a part of it sent. */
static void *write_much(void *nothing)
{
    char *much = calloc(1, MUCH_BYTES);

    run_at(1);
    blocked_tid = gettid();
    sent = send(pair.server, much, MUCH_BYTES, 0);
    free(much);
    return nothing;
}

/* Blocked with nothing of it sent: a send that fails then raises SIGPIPE. */
static void *write_little(void *nothing)
{
    run_at(1);
    filled = (long long)net_fill(pair.server, 0);
    fcntl(pair.server, F_SETFL, 0);
    blocked_tid = gettid();
    sent = send(pair.server, "little", 6, 0);
    return nothing;
}

static void count_pipe(int number)
{
    (void)number;
    broken_pipes++;
}

static void write_late(void *(*run)(void *))
{
    struct net_options small = {.send_bytes = 16384, .receive_bytes = 4096};
    struct sigaction action = {.sa_handler = count_pipe};

    sigaction(SIGPIPE, &action, NULL);
    for (int i = 0; i < ROUNDS; i++) {
        struct net_received seen;

        begin(run, SYS_sendto, &small);
        seen = net_read_all(pair.client, 10000);
        shutdown(pair.client, SHUT_WR);
        pthread_join(blocked, NULL);
        printf("sent %zd, %d SIGPIPE\n", sent, (int)broken_pipes);
        if (getenv("LINGERGUARD_RULES") != NULL) /* bare it ends in RST, as early as that likes */
            CHECK_INT((long long)seen.bytes, filled + sent);
        end();
    }
}

static void writer(int argc, char **argv)
{
    (void)argc, (void)argv;
    write_late(write_much);
}

static void writer_of_little(int argc, char **argv)
{
    (void)argc, (void)argv;
    write_late(write_little);
}

/* ---- */

static void check_realtime(void)
{
    struct sched_param how = {.sched_priority = 1}, before = {.sched_priority = 0};

    if (getenv("LG_RUNNER") != NULL)
        tap_skip("emulator", "what a thread is in is told of the emulator");
    if (sched_setscheduler(0, SCHED_FIFO, &how) != 0)
        tap_skip("root", "real-time priority: %s", strerror(errno));
    sched_setscheduler(0, SCHED_OTHER, &before);
}

/* The output with the library: what the thread got. The end of the connection is in order where bare it is not. */
static void holds(const char *snippet, const char *line)
{
    struct under under = {.rules = DRAIN, .log = "off", .start.deadline_ms = 40000};
    struct proc_result result;
    int times = 0;

    check_realtime();
    result = run_under(snippet, NULL, &under);
    check_ended(&result, snippet);
    for (const char *at = result.out; (at = strstr(at, line)) != NULL; at += strlen(line))
        times++;
    CHECK(times >= ROUNDS);
    CHECK_INT(times % ROUNDS, 0);
    if (tap_failures() > 0)
        tap_note("%s", result.out);
    CHECK_LACKS(result.out, "RST");
    proc_result_free(&result);
}

static void bare(const char *snippet, const char *line)
{
    struct proc_options plain = {.deadline_ms = 40000};
    struct proc_result result;

    check_realtime();
    result = proc_snippet_run(snippet, NULL, &plain);
    check_ended(&result, snippet);
    CHECK_CONTAINS(result.out, line);
    proc_result_free(&result);
}

static void test_reader(void)
{
    bare("reader", "late 4, then");
    holds("reader", "late 4, then EOF\n");
}

static void test_reader_to_the_end(void)
{
    bare("reader to the end", "late 4, then");
    holds("reader to the end", "late 4, then EOF\n");
}

static void test_peeker(void)
{
    bare("peeker", "late 4");
    holds("peeker", "late 4");
}

static void test_writer(void)
{
    bare("writer", "sent 400000, 0 SIGPIPE\n");
    holds("writer", "sent 400000, 0 SIGPIPE\n");
}

static void test_writer_of_little(void)
{
    bare("writer of little", "sent 6, 0 SIGPIPE\n");
    holds("writer of little", "sent 6, 0 SIGPIPE\n");
}

static const struct proc_snippet snippets[] = {
    {"reader", reader}, {"reader to the end", reader_to_the_end}, {"peeker", peeker},
    {"writer", writer}, {"writer of little", writer_of_little},
};

static const struct tap_test tests[] = {
    {"a blocked reader gets what comes late", test_reader, 100000},
    {"a blocked reader gets what comes with the peer's FIN", test_reader_to_the_end, 100000},
    {"a blocked reader that peeks first gets it too", test_peeker, 100000},
    {"a blocked writer sends all that it has", test_writer, 100000},
    {"a blocked writer that has sent nothing yet gets no SIGPIPE", test_writer_of_little, 100000},
};

int main(int argc, char **argv)
{
    proc_snippet_main(argc, argv, snippets, TAP_COUNT(snippets));
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
