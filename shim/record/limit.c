/* SPDX-License-Identifier: MIT */
#include "shim/record/limit.h"

#define COUNT_MASK 0xffffffffu

static uint64_t second_of(uint64_t now_ms)
{
    return now_ms / 1000 & COUNT_MASK;
}

bool lg_limit_is_over(const struct lg_limit *limit, uint64_t now_ms)
{
    return __atomic_load_n(&limit->window, __ATOMIC_RELAXED) >> 32 != second_of(now_ms);
}

bool lg_limit_take(struct lg_limit *limit, uint32_t per_s, uint64_t now_ms)
{
    uint64_t second = second_of(now_ms);
    uint64_t seen = __atomic_load_n(&limit->window, __ATOMIC_RELAXED);
    uint64_t next;

    do {
        uint64_t count = seen >> 32 == second ? seen & COUNT_MASK : 0;

        if (count >= per_s) {
            lg_limit_drop(limit, 1);
            return false;
        }
        next = second << 32 | (count + 1);
    } while (!__atomic_compare_exchange_n(&limit->window, &seen, next, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return true;
}

void lg_limit_give_back(struct lg_limit *limit)
{
    uint64_t seen = __atomic_load_n(&limit->window, __ATOMIC_RELAXED);

    /* Should a new second have begun meanwhile, its count is at worst one too low. */
    while (seen & COUNT_MASK &&
           !__atomic_compare_exchange_n(&limit->window, &seen, seen - 1, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        ;
}

void lg_limit_drop(struct lg_limit *limit, uint64_t count)
{
    __atomic_add_fetch(&limit->dropped, count, __ATOMIC_RELAXED);
}

uint64_t lg_limit_dropped(struct lg_limit *limit)
{
    return __atomic_exchange_n(&limit->dropped, 0, __ATOMIC_RELAXED);
}
