/* SPDX-License-Identifier: MIT */
/*
 * So many in a second, and a count of those beyond. One atomic word each, no lock.
 * Async-signal-safe, thread-safe, fork-safe.
 */
#ifndef LG_LIMIT_H
#define LG_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

struct lg_limit {
    uint64_t window; /* the second in the upper half, how many were let through in the lower */
    uint64_t dropped;
};

/* True for the first `per_s` of each second; counts a drop otherwise. */
bool lg_limit_take(struct lg_limit *limit, uint32_t per_s, uint64_t now_ms);

/* A place that was taken and not used after all. */
void lg_limit_give_back(struct lg_limit *limit);

/* `count` more were dropped for another reason. */
void lg_limit_drop(struct lg_limit *limit, uint64_t count);

/* True when there are drops that were not told yet. */
static inline bool lg_limit_has_dropped(const struct lg_limit *limit)
{
    return __atomic_load_n(&limit->dropped, __ATOMIC_RELAXED) != 0;
}

/* True when the second in which the last place was taken is over. */
bool lg_limit_is_over(const struct lg_limit *limit, uint64_t now_ms);

/* The drops since the last call. */
uint64_t lg_limit_dropped(struct lg_limit *limit);

#endif
