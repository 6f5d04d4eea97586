/* SPDX-License-Identifier: MIT */
/*
 * Which closes are looked at: whatever one of three parties asked for, whoever was last.
 * links: shim/base/gate.c shim/base/visible.c
 */
#include "shim/base/gate.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/harness/tap.h"

#ifdef __SANITIZE_THREAD__
#define TURNS 10000
#else
#define TURNS 300000
#endif

/* Two threads leave here at the same moment. */
static void meet(int when)
{
    static int arrived;

    __atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST);
    for (unsigned i = 0; __atomic_load_n(&arrived, __ATOMIC_SEQ_CST) < when; i++)
        if (i > 1000)
            sched_yield();
    for (volatile int i = rand() % 40; i > 0; i--) /* a little time, which decides who is first */
        continue;
}

/* The number that closes go by has every party's say, whoever was last. */
static void *look_at_closes(void *number)
{
    for (int i = 0; i < TURNS; i++) {
        meet(4 * i + 2);
        if (*(int *)number == 0)
            lg_gate_inspect(true);
        else
            lg_gate_evidence(TURNS - i);
        meet(4 * i + 4);
        if (*(int *)number != 0)
            continue;
        if (lg_gate_close_below != 0) {
            tap_fail(__FILE__, __LINE__, "turn %d: descriptors below %d are not looked at", i, lg_gate_close_below);
            _exit(1);
        }
        lg_gate_inspect(false);
    }
    return NULL;
}

static void test_any_order(void)
{
    pthread_t threads[2];
    int numbers[2] = {0, 1};

    for (int i = 0; i < 2; i++)
        REQUIRE(pthread_create(&threads[i], NULL, look_at_closes, &numbers[i]) == 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
}

static void test_flags(void)
{
    CHECK(lg_gate_can_skip(0) && lg_gate_can_skip_all() && lg_gate_is_plain(7));
    CHECK(lg_gate_can_skip(-1)); /* EBADF is the kernel's to say */
    lg_gate_own(LG_OWN_LOG, 900);
    CHECK(lg_gate_can_skip(899) && !lg_gate_can_skip(900) && !lg_gate_can_skip_all());
    CHECK(!lg_gate_is_plain(900) && lg_gate_is_plain(901));
    lg_gate_evidence(7);
    lg_gate_evidence(800);
    CHECK(lg_gate_can_skip(6) && !lg_gate_can_skip(7));
    lg_gate_own(LG_OWN_LOG, -1);
    CHECK(lg_gate_is_plain(900) && !lg_gate_can_skip(7));
    lg_gate_inspect(true);
    CHECK(!lg_gate_can_skip(0) && !lg_gate_is_plain(0));
    lg_gate_inspect(false);
    CHECK(lg_gate_can_skip(6) && !lg_gate_can_skip(7));
}

static const struct tap_test tests[] = {
    {"closes that nobody asked to look at are skipped, the others not", test_flags, 0},
    {"two that ask at the same time both get what they asked for", test_any_order, 60000},
};

int main(int argc, char **argv)
{
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
