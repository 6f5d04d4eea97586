/* SPDX-License-Identifier: MIT */
/* connect: how a connection begins, and with AF_UNSPEC one more way to abort it. */
#include <errno.h>
#include <sys/socket.h>

#include "shim/call/calls.h"
#include "shim/release/guard.h"
#include "shim/release/decide.h"
#include "shim/holder/by_cookie.h"
#include "shim/holder/by_descriptor.h"
#include "shim/call/next.h"
#include "shim/base/safe_read.h"
#include "shim/base/sys.h"

/*
 * The family that the program's pointer leads to. The pointer may be wild, and unlike a setsockopt a
 * disconnect cannot be looked at afterwards; so the kernel is asked whether it can be read.
 */
static bool is_unspec(const struct sockaddr *to, socklen_t size)
{
    struct lg_safe_pages peek = {0};
    sa_family_t family;

    return size >= sizeof family && lg_safe_read(&peek, &family, (uintptr_t)to, sizeof family) && family == AF_UNSPEC;
}

static int connect_next(int fd, const struct sockaddr *to, socklen_t size, enum lg_call call)
{
    return call == LG_CALL_SYSCALL ? (int)lg_next.syscall(SYS_connect, fd, to, size) : lg_next.connect(fd, to, size);
}

static bool may_disconnect(void)
{
    return lg_ready() && lg_process.needs.causes & 1u << LG_CAUSE_DISCONNECT;
}

/* True when this call is the abort of a connection; fills the state. */
static bool disconnects(struct lg_socket *socket, const struct sockaddr *to, socklen_t size)
{
    return lg_facts_state(socket) && socket->state != LG_TCP_LISTEN && lg_facts_can_reset(socket) &&
           is_unspec(to, size);
}

static int disconnect(struct lg_socket *socket, const struct sockaddr *to, socklen_t size, enum lg_call call,
                      uintptr_t caller)
{
    struct lg_decision decision = lg_judge(LG_CAUSE_DISCONNECT, socket);
    bool rejected = decision.verdict.kind == LG_VERDICT_REJECT;
    struct lg_record record = {
        .call = call,
        .cause = LG_CAUSE_DISCONNECT,
        .outcome = rejected ? LG_OUTCOME_REJECTED : LG_OUTCOME_ABORTED,
        .decision = decision,
        .socket = socket,
        .caller = caller,
        .error = rejected ? decision.verdict.reject_errno : 0,
    };
    bool recorded = lg_record_wanted(&decision);
    int result = -1;

    if (recorded) /* now: afterwards there is nothing left to ask */
        lg_facts_complete(socket);
    if (!rejected)
        result = connect_next(socket->fd, to, size, call);
    if (recorded && (rejected || result == 0))
        lg_record_write(&record);
    else if (recorded)
        lg_record_withdraw();
    if (rejected)
        errno = record.error;
    return result;
}

static bool is_tcp(int fd)
{
    struct lg_socket socket;

    lg_facts_init(&socket, fd);
    return lg_facts_state(&socket);
}

int lg_connect_seen(int fd, const struct sockaddr *to, socklen_t size, enum lg_call call, uintptr_t caller)
{
    struct lg_socket socket;
    int result;

    lg_facts_init(&socket, fd);
    if (may_disconnect() && disconnects(&socket, to, size))
        return disconnect(&socket, to, size, call, caller);
    result = connect_next(fd, to, size, call);
    if (result == 0 || errno == EINPROGRESS || errno == EINTR) {
        if (lg_known_tracking() && is_tcp(fd))
            lg_note_opened(fd, LG_ROLE_CONNECTED, lg_made_here(fd));
    }
    return result;
}

LG_EXPORT int connect(int fd, const struct sockaddr *to, socklen_t size)
{
    return lg_connect_seen(fd, to, size, LG_CALL_CONNECT, LG_CALLER());
}

LG_EXPORT_ALIAS(__connect, connect);
