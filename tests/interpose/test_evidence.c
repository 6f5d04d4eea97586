/* SPDX-License-Identifier: MIT */
/*
 * A close of one who does not know that he is alone leaves no trace on the connection, and none of a listening socket
 * ever does: no linger time, no timeout, no shutdown, no read. Each scene prints what can be seen of the socket
 * afterwards, and must print the same as without the library.
 */
#include "tests/interpose/interpose.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define LISTENER   3
#define CONNECTION 4

static const char *const every_policy[] = {
    "orderly within 2s on linger-zero,unread",
    "inspect every-close; orderly within 2s on linger-zero,unread",
    "inspect every-close; linger 1s",
    "drain 1s on linger-zero,unread",
    "inspect every-close; drain 1s on linger-zero,unread",
    "allow role connected; orderly",
    "inspect every-close; observe on linger-zero,unread,backlog",
    "reject",
    "",
};

static int number_option(int fd, int name)
{
    int value = -1;
    socklen_t size = sizeof value;

    CHECK_INT(getsockopt(fd, IPPROTO_TCP, name, &value, &size), 0);
    return value;
}

static int count_filter(int fd)
{
    socklen_t instructions = 0;

    return getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, NULL, &instructions) == 0 ? (int)instructions : -1;
}

/* All that a close might have changed. */
static void show_socket(const char *when, int fd)
{
    printf("%s: linger %d, timeout %d ms, linger2 %d s, filter %d, %s, unread %d\n", when, net_get_linger(fd, NULL),
           number_option(fd, TCP_USER_TIMEOUT), number_option(fd, TCP_LINGER2), count_filter(fd),
           net_state_name(net_tcp_state(fd)), net_tcp_state(fd) == TCP_LISTEN ? 0 : net_unread_bytes(fd));
}

/* The scenes that ask for an abort, which the library disarms, have another answer than the kernel's. */
static void compare(const char *snippet, const char *const *rules, size_t count)
{
    compare_under(snippet, rules, count);
}

static void at_their_places(struct net_pair pair, int listener)
{
    REQUIRE(listener >= 0 && dup2(listener, LISTENER) == LISTENER);
    REQUIRE(dup2(pair.server, CONNECTION) == CONNECTION);
}

/* A connection with unread input and something unsent, under two numbers that a child finds. */
static struct net_pair open_busy(void)
{
    static const struct net_options small = {.send_bytes = 16384, .receive_bytes = 4096};
    struct net_pair pair = net_pair(AF_INET, &small);

    REQUIRE(net_send_pattern(pair.client, 0, 100) && net_wait_unread(pair.server, 100, 10000));
    net_fill(pair.server, 0);
    fcntl(pair.server, F_SETFL, 0);
    return pair;
}

static int wait_for(pid_t child)
{
    int status = -1;

    REQUIRE(child > 0 && waitpid(child, &status, 0) == child);
    return status;
}

/* ---- A listening socket ---- */

/* The listener that had asked for the abort, and still has it in mind: its time is what the mark is. */
static void marked_listener(int argc, char **argv)
{
    int listener = net_listen(AF_INET, NULL), before = 0, after = 0, fd, client;

    (void)argc, (void)argv;
    set_linger(listener, 1, 0);
    CHECK_INT(net_get_linger(listener, &before), 0);
    for (int i = 0; i < 2; i++) {
        pid_t child = fork();

        if (child == 0) {
            i == 0 ? close(listener) : closefrom(3);
            _exit(0);
        }
        CHECK_INT(wait_for(child), 0);
        CHECK_INT(net_get_linger(listener, &after), 0);
        CHECK_INT(after, before);
    }
    close(dup(listener));
    dup2(STDIN_FILENO, dup(listener));
    CHECK_INT(net_get_linger(listener, &after), 0);
    CHECK_INT(after, before);
    CHECK_INT(number_option(listener, TCP_USER_TIMEOUT), 0);
    /* What is accepted has no time to linger either. */
    client = net_connect(AF_INET, NULL, net_local_port(listener), NULL);
    fd = net_accept(listener);
    CHECK_INT(net_get_linger(fd, NULL), 0);
    close(client);
    printf("done\n");
}

static void test_marked_listener(void)
{
    static const char *const rules[] = {"drain 5s", "linger 5s", "orderly within 2s", "orderly",
                                        "inspect every-close; drain 5s on linger-zero,unread"};

    for (size_t i = 0; i < TAP_COUNT(rules); i++) {
        struct proc_result result = run_rules("marked listener", rules[i]);

        check_ended(&result, rules[i]);
        CHECK_TEXT(result.out, "done\n");
        proc_result_free(&result);
    }
}

/* `backlog` wins over the mark. */
static void lost_backlog(int argc, char **argv)
{
    int listener = net_listen(AF_INET, NULL), client;

    set_linger(listener, 1, 0);
    client = net_connect(AF_INET, NULL, net_local_port(listener), NULL);
    if (argc > 0 && strcmp(argv[0], "shutdown") == 0)
        CHECK_INT(shutdown(listener, SHUT_RDWR), 0);
    else
        CHECK_INT(close(listener), 0);
    printf("%s\n", end_of(client));
}

static void test_backlog(void)
{
    static const char *const rules[] = {"orderly; observe on backlog", "drain 1s; observe on backlog",
                                        "linger 1s; observe on backlog", "observe on linger-zero,backlog"};
    static const char *const ways[] = {"close", "shutdown"};

    for (size_t i = 0; i < TAP_COUNT(rules) * TAP_COUNT(ways); i++) {
        const char *const arguments[] = {ways[i % 2], NULL};
        struct under under = {.rules = rules[i / 2]};
        struct proc_result result = run_under("lost backlog", arguments, &under);
        struct records records = records_parse(result.err, false);

        check_ended(&result, rules[i / 2]);
        CHECK_TEXT(result.out, "RST\n");
        CHECK_INT(records_count(&records, "cause=backlog outcome=aborted state=LISTEN"), 1);
        records_free(&records);
        proc_result_free(&result);
    }
}

/* ---- A connection that somebody else has too ---- */

static int send_fd(int over, int fd)
{
    char byte = 0, control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec data = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *part = CMSG_FIRSTHDR(&message);

    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(part), &fd, sizeof fd);
    return (int)sendmsg(over, &message, 0);
}

/* `room`: descriptors that the receiver has room for; the message may bring more (MSG_CTRUNC). */
static int receive_fd(int over, int *flags)
{
    char byte, control[CMSG_SPACE(sizeof(int))];
    struct iovec data = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    int fd = -1;

    CHECK_INT(recvmsg(over, &message, 0), 1);
    *flags = message.msg_flags;
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    return fd;
}

/* A worker that was there before the connection, so that no fork tells of it. */
static void received(int argc, char **argv)
{
    int ends[2], flags;
    struct net_pair pair;
    pid_t child;

    (void)argc, (void)argv;
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    child = fork();
    if (child == 0) {
        int fd = receive_fd(ends[1], &flags);

        CHECK_INT(close(fd), 0);
        _exit(tap_failures() != 0);
    }
    pair = open_busy();
    CHECK_INT(send_fd(ends[0], pair.server), 1);
    CHECK_INT(wait_for(child), 0);
    show_socket("after the receiver closed", pair.server);
}

/* To oneself: two descriptors, and a message that is not received yet. */
static void sent_to_oneself(int argc, char **argv)
{
    struct net_pair pair = open_busy();
    int ends[2], flags, second;

    (void)argc, (void)argv;
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    CHECK_INT(send_fd(ends[0], pair.server), 1);
    CHECK_INT(close(pair.server), 0);
    second = receive_fd(ends[1], &flags);
    show_socket("from the message", second);
    CHECK_INT(send_fd(ends[0], second), 1);
    pair.server = receive_fd(ends[1], &flags);
    CHECK_INT(close(pair.server), 0);
    show_socket("after one of two was closed", second);
}

/* Two are sent, and there is room for one. */
static void received_in_part(int argc, char **argv)
{
    union {
        char bytes[CMSG_SPACE(2 * sizeof(int))];
        struct cmsghdr align;
    } control = {{0}};
    struct net_pair pair = open_busy();
    int ends[2], fds[2] = {pair.server, pair.server}, flags = 0, fd;
    char byte = 0;
    struct iovec data = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *part = CMSG_FIRSTHDR(&message);

    (void)argc, (void)argv;
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof fds);
    memcpy(CMSG_DATA(part), fds, sizeof fds);
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    CHECK_INT(sendmsg(ends[0], &message, 0), 1);
    message.msg_controllen = CMSG_LEN(sizeof(int));
    CHECK_INT(recvmsg(ends[1], &message, 0), 1);
    flags = message.msg_flags;
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    printf("cut %d\n", (flags & MSG_CTRUNC) != 0);
    CHECK_INT(close(fd), 0);
    show_socket("after the received one was closed", pair.server);
}

int pidfd_getfd(int pidfd, int target, unsigned flags) __attribute__((weak));

/* A child that takes it from its parent, which does nothing: one that was opened after the fork. */
static void taken(bool by_number)
{
    int go[2];
    struct net_pair pair;
    char byte;
    pid_t child;

    REQUIRE(pipe(go) == 0);
    child = fork();
    if (child == 0) {
        int pidfd, fd;

        CHECK_INT(read(go[0], &byte, 1), 1);
        pidfd = (int)syscall(SYS_pidfd_open, getppid(), 0);
        fd = by_number || pidfd_getfd == NULL ? (int)syscall(SYS_pidfd_getfd, pidfd, (int)byte, 0)
                                              : pidfd_getfd(pidfd, byte, 0);
        if (fd < 0)
            _exit(77);
        CHECK_INT(close(fd), 0);
        _exit(tap_failures() != 0);
    }
    pair = open_busy();
    byte = (char)pair.server;
    CHECK_INT(write(go[1], &byte, 1), 1);
    CHECK_INT(wait_for(child), 0);
    show_socket("after the other process closed", pair.server);
}

static void taken_by_call(int argc, char **argv)
{
    (void)argc, (void)argv;
    taken(false);
}

static void taken_by_number(int argc, char **argv)
{
    (void)argc, (void)argv;
    taken(true);
}

/* ---- Over exec ---- */

/* A helper that an exec started: it has nothing to do with its parent's descriptors, and closes them. */
static void helper(int argc, char **argv)
{
    const char *way = argc > 0 ? argv[0] : "";

    if (strcmp(way, "closefrom") == 0)
        closefrom(3);
    else if (strcmp(way, "range") == 0)
        CHECK_INT(close_range(3, ~0u, 0), 0);
    else if (strcmp(way, "dup2") == 0)
        for (int fd = 3; fd < 8; fd++)
            dup2(STDIN_FILENO, fd);
    else
        for (int fd = 3; fd < 64; fd++)
            close(fd);
}

static void inherited(int argc, char **argv)
{
    static char ways[][16] = {"close", "closefrom", "range", "dup2"};
    int listener = net_listen(AF_INET, NULL);
    struct net_pair pair = open_busy();

    (void)argc, (void)argv;
    at_their_places(pair, listener);
    set_linger(CONNECTION, 1, 0);
    set_linger(CONNECTION, 0, 0);
    for (size_t i = 0; i < TAP_COUNT(ways); i++) {
        char *const words[] = {(char *)"self", (char *)"--snippet", (char *)"helper", ways[i], NULL};
        pid_t child = fork();

        if (child == 0) {
            execv("/proc/self/exe", words);
            _exit(126);
        }
        CHECK_INT(wait_for(child), 0);
        show_socket(ways[i], CONNECTION);
        show_socket(ways[i], LISTENER);
    }
}

/* ---- Abort requests of others ---- */

/* It was asked for before the connection was, so that the role was not known, and disarmed until the close. */
static struct net_pair ask_before_connect(void)
{
    int listener = net_listen(AF_INET, NULL);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct net_pair pair = {.client = socket(AF_INET, SOCK_STREAM, 0)};

    set_linger(pair.client, 1, 0);
    to.sin_port = htons(net_local_port(listener));
    REQUIRE(connect(pair.client, (struct sockaddr *)&to, sizeof to) == 0);
    pair.server = net_accept(listener);
    return pair;
}

/* Under `allow role connected` a parent's close of its copy must not arm the abort for the child. */
static void rearmed(int argc, char **argv)
{
    struct net_pair pair = ask_before_connect();
    int go[2];
    char byte;
    pid_t child;

    (void)argc, (void)argv;
    REQUIRE(pipe(go) == 0);
    child = fork();
    if (child == 0) {
        CHECK_INT(read(go[0], &byte, 1), 1);
        CHECK_INT(net_get_linger(pair.client, NULL), 0);
        CHECK_INT(send(pair.client, "x", 1, MSG_NOSIGNAL), 1);
        _exit(tap_failures() != 0);
    }
    CHECK_INT(close(pair.client), 0);
    CHECK_INT(write(go[1], "\n", 1), 1);
    CHECK_INT(wait_for(child), 0);
    printf("%s\n", end_of(pair.server));
}

static void rearmed_alone(int argc, char **argv)
{
    struct net_pair pair = ask_before_connect();

    (void)argc, (void)argv;
    CHECK_INT(close(pair.client), 0);
    printf("%s\n", end_of(pair.server));
}

static void test_rearmed(void)
{
    struct proc_result result = run_rules("rearmed", "allow role connected; orderly");

    check_ended(&result, "rearmed");
    CHECK_TEXT(result.out, "EOF\n"); /* nobody armed it */
    proc_result_free(&result);
    result = run_rules("rearmed alone", "allow role connected; orderly");
    check_ended(&result, "rearmed alone");
    CHECK_TEXT(result.out, "RST\n"); /* the sole holder may */
    proc_result_free(&result);
}

/* A program that reads the option, turns it on and writes it back means what it asked for first. */
static void read_back(int argc, char **argv)
{
    struct net_pair pair = net_pair(AF_INET, NULL);
    struct linger linger = {0, 0};
    socklen_t size = sizeof linger;

    (void)argc, (void)argv;
    set_linger(pair.server, 1, 0);
    REQUIRE(getsockopt(pair.server, SOL_SOCKET, SO_LINGER, &linger, &size) == 0);
    linger.l_onoff = 1;
    CHECK_INT(setsockopt(pair.server, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
    net_fill(pair.server, 0);
    fcntl(pair.server, F_SETFL, 0);
    CHECK_INT(close(pair.server), 0); /* there is a deadline of 10 s, and the time of the mark is 7 hours */
    printf("%s\n", end_of(pair.client));
}

/* The same, where the abort was asked for of the listener. */
static void read_back_accepted(int argc, char **argv)
{
    int listener = net_listen(AF_INET, NULL), client, fd;
    struct linger linger = {0, 0};
    socklen_t size = sizeof linger;

    (void)argc, (void)argv;
    set_linger(listener, 1, 0);
    client = net_connect(AF_INET, NULL, net_local_port(listener), NULL);
    fd = net_accept(listener);
    REQUIRE(getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &size) == 0);
    linger.l_onoff = 1;
    raw_syscall(SYS_setsockopt, fd, SOL_SOCKET, SO_LINGER, (long)&linger, sizeof linger); /* found at the close */
    net_fill(fd, 0);
    fcntl(fd, F_SETFL, 0);
    CHECK_INT(close(fd), 0);
    printf("%s\n", end_of(client));
}

static void test_read_back(void)
{
    static const char *const snippets[] = {"read back", "read back accepted"};
    static const char *const rules[] = {"orderly", "linger 1s", "drain 100ms", "observe"};

    for (size_t i = 0; i < TAP_COUNT(snippets) * TAP_COUNT(rules); i++) {
        struct proc_result result = run_rules(snippets[i % 2], rules[i / 2]);
        struct records records = records_parse(result.err, false);

        check_ended(&result, rules[i / 2]);
        CHECK_TEXT(result.out, strcmp(rules[i / 2], "observe") == 0 ? "RST\n" : "EOF\n");
        CHECK_INT(records_count(&records, "call=setsockopt cause=linger-zero"), i % 2 == 0 ? 2 : 1);
        CHECK_INT(records_count(&records, "call=close cause=linger-zero"), 1);
        records_free(&records);
        proc_result_free(&result);
    }
}

/* ---- The program's own timeout ---- */

/* What a second process sees of it, which has taken the socket from its sole holder behind his back. */
static void look_at_timeout(const int *ready, const int *closed)
{
    int pidfd = (int)syscall(SYS_pidfd_open, getppid(), 0), fd;
    char byte;

    CHECK_INT(read(ready[0], &byte, 1), 1);
    fd = (int)raw_syscall(SYS_pidfd_getfd, pidfd, byte, 0, 0, 0);
    CHECK(fd >= 0);
    CHECK_INT(write(closed[1], "\n", 1), 1);
    CHECK_INT(read(ready[0], &byte, 1), 1);
    printf("timeout %d\n", number_option(fd, TCP_USER_TIMEOUT));
    fflush(stdout);
    _exit(tap_failures() != 0);
}

/* own timeout MS unsent|sent */
static void own_timeout(int argc, char **argv)
{
    int own_ms = argc > 0 ? atoi(argv[0]) : 0, ready[2], closed[2];
    struct net_pair pair;
    pid_t other;
    char byte;

    REQUIRE(argc == 2 && pipe(ready) == 0 && pipe(closed) == 0);
    other = fork();
    if (other == 0)
        look_at_timeout(ready, closed);
    pair = strcmp(argv[1], "unsent") == 0 ? open_busy() : net_pair(AF_INET, NULL);
    if (own_ms > 0)
        CHECK_INT(setsockopt(pair.server, IPPROTO_TCP, TCP_USER_TIMEOUT, &own_ms, sizeof own_ms), 0);
    set_linger(pair.server, 1, 0);
    byte = (char)pair.server;
    CHECK_INT(write(ready[1], &byte, 1), 1);
    CHECK_INT(read(closed[0], &byte, 1), 1);
    CHECK_INT(close(pair.server), 0);
    CHECK_INT(write(ready[1], "\n", 1), 1);
    CHECK_INT(wait_for(other), 0);
}

static void test_own_timeout(void)
{
    static const struct {
        const char *rules, *own, *queue, *wanted;
    } rows[] = {
        {"orderly within 2s", "0", "unsent", "timeout 2000\n"},
        {"orderly within 2s", "1000", "unsent", "timeout 1000\n"}, /* never raised */
        {"orderly within 2s", "30000", "unsent", "timeout 2000\n"},
        {"orderly within 2s", "0", "sent", "timeout 0\n"},
        {"orderly within 2s", "30000", "sent", "timeout 30000\n"},
        {"orderly", "0", "unsent", "timeout 0\n"},
        {"drain 20ms", "0", "unsent", "timeout 0\n"}, /* D ends the reading, never the sending */
        {"drain 20ms", "1000", "unsent", "timeout 1000\n"},
    };

    for (size_t i = 0; i < TAP_COUNT(rows); i++) {
        const char *const arguments[] = {rows[i].own, rows[i].queue, NULL};
        struct under under = {.rules = rows[i].rules, .log = "off"};
        struct proc_result result = run_under("own timeout", arguments, &under);

        check_ended(&result, rows[i].rules);
        CHECK_TEXT(result.out, rows[i].wanted);
        proc_result_free(&result);
    }
}

#define SAME_AS_BARE(name, snippet)                                                                                    \
    static void test_##name(void)                                                                                      \
    {                                                                                                                  \
        compare(snippet, every_policy, TAP_COUNT(every_policy));                                                       \
    }                                                                                                                  \
    static void test_##name(void)

SAME_AS_BARE(received, "received");
SAME_AS_BARE(sent_to_oneself, "sent to oneself");
SAME_AS_BARE(received_in_part, "received in part");
SAME_AS_BARE(taken_by_call, "taken by call");
SAME_AS_BARE(taken_by_number, "taken by number");
SAME_AS_BARE(inherited, "inherited");

static const struct proc_snippet snippets[] = {
    {"marked listener", marked_listener},
    {"lost backlog", lost_backlog},
    {"received", received},
    {"sent to oneself", sent_to_oneself},
    {"received in part", received_in_part},
    {"taken by call", taken_by_call},
    {"taken by number", taken_by_number},
    {"helper", helper},
    {"inherited", inherited},
    {"rearmed", rearmed},
    {"rearmed alone", rearmed_alone},
    {"read back", read_back},
    {"read back accepted", read_back_accepted},
    {"own timeout", own_timeout},
};

static const struct tap_test tests[] = {
    {"a listener of a forking server that asked for an abort keeps no time to linger", test_marked_listener, 60000},
    {"a listener that asked for an abort: its backlog is recorded", test_backlog, 60000},
    {"a connection that was received", test_received, 60000},
    {"a connection that was sent to oneself", test_sent_to_oneself, 60000},
    {"a connection that was received in part", test_received_in_part, 60000},
    {"a connection that was taken by pidfd_getfd", test_taken_by_call, 60000},
    {"a connection that was taken by syscall(SYS_pidfd_getfd)", test_taken_by_number, 60000},
    {"descriptors that a helper inherited and closes", test_inherited, 100000},
    {"no abort is armed again for another holder, but for oneself", test_rearmed, 0},
    {"the mark that is written back is a request for an abort", test_read_back, 100000},
    {"a bound lowers a timeout of the program's, and never raises it", test_own_timeout, 0},
};

int main(int argc, char **argv)
{
    proc_snippet_main(argc, argv, snippets, TAP_COUNT(snippets));
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
