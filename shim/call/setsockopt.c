/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "shim/release/guard.h"
#include "shim/call/next.h"
#include "shim/release/abort_request.h"

static LG_SLOW_PATH int setsockopt_seen(int fd, int level, int name, const void *value, socklen_t size,
                                        uintptr_t caller)
{
    struct lg_request request;
    int result;
    int error;

    if (!lg_request_concerns(level, name))
        return lg_next.setsockopt(fd, level, name, value, size);
    lg_request_begin(&request, fd, level);
    result = lg_next.setsockopt(fd, level, name, value, size);
    if (result != 0)
        return result;
    error = lg_request_finish(&request, value, LG_CALL_SETSOCKOPT, caller);
    if (error == 0)
        return 0;
    errno = error;
    return -1;
}

/* SO_LINGER is 13 at SOL_SOCKET, and TCP_LINGER2 8 at IPPROTO_TCP: two comparisons keep every other option away. */
LG_EXPORT int setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
    if (__builtin_expect(name != SO_LINGER && name != 8 /* TCP_LINGER2 */, 1))
        return lg_next.setsockopt(fd, level, name, value, size);
    return setsockopt_seen(fd, level, name, value, size, LG_CALLER());
}
