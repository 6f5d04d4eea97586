/* SPDX-License-Identifier: MIT */
#include "shim/release/act.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "shim/socket/drain.h"
#include "shim/holder/by_cookie.h"
#include "shim/base/sys.h"
#include "shim/base/threads.h"

static int seconds_up(uint32_t duration_ms)
{
    return (int)((duration_ms + 999) / 1000);
}

static void set_linger(int fd, int seconds)
{
    struct linger linger = {1, seconds};

    lg_sys_setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

static void set_tcp(int fd, int name, int value)
{
    lg_sys_setsockopt(fd, IPPROTO_TCP, name, &value, sizeof value);
}

/* Bounds the orphan: TCP_USER_TIMEOUT as long as something is unacknowledged, TCP_LINGER2 in FIN-WAIT-2. */
static void bound_orphan(int fd, uint32_t duration_ms)
{
    if (duration_ms == 0)
        return;
    set_tcp(fd, TCP_USER_TIMEOUT, (int)duration_ms);
    set_tcp(fd, TCP_LINGER2, seconds_up(duration_ms));
}

static bool is_nonblocking(int fd)
{
    int flags = lg_sys_fcntl(fd, F_GETFL, 0);

    return flags < 0 || flags & O_NONBLOCK; /* in doubt: never wait */
}

/* As far as this process's own doing goes; its other threads are not asked yet. */
static bool is_sole_holder(struct lg_action *action)
{
    lg_facts_identity(action->socket);
    return lg_known_sole(action->socket->cookie);
}

/* Whether there is input that may be discarded, asked in the order of what it costs. */
static bool may_discard(struct lg_action *action)
{
    struct lg_socket *socket = action->socket;

    if (!is_sole_holder(action))
        return false;
    if (lg_threads_single())
        return true;
    if (socket->unread_bytes == LG_BYTES_UNKNOWN)
        lg_facts_queues(socket);
    return socket->unread_bytes != 0 && !lg_threads_use(socket->fd);
}

static void discard(struct lg_action *action)
{
    uint64_t bytes = 0;

    lg_graceful_discard(action->socket->fd, &bytes);
    if (bytes > 0) {
        action->drained = true;
        action->drained_bytes += bytes;
    }
}

/* Input that is left, and that nobody of us may touch, the kernel answers at a last close with RST. */
static void release_orderly(struct lg_action *action, uint32_t within_ms)
{
    bool discards = may_discard(action);

    if (discards)
        discard(action);
    action->outcome = !discards && action->socket->unread_bytes > 0 ? LG_OUTCOME_ABORTED : LG_OUTCOME_ORDERLY;
    /* What another holder goes on with is no orphan, and its peer may pause as long as that holder lets it. */
    if (within_ms > 0 && (is_sole_holder(action) || !lg_known_sharing()))
        bound_orphan(action->socket->fd, within_ms);
}

static void release_lingering(struct lg_action *action)
{
    uint32_t duration_ms = action->verdict.duration_ms;

    if (is_nonblocking(action->socket->fd)) {
        release_orderly(action, duration_ms);
        return;
    }
    release_orderly(action, 0);
    if (action->outcome == LG_OUTCOME_ABORTED)
        return; /* RST at once: a close with unread input does not linger */
    set_linger(action->socket->fd, seconds_up(duration_ms));
    action->linger_ms = (uint32_t)seconds_up(duration_ms) * 1000;
    action->outcome = LG_OUTCOME_LINGERED;
}

static enum lg_outcome outcome_of(enum lg_drain_end end)
{
    switch (end) {
    case LG_DRAIN_FIN:
        return LG_OUTCOME_DRAINED;
    case LG_DRAIN_RESET:
        return LG_OUTCOME_PEER_RESET;
    case LG_DRAIN_DEADLINE:
    case LG_DRAIN_TOO_MUCH:
        return LG_OUTCOME_DEADLINE;
    case LG_DRAIN_EMPTY:
    case LG_DRAIN_INTERRUPTED:
        break;
    }
    return LG_OUTCOME_ORDERLY;
}

/*
 * An event loop must not wait: what is here is discarded once FIN is out, and what comes after the
 * close is answered with RST.
 */
static enum lg_outcome drain_at_once(struct lg_action *action)
{
    enum lg_drain_end end;

    lg_graceful_half_close(action->socket->fd);
    end = lg_graceful_discard(action->socket->fd, &action->drained_bytes);
    bound_orphan(action->socket->fd, action->verdict.duration_ms);
    return end == LG_DRAIN_FIN ? LG_OUTCOME_DRAINED : LG_OUTCOME_ORDERLY;
}

/* What is left at the deadline. The record keeps the state of the call, but SIOCOUTQ counts the FIN since then. */
static void look_again(struct lg_socket *socket)
{
    enum lg_tcp_state at_call = socket->state;

    lg_facts_state(socket);
    lg_facts_queues(socket);
    socket->state = at_call;
}

static void release_drained(struct lg_action *action)
{
    int fd = action->socket->fd;

    if (!is_sole_holder(action) || lg_threads_use(fd)) {
        release_lingering(action);
        return;
    }
    action->drained = true;
    if (is_nonblocking(fd))
        action->outcome = drain_at_once(action);
    else
        action->outcome = outcome_of(lg_graceful_drain(fd, action->verdict.duration_ms, &action->drained_bytes));
    if (action->outcome == LG_OUTCOME_DEADLINE)
        look_again(action->socket);
    lg_known_forget(action->socket->cookie);
}

void lg_act_abort(struct lg_action *action)
{
    if (action->mark == LG_MARK_LINGER_ZERO)
        set_linger(action->socket->fd, 0);
    else if (action->mark == LG_MARK_LINGER2)
        set_tcp(action->socket->fd, TCP_LINGER2, -1);
    action->outcome = LG_OUTCOME_ABORTED;
}

void lg_act_release(struct lg_action *action)
{
    if (action->armed)
        lg_mark_leave(action->socket->fd, LG_MARK_LINGER_ZERO);
    switch (action->verdict.kind) {
    case LG_VERDICT_DRAIN:
        release_drained(action);
        return;
    case LG_VERDICT_LINGER:
        release_lingering(action);
        return;
    case LG_VERDICT_ORDERLY:
        release_orderly(action, action->verdict.duration_ms);
        return;
    case LG_VERDICT_REJECT: /* a close cannot be refused */
    case LG_VERDICT_ALLOW:
    case LG_VERDICT_OBSERVE:
    case LG_VERDICT_COUNT:
        break;
    }
    release_orderly(action, 0);
}
