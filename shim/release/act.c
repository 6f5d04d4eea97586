/* SPDX-License-Identifier: MIT */
#include "shim/release/act.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "shim/base/sys.h"
#include "shim/holder/holder.h"
#include "shim/release/graceful.h"
#include "shim/release/hand_off.h"
#include "shim/release/waiting.h"
#include "shim/socket/bound.h"
#include "shim/socket/drain.h"
#include "shim/socket/mute.h"

/* How long a full socket stays after everything is acknowledged, beyond D: tcp_fin_timeout's default. */
#define MUTED_SECONDS 60u

static uint32_t seconds_up(uint32_t duration_ms)
{
    return (duration_ms + 999) / 1000;
}

static void set_linger(int fd, uint32_t seconds)
{
    struct linger linger = {1, (int)seconds};

    lg_sys_setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

bool lg_act_is_sole(struct lg_closing *closing)
{
    struct lg_socket *socket = &closing->event.socket;

    if (closing->asked_if_sole)
        return closing->is_sole;
    closing->is_sole = lg_holder_is_sole(socket->fd);
    closing->asked_if_sole = true;
    if (closing->is_sole)
        lg_facts_tell_cookie(socket, lg_holder_cookie(socket->fd));
    return closing->is_sole;
}

/* Discards what is queued. Returns what the last read did, as lg_drain_discard. */
static long discard(struct lg_closing *closing)
{
    struct lg_event *event = &closing->event;
    uint64_t before = event->drained_bytes;
    long got;

    lg_facts_ask(&event->socket, LG_FACT_READY);
    got = lg_drain_discard(event->socket.fd, event->socket.ready & POLLPRI, &event->drained_bytes);
    closing->untouched = got == -EPERM;
    event->drained |= event->drained_bytes > before;
    return got;
}

/* After a discard, where a record will tell: a peer that sends faster than it is read leaves something to be reset. */
static bool has_left(struct lg_closing *closing)
{
    return closing->recorded && lg_facts_readable_bytes(closing->event.socket.fd) > 0;
}

/* Input that is left the kernel answers with RST, if this is the last close. */
static void release_orderly(struct lg_closing *closing, uint32_t within_ms)
{
    struct lg_socket *socket = &closing->event.socket;
    bool has_unread = lg_facts_has_unread(socket);

    if (has_unread && lg_act_is_sole(closing)) {
        discard(closing);
        has_unread = has_left(closing);
    }
    closing->event.outcome = has_unread ? LG_OUTCOME_ABORTED : LG_OUTCOME_ORDERLY;
    if (within_ms > 0 && socket->has_unsent && !closing->untouched && lg_act_is_sole(closing))
        lg_bound_unsent(socket->fd, within_ms);
}

/* Takes whole seconds out of the budget, which is how SO_LINGER counts. Returns 0 when there is not one left. */
static uint32_t take_seconds(uint32_t duration_ms)
{
    uint32_t wanted_ms = seconds_up(duration_ms) * 1000;
    uint32_t taken_ms = lg_waiting_take(wanted_ms, wanted_ms);

    lg_waiting_give_back(taken_ms % 1000);
    return taken_ms / 1000;
}

static void release_lingering(struct lg_closing *closing)
{
    struct lg_event *event = &closing->event;
    uint32_t duration_ms = event->decision.verdict.duration_ms;
    uint32_t seconds;

    if (!lg_act_is_sole(closing) || lg_facts_is_nonblocking(event->socket.fd)) {
        release_orderly(closing, duration_ms);
        return;
    }
    seconds = take_seconds(duration_ms);
    release_orderly(closing, seconds > 0 ? 0 : duration_ms);
    if (seconds == 0)
        return;
    closing->linger_ms = seconds * 1000; /* what is not waited goes back when the close has returned */
    if (event->outcome == LG_OUTCOME_ABORTED)
        return; /* RST at once: a close with unread input does not linger */
    set_linger(event->socket.fd, seconds);
    event->outcome = LG_OUTCOME_LINGERED;
}

/* What is not acknowledged now, FIN not counted. */
static int64_t unsent_now(int fd)
{
    struct lg_socket now;

    lg_facts_init(&now, fd);
    lg_facts_ask(&now, LG_FACT_STATE); /* the count leaves out the FIN, which may have gone out since */
    lg_facts_ask(&now, LG_FACT_UNSENT);
    return now.unsent_bytes;
}

static bool peer_is_done(const struct lg_socket *socket)
{
    return socket->ready & POLLRDHUP && lg_facts_has_fin(socket);
}

/*
 * The close must not wait, or has waited enough. The filter comes first: what arrives between it and
 * the discard is dropped already.
 */
static void release_muted(struct lg_closing *closing)
{
    struct lg_event *event = &closing->event;
    struct lg_socket *socket = &event->socket;
    bool is_done = peer_is_done(socket);
    bool muted = !is_done && !socket->is_mptcp && lg_mute(socket->fd);

    discard(closing);
    if (muted)
        lg_bound_orphan(socket->fd, MUTED_SECONDS + seconds_up(event->decision.verdict.duration_ms));
    if (event->outcome == LG_OUTCOME_DEADLINE)
        return;
    if (is_done && !(socket->has_unsent && unsent_now(socket->fd) > 0))
        event->outcome = LG_OUTCOME_DRAINED;
    else if (muted)
        event->outcome = LG_OUTCOME_MUTED;
    else
        event->outcome = has_left(closing) ? LG_OUTCOME_ABORTED : LG_OUTCOME_ORDERLY;
}

/* Waits in the close. True when that was all there was to do. */
static bool drain_waiting(struct lg_closing *closing, enum lg_close_way *way)
{
    struct lg_event *event = &closing->event;
    struct lg_graceful drain = {
        .socket = &event->socket,
        .limit_ms = event->decision.verdict.duration_ms,
        .idle_ms = event->decision.verdict.idle_ms,
        .drained_bytes = &event->drained_bytes,
        .pending = &closing->pending,
    };
    enum lg_graceful_end end = lg_graceful_drain(&drain);

    if (end == LG_GRACEFUL_NO_WAIT)
        return false;
    *way = end == LG_GRACEFUL_GONE ? LG_CLOSE_NOT_AT_ALL : end == LG_GRACEFUL_BUSY ? LG_CLOSE_BUSY : LG_CLOSE_AT_ONCE;
    switch (end) {
    case LG_GRACEFUL_FIN:
        /* A peer that closes before it has acknowledged everything is left to the kernel. */
        event->outcome = unsent_now(event->socket.fd) > 0 ? LG_OUTCOME_ORDERLY : LG_OUTCOME_DRAINED;
        return true;
    case LG_GRACEFUL_RESET:
        event->outcome = LG_OUTCOME_PEER_RESET;
        return true;
    case LG_GRACEFUL_DEADLINE:
    case LG_GRACEFUL_SILENT: /* what comes after the close may be for another thread that is blocked in a read */
        event->outcome = LG_OUTCOME_DEADLINE;
        if (closing->recorded)
            event->socket.unsent_bytes = unsent_now(event->socket.fd);
        return end == LG_GRACEFUL_SILENT;
    case LG_GRACEFUL_OTHER_READER:
    case LG_GRACEFUL_GONE:
        event->outcome = LG_OUTCOME_ORDERLY;
        return true;
    case LG_GRACEFUL_BUSY:
        closing->untouched = true;
        return true;
    case LG_GRACEFUL_INTERRUPTED:
    case LG_GRACEFUL_NO_WAIT:
        break;
    }
    return false;
}

static enum lg_close_way release_drained(struct lg_closing *closing)
{
    struct lg_event *event = &closing->event;
    struct lg_socket *socket = &event->socket;
    enum lg_close_way way = LG_CLOSE_AS_ASKED;

    if (!lg_act_is_sole(closing)) {
        release_orderly(closing, 0);
        return way;
    }
    closing->untouched = lg_facts_is_in_repair(socket->fd);
    if (closing->untouched)
        return way;
    lg_facts_ask(socket, LG_FACT_READY);
    if (!peer_is_done(socket) && lg_hand_off(event)) {
        event->outcome = LG_OUTCOME_HANDED;
        return way;
    }
    event->drained = true;
    event->waited = true;
    if (peer_is_done(socket) || lg_facts_is_nonblocking(socket->fd) || !drain_waiting(closing, &way))
        release_muted(closing);
    return way;
}

void lg_act_abort(struct lg_closing *closing)
{
    struct lg_event *event = &closing->event;

    /* What a peer sends later is answered by RST, or is not: the close itself is in order. */
    event->outcome = event->cause == LG_CAUSE_LATE ? LG_OUTCOME_ORDERLY : LG_OUTCOME_ABORTED;
    if (closing->mark == LG_MARK_NONE)
        return;
    if (!lg_act_is_sole(closing)) { /* what stays disarmed here would be armed for every other holder */
        event->outcome = lg_facts_has_unread(&event->socket) ? LG_OUTCOME_ABORTED : LG_OUTCOME_ORDERLY;
        return;
    }
    event->outcome = LG_OUTCOME_REARMED;
    if (closing->mark == LG_MARK_LINGER_ZERO)
        set_linger(event->socket.fd, 0);
    else
        lg_bound_orphan_never(event->socket.fd);
}

enum lg_close_way lg_act_release(struct lg_closing *closing)
{
    const struct lg_verdict *verdict = &closing->event.decision.verdict;

    if (closing->armed)
        lg_mark_leave(closing->event.socket.fd, LG_MARK_LINGER_ZERO);
    if (verdict->kind == LG_VERDICT_DRAIN)
        return release_drained(closing);
    if (verdict->kind == LG_VERDICT_LINGER)
        release_lingering(closing);
    else /* a close cannot be refused */
        release_orderly(closing, verdict->kind == LG_VERDICT_ORDERLY ? verdict->duration_ms : 0);
    return LG_CLOSE_AS_ASKED;
}

bool lg_act_exit(struct lg_closing *closing)
{
    struct lg_event *event = &closing->event;

    if (lg_facts_is_in_repair(event->socket.fd))
        return false;
    lg_facts_ask(&event->socket, LG_FACT_READY);
    if (event->decision.verdict.kind == LG_VERDICT_DRAIN)
        release_muted(closing);
    else
        release_orderly(closing, 0);
    return event->outcome == LG_OUTCOME_MUTED || event->drained_bytes > 0;
}
