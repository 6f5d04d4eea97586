/* SPDX-License-Identifier: MIT */
/* epoll_create and epoll_create1: what a socket must be taken out of before another process closes it. */
#include <sys/epoll.h>

#include "shim/call/export.h"
#include "shim/call/next.h"
#include "shim/holder/holder.h"

LG_EXPORT int epoll_create(int size)
{
    int result = lg_next.epoll_create(size);

    if (result >= 0)
        lg_holder_made_epoll(result);
    return result;
}

LG_EXPORT int epoll_create1(int flags)
{
    int result = lg_next.epoll_create1(flags);

    if (result >= 0)
        lg_holder_made_epoll(result);
    return result;
}
