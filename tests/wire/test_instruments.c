/* SPDX-License-Identifier: MIT */
/*
 * The instruments of the other tests: programs and snippets, connections, peers, the wire, the relay.
 */
#include "tests/harness/net.h"
#include "tests/harness/proc.h"
#include "tests/harness/relay.h"
#include "tests/harness/tap.h"
#include "tests/harness/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct proc_options plain;

/* ---- Programs ---- */

static void test_output(void)
{
    struct proc_options options = {.input = "three words in\n"};
    struct proc_result result = proc_run((const char *[]){"sh", "-c", "cat; echo err >&2; exit 7", NULL}, &options);

    CHECK_TEXT(result.out, "three words in\n");
    CHECK_TEXT(result.err, "err\n");
    CHECK_INT(result.exit_status, 7);
    CHECK_INT(result.signal, 0);
    CHECK(!result.timed_out);
    proc_result_free(&result);
}

static void test_clean_environment(void)
{
    const char *const variables[] = {"LINGERGUARD_OFF=1", NULL};
    struct proc_options options = {.environment = variables};
    struct proc_result result;

    setenv("LINGERGUARD_RULES", "leaked", 1);
    setenv("ANYTHING", "leaked", 1);
    result = proc_run((const char *[]){"env", NULL}, &options);
    CHECK_LACKS(result.out, "leaked");
    CHECK_LACKS(result.out, "LD_PRELOAD");
    CHECK_CONTAINS(result.out, "LINGERGUARD_OFF=1\n");
    proc_result_free(&result);
}

static void test_deadline(void)
{
    struct proc_options options = {.deadline_ms = 100};
    /* The sleep of the background is of the same group. */
    struct proc_result result = proc_run((const char *[]){"sh", "-c", "sleep 1000 & echo $!; wait", NULL}, &options);

    CHECK(result.timed_out);
    CHECK_INT(result.signal, SIGKILL);
    CHECK_INT(result.exit_status, -1);
    proc_result_free(&result);
}

static void test_signal(void)
{
    struct proc process = proc_start((const char *[]){"sh", "-c", "echo up; exec sleep 1000", NULL}, &plain);
    struct proc_result result;

    CHECK(proc_wait_output(&process, "up\n", 5000));
    CHECK(!proc_wait_output(&process, "down\n", 50));
    result = proc_end(&process, SIGTERM);
    CHECK_INT(result.signal, SIGTERM);
    CHECK(!result.timed_out);
    proc_result_free(&result);
}

static void test_descriptors(void)
{
    int file = open("/etc/passwd", O_RDONLY | O_CLOEXEC), pipe_fds[2];
    struct proc_options options = {.inherit_fd = {file}, .stderr_fd = PROC_CLOSED};
    struct proc_result result;
    char byte;

    REQUIRE(file >= 0 && pipe2(pipe_fds, O_CLOEXEC) == 0);
    result = proc_run((const char *[]){"sh", "-c", "ls -l /proc/$$/fd", NULL}, &options);
    CHECK_CONTAINS(result.out, "3 -> /etc/passwd");
    CHECK_LACKS(result.out, " 2 -> ");
    CHECK_LACKS(result.out, "pipe");
    CHECK_LACKS(result.out, " 4 -> ");
    proc_result_free(&result);

    options = (struct proc_options){.stdout_fd = pipe_fds[1]};
    result = proc_run((const char *[]){"echo", "x", NULL}, &options);
    close(pipe_fds[1]);
    CHECK_INT(read(pipe_fds[0], &byte, 1), 1);
    CHECK_TEXT(result.out, "");
    proc_result_free(&result);
}

static void test_input_pipe(void)
{
    struct proc_options options = {.input_pipe = true};
    struct proc process = proc_start((const char *[]){"cat", NULL}, &options);
    struct proc_result result;

    CHECK_INT(write(process.stdin_fd, "later\n", 6), 6);
    CHECK(proc_wait_output(&process, "later\n", 5000));
    result = proc_wait(&process);
    CHECK_INT(result.exit_status, 0);
    proc_result_free(&result);
}

/* ---- Snippets ---- */

static void snippet_arguments(int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        printf("%s\n", argv[i]);
}

static void snippet_marker(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    printf("%s\n", getppid() == 424242 ? "preloaded" : "plain");
}

static void snippet_check(int argc, char **argv)
{
    (void)argv;
    CHECK_INT(argc, 99);
}

static void snippet_require(int argc, char **argv)
{
    (void)argv;
    REQUIRE(argc == 99);
    printf("behind it\n");
}

static const struct proc_snippet snippets[] = {
    {"arguments", snippet_arguments},
    {"marker", snippet_marker},
    {"check", snippet_check},
    {"require", snippet_require},
};

static void test_snippet(void)
{
    struct proc_result result = proc_snippet_run("arguments", (const char *[]){"a b", "", "c", NULL}, &plain);

    CHECK_TEXT(result.out, "a b\n\nc\n");
    CHECK_INT(result.exit_status, 0);
    proc_result_free(&result);
    result = proc_snippet_run("arguments", NULL, &plain);
    CHECK_TEXT(result.out, "");
    proc_result_free(&result);
}

static void test_snippet_preload(void)
{
    struct proc_options options = {.preload_before = proc_helper("wire/lib_marker.so")};
    struct proc_result result = proc_snippet_run("marker", NULL, &options);

    CHECK_TEXT(result.out, "preloaded\n");
    proc_result_free(&result);
    result = proc_snippet_run("marker", NULL, &plain);
    CHECK_TEXT(result.out, "plain\n");
    proc_result_free(&result);
}

static void test_snippet_checks(void)
{
    struct proc_result result = proc_snippet_run("check", NULL, &plain);

    CHECK_INT(result.exit_status, 1);
    CHECK_CONTAINS(result.err, "argc is 0, not 99");
    proc_result_free(&result);
    result = proc_snippet_run("require", NULL, &plain);
    CHECK_INT(result.exit_status, 1);
    CHECK_CONTAINS(result.err, "argc == 99");
    CHECK_TEXT(result.out, "");
    proc_result_free(&result);
}

/* ---- Connections ---- */

static void pair_delivers(int family)
{
    struct net_received seen;
    struct net_pair pair;

    net_own_namespace(); /* where no other test uses these ports */
    pair = net_pair(family, NULL);
    CHECK_INT(net_local_port(pair.server), pair.server_port);
    CHECK_INT(net_peer_port(pair.server), pair.client_port);
    CHECK_INT(net_tcp_state(pair.client), TCP_ESTABLISHED);
    CHECK_INT(net_count_sockets(pair.server_port, TCP_ESTABLISHED), 1);
    CHECK_INT(net_count_sockets(pair.server_port, TCP_LISTEN), 0);
    CHECK(net_send_pattern(pair.client, 0, 100000));
    CHECK(net_wait_unread(pair.server, 100000, 5000));
    close(pair.client);
    seen = net_read_all(pair.server, 5000);
    CHECK_INT((long long)seen.bytes, 100000);
    CHECK(seen.eof && seen.intact);
    CHECK_INT(net_tcp_state(pair.server), TCP_CLOSE_WAIT);
    close(pair.server);
    CHECK(net_wait_count(pair.client_port, TCP_TIME_WAIT, 1, 5000));
}

static void test_pair(void)
{
    pair_delivers(AF_INET);
}

static void test_pair_v6(void)
{
    pair_delivers(AF_INET6);
}

static void test_small_buffers(void)
{
    struct net_options small = {.send_bytes = 16384, .receive_bytes = 4096};
    struct net_pair pair = net_pair(AF_INET, &small);
    uint64_t filled = net_fill(pair.server, 0);

    CHECK(filled > 0 && filled < 300000);
    CHECK(net_unsent_bytes(pair.server) > 0);
}

static void test_pattern_differs(void)
{
    struct net_pair pair = net_pair(AF_INET, NULL);
    struct net_received seen;

    CHECK(net_send_pattern(pair.client, 4096, 1000)); /* as if 4 KiB had been lost */
    shutdown(pair.client, SHUT_WR);
    seen = net_read_all(pair.server, 5000);
    CHECK_INT((long long)seen.bytes, 1000);
    CHECK(!seen.intact);
}

static void reset(int fd)
{
    struct linger abortive = {1, 0};

    CHECK_INT(setsockopt(fd, SOL_SOCKET, SO_LINGER, &abortive, sizeof abortive), 0);
    close(fd);
}

static void test_counters(void)
{
    struct net_options small = {.send_bytes = 16384, .receive_bytes = 4096};
    struct net_received seen;
    struct net_pair pair;

    net_own_namespace();
    CHECK_INT(net_counter("TcpExtTCPAbortOnData"), 0);
    CHECK_INT(net_counter("TcpOutRsts"), 0);
    pair = net_pair(AF_INET, &small);
    net_fill(pair.server, 0);
    reset(pair.server);
    seen = net_read_all(pair.client, 5000);
    CHECK_INT(seen.error, ECONNRESET);
    CHECK(!seen.eof);
    CHECK_INT(net_counter("TcpExtTCPAbortOnData"), 1);
    CHECK_INT(net_counter("TcpOutRsts"), 1);
    CHECK_INT(net_counter("TcpExtTCPAbortOnClose"), 0);
    close(pair.client);

    pair = net_pair(AF_INET, NULL);
    CHECK(net_send_pattern(pair.client, 0, 10));
    CHECK(net_wait_unread(pair.server, 10, 5000));
    close(pair.server);
    CHECK_INT(net_counter("TcpExtTCPAbortOnClose"), 1);
}

/* ---- Peers ---- */

static struct peer_report talk_to_peer(const struct peer_step *script, size_t steps, uint64_t send_bytes, bool abort_it)
{
    int listener = net_listen(AF_INET, NULL);
    struct peer_options options = {.family = AF_INET, .port = net_local_port(listener)};
    struct peer peer = peer_start(&options, script, steps);
    int fd = net_accept(listener);

    if (send_bytes > 0)
        CHECK(net_send_pattern(fd, 0, send_bytes));
    if (abort_it)
        reset(fd);
    else
        close(fd);
    close(listener);
    return peer_wait(&peer, 5000);
}

static void test_peer_eof(void)
{
    struct peer_step script[] = {{.action = PEER_READ_ALL}};
    struct peer_report report = talk_to_peer(script, 1, 300000, false);

    CHECK(report.done && report.eof && report.intact);
    CHECK_INT((long long)report.received_bytes, 300000);
    CHECK_INT(report.read_error, 0);
}

static void test_peer_reset(void)
{
    struct peer_step script[] = {{.action = PEER_READ_ALL}};
    struct peer_report report = talk_to_peer(script, 1, 0, true);

    CHECK(report.done && !report.eof);
    CHECK_INT(report.read_error, ECONNRESET);
}

static void test_peer_slow(void)
{
    struct peer_step script[] = {{.action = PEER_READ_SLOWLY, .bytes = 10000, .ms = 1}};
    struct peer_report report = talk_to_peer(script, 1, 100000, false);

    CHECK(report.done && report.eof && report.intact);
    CHECK_INT((long long)report.received_bytes, 100000);
}

static bool holds_on(void *context)
{
    const struct peer *peer = context;

    return peer->report->step == 3;
}

static void test_peer_accepts(void)
{
    int listener = net_listen(AF_INET6, NULL);
    uint16_t port = net_local_port(listener);
    struct peer_options options = {.listener = listener};
    struct peer_step script[] = {{.action = PEER_SEND_TEXT, .text = "hello\n"},
                                 {.action = PEER_READ, .bytes = 3},
                                 {.action = PEER_SHUTDOWN},
                                 {.action = PEER_HOLD}};
    struct peer peer = peer_start(&options, script, TAP_COUNT(script));
    struct peer_report report;
    char line[16] = "";
    int fd;

    close(listener);
    fd = net_connect(AF_INET6, NULL, port, NULL);
    CHECK_INT(recv(fd, line, 6, MSG_WAITALL), 6);
    CHECK_TEXT(line, "hello\n");
    CHECK_INT(send(fd, "abc", 3, 0), 3);
    CHECK_INT(recv(fd, line, 1, 0), 0);
    CHECK(net_wait_for(holds_on, &peer, 5000));
    report = peer_kill(&peer);
    CHECK(!report.done);
    CHECK_TEXT(report.text, "abc");
    CHECK(report.received_hash == net_hash("abc", 3, NET_HASH_SEED));
    CHECK(net_wait_state(fd, TCP_CLOSE_WAIT, 5000));
}

static void test_peer_holds_nothing(void)
{
    struct net_pair pair = net_pair(AF_INET, NULL);
    int listener = net_listen(AF_INET, NULL);
    struct peer_options options = {.family = AF_INET, .port = net_local_port(listener)};
    struct peer_step script[] = {{.action = PEER_SEND, .bytes = 1}, {.action = PEER_HOLD}};
    struct peer peer = peer_start(&options, script, TAP_COUNT(script));
    int fd = net_accept(listener);

    CHECK_INT(recv(fd, (char[1]){0}, 1, MSG_WAITALL), 1); /* it is past its start */
    close(pair.server);
    CHECK(net_read_all(pair.client, 5000).eof);
    peer_kill(&peer);
}

static bool saw_eof(void *context)
{
    const struct peer *peer = context;

    return peer->report->eof;
}

static void talks_on(enum peer_action action)
{
    int listener = net_listen(AF_INET, NULL);
    struct peer_options options = {.family = AF_INET, .port = net_local_port(listener)};
    struct peer_step script[] = {{.action = action, .ms = action == PEER_DRIP ? 10 : 0}};
    struct peer peer = peer_start(&options, script, 1);
    int fd = net_accept(listener);
    struct peer_report report;
    char bytes[100];

    CHECK_INT(recv(fd, bytes, 1, MSG_WAITALL), 1);
    shutdown(fd, SHUT_WR);
    CHECK(net_wait_for(saw_eof, &peer, 5000));
    CHECK_INT(recv(fd, bytes, 10, MSG_WAITALL), 10); /* our FIN does not stop it */
    reset(fd);
    report = peer_wait(&peer, 5000);
    CHECK(report.done && report.eof);
    CHECK(report.send_error == EPIPE || report.send_error == ECONNRESET);
}

static void test_peer_drip(void)
{
    talks_on(PEER_DRIP);
}

static void test_peer_pump(void)
{
    talks_on(PEER_PUMP);
}

static void test_peer_resets(void)
{
    int listener = net_listen(AF_INET, NULL);
    struct peer_options options = {.family = AF_INET, .port = net_local_port(listener)};
    struct peer_step script[] = {{.action = PEER_RESET}};
    struct peer peer = peer_start(&options, script, 1);
    int fd = net_accept(listener);

    CHECK_INT(net_read_all(fd, 5000).error, ECONNRESET);
    peer_wait(&peer, 5000);
}

/* ---- The wire ---- */

static void sees_end(int family, bool abortive)
{
    struct net_pair pair;
    struct wire_seen seen;
    struct wire *wire;

    net_own_namespace();
    wire = wire_open("lo");
    pair = net_pair(family, NULL);
    CHECK(net_send_pattern(pair.server, 0, 50000)); /* less than the window of a client that does not read */
    CHECK(net_wait_unread(pair.client, 50000, 5000));
    CHECK(net_send_pattern(pair.client, 0, 7));
    CHECK(net_wait_unread(pair.server, 7, 5000));
    CHECK_INT(recv(pair.server, (char[7]){0}, 7, 0), 7);
    if (abortive)
        reset(pair.server);
    else
        close(pair.server);
    CHECK(wire_wait(wire, pair.server_port, pair.client_port, WIRE_FIN | WIRE_RST, 5000));
    seen = wire_seen(wire, pair.server_port, pair.client_port);
    CHECK_INT(seen.syn, 1);
    CHECK_INT(seen.fin, abortive ? 0 : 1);
    CHECK_INT(seen.rst, abortive ? 1 : 0);
    CHECK_INT((long long)seen.payload_bytes, 50000);
    CHECK_INT((long long)seen.sent_bytes, 50000);
    seen = wire_seen(wire, pair.client_port, 0);
    CHECK_INT((long long)seen.payload_bytes, 7);
    CHECK_INT(seen.fin + seen.rst, 0);
    wire_note(wire);
    wire_close(wire);
}

static void test_wire_fin(void)
{
    sees_end(AF_INET, false);
}

static void test_wire_rst(void)
{
    sees_end(AF_INET, true);
}

static void test_wire_fin_v6(void)
{
    sees_end(AF_INET6, false);
}

static void test_wire_rst_v6(void)
{
    sees_end(AF_INET6, true);
}

static void test_wire_big(void)
{
    struct net_received seen;
    struct net_pair pair;
    struct wire *wire;
    pid_t writer;

    net_own_namespace();
    wire = wire_open("lo");
    pair = net_pair(AF_INET, NULL);
    writer = fork();
    if (writer == 0) {
        close(pair.client);
        CHECK(net_send_pattern(pair.server, 0, 64u << 20));
        _exit(0);
    }
    close(pair.server);
    seen = net_read_all(pair.client, 15000);
    CHECK(seen.eof && seen.intact);
    CHECK_INT((long long)seen.bytes, 64 << 20);
    CHECK_INT((long long)wire_seen(wire, pair.server_port, 0).payload_bytes, 64 << 20);
    wire_close(wire);
}

static void test_wire_mptcp(void)
{
    struct net_options options = {.protocol = IPPROTO_MPTCP};
    struct net_pair pair;
    struct wire *wire;

    net_own_namespace();
    wire = wire_open("lo");
    pair = net_pair(AF_INET, &options);
    CHECK(net_send_pattern(pair.client, 0, 10)); /* its ACK completes the MPTCP handshake */
    CHECK(net_wait_unread(pair.server, 10, 5000));
    CHECK_INT(recv(pair.server, (char[10]){0}, 10, 0), 10);
    reset(pair.server);
    CHECK(wire_wait(wire, pair.server_port, 0, WIRE_RST, 5000));
    CHECK(wire_seen(wire, pair.server_port, 0).fastclose > 0);
    wire_note(wire);
    wire_close(wire);
}

/* ---- The relay ---- */

struct path {
    struct relay relay;
    int listener;
    struct peer peer;
    int fd; /* accepted here, in the near namespace */
};

/* A connection that the far peer made to us. */
static struct path open_path(int family, const struct peer_step *script, size_t steps)
{
    struct path path;
    struct peer_options options = {.family = family, .address = relay_near(family)};
    struct net_options near_end = {.address = relay_near(family)};

    net_own_namespace();
    path.relay = relay_open();
    path.listener = net_listen(family, &near_end);
    options.port = net_local_port(path.listener);
    options.namespace_fd = path.relay.far_namespace_fd;
    path.peer = peer_start(&options, script, steps);
    path.fd = net_accept(path.listener);
    return path;
}

static void passes_on(int family)
{
    struct peer_step script[] = {{.action = PEER_READ_ALL}};
    struct path path = open_path(family, script, 1);
    struct peer_report report;

    CHECK(net_send_pattern(path.fd, 0, 500000));
    close(path.fd);
    report = peer_wait(&path.peer, 10000);
    CHECK(report.eof && report.intact);
    CHECK_INT((long long)report.received_bytes, 500000);
    CHECK(path.relay.near_to_far->passed > 300);
    CHECK_INT(path.relay.near_to_far->dropped, 0);
    relay_close(&path.relay);
}

static void test_relay(void)
{
    passes_on(AF_INET);
}

static void test_relay_v6(void)
{
    passes_on(AF_INET6);
}

static void test_relay_delay(void)
{
    struct peer_step script[] = {{.action = PEER_READ_ALL}};
    struct path path = open_path(AF_INET, script, 1);
    struct tcp_info info = {0};
    socklen_t length = sizeof info;

    path.relay.near_to_far->delay_ms = 60;
    path.relay.far_to_near->delay_ms = 60;
    CHECK(net_send_pattern(path.fd, 0, 100));
    shutdown(path.fd, SHUT_WR);
    CHECK_INT(net_read_all(path.fd, 5000).eof, 1);
    REQUIRE(getsockopt(path.fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0);
    tap_note("round trip: %u us", info.tcpi_rtt);
    CHECK(info.tcpi_rtt > 10000); /* the kernel's smoothed value, with the quick handshake in it */
    relay_close(&path.relay);
}

static void test_relay_drop(void)
{
    struct peer_step script[] = {{.action = PEER_READ_ALL}};
    struct path path = open_path(AF_INET, script, 1);
    struct wire *wire = wire_open(RELAY_NEAR_DEVICE);
    struct peer_report report;
    uint16_t port = net_local_port(path.fd);
    int on = 1;

    CHECK_INT(setsockopt(path.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), 0);
    path.relay.near_to_far->drop_data = 1;
    CHECK(net_send_pattern(path.fd, 0, 600)); /* lost, and sent again behind the next */
    CHECK(net_send_pattern(path.fd, 600, 400));
    close(path.fd);
    report = peer_wait(&path.peer, 10000);
    CHECK(report.eof && report.intact);
    CHECK_INT((long long)report.received_bytes, 1000);
    CHECK_INT(path.relay.near_to_far->dropped, 1);
    CHECK_INT((long long)wire_seen(wire, port, 0).payload_bytes, 1000);
    CHECK(wire_seen(wire, port, 0).sent_bytes > 1000);
    wire_note(wire);
    wire_close(wire);
    relay_close(&path.relay);
}

static void test_relay_silent(void)
{
    struct peer_step script[] = {{.action = PEER_READ_ALL}};
    struct path path = open_path(AF_INET, script, 1);

    path.relay.near_to_far->silent = true;
    path.relay.far_to_near->silent = true;
    CHECK(net_send_pattern(path.fd, 0, 1000));
    CHECK(!net_wait_state(path.fd, TCP_CLOSE, 300));
    CHECK_INT(net_unsent_bytes(path.fd), 1000);
    CHECK_INT((long long)path.peer.report->received_bytes, 0);
    CHECK(path.relay.near_to_far->dropped > 0);
    relay_close(&path.relay);
}

static const struct tap_test tests[] = {
    {"a program's output, errors and exit status are collected", test_output, 0},
    {"a program starts with a clean environment", test_clean_environment, 0},
    {"a program that hangs is killed at its deadline", test_deadline, 0},
    {"a program's death by a signal is told", test_signal, 0},
    {"a program has the descriptors that it was given and no other", test_descriptors, 0},
    {"a program reads what is written to its stdin later", test_input_pipe, 0},
    {"a snippet runs as a program with its arguments", test_snippet, 0},
    {"a snippet runs with a preload, and without", test_snippet_preload, 0},
    {"a failed check in a snippet is its exit status", test_snippet_checks, 0},
    {"a pair delivers the pattern, IPv4", test_pair, 0},
    {"a pair delivers the pattern, IPv6", test_pair_v6, 0},
    {"small buffers leave data unsent", test_small_buffers, 0},
    {"a part that is missing is noticed", test_pattern_differs, 0},
    {"the kernel's counters are those of the own namespace", test_counters, 0},
    {"a peer sees every byte and EOF", test_peer_eof, 0},
    {"a peer sees ECONNRESET", test_peer_reset, 0},
    {"a peer reads slowly", test_peer_slow, 0},
    {"a peer accepts, speaks and listens", test_peer_accepts, 0},
    {"a peer holds none of the test's sockets", test_peer_holds_nothing, 0},
    {"a peer drips until it is reset", test_peer_drip, 0},
    {"a peer pumps until it is reset", test_peer_pump, 0},
    {"a peer resets", test_peer_resets, 0},
    {"the wire shows a FIN after a plain close, IPv4", test_wire_fin, 0},
    {"the wire shows a RST after linger zero, IPv4", test_wire_rst, 0},
    {"the wire shows a FIN after a plain close, IPv6", test_wire_fin_v6, 0},
    {"the wire shows a RST after linger zero, IPv6", test_wire_rst_v6, 0},
    {"the wire counts 64 MiB without losing a segment", test_wire_big, 0},
    {"the wire shows MP_FASTCLOSE", test_wire_mptcp, 0},
    {"the relay passes everything on, IPv4", test_relay, 0},
    {"the relay passes everything on, IPv6", test_relay_v6, 0},
    {"the relay delays", test_relay_delay, 0},
    {"the relay loses the segment that it is told to", test_relay_drop, 0},
    {"the relay goes silent", test_relay_silent, 0},
};

int main(int argc, char **argv)
{
    proc_snippet_main(argc, argv, snippets, TAP_COUNT(snippets));
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
