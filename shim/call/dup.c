/* SPDX-License-Identifier: MIT */
/* dup, dup2, dup3 and fcntl's duplications: a second descriptor, and for two of them an implicit close. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/resource.h>
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

LG_EXPORT int dup(int fd)
{
    int result = lg_next.dup(fd);

    if (result >= 0)
        lg_holder_duplicated(fd, result);
    return result;
}

static int dup_onto(enum lg_dup kind, int from, int to, int flags)
{
    return kind == LG_DUP2 ? lg_next.dup2(from, to) : lg_next.dup3(from, to, flags);
}

/* A limit that was lowered since `to` was opened keeps it from being replaced, not from being open. */
static bool is_within_limit(int number)
{
    struct rlimit64 limit = {0, 0};

    return lg_syscall4(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, (long)&limit) == 0 && (unsigned)number < limit.rlim_cur;
}

/* True when the kernel will close `to`: everything else fails, or is dup2 onto itself. */
static bool will_replace(enum lg_dup kind, int from, int to, int flags)
{
    return from != to && to >= 0 && (kind == LG_DUP2 || !(flags & ~O_CLOEXEC)) && lg_sys_fcntl(from, F_GETFD, 0) >= 0 &&
           is_within_limit(to);
}

LG_SLOW_PATH int lg_dup_onto_slowly(enum lg_dup kind, int from, int to, int flags, enum lg_call call, uintptr_t caller)
{
    struct lg_closing closing;
    bool replaces = !lg_gate_is_plain(to) && will_replace(kind, from, to, flags);
    bool owns = replaces && lg_sink_owns(to);
    int result;

    if (replaces && lg_hand_off_owns(to))
        lg_hand_off_move();
    if (owns)
        lg_sink_move();
    else if (replaces && lg_closing_begin(&closing, call, to, caller) == LG_CLOSE_BUSY) {
        errno = EBUSY; /* as the kernel says where a number is about to be used, dup(2) */
        return -1;
    }
    result = dup_onto(kind, from, to, flags);
    if (result >= 0)
        lg_holder_duplicated(from, result);
    if (replaces && !owns)
        lg_closing_finish(&closing);
    return result;
}

LG_EXPORT int dup2(int from, int to)
{
    int result;

    if (!lg_gate_can_skip(to) && !lg_gate_is_plain(to))
        return lg_dup_onto_slowly(LG_DUP2, from, to, 0, LG_CALL_DUP2, LG_CALLER());
    result = lg_next.dup2(from, to);
    if (result >= 0)
        lg_holder_duplicated(from, result);
    return result;
}

LG_EXPORT_ALIAS(__dup2, dup2);

LG_EXPORT int dup3(int from, int to, int flags)
{
    int result;

    if (!lg_gate_can_skip(to) && !lg_gate_is_plain(to))
        return lg_dup_onto_slowly(LG_DUP3, from, to, flags, LG_CALL_DUP3, LG_CALLER());
    result = lg_next.dup3(from, to, flags);
    if (result >= 0)
        lg_holder_duplicated(from, result);
    return result;
}

/* The third argument is a number or a pointer, or not there at all: as libc, take a word and pass it on. */
#define FCNTL_BODY(next)                                                                                               \
    va_list more;                                                                                                      \
    long argument;                                                                                                     \
    int result;                                                                                                        \
                                                                                                                       \
    va_start(more, command);                                                                                           \
    argument = va_arg(more, long);                                                                                     \
    va_end(more);                                                                                                      \
    result = next(fd, command, argument);                                                                              \
    if (result >= 0 && (command == F_DUPFD || command == F_DUPFD_CLOEXEC))                                             \
        lg_holder_duplicated(fd, result);                                                                              \
    return result

LG_EXPORT int fcntl(int fd, int command, ...)
{
    FCNTL_BODY(lg_next.fcntl);
}

LG_EXPORT_ALIAS(__fcntl, fcntl);

LG_EXPORT int fcntl64(int fd, int command, ...)
{
    FCNTL_BODY(lg_next.fcntl64);
}
