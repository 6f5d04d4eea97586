/* SPDX-License-Identifier: MIT */
/* shutdown: of a listening socket it resets what was not accepted, before any close. */
#include <sys/socket.h>
#include <sys/syscall.h>

#include "shim/call/calls.h"
#include "shim/call/export.h"
#include "shim/call/next.h"
#include "shim/release/disconnect.h"

static int shutdown_next(int fd, int how, enum lg_call call)
{
    return call == LG_CALL_SYSCALL ? (int)lg_next.syscall(SYS_shutdown, fd, how) : lg_next.shutdown(fd, how);
}

int lg_shutdown_slowly(int fd, int how, enum lg_call call, uintptr_t caller)
{
    struct lg_disconnect disconnect;
    int result;

    lg_disconnect_begin_shutdown(&disconnect, call, fd, how, caller);
    result = shutdown_next(fd, how, call);
    lg_disconnect_finish(&disconnect, result);
    return result;
}

LG_EXPORT int shutdown(int fd, int how)
{
    return lg_shutdown_slowly(fd, how, LG_CALL_SHUTDOWN, LG_CALLER());
}
