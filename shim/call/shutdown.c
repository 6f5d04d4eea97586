/* SPDX-License-Identifier: MIT */
/* shutdown: of a listening socket it resets what was not accepted, before any close. */
#include <sys/socket.h>
#include <sys/syscall.h>

#include "shim/call/calls.h"
#include "shim/release/guard.h"
#include "shim/release/decide.h"
#include "shim/call/next.h"

static int shutdown_next(int fd, int how, enum lg_call call)
{
    return call == LG_CALL_SYSCALL ? (int)lg_next.syscall(SYS_shutdown, fd, how) : lg_next.shutdown(fd, how);
}

static bool resets_backlog(struct lg_socket *socket, int how)
{
    return (how == SHUT_RD || how == SHUT_RDWR) && lg_facts_state(socket) && socket->state == LG_TCP_LISTEN &&
           socket->backlog > 0;
}

int lg_shutdown_seen(int fd, int how, enum lg_call call, uintptr_t caller)
{
    struct lg_record record = {.call = call, .cause = LG_CAUSE_BACKLOG, .outcome = LG_OUTCOME_ABORTED};
    struct lg_socket socket;
    int result;

    lg_facts_init(&socket, fd);
    if (!lg_ready() || !(lg_process.needs.causes & 1u << LG_CAUSE_BACKLOG) || !resets_backlog(&socket, how))
        return shutdown_next(fd, how, call);
    record.decision = lg_judge(LG_CAUSE_BACKLOG, &socket);
    record.socket = &socket;
    record.caller = caller;
    lg_facts_identity(&socket);
    lg_facts_local(&socket);
    result = shutdown_next(fd, how, call);
    if (result == 0 && lg_record_wanted(&record.decision))
        lg_record_write(&record);
    return result;
}

LG_EXPORT int shutdown(int fd, int how)
{
    return lg_shutdown_seen(fd, how, LG_CALL_SHUTDOWN, LG_CALLER());
}
