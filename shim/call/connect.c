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
#include "shim/release/in_force.h"

static int connect_next(int fd, const struct sockaddr *to, socklen_t size, enum lg_call call)
{
    return call == LG_CALL_SYSCALL ? (int)lg_next.syscall(SYS_connect, fd, to, size) : lg_next.connect(fd, to, size);
}

static int connected(int fd, int result)
{
    if (result == 0 || errno == EINPROGRESS || errno == EINTR)
        lg_holder_connected(fd);
    return result;
}

int lg_connect_slowly(int fd, const struct sockaddr *to, socklen_t size, enum lg_call call, uintptr_t caller)
{
    struct lg_disconnect disconnect;
    int error = lg_disconnect_begin(&disconnect, call, fd, to, size, caller);
    int result = error != 0 ? -1 : connect_next(fd, to, size, call);

    lg_disconnect_finish(&disconnect, result);
    if (error == 0)
        return connected(fd, result);
    errno = error;
    return -1;
}

LG_EXPORT int connect(int fd, const struct sockaddr *to, socklen_t size)
{
    if (lg_in_force_treats(lg_in_force(), LG_CAUSE_DISCONNECT))
        return lg_connect_slowly(fd, to, size, LG_CALL_CONNECT, LG_CALLER());
    return connected(fd, lg_next.connect(fd, to, size));
}

LG_EXPORT_ALIAS(__connect, connect);
