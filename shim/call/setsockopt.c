/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "shim/call/export.h"
#include "shim/call/next.h"
#include "shim/release/abort_request.h"

static LG_SLOW_PATH int setsockopt_slowly(int fd, int level, int name, const void *value, socklen_t size,
                                          uintptr_t caller)
{
    struct lg_abort_request request;
    int result;
    int error;

    if (!lg_abort_request_concerns(level, name))
        return lg_next.setsockopt(fd, level, name, value, size);
    lg_abort_request_begin(&request, LG_CALL_SETSOCKOPT, fd, level, caller);
    result = lg_next.setsockopt(fd, level, name, value, size);
    if (result != 0)
        return result;
    error = lg_abort_request_finish(&request, value);
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
    return setsockopt_slowly(fd, level, name, value, size, LG_CALLER());
}
