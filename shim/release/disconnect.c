/* SPDX-License-Identifier: MIT */
#include "shim/release/disconnect.h"

#include "shim/base/safe_read.h"
#include "shim/record/record.h"
#include "shim/release/in_force.h"

static bool begin(struct lg_disconnect *disconnect, enum lg_cause cause, enum lg_call call, int fd, uintptr_t caller)
{
    const struct lg_in_force *in_force = lg_in_force();

    disconnect->recorded = false;
    if (!lg_in_force_treats(in_force, cause))
        return false;
    disconnect->event = (struct lg_event){.call = call, .caller = caller, .cause = cause, .in_force = in_force};
    lg_facts_init(&disconnect->event.socket, fd);
    lg_facts_ask(&disconnect->event.socket, LG_FACT_STATE);
    return disconnect->event.socket.is_tcp;
}

/*
 * The family that the program's pointer leads to. The pointer may be wild, and unlike a setsockopt a
 * disconnect cannot be looked at afterwards; so the kernel is asked whether it can be read.
 */
static bool is_unspec(const struct sockaddr *to, socklen_t size)
{
    struct lg_safe_pages pages = {0};
    sa_family_t family;

    return size >= sizeof family && lg_safe_read(&pages, &family, (uintptr_t)to, sizeof family) && family == AF_UNSPEC;
}

static void decide(struct lg_disconnect *disconnect, unsigned facts)
{
    lg_in_force_decide(&disconnect->event);
    disconnect->recorded = lg_record_wanted(&disconnect->event.decision);
    if (disconnect->recorded)
        lg_facts_ask(&disconnect->event.socket, facts);
}

int lg_disconnect_begin(struct lg_disconnect *disconnect, enum lg_call call, int fd, const struct sockaddr *to,
                        socklen_t size, uintptr_t caller)
{
    struct lg_event *event = &disconnect->event;

    if (!begin(disconnect, LG_CAUSE_DISCONNECT, call, fd, caller) || event->socket.state == LG_TCP_LISTEN ||
        !lg_facts_can_reset(&event->socket) || !is_unspec(to, size))
        return 0;
    decide(disconnect, LG_FACTS_OF_ADDRESS | LG_FACTS_OF_QUEUES);
    event->outcome = LG_OUTCOME_ABORTED;
    if (event->decision.verdict.kind != LG_VERDICT_REJECT)
        return 0;
    event->outcome = LG_OUTCOME_REJECTED;
    event->error = event->decision.verdict.reject_errno;
    return event->error;
}

void lg_disconnect_begin_shutdown(struct lg_disconnect *disconnect, enum lg_call call, int fd, int how,
                                  uintptr_t caller)
{
    struct lg_event *event = &disconnect->event;

    if (!begin(disconnect, LG_CAUSE_BACKLOG, call, fd, caller) || how == SHUT_WR ||
        event->socket.state != LG_TCP_LISTEN || event->socket.backlog == 0)
        return;
    decide(disconnect, LG_FACTS_OF_ADDRESS);
    event->outcome = LG_OUTCOME_ABORTED;
}

void lg_disconnect_finish(struct lg_disconnect *disconnect, int result)
{
    if (!disconnect->recorded)
        return;
    if (result == 0 || disconnect->event.outcome == LG_OUTCOME_REJECTED)
        lg_record_write(&disconnect->event);
    else
        lg_record_withdraw();
}
