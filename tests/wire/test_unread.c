/* SPDX-License-Identifier: MIT */
/* A plain close, no linger option anywhere, with input that nobody read: Linux answers with RST. */
#include "tests/wire/wire.h"

#define UPLOAD_BYTES (4 << 20)

static const struct way unread_way[] = {
    BOTH_MODES(BARE, NULL),
    BOTH_MODES(ALLOW, "allow on unread"),
    BOTH_MODES(ALLOW, "orderly"), /* no rule for this cause */
    BOTH_MODES(OBSERVE, "observe on unread"),
    BOTH_MODES(ORDERLY, "orderly on unread"),
    BOTH_MODES(WITHIN, "orderly within 5s on unread"),
    BOTH_MODES(DRAIN, "drain 5s on unread"),
};

/* The peer has sent `bytes` and has nothing more to say. */
static void check_unread(const struct scene_end *end, const struct way *way, long long bytes)
{
    const char *record = records_find(&end->records, "call=close cause=unread");

    CHECK_INT(records_count(&end->records, "call=setsockopt"), 0);
    check_way(end, way);
    if (record != NULL)
        CHECK_INT(record_number(record, "unread_bytes"), bytes);
    if (aborts(way)) {
        CHECK(end->ours.rst > 0);
        CHECK_INT(end->aborts_on_close, 1);
        return;
    }
    CHECK(end->peer.eof);
    CHECK(record != NULL);
    CHECK_INT(record_number(record, "drained_bytes"), bytes);
    check_orderly_wire(end);
}

static void unread_scene(int family, const struct way *way, const char *words, long long bytes, long long answer)
{
    const struct peer_step talks[] = {{.action = PEER_SEND, .bytes = (uint64_t)bytes}, {.action = PEER_READ_ALL}};
    struct scene scene = {.family = family,
                          .words = words_of(way, words),
                          .peer = talks,
                          .peer_steps = TAP_COUNT(talks),
                          .rules = way->rules};
    struct scene_end end = scene_play(&scene);

    check_unread(&end, way, bytes);
    if (!aborts(way))
        CHECK_INT((long long)end.peer.received_bytes, answer);
    scene_free(&end);
}

static void idle(int family)
{
    for (size_t i = 0; i < TAP_COUNT(unread_way); i++) {
        int before = tap_failures();

        unread_scene(family, &unread_way[i], "unread:1000 close hear", 1000, 0);
        unread_scene(family, &unread_way[i], "unread:100000 send:500 close hear", 100000, 500);
        note_way(&unread_way[i], before);
    }
}

/* An answer that the peer has not read yet is destroyed with the rest. */
static void queued_one(int family, const struct way *way)
{
    struct scene scene = {.family = family,
                          .program_socket = {.send_bytes = 65536},
                          .peer_socket = {.receive_bytes = 4096},
                          .words = words_of(way, "unread:1000 fill close hear"),
                          .rules = way->rules};
    struct scene_run run = scene_start(&scene);
    int fd = net_connect(family, NULL, run.port, &scene.peer_socket);
    struct net_received seen;
    struct scene_end end;

    CHECK(net_send_pattern(fd, 0, 1000));
    if (!drains(way))
        scene_wait(&run, "close=0"); /* before the first byte of the answer is read */
    seen = net_read_all(fd, SCENE_RESET_MS);
    close(fd);
    end = scene_finish(&run);
    CHECK(seen.intact);
    CHECK_INT(seen.eof, !aborts(way));
    if (aborts(way))
        CHECK((long long)seen.bytes < scene_number(&end, "filled"));
    else
        CHECK_INT((long long)seen.bytes, scene_number(&end, "filled"));
    check_way(&end, way);
    scene_free(&end);
}

static void queued(int family)
{
    for (size_t i = 0; i < TAP_COUNT(unread_way); i++) {
        int before = tap_failures();

        queued_one(family, &unread_way[i]);
        note_way(&unread_way[i], before);
    }
}

/* ---- Other forms of unread input ---- */

static bool peek_word(const char *word, long number, int *fd)
{
    int many = 100000;
    char byte;

    (void)number;
    if (strcmp(word, "lowat") == 0) /* poll(2) does not tell of less from here on */
        CHECK_INT(setsockopt(*fd, SOL_SOCKET, SO_RCVLOWAT, &many, sizeof many), 0);
    else if (strcmp(word, "peek") == 0)
        CHECK_INT(recv(*fd, &byte, 1, MSG_PEEK), 1);
    else if (strcmp(word, "shutrd") == 0)
        CHECK_INT(shutdown(*fd, SHUT_RD), 0);
    else if (strcmp(word, "urgent") == 0)
        CHECK_INT(recv(*fd, &byte, 1, MSG_PEEK | MSG_OOB), 1);
    else
        return false;
    return true;
}

static void subject_peeks(int argc, char **argv)
{
    subject_follow(argc, argv, peek_word);
}

static const struct way three_ways[] = {
    {BARE, false, NULL}, {ORDERLY, false, "orderly on unread"}, {DRAIN, false, "drain 5s on unread"}};

static void form(int family, const char *words, const struct peer_step *peer, size_t steps)
{
    for (size_t i = 0; i < TAP_COUNT(three_ways); i++) {
        const struct way *way = &three_ways[i];
        bool holds = peer[steps - 1].action == PEER_HOLD; /* so that a drain would only wait */
        struct scene scene = {.family = family,
                              .snippet = "peeks",
                              .words = words,
                              .peer = peer,
                              .peer_steps = steps,
                              .rules = way->rules};
        struct scene_end end;
        int before = tap_failures();

        if (holds && drains(way))
            continue;
        end = scene_play(&scene);
        CHECK_INT(end.ours.rst > 0, aborts(way));
        CHECK_INT(end.aborts_on_close, aborts(way) ? 1 : 0);
        if (!aborts(way))
            CHECK_INT(records_count(&end.records, "call=close cause=unread"), 1);
        if (tap_failures() != before)
            tap_note("... that was: %s", words);
        note_way(way, before);
        scene_free(&end);
    }
}

static void forms(int family)
{
    static const struct peer_step five[] = {{.action = PEER_SEND, .bytes = 5}, {.action = PEER_READ_ALL}};
    static const struct peer_step holds[] = {{.action = PEER_SEND, .bytes = 5}, {.action = PEER_HOLD}};
    static const struct peer_step shuts[] = {
        {.action = PEER_SEND, .bytes = 5}, {.action = PEER_SHUTDOWN}, {.action = PEER_READ_ALL}};

    form(family, "accept unread:5 read:4 close hear", five, TAP_COUNT(five));
    form(family, "accept unread:5 peek close hear", five, TAP_COUNT(five));
    form(family, "accept unread:5 lowat close hear", five, TAP_COUNT(five));
    form(family, "accept unread:5 shutrd close hear", five, TAP_COUNT(five));
    form(family, "accept unread:5 shutwr close hear", holds, TAP_COUNT(holds));
    form(family, "accept state:8 close hear", shuts, TAP_COUNT(shuts));
}

/* SIOCINQ says 0 in front of an urgent byte, and a close counts it all the same. */
static void urgent(int family)
{
    for (size_t i = 0; i < TAP_COUNT(three_ways); i++) {
        const struct way *way = &three_ways[i];
        struct scene scene = {
            .family = family, .snippet = "peeks", .words = "accept hear urgent close hear", .rules = way->rules};
        struct scene_run run = scene_start(&scene);
        int fd = net_connect(family, NULL, run.port, NULL);
        struct net_received seen;
        struct scene_end end;

        CHECK_INT(send(fd, "!", 1, MSG_OOB), 1);
        scene_go(&run);
        seen = net_read_all(fd, SCENE_RESET_MS);
        close(fd);
        end = scene_finish(&run);
        CHECK_INT(seen.eof, !aborts(way));
        CHECK_INT(end.ours.rst > 0, aborts(way));
        scene_free(&end);
    }
}

/* Linger zero and unread input: the rule for the first must not leave the RST of the second. */
static void with_linger_zero_one(int family, const struct way *way)
{
    const struct peer_step talks[] = {{.action = PEER_SEND, .bytes = 1000}, {.action = PEER_READ_ALL}};
    struct scene scene = {.family = family,
                          .words = words_of(way, "unread:1000 send:500 linger0 close hear"),
                          .peer = talks,
                          .peer_steps = TAP_COUNT(talks),
                          .rules = way->rules};
    struct scene_end end = scene_play(&scene);

    CHECK_INT(end.peer.eof, !aborts(way));
    CHECK_INT(end.ours.rst > 0, aborts(way));
    if (!aborts(way))
        check_orderly_wire(&end);
    check_way(&end, way);
    scene_free(&end);
}

/* ---- A server that answers before it has read the upload, and closes ---- */

/* The peer uploads 4 MiB without looking, and then reads: it has 413 and its text, whole, or it has not. */
static struct scene_end early_answer(int family, const char *words, const char *rules)
{
    static const struct peer_step uploads[] = {{.action = PEER_SEND, .bytes = UPLOAD_BYTES}, {.action = PEER_READ_ALL}};
    struct scene scene = {.family = family,
                          .program_socket = {.send_bytes = 65536},
                          .peer_socket = {.receive_bytes = 4096},
                          .words = words,
                          .peer = uploads,
                          .peer_steps = TAP_COUNT(uploads),
                          .rules = rules};

    return scene_play(&scene);
}

static void early(int family)
{
    struct scene_end bare = early_answer(family, "accept unread:1000 fill close hear", NULL);
    struct scene_end cured = early_answer(family, "accept unread:1000 fill close hear", "drain 15s on unread");

    CHECK(bare.peer.send_error == ECONNRESET || bare.peer.send_error == EPIPE);
    CHECK((long long)bare.peer.received_bytes < scene_number(&bare, "filled"));
    CHECK(bare.ours.rst > 0);

    CHECK_INT(cured.peer.send_error, 0);
    CHECK_INT((long long)cured.peer.sent_bytes, UPLOAD_BYTES);
    CHECK_INT((long long)cured.peer.received_bytes, scene_number(&cured, "filled"));
    CHECK(cured.peer.eof && cured.peer.intact);
    check_outcome(&cured, "drained");
    CHECK_INT(record_number(records_find(&cured.records, "call=close"), "drained_bytes"), UPLOAD_BYTES);
    check_orderly_wire(&cured);
    scene_free(&bare);
    scene_free(&cured);
}

/* Where the socket cannot be muted, liblingerguard(7): "these peers still get RST". */
static void early_nonblocking(int family)
{
    struct scene_end end =
        early_answer(family, "accept nonblock locked unread:1000 fill close hear", "drain 15s on linger-zero,unread");

    CHECK(end.peer.send_error == ECONNRESET || end.peer.send_error == EPIPE);
    CHECK((long long)end.peer.received_bytes < scene_number(&end, "filled"));
    CHECK(end.ours.rst > 0);
    CHECK_INT(records_count(&end.records, "call=close outcome=orderly") +
                  records_count(&end.records, "call=close outcome=aborted"),
              1); /* aborted, where the upload was faster than the discard */
    scene_free(&end);
}

IPV4_AND_IPV6(idle);
IPV4_AND_IPV6(queued);
IPV4_AND_IPV6(forms);
IPV4_AND_IPV6(urgent);
IN_EVERY_WAY(with_linger_zero);
IPV4_AND_IPV6(early);
IPV4_AND_IPV6(early_nonblocking);

static const struct tap_test tests[] = {
    {"unread input, idle: RST where it is allowed, else discarded and FIN, IPv4", idle_v4, 60000},
    {"unread input, idle: RST where it is allowed, else discarded and FIN, IPv6", idle_v6, 60000},
    {"unread input does not cost the peer the answer in the queue, IPv4", queued_v4, 60000},
    {"unread input does not cost the peer the answer in the queue, IPv6", queued_v6, 60000},
    {"partly read, peeked at, below SO_RCVLOWAT, shut down, behind the peer's FIN: all unread, IPv4", forms_v4, 60000},
    {"partly read, peeked at, below SO_RCVLOWAT, shut down, behind the peer's FIN: all unread, IPv6", forms_v6, 60000},
    {"an urgent byte is unread input, IPv4", urgent_v4, 60000},
    {"an urgent byte is unread input, IPv6", urgent_v6, 60000},
    {"linger zero with unread input: neither resets, IPv4", with_linger_zero_v4, 60000},
    {"linger zero with unread input: neither resets, IPv6", with_linger_zero_v6, 60000},
    {"a server that answers an upload early: one drain rule delivers the answer, IPv4", early_v4, 60000},
    {"a server that answers an upload early: one drain rule delivers the answer, IPv6", early_v6, 60000},
    {"a server that answers an upload early on O_NONBLOCK and cannot be muted still resets it, IPv4",
     early_nonblocking_v4, 60000},
    {"a server that answers an upload early on O_NONBLOCK and cannot be muted still resets it, IPv6",
     early_nonblocking_v6, 60000},
};

static const struct proc_snippet snippets[] = {{"subject", subject_run}, {"peeks", subject_peeks}};

int main(int argc, char **argv)
{
    proc_snippet_main(argc, argv, snippets, TAP_COUNT(snippets));
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
