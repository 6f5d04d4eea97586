/* SPDX-License-Identifier: MIT */
/*
 * So many records in a second, and a count of the others.
 * links: shim/record/limit.c
 */
#include "shim/record/limit.h"

#include <pthread.h>

#include "tests/harness/tap.h"

static struct lg_limit limit;

static void test_second(void)
{
    for (int second = 0; second < 3; second++) {
        for (int i = 0; i < 5; i++)
            CHECK_INT(lg_limit_take(&limit, 3, 5000u + 1000u * (unsigned)second + (unsigned)i * 199u), i < 3);
        CHECK_INT((long long)lg_limit_dropped(&limit), 2);
        CHECK_INT((long long)lg_limit_dropped(&limit), 0); /* told once */
    }
    CHECK(!lg_limit_take(&limit, 3, 7999));
    CHECK(lg_limit_take(&limit, 3, 8000)); /* a second of the clock, not of the first record */
    CHECK(lg_limit_take(&limit, 3, 6000)); /* another processor's clock: another second, never stuck */
    CHECK(!lg_limit_take(&limit, 0, 9000));
}

static void test_given_back(void)
{
    CHECK(lg_limit_take(&limit, 1, 5000));
    CHECK(!lg_limit_take(&limit, 1, 5000));
    lg_limit_give_back(&limit);
    CHECK(lg_limit_take(&limit, 1, 5000));
    lg_limit_give_back(&limit);
    lg_limit_give_back(&limit); /* once too often: no more places than there are */
    CHECK(lg_limit_take(&limit, 1, 5999));
    CHECK(!lg_limit_take(&limit, 1, 5999));
}

static void test_dropped(void)
{
    lg_limit_drop(&limit, 7);
    lg_limit_drop(&limit, 5);
    CHECK_INT((long long)lg_limit_dropped(&limit), 12);
}

/* The second is 32 bits wide; a machine that is up for longer begins anew. */
static void test_wide(void)
{
    uint64_t late_ms = ((uint64_t)1 << 32) * 1000 + 5;

    CHECK(lg_limit_take(&limit, 1, late_ms));
    CHECK(!lg_limit_take(&limit, 1, late_ms));
    CHECK(lg_limit_take(&limit, 1, late_ms + 1000));
    CHECK(lg_limit_take(&limit, 4294967295u, 77000));
}

#define THREADS 4
#define TURNS   50000
#define PLACES  1000

static uint64_t taken, given_back;

static void *take_many(void *nothing)
{
    for (int i = 0; i < TURNS; i++) {
        if (!lg_limit_take(&limit, PLACES, 5000))
            continue;
        __atomic_add_fetch(&taken, 1, __ATOMIC_RELAXED);
        if (i % 3 == 0) {
            __atomic_add_fetch(&given_back, 1, __ATOMIC_RELAXED);
            lg_limit_give_back(&limit);
        }
    }
    return nothing;
}

static void test_threads(void)
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, take_many, NULL) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK_INT((long long)(taken - given_back), PLACES);
    CHECK_INT((long long)(lg_limit_dropped(&limit) + taken), (long long)THREADS * TURNS);
}

static const struct tap_test tests[] = {
    {"so many in each second, and the others counted", test_second, 0},
    {"a place that is given back can be taken", test_given_back, 0},
    {"what was dropped for other reasons is counted too", test_dropped, 0},
    {"clocks and limits as large as they get", test_wide, 0},
    {"threads share the places", test_threads, 0},
};

int main(int argc, char **argv)
{
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
