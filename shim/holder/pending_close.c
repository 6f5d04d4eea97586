/* SPDX-License-Identifier: MIT */
#include "shim/holder/pending_close.h"

#include "shim/base/large.h"
#include "shim/base/sys.h"
#include "shim/socket/facts.h"

#define PENDING_MAX 128u

#define CLAIMED (-1)

static struct pending {
    int fd_plus_1; /* 0: free; the rest holds once it is a number */
    int pid;       /* a vfork child shares this memory, and has another table; the child of a raw clone has a copy */
    int tid;
    uint64_t cookie;
} pending[PENDING_MAX] LG_LARGE;

static unsigned count;

int lg_pending_close_add(int fd, uint64_t cookie)
{
    for (unsigned i = 0; i < PENDING_MAX; i++) {
        int none = 0;

        if (!__atomic_compare_exchange_n(&pending[i].fd_plus_1, &none, CLAIMED, false, __ATOMIC_RELAXED,
                                         __ATOMIC_RELAXED))
            continue;
        __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);
        __atomic_store_n(&pending[i].pid, lg_sys_pid(), __ATOMIC_RELAXED);
        __atomic_store_n(&pending[i].tid, lg_sys_tid(), __ATOMIC_RELAXED);
        __atomic_store_n(&pending[i].cookie, cookie, __ATOMIC_RELAXED);
        __atomic_store_n(&pending[i].fd_plus_1, fd + 1, __ATOMIC_RELEASE);
        return (int)i;
    }
    return -1;
}

void lg_pending_close_remove(int place)
{
    __atomic_store_n(&pending[place].fd_plus_1, 0, __ATOMIC_RELEASE);
    __atomic_sub_fetch(&count, 1, __ATOMIC_RELAXED);
}

static bool is_waiting_elsewhere(const struct pending *entry, int fd)
{
    return __atomic_load_n(&entry->fd_plus_1, __ATOMIC_ACQUIRE) == fd + 1 &&
           __atomic_load_n(&entry->cookie, __ATOMIC_RELAXED) == lg_facts_cookie(fd) &&
           __atomic_load_n(&entry->pid, __ATOMIC_RELAXED) == lg_sys_pid() &&
           __atomic_load_n(&entry->tid, __ATOMIC_RELAXED) != lg_sys_tid();
}

bool lg_pending_close_has(int fd)
{
    if (fd < 0 || __atomic_load_n(&count, __ATOMIC_RELAXED) == 0)
        return false;
    for (unsigned i = 0; i < PENDING_MAX; i++) {
        if (is_waiting_elsewhere(&pending[i], fd))
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
