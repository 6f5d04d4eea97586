/* SPDX-License-Identifier: MIT */
/* setsockopt(SO_LINGER) answers as the kernel does, whatever the policy: results, errno, what is read back, memory. */
#include "tests/interpose/interpose.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/un.h>

static const char *const every_policy[] = {
    "allow",
    "observe",
    "reject",
    "reject EACCES",
    "orderly",
    "orderly within 5s",
    "linger 1s",
    "drain 100ms",
    "inspect every-close; orderly",
    "inspect never; orderly",
    "observe on linger-zero,unread,disconnect,backlog",
    "orderly exe /nowhere; reject local :1; allow peer :1; orderly role connected; orderly",
};

/* ---- What no verdict may change ---- */

#define LINGER(pointer, size)      setsockopt(fd, SOL_SOCKET, SO_LINGER, (pointer), (size))
#define LINGER_AT(number, pointer) setsockopt((number), SOL_SOCKET, SO_LINGER, (pointer), 8)

static void refused_arguments(int argc, char **argv)
{
    struct linger abort_it = {1, 0};
    struct net_pair pair = net_pair(AF_INET, NULL);
    int fd = pair.client, file = open("/dev/null", O_RDWR), pipes[2];
    const void *null = NULL, *wild = (const void *)8;

    (void)argc, (void)argv;
    REQUIRE(pipe(pipes) == 0);
    SHOW(LINGER(&abort_it, 4));
    SHOW(LINGER(&abort_it, 7));
    SHOW(LINGER(&abort_it, 0));
    SHOW(LINGER(&abort_it, (socklen_t)-1));
    SHOW(LINGER(&abort_it, (socklen_t)INT_MIN));
    SHOW(LINGER(null, 8));
    SHOW(LINGER(wild, 8));
    SHOW(LINGER(wild, 4));
    SHOW(LINGER(null, 0));
    SHOW(LINGER_AT(-1, &abort_it));
    SHOW(setsockopt(-1, SOL_SOCKET, SO_LINGER, wild, 4));
    SHOW(LINGER_AT(1000000, &abort_it));
    SHOW(LINGER_AT(file, &abort_it));
    SHOW(LINGER_AT(pipes[0], &abort_it));
    SHOW(LINGER_AT(INT_MAX, null));
    SHOW(setsockopt(fd, IPPROTO_TCP, TCP_LINGER2, null, 4));
    SHOW(setsockopt(fd, IPPROTO_TCP, TCP_LINGER2, wild, 4));
    SHOW(setsockopt(fd, IPPROTO_TCP, TCP_LINGER2, &abort_it, 3));
    SHOW(setsockopt(fd, IPPROTO_TCP, TCP_LINGER2, null, 0));
    SHOW(setsockopt(-1, IPPROTO_TCP, TCP_LINGER2, null, 4));
    show_linger(fd);
    SHOW(close(fd));
    printf("peer %s\n", end_of(pair.server));
}

static void other_values(int argc, char **argv)
{
    static const int values[][2] = {{1, 1},       {1, 7},   {1, -1}, {1, INT_MIN},   {1, 65536},
                                    {1, INT_MAX}, {0, 0},   {0, 5},  {0, -1},        {2, 3},
                                    {-1, 3},      {256, 9}, {0, 27}, {INT_MIN, 100}, {0, INT_MAX}};

    (void)argc, (void)argv;
    for (size_t i = 0; i < TAP_COUNT(values); i++) {
        struct net_pair pair = net_pair(AF_INET, NULL);

        printf("{%d,%d} ", values[i][0], values[i][1]);
        SHOW(set_linger(pair.client, values[i][0], values[i][1]));
        show_linger(pair.client);
        set_linger(pair.client, 1, 7);
        SHOW(set_linger(pair.client, 0, values[i][1]));
        show_linger(pair.client);
        SHOW(close(pair.client));
        printf("peer %s\n", end_of(pair.server));
        close(pair.server);
    }
}

static void other_options(int argc, char **argv)
{
    struct net_pair pair = net_pair(AF_INET, NULL);
    struct linger abort_it = {1, 0};
    char name[16] = "";
    socklen_t size = sizeof name;
    int fd = pair.client, two = 2, zero = 0, minus = -1;

    (void)argc, (void)argv;
    SHOW(setsockopt(fd, IPPROTO_TCP, SO_LINGER, "reno", 4)); /* 13 is TCP_CONGESTION there */
    SHOW(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &size));
    printf("%s\n", name);
    SHOW(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "nosuch", 6));
    SHOW(setsockopt(fd, IPPROTO_TCP, SO_LINGER, &abort_it, sizeof abort_it));
    SHOW(setsockopt(fd, IPPROTO_IP, SO_LINGER, &abort_it, sizeof abort_it));
    SHOW(setsockopt(fd, 12345, SO_LINGER, &abort_it, sizeof abort_it));
    SHOW(setsockopt(fd, SOL_SOCKET, TCP_LINGER2, &minus, sizeof minus)); /* 8 is SO_RCVBUF there */
    SHOW(setsockopt(fd, SOL_SOCKET, 9999, &two, sizeof two));
    SHOW(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &two, sizeof two));
    SHOW(setsockopt(fd, IPPROTO_TCP, TCP_LINGER2, &two, sizeof two));
    SHOW(setsockopt(fd, IPPROTO_TCP, TCP_LINGER2, &zero, sizeof zero));
    SHOW(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &two, sizeof two));
    show_linger(fd);
    SHOW(close(fd));
    printf("peer %s\n", end_of(pair.server));
}

static void show_other_socket(const char *what, int fd)
{
    printf("%s: ", what);
    if (fd < 0) {
        printf("%s\n", strerror(errno));
        return;
    }
    SHOW(set_linger(fd, 1, 0));
    show_linger(fd);
    SHOW(setsockopt(fd, SOL_SOCKET, SO_LINGER, (void *)8, 8));
    SHOW(close(fd));
    SHOW(close(fd));
}

static void other_sockets(int argc, char **argv)
{
    int two[2];

    (void)argc, (void)argv;
    show_other_socket("unix stream", socket(AF_UNIX, SOCK_STREAM, 0));
    show_other_socket("unix datagram", socket(AF_UNIX, SOCK_DGRAM, 0));
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, two) == 0);
    REQUIRE(write(two[1], "unread", 6) == 6);
    show_other_socket("unix pair with unread input", two[0]);
    printf("its peer %s\n", end_of(two[1]));
    show_other_socket("udp", socket(AF_INET, SOCK_DGRAM, 0));
    show_other_socket("udp6", socket(AF_INET6, SOCK_DGRAM, 0));
    show_other_socket("raw", socket(AF_INET, SOCK_RAW, IPPROTO_TCP));
    show_other_socket("packet", socket(AF_PACKET, SOCK_RAW, 0));
    show_other_socket("netlink", socket(AF_NETLINK, SOCK_RAW, 0));
}

static void compare_every_policy(const char *snippet)
{
    compare_under(snippet, every_policy, TAP_COUNT(every_policy));
}

static void test_refused(void)
{
    compare_every_policy("refused arguments");
}

static void test_values(void)
{
    compare_every_policy("other values");
}

static void test_options(void)
{
    compare_every_policy("other options");
}

static void test_sockets(void)
{
    compare_every_policy("other sockets");
}

static void test_no_records(void)
{
    static const char *const snippets[] = {"refused arguments", "other options", "other sockets"};

    for (size_t i = 0; i < TAP_COUNT(snippets); i++) {
        struct proc_result result = run_rules(snippets[i], "inspect every-close; orderly");

        check_ended(&result, snippets[i]);
        CHECK_TEXT(result.err, "");
        proc_result_free(&result);
    }
}

/* ---- What the verdict decides ---- */

/* One line: what a request answered, how the socket reads back, how it closed and what the peer saw. */
static void show_abort(const char *what, int fd, int peer, const void *value, socklen_t size)
{
    int error, result, seconds, on;

    errno = UNTOUCHED;
    result = setsockopt(fd, SOL_SOCKET, SO_LINGER, value, size);
    error = errno;
    on = net_get_linger(fd, &seconds);
    printf("%s: %d %s on=%d", what, result, error == UNTOUCHED ? "untouched" : strerror(error), on);
    errno = UNTOUCHED;
    result = close(fd);
    error = errno;
    printf(" close=%d %s", result, error == UNTOUCHED ? "untouched" : strerror(error));
    if (peer >= 0) {
        printf(" peer=%s", end_of(peer));
        close(peer);
    }
    printf("\n");
}

static void aborts(int argc, char **argv)
{
    static const int on[] = {1, 2, 256, -1, INT_MAX, INT_MIN};
    struct net_options mptcp = {.protocol = IPPROTO_MPTCP};
    int wide[4] = {1, 0, 99, 98}, fd;
    char odd[9] = {0};
    struct net_pair pair;

    (void)argc, (void)argv;
    odd[1] = 1;
    for (size_t i = 0; i < TAP_COUNT(on); i++) {
        struct linger linger = {on[i], 0};

        pair = net_pair(AF_INET, NULL);
        show_abort("value", pair.client, pair.server, &linger, sizeof linger);
    }
    if (getenv("LG_RUNNER") == NULL) { /* qemu-user takes the exact size only, where Linux takes more */
        pair = net_pair(AF_INET, NULL);
        show_abort("16 bytes", pair.client, pair.server, wide, sizeof wide);
    }
    pair = net_pair(AF_INET, NULL);
    show_abort("unaligned", pair.client, pair.server, odd + 1, 8);
    pair = net_pair(AF_INET6, NULL);
    show_abort("IPv6", pair.client, pair.server, wide, 8);
    pair = net_pair(AF_INET, NULL);
    show_abort("accepted", pair.server, pair.client, wide, 8);
    pair = net_pair(AF_INET, NULL);
    fcntl(pair.client, F_SETFL, O_NONBLOCK);
    show_abort("nonblocking", pair.client, pair.server, wide, 8);
    pair = net_pair(AF_INET, NULL);
    shutdown(pair.client, SHUT_RD);
    show_abort("read side shut", pair.client, pair.server, wide, 8);
    fd = socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);
    if (fd >= 0) {
        pair = net_pair(AF_INET, &mptcp);
        show_abort("mptcp", pair.client, pair.server, wide, 8);
        close(fd);
    }
}

struct expected {
    const char *rules, *tail; /* of every line */
};

static void test_verdicts(void)
{
    static const struct expected expected[] = {
        {"allow", ": 0 untouched on=1 close=0 untouched peer=RST"},
        {"observe", ": 0 untouched on=1 close=0 untouched peer=RST"},
        {"orderly", ": 0 untouched on=0 close=0 untouched peer=EOF"},
        {"orderly within 9s", ": 0 untouched on=0 close=0 untouched peer=EOF"},
        {"linger 1s", ": 0 untouched on=0 close=0 untouched peer=EOF"},
        {"drain 100ms", ": 0 untouched on=0 close=0 untouched peer=EOF"},
        {"inspect never; orderly", ": 0 untouched on=0 close=0 untouched peer=EOF"},
        {"inspect every-close; orderly", ": 0 untouched on=0 close=0 untouched peer=EOF"},
        {"reject", ": -1 Operation not permitted on=0 close=0 untouched peer=EOF"},
        {"reject EPERM", ": -1 Operation not permitted on=0 close=0 untouched peer=EOF"},
        {"reject EACCES", ": -1 Permission denied on=0 close=0 untouched peer=EOF"},
        {"reject ENOPROTOOPT", ": -1 Protocol not available on=0 close=0 untouched peer=EOF"},
        {"reject 22", ": -1 Invalid argument on=0 close=0 untouched peer=EOF"},
        {"inspect never; reject EINVAL", ": -1 Invalid argument on=0 close=0 untouched peer=EOF"},
        {"", ": 0 untouched on=0 close=0 untouched peer=EOF"}, /* the end of every policy */
    };

    for (size_t i = 0; i < TAP_COUNT(expected); i++) {
        struct proc_result result = run_rules("aborts", expected[i].rules);
        size_t lines = 0;
        char *rest, *line;

        check_ended(&result, expected[i].rules);
        for (line = strtok_r(result.out, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest), lines++) {
            char *tail = strchr(line, ':');

            if (tail == NULL || strcmp(tail, expected[i].tail) != 0)
                tap_fail(__FILE__, __LINE__, "under '%s': %s (wanted %s)", expected[i].rules, line, expected[i].tail);
        }
        CHECK(lines >= 12);
        proc_result_free(&result);
    }
}

static void test_bare_aborts(void)
{
    static const char *const allowing[] = {"allow", "observe", "allow quiet", "inspect never; allow"};

    compare_under("aborts", allowing, TAP_COUNT(allowing));
}

static void test_mptcp(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);
    struct proc_result result;

    if (fd < 0)
        tap_skip("mptcp", "this kernel has no MPTCP");
    result = run_rules("aborts", "orderly");
    CHECK_CONTAINS(result.out, "mptcp: 0 untouched on=0");
    proc_result_free(&result);
}

static void const_memory(int argc, char **argv)
{
    struct linger *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct linger *last;
    struct net_pair pair = net_pair(AF_INET, NULL);

    (void)argc, (void)argv;
    REQUIRE(page != MAP_FAILED);
    last = (struct linger *)((char *)page + 4096 - sizeof *page); /* and nothing readable behind it */
    *last = (struct linger){1, 0};
    REQUIRE(mprotect(page, 4096, PROT_READ) == 0);
    printf("%d\n", setsockopt(pair.client, SOL_SOCKET, SO_LINGER, last, sizeof *last));
    printf("%d %d\n", last->l_onoff, last->l_linger);
    close(pair.client);
}

static void test_const_memory(void)
{
    static const char *const rules[] = {"allow", "orderly", "linger 1s", "drain 10ms", "observe"};

    compare_under("const memory", rules, TAP_COUNT(rules));
}

static void earlier_values(int argc, char **argv)
{
    static const int before[][2] = {{1, 5}, {0, 0}, {0, 7}, {1, -1}, {1, INT_MAX}};

    (void)argc, (void)argv;
    for (size_t i = 0; i < TAP_COUNT(before); i++) {
        struct net_pair pair = net_pair(AF_INET, NULL);
        int minus = -1, linger2 = 0, first, then, on, again;
        socklen_t size = sizeof linger2;

        set_linger(pair.client, 1, before[i][1]);
        set_linger(pair.client, before[i][0], before[i][1]);
        on = net_get_linger(pair.client, &first);
        CHECK_INT(set_linger(pair.client, 1, 0), -1);
        CHECK_INT(errno, EPERM);
        again = net_get_linger(pair.client, &then);
        CHECK_INT(again, on);
        CHECK_INT(then, first);
        REQUIRE(setsockopt(pair.client, IPPROTO_TCP, TCP_LINGER2, &(int){9}, 4) == 0);
        CHECK_INT(setsockopt(pair.client, IPPROTO_TCP, TCP_LINGER2, &minus, sizeof minus), -1);
        CHECK_INT(errno, EPERM);
        REQUIRE(getsockopt(pair.client, IPPROTO_TCP, TCP_LINGER2, &linger2, &size) == 0);
        CHECK_INT(linger2, 9);
        close(pair.server); /* so that a long linger has nothing to wait for */
        close(pair.client);
    }
}

static void test_reject_changes_nothing(void)
{
    struct proc_result result = run_rules("earlier values", "reject");

    check_ended(&result, "earlier values");
    proc_result_free(&result);
}

static void withdrawn(int argc, char **argv)
{
    struct net_pair pair = net_pair(AF_INET, NULL);

    (void)argc, (void)argv;
    CHECK_INT(set_linger(pair.client, 1, 0), 0);
    CHECK_INT(set_linger(pair.client, 0, 0), 0);
    CHECK_INT(net_get_linger(pair.client, NULL), 0);
    CHECK_INT(close(pair.client), 0);
    printf("%s\n", end_of(pair.server));
}

/* A rule that allows only at the close, when the addresses are known, must not arm what was taken back. */
static void test_withdrawn(void)
{
    static const char *const rules[] = {"orderly",   "observe",     "allow peer 127.0.0.0/8; orderly",
                                        "linger 1s", "drain 100ms", "inspect every-close; orderly"};

    for (size_t i = 0; i < TAP_COUNT(rules); i++) {
        struct proc_result result = run_rules("withdrawn", rules[i]);
        struct records records = records_parse(result.err, false);

        check_ended(&result, rules[i]);
        CHECK_TEXT(result.out, "EOF\n");
        CHECK_INT(records_count(&records, "call=close"), 0);
        records_free(&records);
        proc_result_free(&result);
    }
}

static const struct proc_snippet snippets[] = {
    {"refused arguments", refused_arguments},
    {"other values", other_values},
    {"other options", other_options},
    {"other sockets", other_sockets},
    {"aborts", aborts},
    {"const memory", const_memory},
    {"earlier values", earlier_values},
    {"withdrawn", withdrawn},
};

static const struct tap_test tests[] = {
    {"wild pointers, short lengths and bad descriptors are refused as by the kernel", test_refused, 60000},
    {"other linger values, negative ones too, do what they did", test_values, 60000},
    {"other options and levels pass, TCP_CONGESTION among them", test_options, 60000},
    {"sockets that are not TCP are left alone", test_sockets, 60000},
    {"what is refused, or not TCP, is not recorded", test_no_records, 60000},
    {"allow and observe change nothing", test_bare_aborts, 60000},
    {"each verdict answers every form of linger zero as promised", test_verdicts, 120000},
    {"MPTCP is TCP", test_mptcp, 0},
    {"the program's const memory is neither written nor read beyond", test_const_memory, 60000},
    {"a rejected request leaves the value that was there", test_reject_changes_nothing, 0},
    {"a request that the program takes back is forgotten", test_withdrawn, 60000},
};

int main(int argc, char **argv)
{
    proc_snippet_main(argc, argv, snippets, TAP_COUNT(snippets));
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
