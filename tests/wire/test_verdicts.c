/* SPDX-License-Identifier: MIT */
/* Linger zero and a close under each verdict: idle, data unsent, a lost segment, delay, data after the close. */
#include "tests/wire/wire.h"

#define SMALL_BYTES 4096

/* ---- Idle ---- */

static void idle_one(int family, const struct way *way)
{
    static const struct peer_step reads[] = {{.action = PEER_READ_ALL}};
    struct scene scene = {.family = family,
                          .words = words_of(way, "linger0 close hear"),
                          .peer = reads,
                          .peer_steps = TAP_COUNT(reads),
                          .rules = way->rules};
    struct scene_end end = scene_play(&scene);

    CHECK_INT(scene_number(&end, "set"), 0);
    CHECK_INT(scene_number(&end, "close"), 0);
    CHECK_INT(end.peer.eof, !aborts(way));
    CHECK_INT(end.peer.read_error, aborts(way) ? ECONNRESET : 0);
    if (aborts(way)) {
        CHECK_INT(end.ours.fin, 0);
        CHECK_INT(end.ours.rst, 1);
        CHECK_INT(end.aborts_on_data, 1); /* the kernel counts linger zero here, with data or without */
    } else {
        check_orderly_wire(&end);
    }
    check_way(&end, way);
    CHECK_INT(records_count(&end.records, "call=setsockopt outcome=disarmed"), aborts(way) ? 0 : 1);
    CHECK_INT(records_count(&end.records, "call=setsockopt outcome=allowed"), way->kind == OBSERVE ? 1 : 0);
    scene_free(&end);
}

/* ---- Unsent data ---- */

static bool waits(const struct way *way)
{
    return !way->nonblocking && (way->kind == LINGER || way->kind == DRAIN);
}

/* The peer does not read before the close is done, or where the close waits for it, not before it is told. */
static void unsent_one(int family, const struct way *way)
{
    struct scene scene = {.family = family,
                          .program_socket = {.send_bytes = 65536},
                          .peer_socket = {.receive_bytes = SMALL_BYTES},
                          .words = words_of(way, "hear fill linger0 say:ready close hear"),
                          .rules = way->rules};
    struct scene_run run = scene_start(&scene);
    int fd = net_connect(family, NULL, run.port, &scene.peer_socket);
    struct net_received seen;
    struct scene_end end;

    scene_go(&run);
    scene_wait(&run, waits(way) ? "ready" : "close=0");
    seen = net_read_all(fd, SCENE_RESET_MS);
    close(fd);
    end = scene_finish(&run);
    CHECK(scene_number(&end, "filled") > 4 * SMALL_BYTES);
    CHECK(seen.intact);
    CHECK_INT(seen.eof, !aborts(way));
    if (aborts(way)) {
        CHECK((long long)seen.bytes < scene_number(&end, "filled"));
        CHECK_INT(seen.error, ECONNRESET);
        CHECK_INT(end.ours.rst, 1);
        CHECK_INT(end.aborts_on_data, 1);
    } else {
        CHECK_INT((long long)seen.bytes, scene_number(&end, "filled"));
        check_orderly_wire(&end);
    }
    check_way(&end, way);
    if (!waits(way) && outcome_of(way) != NULL)
        CHECK(record_number(records_find(&end.records, "call=close"), "unsent_bytes") > 0);
    scene_free(&end);
}

/* ---- A lost segment ---- */

static void lost_one(int family, const struct way *way)
{
    static const struct peer_step reads[] = {{.action = PEER_READ_ALL}};
    struct scene scene = {.family = family,
                          .over_relay = true,
                          .words = words_of(way, "say:ready hear send:1000 linger0 close say:closed hear"),
                          .peer = reads,
                          .peer_steps = TAP_COUNT(reads),
                          .rules = way->rules};
    struct scene_run run = scene_start(&scene);
    struct scene_end end;

    scene_wait(&run, "ready");
    run.relay.near_to_far->drop_data = 1;
    scene_go(&run);
    end = scene_finish(&run);
    CHECK_INT(end.peer.eof, !aborts(way));
    CHECK_INT((long long)end.peer.received_bytes, aborts(way) ? 0 : 1000);
    if (aborts(way)) {
        CHECK_INT(end.peer.read_error, ECONNRESET);
        CHECK(end.ours.rst > 0); /* one more for what the peer says meanwhile */
    } else {
        CHECK(end.peer.intact);
        CHECK(end.ours.sent_bytes > end.ours.payload_bytes); /* it was sent again */
        check_orderly_wire(&end);
    }
    check_way(&end, way);
    scene_free(&end);
}

/* ---- Delay ---- */

static void delay_one(int family, const struct way *way)
{
    static const struct peer_step reads[] = {{.action = PEER_READ_ALL}};
    struct scene scene = {.family = family,
                          .over_relay = true,
                          .words = words_of(way, "say:ready hear send:4096 send:4096 linger0 close hear"),
                          .peer = reads,
                          .peer_steps = TAP_COUNT(reads),
                          .rules = way->rules};
    struct scene_run run = scene_start(&scene);
    struct scene_end end;

    scene_wait(&run, "ready");
    run.relay.near_to_far->delay_ms = 40;
    run.relay.far_to_near->delay_ms = 40;
    scene_go(&run);
    end = scene_finish(&run);
    CHECK_INT(end.peer.eof, !aborts(way));
    if (aborts(way)) {
        CHECK(end.peer.received_bytes < 8192); /* the last part waits for an ACK (Nagle), and is never sent */
        CHECK(end.ours.rst > 0);
    } else {
        CHECK_INT((long long)end.peer.received_bytes, 8192);
        check_orderly_wire(&end);
    }
    check_way(&end, way);
    scene_free(&end);
}

/* ---- Data that arrives after the close ---- */

/* The peer sends when our FIN is there, and where the close does not wait for it, after the close. */
static void late_one(int family, const struct way *way)
{
    struct scene scene = {
        .family = family, .words = words_of(way, "hear send:500 linger0 close hear"), .rules = way->rules};
    struct scene_run run = scene_start(&scene);
    int fd = net_connect(family, NULL, run.port, NULL);
    struct net_received seen;
    struct scene_end end;

    scene_go(&run);
    seen = net_read_all(fd, SCENE_RESET_MS);
    if (!drains(way))
        scene_wait(&run, "close=0");
    CHECK_INT(net_send_pattern(fd, 0, 1000), !aborts(way)); /* the first one always looks well */
    close(fd);
    end = scene_finish(&run);
    CHECK_INT((long long)seen.bytes, 500);
    CHECK_INT(seen.eof, !aborts(way));
    CHECK_INT(end.ours.rst, drains(way) ? 0 : 1); /* muted, it is the FIN behind the dropped data that is answered */
    CHECK_INT(end.ours.fin, aborts(way) ? 0 : 1);
    if (drains(way)) {
        CHECK_INT(record_number(records_find(&end.records, "call=close"), "drained_bytes"), 1000);
        check_orderly_wire(&end);
    }
    check_way(&end, way);
    scene_free(&end);
}

/* ---- A close on O_NONBLOCK never waits ---- */

static void never_waits_one(int family, const char *rules, const char *words, bool reads, const char *outcome)
{
    const struct peer_step script[] = {{.action = reads ? PEER_READ_ALL : PEER_HOLD}, {.action = PEER_HOLD}};
    struct scene scene = {.family = family,
                          .program_socket = {.send_bytes = 65536},
                          .peer_socket = {.receive_bytes = SMALL_BYTES},
                          .words = words,
                          .peer = reads ? script : script + 1,
                          .peer_steps = reads ? 2 : 1,
                          .rules = rules};
    struct scene_run run = scene_start(&scene);
    struct scene_end end;

    scene_wait(&run, "close=0"); /* an hour is the limit of both, and the peer still holds on */
    end = scene_finish(&run);
    check_outcome(&end, outcome);
    scene_free(&end);
}

static void never_waits(int family)
{
    never_waits_one(family, "linger 1h", "accept nonblock fill linger0 close hear", false, "orderly");
    never_waits_one(family, "drain 1h", "accept nonblock fill linger0 close hear", false, "muted");
    never_waits_one(family, "drain 1h", "accept nonblock linger0 close hear", true, "muted");
}

IN_EVERY_WAY(idle);
IN_EVERY_WAY(unsent);
IN_EVERY_WAY(lost);
IN_EVERY_WAY(delay);
IN_EVERY_WAY(late);
IPV4_AND_IPV6(never_waits);

static const struct tap_test tests[] = {
    {"idle: RST where it is allowed, else FIN, IPv4", idle_v4, 60000},
    {"idle: RST where it is allowed, else FIN, IPv6", idle_v6, 60000},
    {"unsent data and a slow reader: every byte, then EOF, IPv4", unsent_v4, 60000},
    {"unsent data and a slow reader: every byte, then EOF, IPv6", unsent_v6, 60000},
    {"a lost segment is sent again after the close, IPv4", lost_v4, 60000},
    {"a lost segment is sent again after the close, IPv6", lost_v6, 60000},
    {"delay: what is in flight and behind it arrives, IPv4", delay_v4, 60000},
    {"delay: what is in flight and behind it arrives, IPv6", delay_v6, 60000},
    {"data after the close: taken by a drain, else answered with RST, IPv4", late_v4, 60000},
    {"data after the close: taken by a drain, else answered with RST, IPv6", late_v6, 60000},
    {"a close on O_NONBLOCK waits neither for data nor for the peer's FIN, IPv4", never_waits_v4, 60000},
    {"a close on O_NONBLOCK waits neither for data nor for the peer's FIN, IPv6", never_waits_v6, 60000},
};

static const struct proc_snippet snippets[] = {{"subject", subject_run}};

int main(int argc, char **argv)
{
    proc_snippet_main(argc, argv, snippets, TAP_COUNT(snippets));
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
