/* SPDX-License-Identifier: MIT */
/* A close that ends nothing, or that could not have sent RST, leaves no record of itself. */
#include "tests/interpose/interpose.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4
#endif

/* All under a policy that looks at every close and would record it. */
static const char *const every_policy[] = {
    "inspect every-close; orderly",
    "inspect every-close; observe",
    "inspect every-close; linger 1s",
    "inspect every-close; drain 50ms",
    "orderly",
};

static int arm(int fd)
{
    return set_linger(fd, 1, 0);
}

static void never_connected(int argc, char **argv)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), six = socket(AF_INET6, SOCK_STREAM, 0);

    (void)argc, (void)argv;
    CHECK_INT(arm(fd), 0);
    CHECK_INT(arm(six), 0);
    printf("%d ", close(fd));
    printf("%d\n", close(six));
}

static void bound_only(int argc, char **argv)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    (void)argc, (void)argv;
    REQUIRE(bind(fd, (struct sockaddr *)&at, sizeof at) == 0);
    arm(fd);
    printf("%d\n", close(fd));
}

static void empty_listener(int argc, char **argv)
{
    int fd = net_listen(AF_INET, NULL);

    (void)argc, (void)argv;
    arm(fd);
    printf("%d\n", close(fd));
}

/* To a listener whose queue is full: its kernel answers no SYN. */
static void syn_sent(int argc, char **argv)
{
    struct net_options one = {.backlog = 1};
    int listener = net_listen(AF_INET, &one), fd = -1;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    (void)argc, (void)argv;
    to.sin_port = htons(net_local_port(listener));
    for (int i = 0; i < 10; i++) {
        fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(fd, (struct sockaddr *)&to, sizeof to);
        usleep(1000);
    }
    CHECK_INT(net_tcp_state(fd), TCP_SYN_SENT);
    arm(fd);
    printf("%d\n", close(fd));
}

static void refused(int argc, char **argv)
{
    int listener = net_listen(AF_INET, NULL), fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    (void)argc, (void)argv;
    to.sin_port = htons(net_local_port(listener));
    close(listener);
    arm(fd);
    CHECK_INT(connect(fd, (struct sockaddr *)&to, sizeof to), -1);
    printf("%d\n", close(fd));
}

static void both_fins(int argc, char **argv)
{
    struct net_pair pair = net_pair(AF_INET, NULL);

    (void)argc, (void)argv;
    shutdown(pair.client, SHUT_WR);
    net_wait_state(pair.server, TCP_CLOSE_WAIT, 5000);
    shutdown(pair.server, SHUT_WR);
    net_wait_state(pair.server, TCP_CLOSE, 5000);
    arm(pair.client);
    arm(pair.server);
    printf("%d ", close(pair.client));
    printf("%d\n", close(pair.server));
}

static void reset_by_peer(int argc, char **argv)
{
    struct net_pair pair = net_pair(AF_INET, NULL);

    (void)argc, (void)argv;
    raw_linger_zero(pair.server);
    raw_close(pair.server);
    net_wait_state(pair.client, TCP_CLOSE, 5000);
    arm(pair.client);
    printf("%d\n", close(pair.client));
}

/* The descriptor that is closed is one of two; the connection goes on. */
static void copied(int argc, char **argv)
{
    struct net_pair pair = net_pair(AF_INET, NULL);
    const char *way = argc > 0 ? argv[0] : "dup";
    int other = -1, gate[2];
    char text[8] = "";
    pid_t child = -1;

    REQUIRE(pipe(gate) == 0);
    if (strcmp(way, "dup") == 0)
        other = dup(pair.client);
    else if (strcmp(way, "F_DUPFD") == 0)
        other = fcntl(pair.client, F_DUPFD, 100);
    else if (strcmp(way, "dup2") == 0)
        other = dup2(pair.client, 120);
    else if (strcmp(way, "raw") == 0)
        other = (int)raw_syscall(SYS_dup, pair.client, 0, 0, 0, 0);
    arm(pair.client);
    if (strcmp(way, "fork") == 0 && (child = fork()) == 0) {
        REQUIRE(read(gate[0], text, 1) == 1);
        REQUIRE(raw_syscall(SYS_write, pair.client, (long)"more", 4, 0, 0) == 4);
        REQUIRE(raw_syscall(SYS_read, pair.client, (long)text, 4, 0, 0) == 4);
        raw_syscall(SYS_exit_group, memcmp(text, "back", 4) != 0, 0, 0, 0, 0);
    }
    CHECK_INT(close(pair.client), 0);
    CHECK_INT(write(gate[1], "g", 1), 1);
    if (child < 0)
        CHECK_INT(write(other, "more", 4), 4);
    CHECK(net_wait_unread(pair.server, 4, 5000));
    CHECK_INT(read(pair.server, text, sizeof text), 4);
    CHECK_INT(write(pair.server, "back", 4), 4);
    if (child >= 0) {
        int status = 0;

        waitpid(child, &status, 0);
        CHECK_INT(status, 0);
    } else {
        CHECK_INT(read(other, text, sizeof text), 4);
        raw_close(other); /* not seen, so that only the first close could have left a record */
    }
    printf("%s\n", text);
}

/* Calls that would have ended it, had they not failed. */
static void not_replaced(int argc, char **argv)
{
    struct net_pair pair = net_pair(AF_INET, NULL);
    int fd = pair.client, file = open("/dev/null", O_RDWR);

    (void)argc, (void)argv;
    arm(fd);
    CHECK_INT(dup2(fd, fd), fd);
    CHECK_INT(dup2(999, fd), -1);
    CHECK_INT(dup3(fd, fd, 0), -1);
    CHECK_INT(dup3(file, fd, 12345), -1);
    CHECK_INT(syscall(SYS_dup3, 999, fd, 0), -1);
    CHECK_INT(close_range((unsigned)fd, (unsigned)fd - 1, 0), -1);
    CHECK_INT(close_range((unsigned)fd, (unsigned)fd, 77), -1);
    CHECK_INT(close_range((unsigned)fd, (unsigned)fd, CLOSE_RANGE_CLOEXEC), 0);
    CHECK_INT(write(fd, "more", 4), 4); /* as before, both ways */
    CHECK(net_wait_unread(pair.server, 4, 5000));
    CHECK_INT(write(pair.server, "back", 4), 4);
    CHECK(net_wait_unread(fd, 4, 5000));
    CHECK_INT(net_tcp_state(fd), TCP_ESTABLISHED);
    raw_close(fd);
    printf("done\n");
}

static void expect_no_end(const char *snippet, const char *argument, const char *rules)
{
    const char *const arguments[] = {argument, NULL};
    struct under under = {.rules = rules};
    struct proc_result result = run_under(snippet, arguments, &under);
    struct records records = records_parse(result.err, false);

    check_ended(&result, rules);
    CHECK(result.out_bytes > 0);
    for (size_t i = 0; i < records.count; i++) {
        if (strcmp(record_get(records.line[i], "call"), "setsockopt") != 0)
            tap_fail(__FILE__, __LINE__, "%s %s under '%s': %s", snippet, argument, rules, records.line[i]);
    }
    CHECK(records.count > 0); /* the request itself was seen */
    records_free(&records);
    proc_result_free(&result);
}

static void no_end_under_any(const char *snippet, const char *argument)
{
    for (size_t i = 0; i < TAP_COUNT(every_policy); i++)
        expect_no_end(snippet, argument, every_policy[i]);
}

#define HARMLESS(name, snippet)                                                                                        \
    static void name(void)                                                                                             \
    {                                                                                                                  \
        no_end_under_any(snippet, "");                                                                                 \
    }
HARMLESS(test_never_connected, "never connected")
HARMLESS(test_bound_only, "bound only")
HARMLESS(test_empty_listener, "empty listener")
HARMLESS(test_syn_sent, "SYN-SENT")
HARMLESS(test_refused, "refused")
HARMLESS(test_both_fins, "both FINs")
HARMLESS(test_not_replaced, "not replaced")
HARMLESS(test_reset_by_peer, "reset by the peer")

static void test_copies(void)
{
    static const char *const ways[] = {"dup", "F_DUPFD", "dup2", "fork"};

    for (size_t i = 0; i < TAP_COUNT(ways); i++)
        no_end_under_any("copied", ways[i]);
}

static const struct proc_snippet snippets[] = {
    {"never connected", never_connected},
    {"bound only", bound_only},
    {"empty listener", empty_listener},
    {"SYN-SENT", syn_sent},
    {"refused", refused},
    {"both FINs", both_fins},
    {"reset by the peer", reset_by_peer},
    {"copied", copied},
    {"not replaced", not_replaced},
};

static const struct tap_test tests[] = {
    {"never connected", test_never_connected, 0},
    {"bound and no more", test_bound_only, 0},
    {"a listener without a queue", test_empty_listener, 0},
    {"SYN-SENT", test_syn_sent, 0},
    {"refused by the peer", test_refused, 0},
    {"both FINs exchanged", test_both_fins, 0},
    {"reset by the peer before", test_reset_by_peer, 0},
    {"dup2 onto itself, and dup2, dup3 and close_range that fail or mark", test_not_replaced, 0},
    {"a copy lives on, by dup, F_DUPFD, dup2 and fork, and keeps its conversation", test_copies, 60000},
};

int main(int argc, char **argv)
{
    proc_snippet_main(argc, argv, snippets, TAP_COUNT(snippets));
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
