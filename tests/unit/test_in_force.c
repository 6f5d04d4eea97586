/* SPDX-License-Identifier: MIT */
/*
 * One policy after another in one process, put in force by hand: what starts tracking, who looks and when.
 * links: library
 */
#include "shim/release/in_force.h"

#include <sys/socket.h>
#include <unistd.h>

#include "shim/base/gate.h"
#include "shim/holder/holder.h"
#include "tests/unit/linked.h"

static unsigned looks;

static unsigned look(void)
{
    looks++;
    return 100000;
}

/* Each call has a block of its own. */
static void start(const char *rules)
{
    static struct lg_policy policies[4];
    static struct lg_in_force blocks[4];
    static unsigned used;
    const struct lg_source source = {LG_SOURCE_RULES, {"rules", 5}};
    struct lg_in_force *block = &blocks[used];

    REQUIRE(used < 4);
    lg_policy_init(&policies[used]);
    lg_policy_parse(&policies[used], &source, (struct lg_text){rules, strlen(rules)}, no_error, NULL);
    block->policy = &policies[used++];
    block->needs = lg_policy_needs(block->policy, &block->process);
    lg_in_force_start(block);
}

static int make_socket(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    REQUIRE(fd >= 0);
    return fd;
}

static void test_tracking(void)
{
    int before, between, after;

    lg_next_resolve();
    before = make_socket();
    start("observe");
    CHECK(lg_holder_is_sole(before)); /* the constructor */
    lg_in_force_watch(look);
    CHECK(lg_holder_is_sole(before));
    start("drain 1s");
    CHECK(!lg_holder_is_sole(before));
    CHECK(lg_holder_wants_cookies);
    between = make_socket();
    CHECK(lg_holder_is_sole(between));
    start("drain 2s on unread");
    CHECK(lg_holder_is_sole(between));
    start("observe");
    after = make_socket();
    CHECK(lg_holder_is_sole(between) && lg_holder_is_sole(after));
    CHECK(!lg_holder_wants_cookies);
    close(before);
    close(between);
    close(after);
}

static void test_looks(void)
{
    start("orderly on unread");
    CHECK(lg_in_force_now() == lg_in_force());
    CHECK_INT(looks, 0);
    lg_in_force_watch(look);
    CHECK(lg_in_force_now() == lg_in_force());
    lg_in_force_now();
    lg_in_force();
    CHECK_INT(looks, 1);
}

static void test_sandboxed(void)
{
    start("orderly on unread");
    lg_in_force_watch(look);
    lg_gate_sandbox(true);
    CHECK(lg_in_force_now() != NULL);
    CHECK_INT(looks, 0);
}

/* Closes come by all the same: that is when it is seen that it is over. */
static void test_aside(void)
{
    start("orderly on unread");
    CHECK(lg_gate_inspects());
    lg_in_force_stand_aside(true);
    CHECK(lg_in_force() == NULL && lg_in_force_now() == NULL);
    CHECK(!lg_in_force_treats(lg_in_force(), LG_CAUSE_UNREAD));
    CHECK(lg_gate_inspects());
    lg_in_force_stand_aside(false);
    CHECK(lg_in_force_treats(lg_in_force(), LG_CAUSE_UNREAD));
}

/* What is inspected follows what is in force, both ways. */
static void test_gate(void)
{
    start("allow");
    lg_in_force_abort_asked();
    CHECK(!lg_gate_inspects());
    start("orderly");
    CHECK(lg_gate_inspects());
    start("inspect never; orderly");
    CHECK(!lg_gate_inspects());
    start("observe on late");
    CHECK(lg_gate_inspects());
}

static const struct tap_test tests[] = {
    {"what starts tracking ends the evidence from before", test_tracking, 0},
    {"who looks does so once", test_looks, 0},
    {"a sandboxed process does not look", test_sandboxed, 0},
    {"a process that stands aside", test_aside, 0},
    {"closes are inspected as it needs", test_gate, 0},
};

int main(int argc, char **argv)
{
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
