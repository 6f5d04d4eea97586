/* SPDX-License-Identifier: MIT */
/* Every cause but the plain linger-zero request, and the closes that look like one and are harmless. */
#include "tests/interpose/interpose.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* Runs a snippet; it must end well and print this. The caller frees the records. */
static struct records run_expecting(const char *snippet, const char *argument, const char *rules, const char *printed)
{
    const char *const arguments[] = {argument, NULL};
    struct under under = {.rules = rules};
    struct proc_result result = run_under(snippet, arguments, &under);
    struct records records = records_parse(result.err, false);

    check_ended(&result, rules);
    CHECK_TEXT(result.out, printed);
    proc_result_free(&result);
    return records;
}

static void expect(const char *snippet, const char *argument, const char *rules, const char *printed,
                   const char *record)
{
    struct records records = run_expecting(snippet, argument, rules, printed);

    if (record == NULL && records.count > 0)
        tap_fail(__FILE__, __LINE__, "%s %s under '%s' has a record: %s", snippet, argument, rules, records.line[0]);
    if (record != NULL && records_count(&records, record) != 1)
        tap_fail(__FILE__, __LINE__, "%s %s under '%s': %d records with %s; first: %s", snippet, argument, rules,
                 records_count(&records, record), record, records.count > 0 ? records.line[0] : "none");
    records_free(&records);
}

/* ---- disconnect ---- */

static void disconnect(int argc, char **argv)
{
    struct net_pair pair = net_pair(AF_INET, NULL);
    struct sockaddr_storage unspec = {.ss_family = AF_UNSPEC};
    bool by_number = argc > 0 && strcmp(argv[0], "syscall") == 0;
    long result;

    REQUIRE(net_send_pattern(pair.client, 0, 100));
    errno = UNTOUCHED;
    result = by_number ? syscall(SYS_connect, pair.client, &unspec, sizeof(struct sockaddr))
                       : connect(pair.client, (struct sockaddr *)&unspec, sizeof(struct sockaddr));
    printf("%ld %s ", result, errno == UNTOUCHED ? "untouched" : strerror(errno));
    if (result != 0) { /* nothing has changed */
        CHECK_INT(net_tcp_state(pair.client), TCP_ESTABLISHED);
        close(pair.client);
    }
    printf("%s\n", end_of(pair.server));
}

static void test_disconnect(void)
{
    expect("disconnect", "", "allow", "0 untouched RST\n", NULL);
    expect("disconnect", "", "allow on disconnect", "0 untouched RST\n", NULL);
    expect("disconnect", "", "observe on disconnect", "0 untouched RST\n",
           "call=connect cause=disconnect verdict=observe outcome=aborted state=ESTABLISHED");
    expect("disconnect", "syscall", "observe on disconnect", "0 untouched RST\n",
           "call=syscall cause=disconnect outcome=aborted");
    expect("disconnect", "", "reject on disconnect", "-1 Operation not permitted EOF\n",
           "call=connect cause=disconnect verdict=reject outcome=rejected errno=EPERM");
    expect("disconnect", "syscall", "reject EINVAL on disconnect", "-1 Invalid argument EOF\n",
           "call=syscall outcome=rejected errno=EINVAL");
    expect("disconnect", "", "reject on disconnect peer 10.0.0.0/8", "0 untouched RST\n", NULL);
    expect("disconnect", "", "reject on disconnect peer 127.0.0.0/8 quiet", "-1 Operation not permitted EOF\n", NULL);
}

/* Every length and pointer: what the kernel does not take for a disconnect is none. */
static void disconnect_arguments(int argc, char **argv)
{
    struct sockaddr_storage unspec = {.ss_family = AF_UNSPEC};

    (void)argc, (void)argv;
    for (socklen_t size = 0; size <= 16; size++) {
        struct net_pair pair = net_pair(AF_INET, NULL);
        int result;

        errno = UNTOUCHED;
        result = connect(pair.client, (struct sockaddr *)&unspec, size);
        printf("%d: %d %d ", (int)size, result, errno);
        close(pair.client);
        printf("%s\n", end_of(pair.server));
        close(pair.server);
    }
}

static void test_disconnect_arguments(void)
{
    static const char *const rules[] = {"observe on disconnect", "allow on disconnect",
                                        "inspect every-close; observe on disconnect,unread,backlog; allow"};

    compare_under("disconnect arguments", rules, TAP_COUNT(rules));
}

static void other_disconnects(int argc, char **argv)
{
    struct sockaddr_storage unspec = {.ss_family = AF_UNSPEC};
    struct net_pair pair = net_pair(AF_INET, NULL);
    int listening = net_listen(AF_INET, NULL), fresh = socket(AF_INET, SOCK_STREAM, 0),
        udp = socket(AF_INET, SOCK_DGRAM, 0);

    (void)argc, (void)argv;
    SHOW(connect(fresh, (struct sockaddr *)&unspec, 16));
    SHOW(connect(udp, (struct sockaddr *)&unspec, 16));
    SHOW(connect(listening, (struct sockaddr *)&unspec, 16));
    SHOW(connect(-1, (struct sockaddr *)&unspec, 16));
    SHOW(connect(0, (struct sockaddr *)&unspec, 16));
    SHOW(connect(pair.client, (struct sockaddr *)8, 16));
    SHOW(connect(pair.client, NULL, 16));
    SHOW(connect(pair.client, (struct sockaddr *)&unspec, 0));
    SHOW(connect(pair.client, (struct sockaddr *)&unspec, 1));
    printf("%d\n", net_tcp_state(pair.client));
}

static void test_other_disconnects(void)
{
    static const char *const rules[] = {"reject on disconnect", "observe on disconnect"};

    compare_under("other disconnects", rules, TAP_COUNT(rules));
    expect("disconnect", "", "observe on disconnect quiet", "0 untouched RST\n", NULL);
    for (size_t i = 0; i < TAP_COUNT(rules); i++) {
        struct proc_result result = run_rules("other disconnects", rules[i]);

        CHECK_TEXT(result.err, "");
        proc_result_free(&result);
    }
}

/* ---- TCP_LINGER2 below zero ---- */

static void linger2(int argc, char **argv)
{
    struct net_pair pair = net_pair(AF_INET, NULL);
    int value = -1, back = 0, result, error;
    socklen_t size = sizeof back;

    (void)argc, (void)argv;
    setsockopt(pair.client, IPPROTO_TCP, TCP_LINGER2, &(int){7}, sizeof(int));
    errno = UNTOUCHED;
    result = setsockopt(pair.client, IPPROTO_TCP, TCP_LINGER2, &value, sizeof value);
    error = errno;
    REQUIRE(getsockopt(pair.client, IPPROTO_TCP, TCP_LINGER2, &back, &size) == 0);
    printf("%d %s %d\n", result, error == UNTOUCHED ? "untouched" : strerror(error), back);
    close(pair.client);
    close(pair.server);
}

static void test_linger2(void)
{
    expect("linger2", "", "allow", "0 untouched -1\n", NULL);
    expect("linger2", "", "observe", "0 untouched -1\n", "call=setsockopt cause=linger-zero outcome=allowed");
    expect("linger2", "", "reject EACCES", "-1 Permission denied 7\n",
           "call=setsockopt cause=linger-zero outcome=rejected errno=EACCES");
    expect("linger2", "", "orderly", "0 untouched 60\n", "call=setsockopt cause=linger-zero outcome=disarmed");
    expect("linger2", "", "orderly", "0 untouched 60\n", "call=close cause=linger-zero outcome=orderly");
    expect("linger2", "", "drain 20ms", "0 untouched 60\n", "call=setsockopt cause=linger-zero outcome=disarmed");
}

/* ---- backlog ---- */

static void backlog(int argc, char **argv)
{
    int listening = net_listen(AF_INET, NULL), client[3];
    bool shut = argc > 0 && strcmp(argv[0], "shutdown") == 0, empty = argc > 0 && strcmp(argv[0], "empty") == 0;

    for (int i = 0; i < 3 && !empty; i++)
        client[i] = net_connect(AF_INET, NULL, net_local_port(listening), NULL);
    errno = UNTOUCHED;
    printf("%d ", shut ? shutdown(listening, SHUT_RDWR) : close(listening));
    CHECK_INT(errno, UNTOUCHED);
    for (int i = 0; i < 3 && !empty; i++)
        printf("%s ", end_of(client[i]));
    printf("\n");
}

static void test_backlog(void)
{
    expect("backlog", "close", "observe on backlog", "0 RST RST RST \n",
           "call=close cause=backlog verdict=observe outcome=aborted state=LISTEN");
    expect("backlog", "shutdown", "observe on backlog", "0 RST RST RST \n",
           "call=shutdown cause=backlog verdict=observe outcome=aborted state=LISTEN");
    expect("backlog", "close", "allow on backlog", "0 RST RST RST \n", NULL);
    expect("backlog", "close", "observe on backlog local 10.0.0.0/8", "0 RST RST RST \n", NULL);
    expect("backlog", "empty", "observe on backlog", "0 \n", NULL);
    expect("backlog", "close", "", "0 RST RST RST \n", NULL);
}

/* ---- unread ---- */

static void unread(int argc, char **argv)
{
    struct net_pair pair = net_pair(AF_INET, NULL);

    (void)argc, (void)argv;
    REQUIRE(net_send_pattern(pair.client, 0, 5) && net_wait_unread(pair.server, 5, 5000));
    CHECK_INT(close(pair.server), 0);
    printf("%s\n", end_of(pair.client));
}

static void test_unread(void)
{
    expect("unread", "", "", "RST\n", NULL);
    expect("unread", "", "allow on unread", "RST\n", NULL);
    expect("unread", "", "observe on unread", "RST\n", "call=close cause=unread outcome=aborted unread_bytes=5");
    expect("unread", "", "orderly on unread", "EOF\n", "call=close cause=unread outcome=orderly drained_bytes=5");
    expect("unread", "", "drain 50ms on unread", "EOF\n", "call=close cause=unread outcome=deadline drained_bytes=5");
    expect("unread", "", "inspect never; observe on unread", "RST\n", NULL);
}

/* ---- State that came from elsewhere ---- */

/* The descriptor 3 came over exec, armed. */
static void close_inherited(int argc, char **argv)
{
    (void)argc, (void)argv;
    CHECK_INT(close(3), 0);
}

static void check_inherited(const char *rules, const char *end, const char *record)
{
    struct net_pair pair = net_pair(AF_INET, NULL);
    struct under under = {.rules = rules, .start.inherit_fd = {pair.client}};
    struct proc_result result;
    struct records records;
    struct proc process;

    REQUIRE(set_linger(pair.client, 1, 0) == 0);
    process = start_under("close inherited", NULL, &under);
    /* Ours has to go without being the last, or the end would be of this process. */
    result = proc_wait(&process);
    records = records_parse(result.err, false);
    check_ended(&result, rules);
    CHECK_INT(net_get_linger(pair.client, NULL), strcmp(end, "RST") == 0);
    if (record == NULL)
        CHECK_INT((long long)records.count, 0);
    close(pair.client);
    CHECK_TEXT(end_of(pair.server), end);
    close(pair.server);
    records_free(&records);
    proc_result_free(&result);
}

static void test_inherited(void)
{
    check_inherited("inspect every-close; orderly", "EOF", NULL); /* held elsewhere: disarmed, and no close record */
    check_inherited("inspect every-close; observe", "RST", NULL);
    check_inherited("orderly", "RST", NULL); /* first-abort has nothing to look for */
    check_inherited("inspect never; orderly", "RST", NULL);
}

static void found_at_close(int argc, char **argv)
{
    struct net_pair pair = net_pair(AF_INET, NULL);
    const char *way = argc > 0 ? argv[0] : "";
    int fd = pair.client, two[2];

    if (strcmp(way, "raw") == 0) {
        raw_linger_zero(fd);
    } else if (strcmp(way, "listener") == 0) {
        int listening = net_listen(AF_INET, NULL);

        raw_linger_zero(listening);
        close(pair.client);
        close(pair.server);
        pair.server = net_connect(AF_INET, NULL, net_local_port(listening), NULL);
        fd = net_accept(listening);
    } else { /* over a unix socket, as another process would send it */
        union {
            char bytes[CMSG_SPACE(sizeof(int))];
            struct cmsghdr align;
        } control = {{0}};
        char byte = 0;
        struct iovec part = {&byte, 1};
        struct msghdr message = {
            .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
        struct cmsghdr *rights = CMSG_FIRSTHDR(&message);

        raw_linger_zero(fd);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(rights), &fd, sizeof fd);
        REQUIRE(socketpair(AF_UNIX, SOCK_DGRAM, 0, two) == 0);
        REQUIRE(sendmsg(two[0], &message, 0) == 1);
        raw_close(fd);
        REQUIRE(recvmsg(two[1], &message, 0) == 1);
        memcpy(&fd, CMSG_DATA(rights), sizeof fd);
    }
    CHECK_INT(close(fd), 0);
    printf("%s\n", end_of(pair.server));
}

static void test_found_at_close(void)
{
    static const char *const ways[] = {"raw", "listener", "rights"};

    for (size_t i = 0; i < TAP_COUNT(ways); i++) {
        expect("found at close", ways[i], "inspect every-close; orderly", "EOF\n",
               "call=close cause=linger-zero outcome=orderly");
        expect("found at close", ways[i], "inspect every-close; observe", "RST\n",
               "call=close cause=linger-zero outcome=aborted");
        expect("found at close", ways[i], "inspect every-close; reject", "EOF\n",
               "call=close cause=linger-zero verdict=reject outcome=orderly");
        /* What was received has another holder: no time is set on it. */
        expect("found at close", ways[i], "inspect every-close; linger 1s", "EOF\n",
               strcmp(ways[i], "rights") == 0 ? "call=close verdict=linger outcome=orderly"
                                              : "call=close cause=linger-zero outcome=lingered");
        expect("found at close", ways[i], "inspect every-close; allow", "RST\n", NULL);
        expect("found at close", ways[i], "orderly", "RST\n", NULL);
    }
}

/* ---- Which call ---- */

static void ended_by(int argc, char **argv)
{
    struct net_pair pair = net_pair(AF_INET, NULL);
    const char *way = argc > 0 ? argv[0] : "";
    int fd = pair.client, file = open("/dev/null", O_RDWR), server = fcntl(pair.server, F_DUPFD, 300);

    close(pair.server);
    dup2(fd, 200);
    close(fd);
    set_linger(200, 1, 0);
    if (strcmp(way, "dup2") == 0)
        CHECK_INT(dup2(file, 200), 200);
    else if (strcmp(way, "dup3") == 0)
        CHECK_INT(dup3(file, 200, 0), 200);
    else if (strcmp(way, "close_range") == 0)
        CHECK_INT(close_range(199, 201, 0), 0);
    else if (strcmp(way, "syscall") == 0)
        CHECK_INT(syscall(SYS_close, 200), 0);
    else if (strcmp(way, "fclose") == 0)
        CHECK_INT(fclose(fdopen(200, "w")), 0);
    else if (strcmp(way, "freopen") == 0)
        CHECK(freopen("/dev/null", "w", fdopen(200, "w")) != NULL);
    else if (strcmp(way, "closefrom") == 0) {
        server = dup2(server, 150);
        closefrom(160);
    } else
        CHECK_INT(close(200), 0);
    printf("%s\n", end_of(server));
}

static void test_calls(void)
{
    static const char *const ways[] = {"close",  "dup2",    "dup3",      "close_range",
                                       "fclose", "freopen", "closefrom", "syscall"};

    for (size_t i = 0; i < TAP_COUNT(ways); i++) {
        char record[96];

        snprintf(record, sizeof record, "call=%s cause=linger-zero outcome=orderly fd=200", ways[i]);
        expect("ended by", ways[i], "orderly", "EOF\n", record);
        snprintf(record, sizeof record, "call=%s cause=linger-zero outcome=aborted fd=200", ways[i]);
        expect("ended by", ways[i], "observe", "RST\n", record);
    }
}

static const struct proc_snippet snippets[] = {
    {"disconnect", disconnect},
    {"disconnect arguments", disconnect_arguments},
    {"other disconnects", other_disconnects},
    {"linger2", linger2},
    {"backlog", backlog},
    {"unread", unread},
    {"close inherited", close_inherited},
    {"found at close", found_at_close},
    {"ended by", ended_by},
};

static const struct tap_test tests[] = {
    {"disconnect: allow, observe and reject", test_disconnect, 0},
    {"disconnect: every length", test_disconnect_arguments, 0},
    {"disconnect: wild pointers, UDP, unconnected and listening sockets", test_other_disconnects, 0},
    {"TCP_LINGER2 below zero, every verdict", test_linger2, 0},
    {"backlog: close and shutdown of a listener", test_backlog, 0},
    {"unread: each verdict", test_unread, 0},
    {"linger zero inherited over exec", test_inherited, 0},
    {"linger zero set unseen, by a listener, or received: found at the close", test_found_at_close, 60000},
    {"the record names the call that ended it", test_calls, 60000},
};

int main(int argc, char **argv)
{
    proc_snippet_main(argc, argv, snippets, TAP_COUNT(snippets));
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
