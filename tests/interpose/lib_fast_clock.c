/* SPDX-License-Identifier: MIT */
/* CLOCK_MONOTONIC runs a thousand times as fast: what is done once a second is done once a millisecond. */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *time)
{
    int result = (int)syscall(SYS_clock_gettime, clock, time);

    if (clock == CLOCK_MONOTONIC && result == 0) {
        time->tv_sec = time->tv_sec * 1000 + time->tv_nsec / 1000000;
        time->tv_nsec = time->tv_nsec % 1000000 * 1000;
    }
    return result;
}
