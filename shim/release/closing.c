/* SPDX-License-Identifier: MIT */
#include "shim/release/closing.h"

#include <sys/socket.h>

#include "shim/base/gate.h"
#include "shim/base/sys.h"
#include "shim/holder/holder.h"
#include "shim/holder/pending_close.h"
#include "shim/record/record.h"
#include "shim/release/act.h"
#include "shim/release/in_force.h"
#include "shim/release/waiting.h"
#include "shim/socket/sock_diag.h"

/* A lingering close that ended this close to its time ended by it: the kernel counts in ticks. */
#define TICK_MS 20

#define LATE_MS 1000 /* a peer that sent so shortly before the close may well send on */

static bool find_backlog(struct lg_event *event)
{
    event->cause = LG_CAUSE_BACKLOG;
    return lg_in_force_treats(event->in_force, LG_CAUSE_BACKLOG) && event->socket.backlog > 0;
}

static bool find_unread(struct lg_event *event)
{
    event->cause = LG_CAUSE_UNREAD;
    return lg_in_force_treats(event->in_force, LG_CAUSE_UNREAD) && event->socket.state != LG_TCP_CLOSE &&
           lg_facts_has_unread(&event->socket);
}

/* No FIN has come. Many programs half-close before they close: node, haproxy, Python's socketserver. */
static bool peer_may_send(const struct lg_socket *socket)
{
    return socket->state == LG_TCP_ESTABLISHED || socket->state == LG_TCP_FIN_WAIT_1 ||
           socket->state == LG_TCP_FIN_WAIT_2;
}

/* More than our FIN, which tells nothing of the peer. */
static bool is_sending(struct lg_socket *socket)
{
    if (socket->state != LG_TCP_FIN_WAIT_1)
        return socket->has_unsent;
    lg_facts_ask(socket, LG_FACT_UNSENT);
    return !lg_facts_knows(socket, LG_FACT_UNSENT) || socket->unsent_bytes > 0;
}

/* The peer is probably not done: something of ours is on its way, or it sent, or connected, within the last second. */
static bool find_late(struct lg_event *event)
{
    struct lg_socket *socket = &event->socket;

    event->cause = LG_CAUSE_LATE;
    return lg_in_force_treats(event->in_force, LG_CAUSE_LATE) && peer_may_send(socket) &&
           (socket->last_input_ms < LATE_MS || is_sending(socket));
}

/* Whether an abort was asked for. False for what is no socket. */
static bool find_request(struct lg_closing *closing)
{
    int fd = closing->event.socket.fd;
    struct linger linger;

    if (lg_holder_has_mark(fd) && lg_act_is_sole(closing)) { /* the same socket, and nobody else can have changed it */
        closing->mark = LG_MARK_LINGER_ZERO;
        return true;
    }
    if (lg_facts_linger(fd, &linger) < 0)
        return false;
    closing->mark = lg_mark_read(&linger);
    closing->armed = lg_linger_aborts(&linger);
    return true;
}

/* True when the close of this socket needs a decision: the first cause that applies. */
static bool find_cause(struct lg_closing *closing)
{
    struct lg_event *event = &closing->event;
    bool asked;

    if (!find_request(closing))
        return false;
    event->in_force = lg_in_force_now();
    asked =
        (closing->mark != LG_MARK_NONE || closing->armed) && lg_in_force_treats(event->in_force, LG_CAUSE_LINGER_ZERO);
    if (!asked && !lg_in_force_treats_any_close(event->in_force))
        return false;
    lg_facts_ask(&event->socket, LG_FACT_STATE);
    if (!event->socket.is_tcp) /* other protocols know the option too, and are none of our business */
        return false;
    if (event->socket.state == LG_TCP_LISTEN)
        return find_backlog(event);
    event->cause = LG_CAUSE_LINGER_ZERO;
    return asked || find_unread(event) || find_late(event);
}

static bool aborts(const struct lg_event *event)
{
    return event->decision.verdict.kind == LG_VERDICT_ALLOW || event->decision.verdict.kind == LG_VERDICT_OBSERVE;
}

/* A request that was recorded as disarmed is not left unanswered, whatever the rule that aborts after all says. */
static bool answers_record(const struct lg_closing *closing)
{
    return closing->mark != LG_MARK_NONE && aborts(&closing->event) && lg_holder_has_record(closing->event.socket.fd);
}

/* Takes a place for a record. An abort that could not have sent RST any more is nothing to tell. */
static bool take_record(struct lg_closing *closing)
{
    struct lg_event *event = &closing->event;

    if (!lg_record_possible(&event->decision) && !answers_record(closing))
        return false;
    if (event->cause == LG_CAUSE_LINGER_ZERO && !lg_facts_can_reset(&event->socket))
        return false;
    return lg_record_take();
}

/* All that the record tells, and where others may hold the socket what it takes to find it again. */
static void gather(struct lg_closing *closing)
{
    struct lg_socket *socket = &closing->event.socket;

    bool is_sole = lg_act_is_sole(closing); /* which may tell the cookie */

    lg_facts_ask_for_record(socket);
    if (!is_sole)
        lg_facts_ask(socket, LG_FACT_INTERFACE);
}

static void prepare_record(struct lg_closing *closing)
{
    closing->recorded = take_record(closing);
    if (closing->recorded)
        gather(closing);
    else
        lg_record_dropped_before();
}

static enum lg_close_way carry_out(struct lg_closing *closing)
{
    closing->started_ms = lg_sys_now_ms();
    if (closing->event.cause == LG_CAUSE_BACKLOG) { /* what is done to a listening socket is done to all its holders */
        closing->event.outcome = LG_OUTCOME_ABORTED;
        return LG_CLOSE_AS_ASKED;
    }
    if (!aborts(&closing->event))
        return lg_act_release(closing);
    lg_act_abort(closing);
    return LG_CLOSE_AS_ASKED;
}

static enum lg_close_way decide(struct lg_closing *closing)
{
    if (!find_cause(closing))
        return LG_CLOSE_AS_ASKED;
    lg_in_force_decide(&closing->event);
    prepare_record(closing);
    return carry_out(closing);
}

bool lg_closing_looks_at(int fd)
{
    struct linger linger;

    return lg_gate_inspects() && lg_facts_linger(fd, &linger) == 0;
}

enum lg_close_way lg_closing_begin(struct lg_closing *closing, enum lg_call call, int fd, uintptr_t caller)
{
    enum lg_close_way way = LG_CLOSE_AS_ASKED;

    closing->recorded = false;
    closing->linger_ms = 0;
    closing->pending = -1;
    if (lg_pending_close_has(fd))
        return LG_CLOSE_BUSY;
    if (lg_gate_inspects()) {
        *closing = (struct lg_closing){.event = {.call = call, .caller = caller}, .pending = -1};
        lg_facts_init(&closing->event.socket, fd);
        way = decide(closing);
    }
    if (closing->pending < 0) /* else it was forgotten before the wait, and may be another's by now */
        lg_holder_forget(fd);
    return way;
}

/* A lingering close does not say how it ended: its time does, and what the kernel still has. */
static void find_end_of_linger(struct lg_closing *closing)
{
    struct lg_event *event = &closing->event;
    struct lg_orphan orphan;
    bool out_of_time = event->elapsed_ms + TICK_MS >= closing->linger_ms;
    bool has_unsent = lg_facts_knows(&event->socket, LG_FACT_UNSENT) && event->socket.unsent_bytes > 0;
    bool found;

    if (!out_of_time && !has_unsent)
        return;
    found = lg_sock_diag_find(&event->socket, &orphan);
    if (!out_of_time && (!found || orphan.unsent_bytes <= 0))
        return;
    /* Out of time, or a signal ended the wait: the kernel goes on with what is left. */
    event->outcome = out_of_time ? LG_OUTCOME_DEADLINE : LG_OUTCOME_ORDERLY;
    if (found)
        event->socket.unsent_bytes = orphan.unsent_bytes;
}

/* The close of one descriptor of several ends nothing, and a record of it would be false. */
static bool is_held_elsewhere(const struct lg_closing *closing)
{
    struct lg_orphan orphan;

    return !closing->is_sole && lg_sock_diag_find(&closing->event.socket, &orphan) && orphan.is_held;
}

void lg_closing_finish(struct lg_closing *closing)
{
    struct lg_event *event = &closing->event;

    if (closing->pending >= 0)
        lg_pending_close_remove(closing->pending);
    if (closing->linger_ms == 0 && !closing->recorded)
        return;
    event->elapsed_ms = (uint32_t)(lg_sys_now_ms() - closing->started_ms);
    if (closing->linger_ms > event->elapsed_ms)
        lg_waiting_give_back(closing->linger_ms - event->elapsed_ms);
    if (!closing->recorded)
        return;
    if (closing->untouched || is_held_elsewhere(closing)) {
        lg_record_withdraw();
        return;
    }
    if (closing->linger_ms > 0) {
        event->waited = true;
        find_end_of_linger(closing);
    }
    lg_record_write(event);
}

/* The end of the process closes what is left; an abort that was asked for and disarmed stays so. */
static void end_with_process(struct lg_closing *closing)
{
    struct lg_event *event = &closing->event;

    if (!find_cause(closing) || event->cause == LG_CAUSE_BACKLOG)
        return;
    lg_in_force_decide(event);
    if (aborts(event))
        return;
    prepare_record(closing);
    if (!lg_act_exit(closing))
        closing->untouched = true;
    lg_closing_finish(closing);
}

void lg_closing_exit(void)
{
    if (!lg_gate_inspects())
        return;
    for (int fd = lg_holder_next(-1); fd >= 0; fd = lg_holder_next(fd)) {
        struct lg_closing closing = {
            .event = {.call = LG_CALL_EXIT}, .asked_if_sole = true, .is_sole = true, .pending = -1};

        lg_facts_init(&closing.event.socket, fd);
        end_with_process(&closing);
    }
}
