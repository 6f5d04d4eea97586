/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/base/gate.h"
#include "shim/base/sys.h"
#include "shim/call/calls.h"
#include "shim/call/export.h"
#include "shim/call/next.h"
#include "shim/holder/holder.h"
#include "shim/record/sink.h"
#include "shim/release/closing.h"
#include "shim/release/hand_off.h"

/* syscall(SYS_close) is no cancellation point, and is called for that. */
static int close_next(int fd, enum lg_call call)
{
    return call == LG_CALL_SYSCALL ? (int)lg_next.syscall(SYS_close, fd) : lg_next.close(fd);
}

static int close_by(enum lg_close_way way, int fd, enum lg_call call)
{
    switch (way) {
    case LG_CLOSE_AS_ASKED:
        return close_next(fd, call);
    case LG_CLOSE_AT_ONCE:
        return (int)lg_next_result(lg_sys_close(fd));
    case LG_CLOSE_NOT_AT_ALL:
        return 0;
    case LG_CLOSE_BUSY:
        break;
    }
    errno = EBADF;
    return -1;
}

LG_SLOW_PATH int lg_close_slowly(int fd, enum lg_call call, uintptr_t caller)
{
    struct lg_closing closing;
    int result;

    if (lg_sink_owns(fd) ||
        lg_hand_off_owns(fd)) { /* the program never opened it, so for the program it is not there */
        errno = EBADF;
        return -1;
    }
    result = close_by(lg_closing_begin(&closing, call, fd, caller), fd, call);
    lg_closing_finish(&closing);
    return result;
}

LG_EXPORT int close(int fd)
{
    if (__builtin_expect(lg_gate_can_skip(fd), 1))
        return lg_next.close(fd);
    if (!lg_gate_is_plain(fd))
        return lg_close_slowly(fd, LG_CALL_CLOSE, LG_CALLER());
    if (!lg_holder_has_nothing(fd))
        lg_holder_forget(fd);
    return lg_next.close(fd);
}

LG_EXPORT_ALIAS(__close, close);
