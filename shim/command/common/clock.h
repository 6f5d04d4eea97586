/* SPDX-License-Identifier: MIT */
#ifndef LG_COMMAND_CLOCK_H
#define LG_COMMAND_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Milliseconds of CLOCK_MONOTONIC: for deadlines. */
static inline int64_t lg_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#endif
