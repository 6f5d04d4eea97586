/* SPDX-License-Identifier: MIT */
/*
 * A discard takes what was queued when it was counted, however much comes meanwhile: the count is ours, and less than
 * what is there.
 * links: shim/socket/drain.c shim/base/sys.c
 */
#include "shim/socket/drain.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shim/socket/facts.h"
#include "tests/harness/net.h"
#include "tests/harness/tap.h"

#define THERE 5000000
#define SLICE (1 << 20) /* more than one read takes */

static int64_t counted[2]; /* the answers, one after the other */
static unsigned asked;

int64_t lg_facts_readable_bytes(int fd)
{
    (void)fd;
    return counted[asked++ % 2];
}

/* So much is there, unread. */
static struct net_pair filled(int bytes)
{
    static const struct net_options large = {.send_bytes = 4 * THERE, .receive_bytes = 4 * THERE};
    struct net_pair pair = net_pair(AF_INET, &large);

    REQUIRE(net_send_pattern(pair.client, 0, (uint64_t)bytes));
    return pair;
}

static long long all_there(int fd)
{
    static char buffer[1 << 16];
    long long count = 0;
    ssize_t got;

    while ((got = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT)) > 0)
        count += got;
    return count;
}

static void discards(int queued, int64_t count, long long wanted)
{
    struct net_pair pair = filled(queued);
    uint64_t bytes = 0;
    long got;

    REQUIRE(net_wait_unread(pair.server, queued, 10000));
    counted[0] = counted[1] = count;
    asked = 0;
    got = lg_drain_discard(pair.server, false, &bytes);
    CHECK_INT((long long)bytes, wanted);
    CHECK_INT(all_there(pair.server), queued - wanted);
    CHECK(got > 0 || got == -EAGAIN);
    close(pair.client);
    close(pair.server);
}

static void test_no_more(void)
{
    discards(10000, 4000, 4000);
    discards(10000, 10000, 10000);
    discards(10000, 1, 1);
    discards(3 * SLICE, 2 * SLICE + 7, 2 * SLICE + 7);
}

/* Nothing was counted: one byte, which tells of FIN and RST, and steps over what is urgent. */
static void test_nothing(void)
{
    discards(10, 0, 1);
    discards(10, -1, 1);
    discards(0, 0, 0);
}

/* Less is there than was counted: another thread has read. */
static void test_less(void)
{
    discards(10000, 20000, 10000);
}

static void test_ends(void)
{
    struct net_pair pair = filled(10);
    struct linger zero = {1, 0};
    uint64_t bytes = 0;

    shutdown(pair.client, SHUT_WR);
    REQUIRE(net_wait_state(pair.server, 8 /* CLOSE_WAIT */, 5000));
    counted[0] = 10;
    counted[1] = 0;
    asked = 0;
    CHECK_INT(lg_drain_discard(pair.server, false, &bytes), 10);
    CHECK_INT(lg_drain_discard(pair.server, false, &bytes), 0); /* FIN */
    CHECK_INT((long long)bytes, 10);
    close(pair.client);
    close(pair.server);
    pair = filled(0);
    CHECK_INT(setsockopt(pair.client, SOL_SOCKET, SO_LINGER, &zero, sizeof zero), 0);
    close(pair.client);
    REQUIRE(net_wait_state(pair.server, 7 /* CLOSE */, 5000));
    CHECK_INT(lg_drain_discard(pair.server, false, &bytes), -ECONNRESET);
}

static const struct tap_test tests[] = {
    {"no more than was counted", test_no_more, 0},
    {"one byte where nothing was counted", test_nothing, 0},
    {"what is there, where more was counted", test_less, 0},
    {"the peer's FIN and RST are told", test_ends, 0},
};

int main(int argc, char **argv)
{
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
