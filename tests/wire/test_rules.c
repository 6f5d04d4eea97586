/* SPDX-License-Identifier: MIT */
/* Rules by role and address on the wire: what a setsockopt could not know yet is put right at the close. */
#include "tests/wire/wire.h"

#define LISTENER 3

/* ---- Connections that the program opened ---- */

static struct linger abortive = {1, 0};

/* connects PORT before|after [nonblock]: linger zero before the connect or after it, then a close. */
static void snippet_connects(int argc, char **argv)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | (argc > 2 ? SOCK_NONBLOCK : 0), 0);

    REQUIRE(argc >= 2 && fd >= 0);
    to.sin_port = htons((uint16_t)atoi(argv[0]));
    if (strcmp(argv[1], "before") == 0)
        CHECK_INT(setsockopt(fd, SOL_SOCKET, SO_LINGER, &abortive, sizeof abortive), 0);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        CHECK_INT(errno, EINPROGRESS);
    CHECK(net_wait_state(fd, TCP_ESTABLISHED, 5000));
    if (strcmp(argv[1], "after") == 0)
        CHECK_INT(setsockopt(fd, SOL_SOCKET, SO_LINGER, &abortive, sizeof abortive), 0);
    CHECK_INT(close(fd), 0);
    subject_say("closed");
    subject_hear();
}

/* Whether the program's end of a connection that it made to us was a RST. */
static bool client_resets(const char *when, const char *mode, const char *rules)
{
    char variable[256], port[16];
    const char *const environment[] = {variable, "LINGERGUARD_FORMAT=json", NULL};
    const char *const words[] = {port, when, mode, NULL};
    struct proc_options options = {.with_library = rules != NULL, .environment = environment, .input_pipe = true};
    struct net_received seen;
    struct proc program;
    struct proc_result result;
    int listener, fd;

    net_own_namespace();
    listener = net_listen(AF_INET, NULL);
    snprintf(port, sizeof port, "%u", net_local_port(listener));
    snprintf(variable, sizeof variable, "LINGERGUARD_RULES=%s", rules != NULL ? rules : "");
    program = proc_snippet_start("connects", words, &options);
    fd = net_accept(listener);
    seen = net_read_all(fd, SCENE_RESET_MS);
    close(fd);
    close(listener);
    CHECK(proc_wait_output(&program, "closed\n", SCENE_RESET_MS));
    result = proc_wait(&program);
    CHECK_INT(result.exit_status, 0);
    CHECK(seen.eof != (seen.error == ECONNRESET));
    proc_result_free(&result);
    return !seen.eof;
}

static void role_connected(void)
{
    static const char *const modes[] = {NULL, "nonblock"};

    for (size_t i = 0; i < TAP_COUNT(modes); i++) {
        CHECK_INT(client_resets("before", modes[i], NULL), 1);
        CHECK_INT(client_resets("after", modes[i], NULL), 1);
        CHECK_INT(client_resets("before", modes[i], "orderly"), 0);
        CHECK_INT(client_resets("before", modes[i], "allow role connected; orderly"), 1);
        CHECK_INT(client_resets("after", modes[i], "allow role connected; orderly"), 1);
        CHECK_INT(client_resets("before", modes[i], "observe role connected; orderly"), 1);
        CHECK_INT(client_resets("before", modes[i], "allow role accepted; orderly"), 0);
        CHECK_INT(client_resets("after", modes[i], "allow role accepted; orderly"), 0);
        CHECK_INT(client_resets("after", modes[i], "orderly role connected; allow"), 0);
        CHECK_INT(client_resets("before", modes[i], "orderly role connected; allow"), 0);
    }
}

static void address_not_known_yet(void)
{
    CHECK_INT(client_resets("before", NULL, "allow peer 127.0.0.1; orderly"), 1);
    CHECK_INT(client_resets("before", NULL, "allow peer 127.0.0.0/8; orderly"), 1);
    CHECK_INT(client_resets("before", NULL, "allow peer 10.0.0.0/8; orderly"), 0);
    CHECK_INT(client_resets("before", NULL, "allow local 127.0.0.1; orderly"), 1);
    CHECK_INT(client_resets("before", NULL, "orderly peer 10.0.0.0/8; allow peer 127.0.0.1; drain 1s"), 1);
    CHECK_INT(client_resets("before", NULL, "orderly peer 127.0.0.1; allow"), 0);
    CHECK_INT(client_resets("before", NULL, "reject peer 127.0.0.1; allow"), 0); /* a close cannot be refused */
}

/* ---- Accepted connections ---- */

/* accepts: linger zero on the listener; nothing is asked on the connection itself. */
static void snippet_accepts(int argc, char **argv)
{
    int fd, seconds = 0;

    CHECK_INT(setsockopt(LISTENER, SOL_SOCKET, SO_LINGER, &abortive, sizeof abortive), 0);
    subject_say("armed");
    fd = net_accept(LISTENER);
    subject_hear(); /* until the peer knows that it is connected */
    subject_say("on=%d", net_get_linger(fd, &seconds));
    subject_say("seconds=%d", seconds);
    if (argc > 0 && strcmp(argv[0], "off") == 0) {
        struct linger off = {0, 0};

        CHECK_INT(setsockopt(fd, SOL_SOCKET, SO_LINGER, &off, sizeof off), 0);
    }
    CHECK_INT(close(fd), 0);
    subject_say("closed");
    subject_hear();
}

struct inherited {
    bool reset;
    long long on;
    int records; /* of the close */
    bool seconds;
};

static struct inherited play_inherited(int family, const char *words, const char *rules)
{
    struct scene scene = {.family = family, .snippet = "accepts", .words = words, .rules = rules};
    struct scene_run run = scene_start(&scene);
    struct net_received seen;
    struct scene_end end;
    struct inherited result;
    int fd;

    scene_wait(&run, "armed");
    fd = net_connect(family, NULL, run.port, NULL);
    scene_go(&run);
    seen = net_read_all(fd, SCENE_RESET_MS);
    scene_wait(&run, "closed");
    close(fd);
    end = scene_finish(&run);
    CHECK(seen.eof != (seen.error == ECONNRESET));
    CHECK_INT(end.ours.rst > 0, !seen.eof);
    result = (struct inherited){!seen.eof, scene_number(&end, "on"), records_count(&end.records, "call=close"),
                                scene_number(&end, "seconds") != 0};
    scene_free(&end);
    return result;
}

static void inherited_mark(int family)
{
    struct inherited bare = play_inherited(family, "", NULL), held = play_inherited(family, "", "orderly");

    CHECK(bare.reset);
    CHECK_INT(bare.on, 1);
    CHECK(!held.reset);
    CHECK_INT(held.on, 0);
    CHECK(held.seconds); /* the mark */
    CHECK_INT(held.records, 1);
    CHECK(!play_inherited(family, "", "drain 200ms").reset);
    CHECK(!play_inherited(family, "", "").reset);
    /* The listener has no peer, so its request is disarmed; each connection then gets what its rule says. */
    CHECK(play_inherited(family, "", "allow peer 127.0.0.1; allow peer [::1]; orderly").reset);
    CHECK(play_inherited(family, "", "allow role accepted; orderly").reset);
    CHECK(!play_inherited(family, "", "allow role connected; orderly").reset);
    CHECK(!play_inherited(family, "", "allow peer 10.0.0.0/8; orderly").reset);
}

/* A program that takes its request back on a connection has taken it back. */
static void withdrawn(int family)
{
    struct inherited bare = play_inherited(family, "off", NULL),
                     held = play_inherited(family, "off", "allow peer :1-65535; orderly");

    CHECK(!bare.reset);
    CHECK(!held.reset);
    CHECK_INT(held.records, 0);
}

IPV4_AND_IPV6(inherited_mark);
IPV4_AND_IPV6(withdrawn);

static const struct tap_test tests[] = {
    {"a health check may reset by role, armed before or after its connect", role_connected, 60000},
    {"a peer that was not known at the setsockopt is at the close", address_not_known_yet, 60000},
    {"accepted sockets inherit the mark, and get their own rule, IPv4", inherited_mark_v4, 60000},
    {"accepted sockets inherit the mark, and get their own rule, IPv6", inherited_mark_v6, 60000},
    {"an inherited mark is gone when the program turns linger off, IPv4", withdrawn_v4, 60000},
    {"an inherited mark is gone when the program turns linger off, IPv6", withdrawn_v6, 60000},
};

static const struct proc_snippet snippets[] = {{"connects", snippet_connects}, {"accepts", snippet_accepts}};

int main(int argc, char **argv)
{
    proc_snippet_main(argc, argv, snippets, TAP_COUNT(snippets));
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
