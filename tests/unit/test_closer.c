/* SPDX-License-Identifier: MIT */
/*
 * Closing in children: every descriptor goes, a child that waits is ended, and who gives too much is told.
 * links: shim/command/drainer/closer.c
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim/command/drainer/closer.h"
#include "tests/harness/net.h"
#include "tests/harness/tap.h"

#define MANY 300

static struct lg_closer closer;

static uint64_t now_ms(void)
{
    return (uint64_t)net_now_ms();
}

static bool is_done(void *context)
{
    (void)context;
    return lg_closer_tick(&closer, now_ms()) == UINT64_MAX;
}

static void test_all_are_closed(void)
{
    int fds[MANY];

    for (int i = 0; i < MANY; i++) {
        fds[i] = dup(STDIN_FILENO);
        REQUIRE(fds[i] >= 0);
    }
    CHECK(!lg_closer_is_busy(&closer, now_ms()));
    for (int i = 0; i < MANY; i++)
        lg_closer_close(&closer, fds[i], now_ms());
    CHECK(lg_closer_is_busy(&closer, now_ms()));
    CHECK_INT(lg_closer_held(&closer), MANY - LG_CLOSER_CHILDREN);
    CHECK(net_wait_for(is_done, NULL, 10000));
    CHECK_INT(lg_closer_held(&closer), 0);
    CHECK(!lg_closer_is_busy(&closer, now_ms()));
    for (int i = 0; i < MANY; i++)
        CHECK(fcntl(fds[i], F_GETFD) < 0 && errno == EBADF);
    CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
}

/* A close that waits for its peer: for us it is over at once, and the child is ended. */
static void test_waiting(void)
{
    struct net_options small = {.receive_bytes = 4096};
    struct net_pair pair = net_pair(AF_INET, &small);
    struct linger hour = {1, 3600};
    long long start_ms = net_now_ms();

    net_fill(pair.server, 0);
    REQUIRE(setsockopt(pair.server, SOL_SOCKET, SO_LINGER, &hour, sizeof hour) == 0);
    lg_closer_close(&closer, pair.server, now_ms());
    CHECK_INT(lg_closer_held(&closer), 0);
    usleep(100000);
    CHECK(fcntl(pair.server, F_GETFD) < 0);
    CHECK(!is_done(NULL));
    CHECK(net_wait_for(is_done, NULL, 10000));
    CHECK(net_now_ms() - start_ms >= 900);
}

static const struct tap_test tests[] = {
    {"every descriptor is closed, and too many at a time are told", test_all_are_closed, 0},
    {"a close that waits is ended", test_waiting, 0},
};

int main(int argc, char **argv)
{
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
