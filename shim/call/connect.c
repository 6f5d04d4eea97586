/* SPDX-License-Identifier: MIT */
/* connect: how a connection begins, and with AF_UNSPEC one more way to abort it. */
#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "shim/call/calls.h"
#include "shim/call/export.h"
#include "shim/call/next.h"
#include "shim/holder/holder.h"
#include "shim/release/disconnect.h"

static int connect_next(int fd, const struct sockaddr *to, socklen_t size, enum lg_call call)
{
    return call == LG_CALL_SYSCALL ? (int)lg_next.syscall(SYS_connect, fd, to, size) : lg_next.connect(fd, to, size);
}

int lg_connect_slowly(int fd, const struct sockaddr *to, socklen_t size, enum lg_call call, uintptr_t caller)
{
    struct lg_disconnect disconnect;
    int error = lg_disconnect_begin(&disconnect, call, fd, to, size, caller);
    int result = error != 0 ? -1 : connect_next(fd, to, size, call);

    lg_disconnect_finish(&disconnect, result);
    if (error != 0)
        errno = error;
    else if (result == 0 || errno == EINPROGRESS || errno == EINTR)
        lg_holder_connected(fd);
    return result;
}

LG_EXPORT int connect(int fd, const struct sockaddr *to, socklen_t size)
{
    return lg_connect_slowly(fd, to, size, LG_CALL_CONNECT, LG_CALLER());
}

LG_EXPORT_ALIAS(__connect, connect);
