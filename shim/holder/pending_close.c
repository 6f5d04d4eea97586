/* SPDX-License-Identifier: MIT */
#include "shim/holder/pending_close.h"

#include "shim/base/sys.h"
#include "shim/socket/facts.h"

#define PENDING_MAX 128u

static struct {
    int fd_plus_1; /* 0: free */
    uint64_t cookie;
} pending[PENDING_MAX];

static unsigned count;

bool lg_pending_close_add(int fd, uint64_t cookie)
{
    for (unsigned i = 0; i < PENDING_MAX; i++) {
        int none = 0;

        if (__atomic_compare_exchange_n(&pending[i].fd_plus_1, &none, fd + 1, false, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED)) {
            __atomic_store_n(&pending[i].cookie, cookie, __ATOMIC_RELAXED);
            __atomic_add_fetch(&count, 1, __ATOMIC_RELEASE);
            return true;
        }
    }
    return false;
}

void lg_pending_close_remove(int fd)
{
    for (unsigned i = 0; i < PENDING_MAX; i++) {
        int there = fd + 1;

        if (__atomic_compare_exchange_n(&pending[i].fd_plus_1, &there, 0, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
            __atomic_sub_fetch(&count, 1, __ATOMIC_RELAXED);
            return;
        }
    }
}

bool lg_pending_close_has(int fd)
{
    if (__atomic_load_n(&count, __ATOMIC_ACQUIRE) == 0)
        return false;
    for (unsigned i = 0; i < PENDING_MAX; i++) {
        if (__atomic_load_n(&pending[i].fd_plus_1, __ATOMIC_RELAXED) == fd + 1)
            return true;
    }
    return false;
}

void lg_pending_close_forked(void)
{
    if (count == 0)
        return;
    for (unsigned i = 0; i < PENDING_MAX; i++) {
        int fd = pending[i].fd_plus_1 - 1;

        if (fd >= 0 && lg_facts_cookie(fd) == pending[i].cookie)
            lg_sys_close(fd);
        pending[i].fd_plus_1 = 0;
    }
    count = 0;
}
