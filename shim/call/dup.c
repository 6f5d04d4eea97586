/* SPDX-License-Identifier: MIT */
/* dup, dup2, dup3 and fcntl's duplications: a second descriptor, and for two of them an implicit close. */
#include <fcntl.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <unistd.h>

#include "shim/call/calls.h"
#include "shim/release/closing.h"
#include "shim/socket/facts.h"
#include "shim/release/guard.h"
#include "shim/holder/by_cookie.h"
#include "shim/holder/by_descriptor.h"
#include "shim/call/next.h"
#include "shim/record/sink.h"
#include "shim/base/sys.h"

void lg_note_duplicated(int from, int to)
{
    struct lg_socket socket;

    lg_known_duplicates();
    lg_made_shared(from);
    lg_made_shared(to);
    if (!lg_known_tracking())
        return;
    lg_facts_init(&socket, from);
    lg_facts_identity(&socket);
    lg_known_shared(socket.cookie);
}

LG_EXPORT int dup(int fd)
{
    int result = lg_next.dup(fd);

    if (result >= 0)
        lg_note_duplicated(fd, result);
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

LG_SLOW_PATH int lg_dup_onto_seen(enum lg_dup kind, int from, int to, int flags, enum lg_call call, uintptr_t caller)
{
    struct lg_ending ending;
    bool replaces = will_replace(kind, from, to, flags);
    int result;

    ending.recorded = false;
    if (replaces && lg_sink_owns(to))
        lg_sink_move();
    else if (replaces)
        lg_ending_begin(&ending, call, to, caller);
    result = dup_onto(kind, from, to, flags);
    if (result >= 0 && from != to)
        lg_note_duplicated(from, result);
    lg_ending_finish(&ending);
    return result;
}

LG_EXPORT int dup2(int from, int to)
{
    int result;

    if (!lg_close_unseen(to))
        return lg_dup_onto_seen(LG_DUP2, from, to, 0, LG_CALL_DUP2, LG_CALLER());
    result = lg_next.dup2(from, to);
    if (result >= 0 && from != to)
        lg_note_duplicated(from, result);
    return result;
}

LG_EXPORT_ALIAS(__dup2, dup2);

LG_EXPORT int dup3(int from, int to, int flags)
{
    int result;

    if (!lg_close_unseen(to))
        return lg_dup_onto_seen(LG_DUP3, from, to, flags, LG_CALL_DUP3, LG_CALLER());
    result = lg_next.dup3(from, to, flags);
    if (result >= 0)
        lg_note_duplicated(from, result);
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
        lg_note_duplicated(fd, result);                                                                                \
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
