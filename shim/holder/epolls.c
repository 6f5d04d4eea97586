/* SPDX-License-Identifier: MIT */
#include "shim/holder/epolls.h"

#include <sys/epoll.h>
#include <sys/stat.h>

#include "shim/base/gate.h"
#include "shim/base/proc_numbers.h"
#include "shim/base/sys.h"

#define INSTANCES_MAX 64u

static int instances[INSTANCES_MAX]; /* number plus 1; 0: free */
static int makers[INSTANCES_MAX]; /* the process that made it: a vfork child shares this memory, and closes only its own
                                     copy */
unsigned lg_epolls_used;
static bool unknown;
static bool followed;

void lg_epolls_unknown(void)
{
    __atomic_store_n(&unknown, true, __ATOMIC_RELAXED);
}

static int *place_of(int fd)
{
    unsigned end = __atomic_load_n(&lg_epolls_used, __ATOMIC_ACQUIRE);

    for (unsigned i = 0; i < end; i++) {
        if (__atomic_load_n(&instances[i], __ATOMIC_RELAXED) == fd + 1)
            return &instances[i];
    }
    return NULL;
}

static void raise_used(unsigned count)
{
    unsigned seen = __atomic_load_n(&lg_epolls_used, __ATOMIC_RELAXED);

    while (seen < count &&
           !__atomic_compare_exchange_n(&lg_epolls_used, &seen, count, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
        ;
}

/* Whether the process made what is in this place: else it is its parent's, or that of a vfork child. */
static bool is_made_by(const int *place, int pid)
{
    return __atomic_load_n(&makers[place - instances], __ATOMIC_RELAXED) == pid;
}

void lg_epolls_made(int fd)
{
    int *place = fd < 0 ? NULL : place_of(fd);

    if (lg_gate_is_sandboxed() || (place && !is_made_by(place, lg_sys_pid())))
        lg_epolls_unknown();
    if (fd < 0 || place || lg_gate_is_sandboxed()) /* there already: it was closed unseen */
        return;
    for (unsigned i = 0; i < INSTANCES_MAX; i++) {
        int none = 0;

        if (!__atomic_compare_exchange_n(&instances[i], &none, fd + 1, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
            continue;
        __atomic_store_n(&makers[i], lg_sys_pid(), __ATOMIC_RELAXED);
        raise_used(i + 1);
        lg_gate_evidence(fd);
        return;
    }
    lg_epolls_unknown();
}

void lg_epolls_forget(int fd)
{
    int *place = fd < 0 ? NULL : place_of(fd);

    if (place && !lg_gate_is_sandboxed() && is_made_by(place, lg_sys_pid()))
        __atomic_store_n(place, 0, __ATOMIC_RELAXED);
}

void lg_epolls_shared(int fd)
{
    if (fd >= 0 && place_of(fd))
        lg_epolls_unknown();
}

/* An anonymous inode (an instance of epoll or the like) has no type of file. */
static bool is_anonymous(int fd)
{
    struct lg_file_id id;

    return lg_sys_fstat(fd, &id) == 0 && (id.mode & S_IFMT) == 0;
}

void lg_epolls_received(int fd)
{
    if (__atomic_load_n(&followed, __ATOMIC_RELAXED) && !lg_gate_is_sandboxed() && is_anonymous(fd))
        lg_epolls_unknown();
}

static bool look_at(void *context, unsigned fd)
{
    (void)context;
    if (is_anonymous((int)fd) && !place_of((int)fd))
        lg_epolls_unknown();
    return true;
}

void lg_epolls_follow(void)
{
    __atomic_store_n(&followed, true, __ATOMIC_RELAXED);
    if (lg_proc_numbers("/proc/self/fd", NULL, look_at, NULL) < 0)
        lg_epolls_unknown();
}

void lg_epolls_forked(void)
{
    for (unsigned i = 0; i < lg_epolls_used; i++) {
        if (instances[i] != 0)
            unknown = true;
    }
}

bool lg_epolls_are_known(int pid)
{
    unsigned end = __atomic_load_n(&lg_epolls_used, __ATOMIC_ACQUIRE);

    for (unsigned i = 0; i < end; i++) {
        if (__atomic_load_n(&instances[i], __ATOMIC_RELAXED) != 0 && !is_made_by(&instances[i], pid))
            return false;
    }
    return !__atomic_load_n(&unknown, __ATOMIC_RELAXED);
}

void lg_epolls_remove(int fd)
{
    unsigned end = __atomic_load_n(&lg_epolls_used, __ATOMIC_ACQUIRE);
    struct epoll_event ignored = {0}; /* before Linux 2.6.9 it had to be there */

    for (unsigned i = 0; i < end; i++) {
        int instance = __atomic_load_n(&instances[i], __ATOMIC_RELAXED) - 1;

        if (instance >= 0)
            lg_syscall4(SYS_epoll_ctl, instance, EPOLL_CTL_DEL, fd, (long)&ignored);
    }
}
