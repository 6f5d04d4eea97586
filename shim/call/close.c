/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/call/calls.h"
#include "shim/release/closing.h"
#include "shim/release/guard.h"
#include "shim/call/next.h"
#include "shim/record/sink.h"

/* syscall(SYS_close) is no cancellation point, and is called for that. */
static int close_next(int fd, enum lg_call call)
{
    return call == LG_CALL_SYSCALL ? (int)lg_next.syscall(SYS_close, fd) : lg_next.close(fd);
}

LG_SLOW_PATH int lg_close_seen(int fd, enum lg_call call, uintptr_t caller)
{
    struct lg_ending ending;
    int result;

    if (lg_sink_owns(fd)) { /* the program never opened it, so for the program it is not there */
        errno = EBADF;
        return -1;
    }
    lg_ending_begin(&ending, call, fd, caller);
    result = close_next(fd, call);
    lg_ending_finish(&ending);
    return result;
}

LG_EXPORT int close(int fd)
{
    if (__builtin_expect(lg_close_unseen(fd), 1))
        return lg_next.close(fd);
    return lg_close_seen(fd, LG_CALL_CLOSE, LG_CALLER());
}

LG_EXPORT_ALIAS(__close, close);
