/* SPDX-License-Identifier: MIT */
/*
 * The drainer and the connections that it takes: how each ends, and what the peer has of it.
 */
#include "tests/command/drainer.h"

#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>

#define KEYS                                                                                                           \
    "time pid tid exe call socket cause verdict rule policy outcome local peer unsent_bytes drained_bytes elapsed_ms"

/* A record by its outcome, of a drainer that had one connection. */
static char *only_record(struct drainer *drainer, const char *outcome)
{
    char wanted[64], *line;
    struct records records;

    REQUIRE(drainer_wait(drainer, "\"outcome\"", 1, SOON_MS));
    records = drainer_end(drainer);
    snprintf(wanted, sizeof wanted, "outcome=%s", outcome);
    CHECK_INT((long long)records.count, 2); /* and the counts */
    if (records_find(&records, wanted) == NULL)
        tap_note("got: %s", records.count > 0 ? records.line[0] : "nothing");
    REQUIRE(records_find(&records, wanted) != NULL);
    line = strdup(records_find(&records, wanted));
    records_free(&records);
    return line;
}

static void test_drained(void)
{
    struct drainer drainer = drainer_start("");
    int link = drainer_link(&drainer);
    struct net_pair pair = net_pair(AF_INET, NULL);
    struct lg_hand_off message = drainer_message(60000);
    struct net_received received;
    uint64_t cookie = 0;
    socklen_t size = sizeof cookie;
    char address[32], *line;

    REQUIRE(getsockopt(pair.server, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0);
    CHECK(net_send_pattern(pair.server, 0, 5000));
    CHECK(net_send_pattern(pair.client, 0, 3000));
    CHECK_INT(drainer_hand(link, pair.server, &message), 0);
    CHECK(net_send_pattern(pair.client, 0, 8 << 20));
    received = net_read_all(pair.client, SOON_MS);
    CHECK(received.eof && received.intact);
    CHECK_INT((long long)received.bytes, 5000);
    CHECK(net_send_pattern(pair.client, 0, 1000)); /* after the answer too: no RST */
    usleep(50000);
    CHECK(net_send_pattern(pair.client, 0, 1000));
    close(pair.client);

    line = only_record(&drainer, "drained");
    CHECK(record_has_keys(line, KEYS));
    CHECK_INT(record_number(line, "pid"), 1234);
    CHECK_INT(record_number(line, "tid"), 1235);
    CHECK_TEXT(record_get(line, "exe"), "/usr/sbin/program");
    CHECK_TEXT(record_get(line, "call"), "close");
    CHECK_TEXT(record_get(line, "cause"), "unread");
    CHECK_TEXT(record_get(line, "verdict"), "drain");
    CHECK_TEXT(record_get(line, "rule"), "rules:1");
    CHECK_TEXT(record_get(line, "policy"), "00c0ffee");
    CHECK_INT(record_number(line, "socket"), (long long)cookie);
    CHECK_INT(record_number(line, "drained_bytes"), 3000 + (8 << 20) + 2000);
    CHECK_INT(record_number(line, "unsent_bytes"), 0);
    snprintf(address, sizeof address, "127.0.0.1:%u", pair.server_port);
    CHECK_TEXT(record_get(line, "local"), address);
    snprintf(address, sizeof address, "127.0.0.1:%u", pair.client_port);
    CHECK_TEXT(record_get(line, "peer"), address);
    free(line);
}

static void test_families(void)
{
    static const struct {
        int family;
        int protocol;
        const char *address;
    } rows[] = {{AF_INET6, 0, "[::1]"}, {AF_INET, IPPROTO_MPTCP, "127.0.0.1"}, {AF_INET6, IPPROTO_MPTCP, "[::1]"}};

    for (size_t i = 0; i < TAP_COUNT(rows); i++) {
        struct net_options options = {.protocol = rows[i].protocol};
        struct drainer drainer = drainer_start("");
        int link = drainer_link(&drainer);
        struct net_pair pair = net_pair(rows[i].family, &options);
        struct lg_hand_off message = drainer_message(60000);
        struct net_received received;
        char address[32], *line;

        CHECK(net_send_pattern(pair.server, 0, 5000));
        CHECK_INT(drainer_hand(link, pair.server, &message), 0);
        CHECK(net_send_pattern(pair.client, 0, 1 << 20));
        received = net_read_all(pair.client, SOON_MS);
        CHECK(received.eof && received.intact && received.bytes == 5000);
        close(pair.client);
        line = only_record(&drainer, "drained");
        CHECK_INT(record_number(line, "drained_bytes"), 1 << 20);
        snprintf(address, sizeof address, "%s:%u", rows[i].address, pair.client_port);
        CHECK_TEXT(record_get(line, "peer"), address);
        free(line);
    }
}

static void test_deadline(void)
{
    struct drainer drainer = drainer_start("");
    int link = drainer_link(&drainer);
    struct net_pair pair = net_pair(AF_INET, NULL);
    struct lg_hand_off message = drainer_message(300);
    char *line;

    CHECK_INT(drainer_hand(link, pair.server, &message), 0);
    line = only_record(&drainer, "deadline");
    CHECK(record_number(line, "elapsed_ms") >= 300 && record_number(line, "elapsed_ms") < 5000);
    free(line);
}

static void test_max_time(void)
{
    struct drainer drainer = drainer_start("--max-time 300ms");
    int link = drainer_link(&drainer);
    struct net_pair pair = net_pair(AF_INET, NULL);
    struct lg_hand_off message = drainer_message(3600000);
    char *line;

    CHECK_INT(drainer_hand(link, pair.server, &message), 0);
    line = only_record(&drainer, "deadline");
    CHECK(record_number(line, "elapsed_ms") >= 300 && record_number(line, "elapsed_ms") < 5000);
    free(line);
}

/* I counts from the last byte: a peer that drips is not idle. */
static void test_idle(void)
{
    struct drainer drainer = drainer_start("");
    int link = drainer_link(&drainer);
    struct net_pair pair = net_pair(AF_INET, NULL);
    struct lg_hand_off message = drainer_message(60000);
    int most = 1 << 20;
    char *line;

    message.idle_ms = 1000;
    CHECK_INT(setsockopt(pair.server, SOL_SOCKET, SO_RCVLOWAT, &most, sizeof most),
              0); /* the program's: each byte counts */
    CHECK_INT(drainer_hand(link, pair.server, &message), 0);
    for (int i = 0; i < 15; i++) {
        usleep(100000);
        CHECK(net_send_pattern(pair.client, 0, 1));
    }
    CHECK_INT(drainer_lines(&drainer, "outcome"), 0);
    line = only_record(&drainer, "deadline");
    CHECK(record_number(line, "elapsed_ms") >= 2500 && record_number(line, "elapsed_ms") < 30000);
    CHECK_INT(record_number(line, "drained_bytes"), 15);
    free(line);
}

/* What the program wrote goes on after D, while the peer sends nothing. */
static void test_sending_goes_on(void)
{
    struct net_options options = {.receive_bytes = 65536};
    struct drainer drainer = drainer_start("");
    int link = drainer_link(&drainer);
    struct net_pair pair = net_pair(AF_INET, &options);
    struct lg_hand_off message = drainer_message(200);
    uint64_t written_bytes = net_fill(pair.server, 0);
    struct net_received received;
    char *line;

    CHECK(written_bytes > 500000);
    CHECK(net_send_pattern(pair.client, 0, 3000));
    CHECK_INT(drainer_hand(link, pair.server, &message), 0);
    line = only_record(&drainer, "deadline");
    CHECK(record_number(line, "unsent_bytes") > 100000);
    received = net_read_all(pair.client, SOON_MS);
    CHECK(received.eof && received.intact);
    CHECK_INT((long long)received.bytes, (long long)written_bytes);
    free(line);
}

/* The same, while the peer sends on: without a filter the first byte after D resets it. */
static void test_muted_at_deadline(void)
{
    struct net_options options = {.receive_bytes = 65536};
    struct drainer drainer = drainer_start("");
    int link = drainer_link(&drainer);
    struct net_pair pair = net_pair(AF_INET, &options);
    struct lg_hand_off message = drainer_message(200);
    uint64_t written_bytes = net_fill(pair.server, 0);
    struct net_received received;
    char *line;

    if (geteuid() != 0)
        tap_skip("root", "a filter on TCP needs CAP_NET_ADMIN");
    CHECK_INT(drainer_hand(link, pair.server, &message), 0);
    line = only_record(&drainer, "deadline");
    free(line);
    CHECK(net_send_pattern(pair.client, 0, 20000));
    usleep(50000);
    CHECK(net_send_pattern(pair.client, 0, 20000));
    received = net_read_all(pair.client, SOON_MS);
    CHECK(received.eof && received.intact);
    CHECK_INT((long long)received.bytes, (long long)written_bytes);
}

static void test_peer_reset(void)
{
    struct linger zero = {1, 0};

    /* later, and before the drainer looks */
    for (int before = 0; before < 2; before++) {
        struct drainer drainer = drainer_start("");
        int link = drainer_link(&drainer);
        struct net_pair pair = net_pair(AF_INET, NULL);
        struct lg_hand_off message = drainer_message(60000);

        CHECK_INT(setsockopt(pair.client, SOL_SOCKET, SO_LINGER, &zero, sizeof zero), 0);
        if (before)
            close(pair.client);
        CHECK_INT(drainer_hand(link, pair.server, &message), 0);
        if (!before) {
            CHECK(drainer_wait_count(&drainer, "open", 1));
            close(pair.client);
        }
        CHECK(drainer_wait(&drainer, "\"outcome\"", 1, SOON_MS));
        CHECK_INT(drainer_end_count(&drainer, "outcome=peer-reset"), 1);
    }
}

static void test_bytes(void)
{
    static const struct peer_step script[] = {{.action = PEER_PUMP}, {.action = PEER_END}};
    struct drainer drainer = drainer_start("");
    int link = drainer_link(&drainer);
    int listener = net_listen(AF_INET, NULL);
    struct peer_options options = {.family = AF_INET, .port = net_local_port(listener)};
    struct peer peer = peer_start(&options, script, 2);
    struct lg_hand_off message = drainer_message(600000);
    char *line;

    CHECK_INT(drainer_hand(link, net_accept(listener), &message), 0);
    REQUIRE(drainer_wait(&drainer, "\"outcome\"", 1, 60000));
    line = only_record(&drainer, "deadline");
    CHECK(record_number(line, "drained_bytes") >= 64 << 20);
    CHECK(record_number(line, "drained_bytes") < 70 << 20);
    CHECK(record_number(line, "elapsed_ms") < 600000);
    free(line);
    peer_kill(&peer);
}

/* Whatever the program set up, nothing is held back from the drainer and no close waits. */
static void test_options_of_program(void)
{
    struct net_options options = {.receive_bytes = 65536};
    struct drainer drainer = drainer_start("");
    int link = drainer_link(&drainer);
    struct net_pair pair = net_pair(AF_INET, NULL), slow = net_pair(AF_INET, &options);
    struct lg_hand_off message = drainer_message(60000), at_once = drainer_message(1);
    struct linger hour = {1, 3600};

    CHECK_INT(setsockopt(slow.server, SOL_SOCKET, SO_LINGER, &hour, sizeof hour), 0);
    net_fill(slow.server, 0);
    CHECK_INT(drainer_hand(link, slow.server, &at_once), 0);
    CHECK(drainer_wait(&drainer, "deadline", 1, SOON_MS));

    CHECK_INT(drainer_hand(link, pair.server, &message), 0);
    CHECK(drainer_wait_count(&drainer, "open", 1));
    CHECK(net_send_pattern(pair.client, 0, 100000));
    CHECK_INT(send(pair.client, "!", 1, MSG_OOB), 1);
    CHECK(net_send_pattern(pair.client, 0, 10 << 20));
    close(pair.client);
    CHECK(drainer_wait(&drainer, "\"drained\"", 1, SOON_MS));
    CHECK_INT(drainer_end_count(&drainer, "outcome=drained drained_bytes=10585760"), 1);
}

/* ---- A reader in another thread ---- */

static void *read_for_ever(void *fd)
{
    static char buffer[65536];
    static size_t got;
    ssize_t result;

    while ((result = recv(*(int *)fd, buffer, sizeof buffer, 0)) > 0)
        got += (size_t)result;
    return &got;
}

static void test_other_reader(void)
{
    struct drainer drainer = drainer_start("");
    int link = drainer_link(&drainer), read_from;
    struct net_pair pair = net_pair(AF_INET, NULL);
    struct lg_hand_off message = drainer_message(60000);
    pthread_t thread;
    void *got;

    message.flags = LG_HAND_OFF_OTHER_READER;
    read_from = dup(pair.server);
    REQUIRE(pthread_create(&thread, NULL, read_for_ever, &read_from) == 0);
    usleep(50000);
    CHECK_INT(drainer_hand(link, pair.server, &message), 0);
    CHECK(drainer_wait_count(&drainer, "open", 1));
    for (int i = 0; i < 20; i++) {
        CHECK(net_send_pattern(pair.client, 0, 5000));
        usleep(20000);
    }
    shutdown(pair.client, SHUT_WR);
    REQUIRE(pthread_join(thread, &got) == 0);
    CHECK_INT((long long)*(size_t *)got, 20 * 5000);
    CHECK(drainer_wait(&drainer, "\"outcome\"", 1, SOON_MS));
    CHECK_INT(drainer_end_count(&drainer, "call=close drained_bytes=0"), 1);
}

static void test_no_other_reader(void)
{
    struct drainer drainer = drainer_start("");
    int link = drainer_link(&drainer);
    struct net_pair pair = net_pair(AF_INET, NULL);
    struct lg_hand_off message = drainer_message(60000);
    struct net_received received;
    char *line;

    message.flags = LG_HAND_OFF_OTHER_READER;
    CHECK(net_send_pattern(pair.server, 0, 1000));
    CHECK(net_send_pattern(pair.client, 0, 1000));
    CHECK_INT(drainer_hand(link, pair.server, &message), 0);
    CHECK(net_send_pattern(pair.client, 0, 4 << 20));
    received = net_read_all(pair.client, SOON_MS);
    CHECK(received.eof && received.intact && received.bytes == 1000);
    close(pair.client);
    line = only_record(&drainer, "drained");
    CHECK_INT(record_number(line, "drained_bytes"), 1000 + (4 << 20));
    free(line);
}

/* ---- Messages of other versions, and what they say ---- */

static void test_newer_message(void)
{
    struct {
        struct lg_hand_off known;
        char more[64];
    } newer = {drainer_message(60000), "what nobody knows yet"};
    struct drainer drainer = drainer_start("");
    int link = drainer_link(&drainer);
    struct net_pair pair = net_pair(AF_INET, NULL);
    struct net_received received;

    newer.known.size_bytes = sizeof newer;
    newer.known.flags = 0x80000000u;
    lg_hand_off_text(newer.known.cause, sizeof newer.known.cause, "new-cause", 9);
    CHECK_INT(drainer_send(link, &newer, sizeof newer, &pair.server, 1), 0);
    close(pair.server);
    received = net_read_all(pair.client, SOON_MS); /* the FIN, which this sender left to the drainer */
    CHECK(received.eof);
    close(pair.client);
    CHECK(drainer_wait(&drainer, "\"outcome\"", 1, SOON_MS));
    CHECK_INT(drainer_end_count(&drainer, "outcome=drained cause=new-cause"), 1);
}

static void test_words_of_message(void)
{
    struct drainer drainer = drainer_start("");
    int link = drainer_link(&drainer);
    struct net_pair pair = net_pair(AF_INET, NULL);
    struct lg_hand_off message = drainer_message(60000);
    char *line, long_path[200];

    memset(long_path, 'x', sizeof long_path);
    memcpy(long_path + sizeof long_path - 8, "/program", 8);
    memset(message.call, 0xff, sizeof message.call); /* neither UTF-8 nor terminated */
    memset(message.cause, 0, sizeof message.cause);
    memcpy(message.rule, "\x1b[31m\",\"outcome\":\"x\xe2\x80\xae", 23);
    lg_hand_off_text(message.exe, sizeof message.exe, long_path, sizeof long_path);
    message.pid = -1;
    CHECK_INT(drainer_hand(link, pair.server, &message), 0);
    close(pair.client);
    line = only_record(&drainer, "drained");
    CHECK(record_get(line, "pid") == NULL);
    CHECK(record_get(line, "cause") == NULL);
    CHECK_CONTAINS(record_get(line, "exe"), "...xxx");
    CHECK_CONTAINS(record_get(line, "exe"), "xxx/program");
    CHECK_LACKS(line, "\x1b");
    free(line);
}

static void test_quiet(void)
{
    struct drainer drainer = drainer_start("");
    int link = drainer_link(&drainer);
    struct net_pair pair = net_pair(AF_INET, NULL);
    struct lg_hand_off message = drainer_message(60000);

    message.flags = LG_HAND_OFF_QUIET;
    CHECK_INT(drainer_hand(link, pair.server, &message), 0);
    close(pair.client);
    CHECK(drainer_wait_count(&drainer, "drained", 1));
    CHECK_INT(drainer_end_count(&drainer, "outcome=drained"), 0);
}

static void test_text(void)
{
    struct drainer drainer = drainer_start("--format=text");
    int link = drainer_link(&drainer);
    struct net_pair pair = net_pair(AF_INET, NULL);
    struct lg_hand_off message = drainer_message(60000);
    char *text, peer[64];

    lg_hand_off_text(message.rule, sizeof message.rule, "a\x1b[31mb", 7);
    CHECK_INT(drainer_hand(link, pair.server, &message), 0);
    while (!drainer_wait(&drainer, "drainer: open=1 ", 1, 100))
        CHECK_INT(kill(drainer.process.pid, SIGUSR1), 0);
    CHECK(net_send_pattern(pair.client, 0, 777));
    close(pair.client);
    CHECK(drainer_wait(&drainer, "drained until", 1, SOON_MS));
    text = records_file(drainer.log);
    snprintf(peer, sizeof peer, ", peer 127.0.0.1:%u; drain 1m by a\\x1b[31mb\n", pair.client_port);
    CHECK_CONTAINS(text, " lingerguard: program[1234]: unread: handed over and drained until the peer's FIN, ");
    CHECK_CONTAINS(text, "777 bytes discarded, after ");
    CHECK_CONTAINS(text, peer);
    free(text);
    CHECK_INT(kill(drainer.process.pid, SIGUSR1), 0);
    CHECK(drainer_wait(&drainer, "drainer: open=0 links=1 most=1 handed=1 drained=1 deadline=0 ", 1, SOON_MS));
    CHECK_INT(proc_end(&drainer.process, SIGTERM).exit_status, 0);
    drainer_remove(&drainer);
}

/* ---- Ends of the others ---- */

/* In a network namespace of its own, which nothing is left of but what the drainer holds. */
static pid_t hand_over_from_namespace(const struct drainer *drainer)
{
    pid_t child = fork();
    struct ifreq down = {.ifr_name = "lo"};
    struct lg_hand_off message = drainer_message(1000);
    struct net_pair pair;

    if (child != 0)
        return child;
    net_own_namespace();
    pair = net_pair(AF_INET, NULL);
    if (drainer_hand(drainer_link(drainer), pair.server, &message) != 0)
        _exit(1);
    ioctl(pair.client, SIOCGIFFLAGS, &down);
    down.ifr_flags = (short)(down.ifr_flags & ~IFF_UP);
    _exit(ioctl(pair.client, SIOCSIFFLAGS, &down) == 0 ? 0 : 2); /* no FIN of the peer arrives */
}

static void test_namespace_that_ended(void)
{
    struct drainer drainer = drainer_start("");
    int status = 0;
    pid_t child;

    if (geteuid() != 0)
        tap_skip("netns", "needs a network namespace");
    child = hand_over_from_namespace(&drainer);
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK_INT(status, 0);
    CHECK(drainer_wait(&drainer, "\"outcome\"", 1, SOON_MS));
    CHECK_INT(drainer_end_count(&drainer, "outcome=deadline"), 1);
}

static void test_sigterm(void)
{
    struct drainer drainer = drainer_start("");
    int link = drainer_link(&drainer);
    struct net_pair pair = net_pair(AF_INET, NULL), late = net_pair(AF_INET, NULL), done = net_pair(AF_INET, NULL);
    struct lg_hand_off message = drainer_message(600000);
    struct net_received received;
    long long start_ms;
    struct proc_result result;
    int error;

    CHECK(net_send_pattern(pair.server, 0, 1000));
    CHECK(net_send_pattern(pair.client, 0, 1000));
    CHECK_INT(drainer_hand(link, pair.server, &message), 0);
    CHECK_INT(drainer_hand(link, done.server, &message), 0);
    CHECK(drainer_wait_count(&drainer, "open", 2));
    start_ms = net_now_ms();
    REQUIRE(kill(drainer.process.pid, SIGTERM) == 0);
    while ((error = drainer_send(link, &message, sizeof message, &late.server, 1)) == 0 &&
           net_now_ms() < start_ms + 5000)
        usleep(1000);
    CHECK_INT(error, -EPIPE); /* at once, for the sender goes on otherwise */
    CHECK(net_now_ms() < start_ms + 900);
    CHECK(drainer_connect(&drainer) < 0);
    close(done.client); /* within the last second */
    result = proc_wait(&drainer.process);
    CHECK_INT(result.exit_status, 0);
    CHECK(net_now_ms() - start_ms < 5000);
    received = net_read_all(pair.client, SOON_MS);
    CHECK(received.eof && received.bytes == 1000);
    CHECK(drainer_lines(&drainer, "\"outcome\":\"orderly\"") >= 1);
    CHECK(drainer_lines(&drainer, "\"outcome\":\"drained\"") >= 1);
    proc_result_free(&result);
    drainer_remove(&drainer);
}

/* kill -9: nobody waits for it, and nothing is lost that a plain close would have delivered. */
static void test_killed(void)
{
    struct drainer drainer = drainer_start("");
    int link = drainer_link(&drainer);
    struct net_options options = {.receive_bytes = 65536};
    struct net_pair pair = net_pair(AF_INET, &options), next = net_pair(AF_INET, NULL);
    struct lg_hand_off message = drainer_message(600000);
    uint64_t written_bytes = net_fill(pair.server, 0);
    struct net_received received;

    CHECK_INT(drainer_hand(link, pair.server, &message), 0);
    CHECK(drainer_wait_count(&drainer, "open", 1));
    proc_end(&drainer.process, SIGKILL);
    CHECK_INT(drainer_hand(link, next.server, &message), -EPIPE);
    CHECK_INT(drainer_connect(&drainer), -ECONNREFUSED);
    received = net_read_all(pair.client, SOON_MS);
    CHECK(received.eof && received.intact);
    CHECK_INT((long long)received.bytes, (long long)written_bytes);
    close(next.server);
    drainer_remove(&drainer);
}

static const struct tap_test tests[] = {
    {"a connection is drained until the peer's FIN, and told of with all keys", test_drained, 0},
    {"IPv6 and MPTCP", test_families, 0},
    {"D ends it", test_deadline, 0},
    {"--max-time caps D", test_max_time, 0},
    {"I ends it, counted from the last byte", test_idle, 40000},
    {"what is unsent goes on after D", test_sending_goes_on, 0},
    {"what is unsent goes on after D while the peer sends", test_muted_at_deadline, 0},
    {"a reset of the peer, at any time", test_peer_reset, 0},
    {"a peer that sends 64 MiB is cut off", test_bytes, 90000},
    {"SO_LINGER and urgent data do not hold it", test_options_of_program, 0},
    {"a reader in another thread keeps what is its own", test_other_reader, 0},
    {"without such a reader all is drained", test_no_other_reader, 0},
    {"a longer message of a newer library is understood", test_newer_message, 0},
    {"what a message says is written so that it harms nobody", test_words_of_message, 0},
    {"a quiet rule has no record here either", test_quiet, 0},
    {"records and counts as text", test_text, 0},
    {"D ends a connection whose namespace has ended", test_namespace_that_ended, 0},
    {"SIGTERM: senders see it at once, and a second later all is closed", test_sigterm, 0},
    {"kill -9: senders see EPIPE, and what was unsent arrives", test_killed, 0},
};

int main(int argc, char **argv)
{
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
