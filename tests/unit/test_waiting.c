/* SPDX-License-Identifier: MIT */
/*
 * The waiting budget, on a clock of our own: a tenth of the time since the first wait, and before that a first D.
 * links: shim/release/waiting.c
 */
#include "shim/release/waiting.h"

#include <pthread.h>
#include <stdlib.h>

#include "shim/base/sys.h"
#include "tests/harness/tap.h"

#define D     5000u
#define START 1000000u
#define DAY   86400000u

static uint64_t now_ms = START;

uint64_t lg_sys_now_ms(void)
{
    return now_ms;
}

static void later(uint64_t ms)
{
    now_ms += ms;
}

static void test_first(void)
{
    CHECK_INT(lg_waiting_take(100, D), 100);
    CHECK_INT(lg_waiting_take(0, D), 0);
    CHECK_INT(lg_waiting_take(D, D), D - 100); /* no more than a first D */
    CHECK_INT(lg_waiting_take(1, D), 0);
    later(9);
    CHECK_INT(lg_waiting_take(1, D), 0);
    later(1);
    CHECK_INT(lg_waiting_take(100, D), 1); /* from then on a tenth of the time */
    later(1000);
    CHECK_INT(lg_waiting_take(100, D), 100);
    CHECK_INT(lg_waiting_take(100, D), 0);
}

static void test_given_back(void)
{
    CHECK_INT(lg_waiting_take(D, D), D);
    lg_waiting_give_back(D - 7);
    CHECK_INT(lg_waiting_take(D, D), D - 7);
    lg_waiting_give_back(0);
    CHECK_INT(lg_waiting_take(D, D), 0);
    lg_waiting_give_back(2 * D); /* more than was taken: nothing is spent, and no more than that */
    CHECK_INT(lg_waiting_take(3 * D, D), D);
}

/* The child of a fork in the middle of a wait gives back what its parent took. */
static void test_forked(void)
{
    CHECK_INT(lg_waiting_take(D, D), D);
    later(100);
    lg_waiting_forked();
    lg_waiting_give_back(D - 100);
    CHECK_INT(lg_waiting_take(2 * D, D), D);
    CHECK_INT(lg_waiting_take(D, D), 0);
    later(10 * D);
    CHECK_INT(lg_waiting_take(2 * D, D), D);
}

/* Of a day without a wait a minute is saved; a longer D is still a D. */
static void test_saved(void)
{
    CHECK_INT(lg_waiting_take(D, D), D);
    later(DAY);
    CHECK_INT(lg_waiting_take(DAY, D), 60000);
    CHECK_INT(lg_waiting_take(DAY, D), 0);
    later(DAY);
    CHECK_INT(lg_waiting_take(DAY, 3600000), 3600000);
    CHECK_INT(lg_waiting_take(DAY, 3600000), 0);
}

/* The first D is that of the rule that asks, and what one rule has spent another has not left. */
static void test_rules(void)
{
    CHECK_INT(lg_waiting_take(D, D), D);
    CHECK_INT(lg_waiting_take(100, 100), 0);
    CHECK_INT(lg_waiting_take(D, 2 * D), D);
    CHECK_INT(lg_waiting_take(D, 2 * D), 0);
}

static void test_clock(void)
{
    now_ms = 0; /* a libc without a clock, for ever */
    CHECK_INT(lg_waiting_take(D, D), D);
    CHECK_INT(lg_waiting_take(D, D), 0);
    lg_waiting_forked();
    now_ms = START;
    CHECK_INT(lg_waiting_take(D, D), D);
    now_ms = START - 500; /* backwards: another processor's */
    CHECK_INT(lg_waiting_take(D, D), 0);
}

/* Whatever is asked for, however often: never more than a first D and a tenth. */
static void test_never_more(void)
{
    uint64_t waited = 0;

    srand(4711);
    for (int i = 0; i < 200000; i++) {
        uint32_t taken, unused;

        later((uint64_t)(rand() % 200));
        taken = lg_waiting_take((uint32_t)(rand() % 3000), D);
        unused = taken > 0 ? (uint32_t)rand() % (taken + 1) : 0;
        lg_waiting_give_back(unused);
        waited += taken - unused;
        if (waited > D + (now_ms - START) / 10) {
            tap_fail(__FILE__, __LINE__, "turn %d: waited %llu ms of %llu", i, (unsigned long long)waited,
                     (unsigned long long)(now_ms - START));
            return;
        }
    }
    CHECK(waited > (now_ms - START) / 12); /* and not much less, where it is wanted */
}

#define THREADS 4
#define TURNS   50000

static uint64_t taken_by_all;

static void *take_all(void *nothing)
{
    for (int i = 0; i < TURNS; i++) {
        uint32_t taken = lg_waiting_take(3, 100000);

        if (taken > 0 && i % 2)
            lg_waiting_give_back(taken);
        else
            __atomic_add_fetch(&taken_by_all, taken, __ATOMIC_RELAXED);
    }
    return nothing;
}

static void test_threads(void)
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, take_all, NULL) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK_INT((long long)(taken_by_all + lg_waiting_take(1000000, 100000)), 100000);
}

static const struct tap_test tests[] = {
    {"a first D, then a tenth of the time", test_first, 0},
    {"what was not waited can be waited later", test_given_back, 0},
    {"a child has a budget of its own", test_forked, 0},
    {"a minute is saved, or a D", test_saved, 0},
    {"rules share the budget", test_rules, 0},
    {"a clock that stands still, or goes back", test_clock, 0},
    {"never more than that, and where it is wanted not much less", test_never_more, 0},
    {"threads share the budget", test_threads, 0},
};

int main(int argc, char **argv)
{
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
