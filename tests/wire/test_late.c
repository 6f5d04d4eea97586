/* SPDX-License-Identifier: MIT */
/*
 * A close whose peer is probably not done (the cause `late`): what it sends after the close is
 * answered with RST by the bare kernel, which costs it what it has not read yet.
 */
#include "tests/wire/wire.h"

#define LATE_BYTES 10000

/* tcpi_last_data_recv. */
static bool is_idle(void *context)
{
    struct tcp_info info;
    socklen_t size = sizeof info;

    return getsockopt(*(int *)context, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 && info.tcpi_last_data_recv > 1000;
}

static bool idle_word(const char *word, long number, int *fd)
{
    (void)number;
    if (strcmp(word, "idle") != 0)
        return false;
    CHECK(net_wait_for(is_idle, fd, 10000));
    return true;
}

static void subject_idles(int argc, char **argv)
{
    subject_follow(argc, argv, idle_word);
}

/* The peer sends `first`, waits for the close, sends more, and then reads. */
static struct scene_end late_peer(int family, const char *words, uint64_t first, const char *rules)
{
    struct scene scene = {.family = family,
                          .snippet = "idles",
                          .program_socket = {.send_bytes = 65536},
                          .peer_socket = {.receive_bytes = 4096},
                          .words = words,
                          .rules = rules};
    struct scene_run run = scene_start(&scene);
    int fd = net_connect(family, NULL, run.port, &scene.peer_socket);
    struct net_received seen;
    struct scene_end end;
    bool sent;

    CHECK(net_send_pattern(fd, 0, first));
    scene_wait(&run, "close=0");
    sent = net_send_pattern(fd, first, LATE_BYTES);
    seen = net_read_all(fd, SCENE_RESET_MS);
    end = scene_finish(&run);
    close(fd);
    end.peer.received_bytes = seen.bytes;
    end.peer.eof = seen.eof && sent;
    return end;
}

static void check_late(int family, const char *words, uint64_t first)
{
    struct scene_end bare = late_peer(family, words, first, NULL);
    struct scene_end seen = late_peer(family, words, first, "observe on late");
    struct scene_end cured = late_peer(family, words, first, "drain 5s on late role accepted");
    long long filled = scene_number(&cured, "filled");
    int before = tap_failures();

    CHECK(bare.ours.rst > 0);
    CHECK(filled < 0 || (long long)bare.peer.received_bytes < scene_number(&bare, "filled"));
    CHECK(seen.ours.rst > 0);
    CHECK_INT(records_count(&seen.records, "call=close cause=late outcome=orderly"), 1);
    CHECK_INT(records_count(&cured.records, "call=close cause=late outcome=muted"), 1);
    CHECK(cured.peer.eof);
    CHECK_INT((long long)cured.peer.received_bytes, filled < 0 ? 0 : filled);
    check_orderly_wire(&cured);
    if (tap_failures() != before)
        tap_note("... that was: %s", words);
    scene_free(&bare);
    scene_free(&seen);
    scene_free(&cured);
}

static void late(int family)
{
    check_late(family, "accept nonblock read:10 fill close hear", 10);
    check_late(family, "accept nonblock read:10 fill idle close hear", 10);
    check_late(family, "accept nonblock read:10 close hear", 10);
    check_late(family, "accept nonblock close hear", 0);
    check_late(family, "accept nonblock read:10 fill shutwr close hear", 10);
    check_late(family, "accept nonblock read:10 fill shutwr idle close hear", 10);
    check_late(family, "accept nonblock read:10 shutwr state:5 close hear", 10);
}

/* The peer is silent, or has said that it is done. */
static void check_not_late(int family, const char *words, const struct peer_step *peer, size_t steps)
{
    struct scene scene = {.family = family,
                          .over_relay = true,
                          .snippet = "idles",
                          .words = words,
                          .peer = peer,
                          .peer_steps = steps,
                          .rules = "observe on late"};
    struct scene_run run = scene_start(&scene);
    struct scene_end end;

    run.relay.near_to_far->delay_ms = 200; /* so that a FIN is on its way at the close */
    end = scene_finish(&run);
    CHECK_INT(scene_number(&end, "close"), 0);
    CHECK_INT(records_count(&end.records, "call=close"), 0);
    if (records_count(&end.records, "call=close") != 0)
        tap_note("... that was: %s", words);
    scene_free(&end);
}

static void not_late(int family)
{
    static const struct peer_step silent[] = {{.action = PEER_SEND, .bytes = 10}, {.action = PEER_READ_ALL}};
    static const struct peer_step done[] = {
        {.action = PEER_SEND, .bytes = 10}, {.action = PEER_SHUTDOWN}, {.action = PEER_READ_ALL}};

    check_not_late(family, "accept nonblock read:10 idle close hear", silent, TAP_COUNT(silent));
    check_not_late(family, "accept nonblock read:10 idle shutwr state:4 close hear", silent, TAP_COUNT(silent));
    check_not_late(family, "accept nonblock read:10 idle shutwr state:5 close hear", silent, TAP_COUNT(silent));
    check_not_late(family, "accept nonblock read:10 state:8 close hear", done, TAP_COUNT(done));
}

IPV4_AND_IPV6(late);
IPV4_AND_IPV6(not_late);

static const struct tap_test tests[] = {
    {"a peer that sends after the close: RST, or muted where the rule says so, IPv4", late_v4, 120000},
    {"a peer that sends after the close: RST, or muted where the rule says so, IPv6", late_v6, 120000},
    {"an idle peer is not late, nor one that has sent FIN, IPv4", not_late_v4, 60000},
    {"an idle peer is not late, nor one that has sent FIN, IPv6", not_late_v6, 60000},
};

static const struct proc_snippet snippets[] = {{"subject", subject_run}, {"idles", subject_idles}};

int main(int argc, char **argv)
{
    proc_snippet_main(argc, argv, snippets, TAP_COUNT(snippets));
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
