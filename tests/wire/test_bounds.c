/* SPDX-License-Identifier: MIT */
/*
 * What a close may not do, whatever the verdict: cut off what is queued, wait for longer than its budget or on
 * O_NONBLOCK, break a silence that the program wants, or tell of an end that is none.
 */
#include "tests/wire/wire.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <time.h>

#define LISTENER 3

/* ---- A slow reader ---- */

/* D ends the reading, never the sending: the peer reads for much longer, and nobody holds the socket any more. */
static void slow_reader_one(const struct way *way, const char *between)
{
    static const struct peer_step slow[] = {{.action = PEER_SEND, .bytes = 1000},
                                            {.action = PEER_READ_SLOWLY, .bytes = 4096, .ms = 20}};
    char words[128];
    struct scene scene = {.family = AF_INET,
                          .program_socket = {.send_bytes = 100000},
                          .peer_socket = {.receive_bytes = 4096},
                          .snippet = "bounds",
                          .words = words,
                          .peer = slow,
                          .peer_steps = TAP_COUNT(slow),
                          .rules = way->rules};
    struct scene_end end;

    snprintf(words, sizeof words, "accept %s %s unread:1000 fill linger0 close",
             way->nonblocking ? "nonblock" : "block", between);
    end = scene_play(&scene); /* the program is gone long before the peer is done */
    CHECK(end.peer.eof && end.peer.intact);
    CHECK_INT((long long)end.peer.received_bytes, scene_number(&end, "filled"));
    CHECK(end.peer.received_bytes > 50000);
    check_orderly_wire(&end);
    scene_free(&end);
}

static void slow_reader(void)
{
    static const struct way ways[] = {
        BOTH_MODES(DRAIN, "drain 100ms on linger-zero,unread"),
        BOTH_MODES(LINGER, "linger 1s"),
        BOTH_MODES(ORDERLY, "orderly"),
        BOTH_MODES(WITHIN, "orderly within 2s"), /* the peer makes progress */
        BOTH_MODES(WITHIN, ""),
    };

    for (size_t i = 0; i < TAP_COUNT(ways); i++) {
        int before = tap_failures();

        slow_reader_one(&ways[i], "");
        slow_reader_one(&ways[i], "locked"); /* cannot be muted */
        note_way(&ways[i], before);
    }
}

/* ---- A silence that the program wants ---- */

#ifndef TCP_REPAIR
#define TCP_REPAIR 19
#endif

static bool bounds_word(const char *word, long number, int *fd)
{
    if (strcmp(word, "repair") == 0) {
        if (setsockopt(*fd, IPPROTO_TCP, TCP_REPAIR, &(int){1}, sizeof(int)) != 0)
            tap_fail(__FILE__, __LINE__, "TCP_REPAIR: %s", strerror(errno));
    } else if (strcmp(word, "block") == 0) {
        CHECK_INT(fcntl(*fd, F_SETFL, 0), 0);
    } else if (strcmp(word, "fill") == 0) { /* in blocking mode again where it was */
        int flags = fcntl(*fd, F_GETFL);

        subject_say("filled=%llu", (unsigned long long)net_fill(*fd, 0));
        CHECK_INT(fcntl(*fd, F_SETFL, flags), 0);
    } else if (strcmp(word, "device") == 0) {
        CHECK_INT(setsockopt(*fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3), 0);
    } else {
        (void)number;
        return false;
    }
    return true;
}

static void subject_bounds(int argc, char **argv)
{
    subject_follow(argc, argv, bounds_word);
}

/* haproxy's silent-drop: the client must not hear of it. The peer knows nothing, so it sends on, and is killed. */
static void repair(void)
{
    static const struct peer_step holds[] = {{.action = PEER_SEND, .bytes = 1000}, {.action = PEER_HOLD}};
    static const struct way ways[] = {
        BOTH_MODES(BARE, NULL),
        BOTH_MODES(DRAIN, "drain 1s on linger-zero,unread"),
        BOTH_MODES(ORDERLY, "orderly on linger-zero,unread"),
        BOTH_MODES(WITHIN, "orderly within 2s on linger-zero,unread"),
        BOTH_MODES(LINGER, "linger 1s; orderly on unread"),
    };

    for (size_t i = 0; i < TAP_COUNT(ways); i++) {
        int before = tap_failures();
        char words[96];
        struct scene scene = {.family = AF_INET,
                              .snippet = "bounds",
                              .words = words,
                              .peer = holds,
                              .peer_steps = 2,
                              .rules = ways[i].rules};
        struct scene_run run;
        struct scene_end end;
        unsigned segments;

        snprintf(words, sizeof words, "accept %s unread:1000 send:500 linger0 repair say:now hear close hear",
                 ways[i].nonblocking ? "nonblock" : "block");
        run = scene_start(&scene);
        scene_wait(&run, "now");
        usleep(50000); /* what was sent before is acknowledged */
        segments = wire_seen(run.wire, run.port, 0).segments;
        scene_go(&run);
        scene_wait(&run, "close=0");
        usleep(20000);
        CHECK_INT(wire_seen(run.wire, run.port, 0).segments, segments);
        end = scene_finish(&run);
        CHECK_INT(end.ours.fin, 0);
        CHECK_INT(records_count(&end.records, "call=close outcome=drained"), 0);
        note_way(&ways[i], before);
        scene_free(&end);
    }
}

/* ---- An end that is none ---- */

/* A socket that is bound to a device: the kernel finds it by that only. Another process holds it: no record. */
static void snippet_bound(int argc, char **argv)
{
    int fd = net_accept(LISTENER), go[2];
    char byte;
    pid_t child;

    (void)argc, (void)argv;
    CHECK_INT(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3), 0);
    CHECK_INT(subject_linger_zero(fd), 0);
    REQUIRE(pipe(go) == 0);
    child = fork();
    if (child == 0) {
        CHECK_INT(read(go[0], &byte, 1), 1);
        CHECK(net_send_pattern(fd, 0, 500));
        _exit(tap_failures() != 0);
    }
    CHECK_INT(close(fd), 0);
    CHECK_INT(write(go[1], "\n", 1), 1);
    CHECK_INT(waitpid(child, NULL, 0), child);
    subject_say("closed");
    subject_hear();
}

static void bound_to_device(void)
{
    static const struct peer_step reads[] = {{.action = PEER_READ_ALL}};
    static const char *const rules[] = {"orderly", "drain 1s", "linger 1s", "orderly within 2s"};

    for (size_t i = 0; i < TAP_COUNT(rules); i++) {
        struct scene scene = {.family = AF_INET, .snippet = "bound", .peer = reads, .peer_steps = 1, .rules = rules[i]};
        struct scene_run run = scene_start(&scene);
        struct scene_end end;

        scene_wait(&run, "closed");
        end = scene_finish(&run);
        CHECK_INT((long long)end.peer.received_bytes, 500);
        CHECK_INT(records_count(&end.records, "call=setsockopt"), 1);
        CHECK_INT(records_count(&end.records, "call=close"), 0);
        scene_free(&end);
    }
}

/* ---- Waiting ---- */

/* wait TIMES [nonblock]: as many connections of a peer that does not close, each closed at once. */
static void snippet_wait(int argc, char **argv)
{
    REQUIRE(argc >= 1);
    for (int i = atoi(argv[0]); i > 0; i--) {
        int fd = net_accept(LISTENER);

        if (argc > 1)
            fcntl(fd, F_SETFL, O_NONBLOCK);
        CHECK_INT(subject_linger_zero(fd), 0);
        net_fill(fd, 0); /* nor does it read, so that a lingering close waits too */
        if (argc == 1)
            fcntl(fd, F_SETFL, 0);
        CHECK_INT(close(fd), 0);
    }
    subject_say("closed");
    subject_hear();
}

#define CONNECTIONS 12

/* What the closes say that they waited, and how long all of it took, by the records alone. */
static void waits(const char *words, const char *rules, long long first_ms, bool never)
{
    struct net_options small = {.receive_bytes = 4096};
    struct scene scene = {
        .family = AF_INET, .program_socket = {.send_bytes = 16384}, .snippet = "wait", .words = words, .rules = rules};
    struct scene_run run = scene_start(&scene);
    long long start_ms = net_now_ms(), waited_ms = 0, total_ms;
    int peers[CONNECTIONS], closes = 0;
    struct scene_end end;

    for (int i = 0; i < CONNECTIONS; i++)
        peers[i] = net_connect(AF_INET, NULL, run.port, &small);
    scene_wait(&run, "closed");
    total_ms = net_now_ms() - start_ms;
    for (int i = 0; i < CONNECTIONS; i++)
        close(peers[i]);
    end = scene_finish(&run);
    for (size_t i = 0; i < end.records.count; i++) {
        const char *call = record_get(end.records.line[i], "call");
        long long elapsed_ms = record_number(end.records.line[i], "elapsed_ms");

        if (call == NULL || strcmp(call, "close") != 0)
            continue;
        closes++;
        waited_ms += elapsed_ms > 0 ? elapsed_ms : 0;
    }
    CHECK_INT(closes, CONNECTIONS);
    /* A busy machine makes a close seem to have waited; it must not make this test fail. */
    if (waited_ms > first_ms + total_ms / 10 + CONNECTIONS * 20)
        tap_fail(__FILE__, __LINE__, "%s: waited %lld ms of %lld", rules, waited_ms, total_ms);
    if (!never)
        CHECK(waited_ms >= first_ms * 9 / 10); /* or nothing was shown */
    scene_free(&end);
}

/* Each of the 12 would wait its D. */
static void budget(void)
{
    waits("12", "drain 400ms", 400, false);
    waits("12", "linger 1s", 1000, false);
}

static void nonblocking(void)
{
    waits("12 nonblock", "drain 1h", 0, true);
    waits("12 nonblock", "linger 1h", 0, true);
}

static const struct tap_test tests[] = {
    {"a slow reader gets all that was queued, whatever D is", slow_reader, 200000},
    {"a socket in repair closes without a segment", repair, 60000},
    {"a socket that is bound to a device and held elsewhere: no record of its close", bound_to_device, 60000},
    {"closes wait a first D, and then a tenth of the time", budget, 60000},
    {"on O_NONBLOCK no close waits", nonblocking, 0},
};

static const struct proc_snippet snippets[] = {
    {"subject", subject_run},
    {"bounds", subject_bounds},
    {"bound", snippet_bound},
    {"wait", snippet_wait},
};

int main(int argc, char **argv)
{
    proc_snippet_main(argc, argv, snippets, TAP_COUNT(snippets));
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
