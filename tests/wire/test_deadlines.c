/* SPDX-License-Identifier: MIT */
/* Peers that do not help: that never close, drip, pump, reset, are dead; and what bounds us then. */
#include "shim/release/graceful.h"
#include "tests/wire/wire.h"

/* ---- A drain that does not get its FIN ---- */

static struct scene drain_scene(int family, const char *rules, const struct peer_step *peer, size_t steps)
{
    return (struct scene){.family = family,
                          .words = "accept send:500 linger0 close hear",
                          .peer = peer,
                          .peer_steps = steps,
                          .rules = rules};
}

static void never_closes(int family)
{
    static const struct peer_step holds[] = {{.action = PEER_READ_ALL}, {.action = PEER_HOLD}};
    struct scene scene = drain_scene(family, "drain 300ms", holds, TAP_COUNT(holds));
    struct scene_run run = scene_start(&scene);
    struct scene_end end;
    const char *record;

    scene_wait(&run, "close=0");
    CHECK(!run.peer.report->done); /* the peer holds on, so it was the deadline */
    end = scene_finish(&run);
    CHECK(end.peer.eof);
    CHECK_INT((long long)end.peer.received_bytes, 500);
    check_outcome(&end, "deadline");
    record = records_find(&end.records, "call=close");
    CHECK(record_number(record, "elapsed_ms") >= 300);
    CHECK_INT(record_number(record, "drained_bytes"), 0);
    CHECK_INT(record_number(record, "unsent_bytes"), 0);
    CHECK_INT(end.aborts_on_close, 0);
    scene_free(&end);
}

static void drips(int family)
{
    static const struct peer_step drip[] = {{.action = PEER_DRIP, .ms = 100}};
    struct scene scene = drain_scene(family, "drain 500ms", drip, 1);
    struct scene_end end;
    long long drained;

    scene.words = "accept locked send:500 linger0 close hear"; /* muted, no send of the peer would fail */
    end = scene_play(&scene); /* the peer ends only when a send fails, long after the deadline */
    drained = record_number(records_find(&end.records, "call=close"), "drained_bytes");

    CHECK(end.peer.eof); /* and had our answer and FIN before */
    CHECK_INT((long long)end.peer.received_bytes, 500);
    CHECK(end.peer.send_error == EPIPE || end.peer.send_error == ECONNRESET);
    check_outcome(&end, "deadline");
    CHECK(drained > 0);
    CHECK(drained < (long long)end.peer.sent_bytes);
    scene_free(&end);
}

/* With an hour to go: only the bound of bytes can end it. */
static void pumps(int family)
{
    static const struct peer_step pump[] = {{.action = PEER_PUMP}};
    struct scene scene = drain_scene(family, "drain 1h", pump, 1);
    struct scene_end end;
    long long drained;

    scene.words = "accept locked send:500 linger0 close hear"; /* muted, the peer would only stall */
    end = scene_play(&scene);
    drained = record_number(records_find(&end.records, "call=close"), "drained_bytes");

    CHECK(end.peer.eof);
    CHECK_INT((long long)end.peer.received_bytes, 500);
    CHECK(end.peer.send_error == EPIPE || end.peer.send_error == ECONNRESET);
    check_outcome(&end, "deadline");
    CHECK(drained >= (long long)LG_GRACEFUL_BYTES_MAX);
    CHECK(drained < (long long)LG_GRACEFUL_BYTES_MAX + (8 << 20)); /* one read more, and no second helping */
    CHECK(end.ours.rst > 0);
    scene_free(&end);
}

/*
 * On O_NONBLOCK and for an orderly release the discard is bounded too, however fast the peer refills: what is there at
 * the end of it is reset by the close, what comes later by the kernel.
 */
static void pumps_at_once(int family)
{
    static const struct peer_step pump[] = {{.action = PEER_PUMP}};
    static const char *const rules[] = {"drain 1h", "orderly", "linger 1h"};

    for (size_t i = 0; i < TAP_COUNT(rules); i++) {
        struct scene scene = drain_scene(family, rules[i], pump, 1);
        struct scene_end end;
        const char *record;

        scene.words = "accept nonblock locked send:500 unread:1 linger0 close hear";
        end = scene_play(&scene);
        record = records_find(&end.records, "call=close");
        if (records_count(&end.records, "call=close outcome=aborted") != 1)
            check_outcome(&end, "orderly"); /* the queue was empty for a moment */
        CHECK(record_number(record, "drained_bytes") > 0);
        CHECK(record_number(record, "drained_bytes") < (long long)LG_GRACEFUL_BYTES_MAX);
        CHECK(end.ours.rst > 0); /* what a close that does not wait cannot prevent */
        scene_free(&end);
    }
}

static void resets(int family)
{
    static const struct peer_step reset[] = {{.action = PEER_READ_ALL}, {.action = PEER_RESET}};
    struct scene scene = drain_scene(family, "drain 1h", reset, TAP_COUNT(reset));
    struct scene_end end = scene_play(&scene);

    CHECK(end.peer.eof);
    CHECK(end.theirs.rst > 0);
    CHECK_INT(end.ours.rst, 0);
    CHECK_INT(scene_number(&end, "close"), 0);
    check_outcome(&end, "peer-reset");
    scene_free(&end);
}

/* ---- A linger that does not get its ACK ---- */

static void lingers_in_vain(int family)
{
    static const struct peer_step holds[] = {{.action = PEER_HOLD}};
    struct scene scene = {.family = family,
                          .program_socket = {.send_bytes = 65536},
                          .peer_socket = {.receive_bytes = 4096},
                          .words = "accept fill linger0 close hear",
                          .peer = holds,
                          .peer_steps = 1,
                          .rules = "linger 300ms"}; /* a second: the kernel has no less */
    struct scene_run run = scene_start(&scene);
    struct scene_end end;
    const char *record;

    scene_wait(&run, "close=0");
    end = scene_finish(&run);
    check_outcome(&end, "deadline");
    record = records_find(&end.records, "call=close");
    CHECK(record_number(record, "unsent_bytes") > 0);
    CHECK(record_number(record, "unsent_bytes") < scene_number(&end, "filled"));
    CHECK(record_number(record, "elapsed_ms") >= 900);
    CHECK_INT(end.aborts_on_data, 0);
    scene_free(&end);
}

/* ---- A dead peer ---- */

static bool no_orphan(uint16_t port)
{
    return net_count_sockets(port, TCP_FIN_WAIT1) + net_count_sockets(port, TCP_FIN_WAIT2) == 0;
}

static bool is_gone(void *context)
{
    return no_orphan(*(uint16_t *)context);
}

/*
 * Two connections that end the same way, one under `rules` and one under none of its bounds: when the
 * first is gone, the second is still there.
 */
static void bounded_orphan(int family, const char *rules, const char *words, bool dead)
{
    static const struct peer_step holds[] = {{.action = PEER_HOLD}};
    struct scene scene = {
        .family = family, .over_relay = true, .words = words, .peer = holds, .peer_steps = 1, .rules = rules};
    struct scene_run run = scene_start(&scene);
    struct net_options near = {.address = relay_near(family)};
    int listener = net_listen(family, &near), fd;
    uint16_t other_port = net_local_port(listener);
    struct peer_options options = {.family = family,
                                   .address = relay_near(family),
                                   .port = other_port,
                                   .namespace_fd = run.relay.far_namespace_fd};
    struct peer other = peer_start(&options, holds, 1);
    struct scene_end end;

    fd = net_accept(listener);
    close(listener);
    scene_wait(&run, "ready");
    if (dead) {
        run.relay.near_to_far->silent = true;
        run.relay.far_to_near->silent = true;
        CHECK(net_send_pattern(fd, 0, 1000));
    }
    close(fd);
    scene_go(&run);
    scene_wait(&run, "close=0");
    if (!net_wait_for(is_gone, &run.port, 12000))
        tap_fail(__FILE__, __LINE__, "the orphan is still there under '%s'", rules);
    CHECK(!no_orphan(other_port));
    peer_kill(&other);
    end = scene_finish(&run);
    check_outcome(&end, "orderly");
    scene_free(&end);
}

static void dead_peer(int family)
{
    bounded_orphan(family, "orderly within 1s", "accept say:ready hear send:1000 linger0 close hear", true);
    bounded_orphan(family, "orderly within 1s", "accept nonblock say:ready hear send:1000 linger0 close hear", true);
    bounded_orphan(family, "linger 1s", "accept nonblock say:ready hear send:1000 linger0 close hear", true);
}

/* The wait for a peer that is gone ends at the deadline, and what was not delivered is told. */
static void waits_for_the_dead(int family)
{
    static const struct peer_step holds[] = {{.action = PEER_HOLD}};
    static const char *const rules[] = {"drain 400ms", "linger 1s"};

    for (size_t i = 0; i < TAP_COUNT(rules); i++) {
        struct scene scene = {.family = family,
                              .over_relay = true,
                              .words = "accept say:ready hear send:1000 linger0 close hear",
                              .peer = holds,
                              .peer_steps = 1,
                              .rules = rules[i]};
        struct scene_run run = scene_start(&scene);
        struct scene_end end;

        scene_wait(&run, "ready");
        run.relay.near_to_far->silent = true;
        scene_go(&run);
        scene_wait(&run, "close=0");
        end = scene_finish(&run);
        check_outcome(&end, "deadline");
        CHECK_INT(record_number(records_find(&end.records, "call=close"), "unsent_bytes"), 1000);
        scene_free(&end);
    }
}

IPV4_AND_IPV6(never_closes);
IPV4_AND_IPV6(drips);
IPV4_AND_IPV6(pumps);
IPV4_AND_IPV6(pumps_at_once);
IPV4_AND_IPV6(resets);
IPV4_AND_IPV6(lingers_in_vain);
IPV4_AND_IPV6(dead_peer);
IPV4_AND_IPV6(waits_for_the_dead);

static const struct tap_test tests[] = {
    {"a peer that never closes is waited for until the deadline, IPv4", never_closes_v4, 0},
    {"a peer that never closes is waited for until the deadline, IPv6", never_closes_v6, 0},
    {"a peer that drips does not move the deadline, IPv4", drips_v4, 0},
    {"a peer that drips does not move the deadline, IPv6", drips_v6, 0},
    {"a peer that pumps at full speed is cut off by the bound of bytes, IPv4", pumps_v4, 60000},
    {"a peer that pumps at full speed is cut off by the bound of bytes, IPv6", pumps_v6, 60000},
    {"a peer that pumps does not hold up a close that must not wait, IPv4", pumps_at_once_v4, 60000},
    {"a peer that pumps does not hold up a close that must not wait, IPv6", pumps_at_once_v6, 60000},
    {"a peer that resets during the drain ends it, IPv4", resets_v4, 0},
    {"a peer that resets during the drain ends it, IPv6", resets_v6, 0},
    {"a linger past its time says what was left, IPv4", lingers_in_vain_v4, 0},
    {"a linger past its time says what was left, IPv6", lingers_in_vain_v6, 0},
    {"the orphan of a dead peer goes within the bound, IPv4", dead_peer_v4, 90000},
    {"the orphan of a dead peer goes within the bound, IPv6", dead_peer_v6, 90000},
    {"a dead peer is waited for until the deadline, IPv4", waits_for_the_dead_v4, 0},
    {"a dead peer is waited for until the deadline, IPv6", waits_for_the_dead_v6, 0},
};

static const struct proc_snippet snippets[] = {{"subject", subject_run}};

int main(int argc, char **argv)
{
    proc_snippet_main(argc, argv, snippets, TAP_COUNT(snippets));
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
