/* SPDX-License-Identifier: MIT */
/* Linger zero and a close in every state that a connection can be in, and on MPTCP. */
#include "tests/wire/wire.h"

static const struct peer_step reads[] = {{.action = PEER_READ_ALL}};

/* ---- Half-closed by us: FIN-WAIT-2 ---- */

static void half_closed_one(int family, const struct way *way)
{
    struct scene scene = {.family = family,
                          .words = words_of(way, "hear send:3000 shutwr state:5 linger0 say:ready close hear"),
                          .peer = NULL,
                          .rules = way->rules};
    struct scene_run run = scene_start(&scene);
    int fd = net_connect(family, NULL, run.port, NULL);
    struct net_received seen;
    struct scene_end end;

    scene_go(&run);
    scene_wait(&run, "ready"); /* our FIN is acknowledged, and the peer's is not there yet */
    seen = net_read_all(fd, SCENE_RESET_MS);
    if (!drains(way))
        scene_wait(&run, "close=0");
    close(fd);
    scene_wait(&run, "close=0");
    end = scene_finish(&run);
    CHECK_INT((long long)seen.bytes, 3000);
    CHECK(seen.eof || aborts(way)); /* an abort in this state may overtake the reader */
    CHECK_INT(end.ours.fin, 1);
    CHECK_INT(end.ours.rst, aborts(way) ? 1 : 0);
    if (!aborts(way))
        check_orderly_wire(&end);
    check_way(&end, way);
    scene_free(&end);
}

/* ---- Half-closed by the peer: CLOSE-WAIT ---- */

static void peer_half_closed_one(int family, const struct way *way)
{
    static const struct peer_step shuts[] = {{.action = PEER_SHUTDOWN}, {.action = PEER_READ_ALL}};
    struct scene scene = {.family = family,
                          .words = words_of(way, "state:8 send:3000 linger0 close hear"),
                          .peer = shuts,
                          .peer_steps = TAP_COUNT(shuts),
                          .rules = way->rules};
    struct scene_end end = scene_play(&scene);

    CHECK_INT(end.peer.eof, !aborts(way));
    CHECK_INT(end.ours.rst, aborts(way) ? 1 : 0);
    if (!aborts(way)) {
        CHECK_INT((long long)end.peer.received_bytes, 3000);
        check_orderly_wire(&end);
    }
    if (way->kind == DRAIN) /* the peer's FIN is there, so nothing is to be waited for */
        check_outcome(&end, "drained");
    else
        check_outcome(&end, outcome_of(way));
    scene_free(&end);
}

/* ---- Both FINs exchanged ---- */

/* TIME-WAIT is the kernel's, and the descriptor says CLOSED: there is nothing to reset any more. */
static void both_closed_one(int family, const struct way *way)
{
    struct scene scene = {.family = family,
                          .words = words_of(way, "shutwr state:7 linger0 close say:closed hear"),
                          .peer = reads,
                          .peer_steps = 1,
                          .rules = way->rules};
    struct scene_run run = scene_start(&scene);
    struct scene_end end;

    scene_wait(&run, "closed");
    CHECK(net_wait_count(run.port, TCP_TIME_WAIT, 1, 5000));
    end = scene_finish(&run);
    CHECK(end.peer.eof);
    CHECK_INT(end.ours.fin, 1);
    check_orderly_wire(&end);
    check_outcome(&end, NULL); /* nothing was saved, so nothing is told */
    scene_free(&end);
}

/* LAST-ACK: the peer closed first, and our FIN is out. */
static void last_ack_one(int family, const struct way *way)
{
    static const struct peer_step shuts[] = {{.action = PEER_SHUTDOWN}, {.action = PEER_READ_ALL}};
    struct scene scene = {.family = family,
                          .words = words_of(way, "state:8 shutwr state:7 linger0 close hear"),
                          .peer = shuts,
                          .peer_steps = TAP_COUNT(shuts),
                          .rules = way->rules};
    struct scene_end end = scene_play(&scene);

    CHECK(end.peer.eof);
    check_orderly_wire(&end);
    check_outcome(&end, NULL);
    scene_free(&end);
}

/* ---- Reset by the peer ---- */

static void already_reset_one(int family, const struct way *way)
{
    static const struct peer_step reset[] = {{.action = PEER_RESET}};
    struct scene scene = {.family = family,
                          .words = words_of(way, "state:7 linger0 close hear"),
                          .peer = reset,
                          .peer_steps = 1,
                          .rules = way->rules};
    struct scene_end end = scene_play(&scene);

    CHECK_INT(scene_number(&end, "set"), 0);
    CHECK_INT(scene_number(&end, "close"), 0);
    CHECK_INT(end.ours.fin + end.ours.rst, 0);
    check_outcome(&end, NULL);
    scene_free(&end);
}

/* ---- MPTCP ---- */

static void mptcp_one(int family, const struct way *way)
{
    struct net_options mptcp = {.protocol = IPPROTO_MPTCP};
    static const struct peer_step talks[] = {{.action = PEER_SEND, .bytes = 10}, {.action = PEER_READ_ALL}};
    struct scene scene = {.family = family,
                          .program_socket = mptcp,
                          .peer_socket = mptcp,
                          .words = words_of(way, "read:10 send:4000 linger0 close hear"),
                          .peer = talks,
                          .peer_steps = TAP_COUNT(talks),
                          .rules = way->rules};
    struct scene_end end = scene_play(&scene);

    CHECK_INT(scene_number(&end, "set"), 0);
    CHECK_INT(scene_number(&end, "close"), 0);
    CHECK_INT(end.peer.eof, !aborts(way));
    CHECK_INT(end.ours.rst > 0, aborts(way));
    CHECK_INT(end.ours.fastclose > 0, aborts(way));
    if (!aborts(way)) {
        CHECK_INT((long long)end.peer.received_bytes, 4000);
        CHECK(end.peer.intact);
    } else {
        CHECK_INT(end.peer.read_error, ECONNRESET);
    }
    if (way->kind == DRAIN && way->nonblocking && records_count(&end.records, "call=close outcome=drained") == 0)
        check_outcome(&end, "orderly"); /* such a socket takes no filter */
    else
        check_way(&end, way);
    scene_free(&end);
}

IN_EVERY_WAY(half_closed);
IN_EVERY_WAY(peer_half_closed);
IN_EVERY_WAY(both_closed);
IN_EVERY_WAY(last_ack);
IN_EVERY_WAY(already_reset);
IN_EVERY_WAY(mptcp);

static const struct tap_test tests[] = {
    {"half-closed before: no RST behind our FIN, IPv4", half_closed_v4, 60000},
    {"half-closed before: no RST behind our FIN, IPv6", half_closed_v6, 60000},
    {"the peer half-closed: it gets everything and FIN, IPv4", peer_half_closed_v4, 60000},
    {"the peer half-closed: it gets everything and FIN, IPv6", peer_half_closed_v6, 60000},
    {"both FINs exchanged: nothing left to reset or to tell, IPv4", both_closed_v4, 60000},
    {"both FINs exchanged: nothing left to reset or to tell, IPv6", both_closed_v6, 60000},
    {"closed by the peer, then by us: nothing left to reset or to tell, IPv4", last_ack_v4, 60000},
    {"closed by the peer, then by us: nothing left to reset or to tell, IPv6", last_ack_v6, 60000},
    {"reset by the peer: nothing is sent or told, IPv4", already_reset_v4, 60000},
    {"reset by the peer: nothing is sent or told, IPv6", already_reset_v6, 60000},
    {"MPTCP: no fast close where no abort may be, IPv4", mptcp_v4, 60000},
    {"MPTCP: no fast close where no abort may be, IPv6", mptcp_v6, 60000},
};

static const struct proc_snippet snippets[] = {{"subject", subject_run}};

int main(int argc, char **argv)
{
    proc_snippet_main(argc, argv, snippets, TAP_COUNT(snippets));
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
