/* SPDX-License-Identifier: MIT */
/*
 * How much the drainer holds: a table that is full, one peer's share of it, few descriptors, and
 * thousands at a time, of which nothing is left.
 */
#include "tests/command/drainer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

#define MANY 10000u

static struct net_pair pair_from(const char *client_address, unsigned receive_bytes)
{
    struct net_options options = {.receive_bytes = receive_bytes};
    int listener = net_listen(AF_INET, &options);
    struct sockaddr_in from = {.sin_family = AF_INET}, to = from;
    struct net_pair pair = {0};
    socklen_t size = sizeof to;

    from.sin_addr.s_addr = inet_addr(client_address);
    pair.client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (receive_bytes > 0)
        setsockopt(pair.client, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    REQUIRE(bind(pair.client, (struct sockaddr *)&from, sizeof from) == 0);
    REQUIRE(getsockname(listener, (struct sockaddr *)&to, &size) == 0);
    REQUIRE(connect(pair.client, (struct sockaddr *)&to, sizeof to) == 0);
    pair.server = net_accept(listener);
    close(listener);
    return pair;
}

/* Whether the peer was let go: what it sends is answered by RST. */
static bool is_let_go(void *client)
{
    struct pollfd look = {.fd = *(int *)client, .events = POLLIN};

    return send(look.fd, "x", 1, MSG_NOSIGNAL) < 0 || (poll(&look, 1, 0) == 1 && look.revents & POLLERR);
}

static void test_full(void)
{
    struct drainer drainer = drainer_start("--max 8");
    struct lg_hand_off message = drainer_message(600000);
    int link = drainer_link(&drainer);
    struct net_pair pairs[11];
    char address[32];

    /* the first two have something unsent, and stay when the ninth and the tenth come */
    for (int i = 0; i < 10; i++) {
        snprintf(address, sizeof address, "127.0.0.%d", 10 + i);
        pairs[i] = pair_from(address, i < 2 ? 4096 : 0);
        if (i < 2)
            net_fill(pairs[i].server, 0);
        CHECK_INT(drainer_hand(link, pairs[i].server, &message), 0);
        CHECK(drainer_wait_count(&drainer, "handed", i + 1));
    }
    CHECK_INT(drainer_count(&drainer, "open"), 8);
    CHECK_INT(drainer_count(&drainer, "no_room"), 2);
    CHECK(net_wait_for(is_let_go, &pairs[2].client, SOON_MS));
    CHECK(net_wait_for(is_let_go, &pairs[3].client, SOON_MS));
    for (int i = 4; i < 10; i++)
        CHECK(!is_let_go(&pairs[i].client));
    for (int i = 0; i < 10; i++)
        close(pairs[i].client);
    CHECK(drainer_wait_count(&drainer, "open", 0));
    CHECK_INT(drainer_end_count(&drainer, "outcome=orderly"), 2);
}

/* All have something unsent: nobody is let go, and what comes waits in the link until one ends. */
static void test_full_of_unsent(void)
{
    struct drainer drainer = drainer_start("--max 8");
    struct lg_hand_off message = drainer_message(600000);
    int link = drainer_link(&drainer), waiting = 0;
    struct net_pair pairs[8], more[20];
    char address[32];

    for (int i = 0; i < 8; i++) {
        snprintf(address, sizeof address, "127.0.0.%d", 10 + i);
        pairs[i] = pair_from(address, 4096);
        net_fill(pairs[i].server, 0);
        CHECK_INT(drainer_hand(link, pairs[i].server, &message), 0);
    }
    CHECK(drainer_wait_count(&drainer, "open", 8));
    for (int i = 0; i < 20; i++) {
        snprintf(address, sizeof address, "127.0.1.%d", 10 + i);
        more[i] = pair_from(address, 0);
        CHECK(net_send_pattern(more[i].server, 0, 100));
        waiting += drainer_hand(link, more[i].server, &message) == 0;
    }
    CHECK_INT(waiting, 20);
    usleep(300000);
    CHECK_INT(drainer_count(&drainer, "handed"), 8);
    close(pairs[0].client); /* with input unread: a reset, as of all of them but those that make room */
    CHECK(drainer_wait_count(&drainer, "handed", 28));
    for (int i = 0; i < 20; i++)
        close(more[i].client);
    for (int i = 1; i < 8; i++)
        close(pairs[i].client);
    CHECK(drainer_wait_count(&drainer, "open", 0));
    CHECK_INT(drainer_end_count(&drainer, "outcome=peer-reset"), 9);
}

static void test_share_of_peer(void)
{
    struct drainer drainer = drainer_start("--max 40");
    struct lg_hand_off message = drainer_message(600000);
    int link = drainer_link(&drainer);
    struct net_pair pairs[15], other, unsent;

    for (int i = 0; i < 15; i++) {
        pairs[i] = pair_from("127.0.0.10", 0);
        CHECK_INT(drainer_hand(link, pairs[i].server, &message), 0);
        CHECK(drainer_wait_count(&drainer, "handed", i + 1));
    }
    CHECK_INT(drainer_count(&drainer, "open"), 10);
    other = pair_from("127.0.0.11", 0);
    CHECK_INT(drainer_hand(link, other.server, &message), 0);
    CHECK(drainer_wait_count(&drainer, "open", 11));
    for (int i = 0; i < 5; i++) /* the oldest */
        CHECK(net_wait_for(is_let_go, &pairs[i].client, SOON_MS));
    for (int i = 5; i < 15; i++)
        CHECK(!is_let_go(&pairs[i].client));
    CHECK(!is_let_go(&other.client));
    unsent = pair_from("127.0.0.11", 4096);
    net_fill(unsent.server, 0);
    CHECK_INT(drainer_hand(link, unsent.server, &message), 0);
    CHECK(drainer_wait_count(&drainer, "open", 12));
    CHECK_INT(drainer_end_count(&drainer, "outcome=orderly"), 17);
}

static void few_descriptors(void *context)
{
    struct rlimit limit = {100, 100};

    (void)context;
    REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

/* 36 connections at a time, 300 to come from many peers, of which some are always unsent: none is lost to the limit. */
static void test_few_descriptors(void)
{
    struct lg_hand_off message = drainer_message(600000);
    struct drainer drainer;
    static struct net_pair pairs[300];
    struct records records;
    char address[32];
    int link, other;

    drainer_options.before_exec = few_descriptors;
    drainer = drainer_start("");
    link = drainer_link(&drainer);
    other = drainer_link(&drainer);
    for (int i = 0; i < 300; i++) {
        snprintf(address, sizeof address, "127.0.%d.%d", i / 200, 10 + i % 200);
        pairs[i] = pair_from(address, i % 3 == 0 && i < 90 ? 4096 : 0);
        if (i % 3 == 0 && i < 90)
            net_fill(pairs[i].server, 0);
        drainer_hand_at_last(i % 2 ? link : other, pairs[i].server, &message);
    }
    CHECK(drainer_wait_count(&drainer, "handed", 300));
    CHECK_INT(drainer_count(&drainer, "refused_messages"), 0);
    CHECK_INT(drainer_count(&drainer, "most"), 36);
    drainer_check_serves(&drainer);
    for (int i = 0; i < 300; i++)
        close(pairs[i].client);
    CHECK(drainer_wait_count(&drainer, "open", 0));
    records = drainer_end(&drainer);
    CHECK_INT(records_count(&records, "cause=unread"), 301);
    CHECK_INT(records_count(&records, "outcome=deadline"), 0);
    records_free(&records);
}

static void raise_limit(void)
{
    struct rlimit limit;

    REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < MANY + 200)
        tap_skip("descriptors", "needs %u descriptors", MANY + 200);
}

static unsigned long long inuse_sockets(void)
{
    char *text = records_file("/proc/net/sockstat"), *at = strstr(text, "TCP: inuse ");
    unsigned long long count = at ? strtoull(at + 11, NULL, 10) : 0;

    free(text);
    return count;
}

/* Hands one over whose client, of 64 addresses, is returned. Each has an answer of 100 bytes. */
static int hand_one_of_many(int link, int listener, unsigned number, const struct lg_hand_off *message)
{
    struct sockaddr_in from = {.sin_family = AF_INET}, to = from;
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), server, on = 1;

    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + number % 64);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(net_local_port(listener));
    setsockopt(client, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    REQUIRE(bind(client, (struct sockaddr *)&from, sizeof from) == 0);
    REQUIRE(connect(client, (struct sockaddr *)&to, sizeof to) == 0);
    server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    REQUIRE(server >= 0 && net_send_pattern(server, 0, 100));
    drainer_hand_at_last(link, server, message);
    return client;
}

/*
 * 10,000 at a time, of which a third sends and ends, a third sends and stays, a third is silent: each
 * has its whole answer, and after the deadline nothing of them is left.
 */
static void test_many(void)
{
    struct lg_hand_off message = drainer_message(15000);
    struct drainer drainer;
    int link, listener;
    unsigned descriptors, answered = 0;
    static int clients[MANY];
    static char upload[4096], answer[101];
    unsigned long long sockets;
    long rss_kib;

    net_own_namespace();
    raise_limit();
    drainer = drainer_start("--max 18000");
    link = drainer_link(&drainer);
    listener = net_listen(AF_INET, &(struct net_options){.backlog = 128});
    CHECK(drainer_wait_count(&drainer, "links", 1));
    descriptors = drainer_descriptors(&drainer);
    rss_kib = drainer_status(&drainer, "VmRSS:");
    sockets = inuse_sockets();
    for (unsigned i = 0; i < MANY; i++)
        clients[i] = hand_one_of_many(link, listener, i, &message);
    for (unsigned i = 0; i < MANY; i++) {
        if (i % 3 < 2)
            CHECK_INT(send(clients[i], upload, sizeof upload, MSG_NOSIGNAL), sizeof upload);
        answered += recv(clients[i], answer, sizeof answer, MSG_WAITALL) == 100;
        if (i % 3 == 0)
            close(clients[i]);
    }
    CHECK_INT(answered, MANY);
    CHECK_INT(drainer_count(&drainer, "handed"), MANY);
    tap_note("with %lld open: %ld KiB", drainer_count(&drainer, "open"), drainer_status(&drainer, "VmRSS:"));
    CHECK(drainer_wait(&drainer, "\"outcome\":\"drained\"", (MANY + 2) / 3, SOON_MS));
    CHECK(drainer_wait(&drainer, "\"outcome\":\"deadline\"", MANY - (MANY + 2) / 3, 30000));
    CHECK_INT(drainer_lines(&drainer, "\"outcome\":\"orderly\""), 0);
    CHECK_INT(drainer_count(&drainer, "drained_bytes"), 4096 * (long long)((MANY + 2) / 3 + (MANY + 1) / 3));
    CHECK_INT(drainer_descriptors(&drainer), descriptors);
    CHECK(drainer_status(&drainer, "VmRSS:") < rss_kib + 1024);
    tap_note("before %ld KiB, after %ld KiB", rss_kib, drainer_status(&drainer, "VmRSS:"));
    for (unsigned i = 0; i < MANY; i++) {
        if (i % 3 > 0)
            close(clients[i]);
    }
    CHECK_INT((long long)inuse_sockets(), (long long)sockets);
    proc_end(&drainer.process, SIGTERM);
    drainer_remove(&drainer);
}

/* kill -9 of the drainer in the middle: the sender goes on, and every client has its whole answer. */
static void test_killed_in_the_middle(void)
{
    struct lg_hand_off message = drainer_message(60000);
    struct drainer drainer;
    int link, listener, refused = 0;
    static int clients[1000];
    static char answer[101];

    net_own_namespace();
    drainer = drainer_start("");
    link = drainer_link(&drainer);
    listener = net_listen(AF_INET, &(struct net_options){.backlog = 128});
    for (unsigned i = 0; i < TAP_COUNT(clients); i++) {
        struct net_options options = {0};
        int server;

        if (i == TAP_COUNT(clients) / 2)
            kill(drainer.process.pid, SIGKILL);
        clients[i] = net_connect(AF_INET, NULL, net_local_port(listener), &options);
        server = net_accept(listener);
        CHECK(net_send_pattern(server, 0, 100));
        while (drainer_hand(link, server, &message) == -EAGAIN)
            usleep(1000);
        if (fcntl(server, F_GETFD) >= 0) { /* what a plain close does */
            refused++;
            close(server);
        }
    }
    CHECK(refused > 0);
    for (unsigned i = 0; i < TAP_COUNT(clients); i++) {
        CHECK_INT(recv(clients[i], answer, sizeof answer, MSG_WAITALL), 100);
        CHECK_INT(recv(clients[i], answer, sizeof answer, 0), 0);
    }
    proc_end(&drainer.process, SIGKILL);
    drainer_remove(&drainer);
}

static const struct tap_test tests[] = {
    {"a full table: those with nothing unsent go, the oldest first", test_full, 0},
    {"a table full of what is unsent: the link is read on when one has ended", test_full_of_unsent, 0},
    {"a peer has a quarter of the table, and its oldest go", test_share_of_peer, 0},
    {"few descriptors: none is lost", test_few_descriptors, 60000},
    {"10,000 at once: none is lost, and nothing is left", test_many, 120000},
    {"kill -9 in the middle of a thousand: every answer arrives", test_killed_in_the_middle, 60000},
};

int main(int argc, char **argv)
{
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
