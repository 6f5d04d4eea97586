/* SPDX-License-Identifier: MIT */
#include "shim/release/closing.h"

#include <sys/socket.h>

#include "shim/socket/sock_diag.h"
#include "shim/release/guard.h"
#include "shim/release/decide.h"
#include "shim/holder/by_cookie.h"
#include "shim/base/sys.h"

/* A lingering close that ended this close to its time ended by it: the kernel counts in ticks. */
#define TICK_MS 20

static bool rules_ask_for(enum lg_cause cause)
{
    return lg_process.needs.causes & 1u << cause;
}

/* The cause of an abort that this close would bring, when the linger option is not it. */
static bool find_other_cause(struct lg_ending *ending)
{
    struct lg_socket *socket = &ending->socket;

    if (!rules_ask_for(LG_CAUSE_UNREAD) && !rules_ask_for(LG_CAUSE_BACKLOG))
        return false;
    if (!lg_facts_state(socket))
        return false;
    if (socket->state == LG_TCP_LISTEN) {
        ending->cause = LG_CAUSE_BACKLOG;
        return rules_ask_for(LG_CAUSE_BACKLOG) && socket->backlog > 0;
    }
    ending->cause = LG_CAUSE_UNREAD;
    if (!rules_ask_for(LG_CAUSE_UNREAD) || socket->state == LG_TCP_CLOSE)
        return false;
    lg_facts_queues(socket);
    return socket->unread_bytes > 0;
}

/* True when the close of this socket needs a decision. */
static bool find_cause(struct lg_ending *ending)
{
    struct lg_action *action = &ending->action;
    struct linger linger;

    if (lg_facts_linger(ending->socket.fd, &linger) < 0)
        return false;
    action->mark = lg_mark_read(&linger);
    action->armed = lg_linger_aborts(&linger);
    ending->cause = LG_CAUSE_LINGER_ZERO;
    if (action->mark != LG_MARK_NONE)
        return true;
    if (action->armed) /* other protocols know the option too, and are none of our business */
        return lg_facts_state(&ending->socket);
    return find_other_cause(ending);
}

/* An abort that could not have sent RST any more is nothing to tell. */
static bool is_harmless(struct lg_ending *ending)
{
    if (ending->socket.state == LG_TCP_UNKNOWN)
        lg_facts_state(&ending->socket);
    return ending->cause == LG_CAUSE_LINGER_ZERO && !lg_facts_can_reset(&ending->socket);
}

static bool aborts(enum lg_verdict_kind kind)
{
    return kind == LG_VERDICT_ALLOW || kind == LG_VERDICT_OBSERVE;
}

void lg_ending_begin(struct lg_ending *ending, enum lg_call call, int fd, uintptr_t caller)
{
    ending->recorded = false;
    if (!lg_guard_inspects())
        return;
    ending->call = call;
    ending->caller = caller;
    lg_facts_init(&ending->socket, fd);
    ending->action = (struct lg_action){.socket = &ending->socket};
    if (!find_cause(ending))
        return;
    ending->decision = lg_judge(ending->cause, &ending->socket);
    ending->action.verdict = ending->decision.verdict;
    ending->recorded =
        lg_record_possible(&ending->decision) && !is_harmless(ending) && lg_record_wanted(&ending->decision);
    if (ending->recorded)
        lg_facts_complete(&ending->socket);
    ending->sole = ending->recorded && lg_known_sole(ending->socket.cookie); /* before a drain forgets it */
    ending->started_ms = lg_sys_now_ms();
    if (aborts(ending->decision.verdict.kind))
        lg_act_abort(&ending->action);
    else
        lg_act_release(&ending->action);
}

/* A lingering close does not say how it ended: its time does, and what the kernel still has. */
static void judge_linger(struct lg_ending *ending, uint32_t elapsed_ms)
{
    struct lg_afterlife after = {.unsent_bytes = LG_BYTES_UNKNOWN};
    bool out_of_time = elapsed_ms + TICK_MS >= ending->action.linger_ms;

    if (!out_of_time && ending->socket.unsent_bytes <= 0)
        return;
    lg_diag_after_close(&ending->socket, &after);
    if (!out_of_time && after.unsent_bytes <= 0)
        return;
    /* Out of time, or a signal ended the wait: the kernel goes on with what is left. */
    ending->action.outcome = out_of_time ? LG_OUTCOME_DEADLINE : LG_OUTCOME_ORDERLY;
    if (after.unsent_bytes != LG_BYTES_UNKNOWN)
        ending->socket.unsent_bytes = after.unsent_bytes;
}

/* The close of one descriptor of several ends nothing, and a record of it would be false. */
static bool is_held_elsewhere(const struct lg_ending *ending)
{
    struct lg_afterlife after;

    return !ending->sole && lg_diag_after_close(&ending->socket, &after) && after.held;
}

void lg_ending_finish(struct lg_ending *ending)
{
    const struct lg_action *action = &ending->action;
    struct lg_record record;

    if (!ending->recorded)
        return;
    record = (struct lg_record){
        .call = ending->call,
        .cause = ending->cause,
        .decision = ending->decision,
        .socket = &ending->socket,
        .caller = ending->caller,
        .waited = action->linger_ms > 0 || (action->drained && ending->decision.verdict.kind == LG_VERDICT_DRAIN),
        .elapsed_ms = (uint32_t)(lg_sys_now_ms() - ending->started_ms),
        .drained = action->drained,
        .drained_bytes = action->drained_bytes,
    };
    if (is_held_elsewhere(ending)) {
        lg_record_withdraw();
        return;
    }
    if (action->linger_ms > 0)
        judge_linger(ending, record.elapsed_ms);
    record.outcome = action->outcome;
    lg_record_write(&record);
}
