/* SPDX-License-Identifier: MIT */
#include "shim/release/waiting.h"

#include <stdbool.h>

#include "shim/base/sys.h"

#define SHARE        10u    /* one part of the time in so many */
#define SAVED_MAX_MS 60000u /* a process that was idle for a day must not hold its clients up for hours */

static uint64_t started_ms; /* of the first wait; 0: none yet */
static uint64_t spent_ms;

static uint64_t earned_ms(uint64_t now_ms)
{
    uint64_t start = 0;

    /* Who is first sets the time; a clock at 0 counts as 1. */
    now_ms += now_ms == 0;
    if (__atomic_compare_exchange_n(&started_ms, &start, now_ms, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        return 0;
    return now_ms > start ? (now_ms - start) / SHARE : 0;
}

uint32_t lg_waiting_take(uint32_t wanted_ms, uint32_t first_ms)
{
    uint64_t allowed = first_ms + earned_ms(lg_sys_now_ms());
    uint64_t saved_max = first_ms > SAVED_MAX_MS ? first_ms : SAVED_MAX_MS;
    uint64_t spent = __atomic_load_n(&spent_ms, __ATOMIC_RELAXED);
    uint64_t taken, from;

    do {
        from = spent + saved_max < allowed ? allowed - saved_max : spent;
        taken = from >= allowed ? 0 : allowed - from;
        if (taken > wanted_ms)
            taken = wanted_ms;
    } while (taken > 0 &&
             !__atomic_compare_exchange_n(&spent_ms, &spent, from + taken, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return (uint32_t)taken;
}

void lg_waiting_give_back(uint32_t unused_ms)
{
    uint64_t spent = __atomic_load_n(&spent_ms, __ATOMIC_RELAXED);

    /* A signal handler may have forked in the middle of the wait: the child has not spent what it gives back. */
    while (!__atomic_compare_exchange_n(&spent_ms, &spent, spent > unused_ms ? spent - unused_ms : 0, false,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        ;
}

void lg_waiting_forked(void)
{
    __atomic_store_n(&started_ms, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&spent_ms, 0, __ATOMIC_RELAXED);
}
