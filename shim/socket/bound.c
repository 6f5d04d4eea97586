/* SPDX-License-Identifier: MIT */
#include "shim/socket/bound.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "shim/base/sys.h"

static void set(int fd, int name, int value)
{
    lg_sys_setsockopt(fd, IPPROTO_TCP, name, &value, sizeof value);
}

void lg_bound_unsent(int fd, uint32_t duration_ms)
{
    uint32_t own_ms = 0;
    uint32_t size = sizeof own_ms;

    lg_sys_getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &own_ms, &size);
    if (own_ms == 0 || own_ms > duration_ms)
        set(fd, TCP_USER_TIMEOUT, (int)duration_ms);
}

void lg_bound_orphan(int fd, uint32_t seconds)
{
    set(fd, TCP_LINGER2, (int)seconds);
}

void lg_bound_orphan_never(int fd)
{
    set(fd, TCP_LINGER2, -1);
}
