/* SPDX-License-Identifier: MIT */
#include "shim/release/graceful.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>

#include "shim/base/sys.h"
#include "shim/holder/holder.h"
#include "shim/holder/pending_close.h"
#include "shim/release/waiting.h"
#include "shim/socket/drain.h"

#define LEAVE_FIRST_MS 5
#define LEAVE_ROOM_MS  20
#define QUANTUM_MS     100u /* taken out of the budget at first, and twice as much each further time */

/* A drain under way. */
struct wait {
    const struct lg_graceful *drain;
    int fd;
    uint64_t cookie;
    uint64_t start_ms;
    uint64_t last_input_ms;
    uint32_t taken_ms; /* out of the budget */
    uint32_t quantum_ms;
    bool is_half_closed;
    bool is_only_reader; /* no other thread takes what comes */
};

/* Charges what was waited so far, and takes a further part of the budget. Returns how long to wait now, 0 for no more.
 */
static uint32_t next_part(struct wait *wait, uint64_t now_ms)
{
    const struct lg_graceful *drain = wait->drain;
    uint64_t end_ms = wait->start_ms + drain->limit_ms;
    uint64_t granted_ms = wait->start_ms + wait->taken_ms;

    if (drain->idle_ms > 0 && wait->last_input_ms + drain->idle_ms < end_ms)
        end_ms = wait->last_input_ms + drain->idle_ms;
    if (now_ms >= end_ms)
        return 0;
    if (now_ms >= granted_ms) {
        uint64_t wanted_ms = now_ms - granted_ms + wait->quantum_ms;

        wait->taken_ms += lg_waiting_take((uint32_t)wanted_ms, drain->limit_ms);
        wait->quantum_ms *= 2;
        granted_ms = wait->start_ms + wait->taken_ms;
    }
    if (now_ms >= granted_ms)
        return 0;
    return (uint32_t)((granted_ms < end_ms ? granted_ms : end_ms) - now_ms);
}

static void half_close(struct wait *wait)
{
    lg_drain_half_close(wait->fd);
    wait->is_half_closed = true;
}

/* Room to write came: a writer that was blocked takes it first, or there is none. */
static void half_close_later(struct wait *wait)
{
    lg_sys_poll(-1, 0, LEAVE_ROOM_MS);
    if (lg_sys_poll(wait->fd, POLLOUT, 0) & POLLOUT)
        half_close(wait);
}

/*
 * Leaves what has just come, be it with the peer's FIN, to another thread that may be blocked in a read. True when that
 * took it, and may read on.
 */
static bool is_taken_by_other(struct wait *wait)
{
    if (wait->is_only_reader || lg_facts_readable_bytes(wait->fd) <= 0)
        return false;
    lg_sys_poll(-1, 0, LEAVE_FIRST_MS);
    wait->is_only_reader = lg_facts_readable_bytes(wait->fd) != 0;
    return !wait->is_only_reader && !(lg_sys_poll(wait->fd, POLLIN | POLLRDHUP, 0) & POLLRDHUP);
}

/* A read that says 0 may also be the program's own SHUT_RD. */
static enum lg_graceful_end end_of_input(int fd)
{
    struct lg_socket now;

    lg_facts_init(&now, fd);
    lg_facts_ask(&now, LG_FACT_STATE);
    return lg_facts_has_fin(&now) || lg_facts_is_mptcp(fd) ? LG_GRACEFUL_FIN : LG_GRACEFUL_INTERRUPTED;
}

/* What a read tells; LG_GRACEFUL_NO_WAIT: go on. */
static enum lg_graceful_end end_by_read(struct wait *wait, long got)
{
    if (got == 0)
        return end_of_input(wait->fd);
    if (got < 0)
        return got == -EAGAIN ? LG_GRACEFUL_NO_WAIT : LG_GRACEFUL_RESET;
    return *wait->drain->drained_bytes >= LG_GRACEFUL_BYTES_MAX ? LG_GRACEFUL_DEADLINE : LG_GRACEFUL_NO_WAIT;
}

static enum lg_graceful_end take_input(struct wait *wait, int ready)
{
    long got;

    if (ready & POLLOUT)
        half_close_later(wait);
    if (!(ready & ~POLLOUT))
        return LG_GRACEFUL_NO_WAIT;
    if (is_taken_by_other(wait))
        return LG_GRACEFUL_OTHER_READER;
    got = lg_drain_read(wait->fd);
    if (got > 0)
        *wait->drain->drained_bytes += (uint64_t)got;
    wait->last_input_ms = lg_sys_now_ms();
    return end_by_read(wait, got);
}

static enum lg_graceful_end wait_for_fin(struct wait *wait)
{
    enum lg_graceful_end end = LG_GRACEFUL_NO_WAIT;

    while (end == LG_GRACEFUL_NO_WAIT) {
        uint32_t part_ms = next_part(wait, lg_sys_now_ms());
        int ready;

        if (part_ms == 0)
            return wait->is_only_reader ? LG_GRACEFUL_DEADLINE : LG_GRACEFUL_SILENT;
        ready = lg_sys_poll(wait->fd, (short)(POLLIN | POLLRDHUP | (wait->is_half_closed ? 0 : POLLOUT)), (int)part_ms);
        if (ready < 0)
            return LG_GRACEFUL_INTERRUPTED;
        if (lg_facts_cookie(wait->fd) != wait->cookie) /* after a silence too: poll(2) looks the number up again */
            return LG_GRACEFUL_GONE;
        if (ready > 0)
            end = take_input(wait, ready);
    }
    return end;
}

static enum lg_graceful_end discard_and_wait(struct wait *wait)
{
    const struct lg_socket *socket = wait->drain->socket;
    long got = lg_drain_discard(wait->fd, socket->ready & POLLPRI, wait->drain->drained_bytes);
    enum lg_graceful_end end = end_by_read(wait, got);

    if (socket->ready & POLLOUT || lg_sys_is_single_threaded())
        half_close(wait);
    return end == LG_GRACEFUL_NO_WAIT ? wait_for_fin(wait) : end;
}

static void give_rest_back(const struct wait *wait)
{
    uint64_t waited_ms = lg_sys_now_ms() - wait->start_ms;

    if (waited_ms < wait->taken_ms)
        lg_waiting_give_back((uint32_t)(wait->taken_ms - waited_ms));
}

static enum lg_graceful_end drain_pending(struct wait *wait)
{
    enum lg_graceful_end end;

    if (!lg_holder_forget(wait->fd))
        return LG_GRACEFUL_BUSY;
    end = discard_and_wait(wait);
    return lg_facts_cookie(wait->fd) == wait->cookie ? end : LG_GRACEFUL_GONE;
}

enum lg_graceful_end lg_graceful_drain(const struct lg_graceful *drain)
{
    enum lg_graceful_end end = LG_GRACEFUL_NO_WAIT;
    struct wait wait = {
        .drain = drain,
        .fd = drain->socket->fd,
        .cookie = lg_facts_cookie(drain->socket->fd),
        .start_ms = lg_sys_now_ms(),
        .quantum_ms = QUANTUM_MS,
        .is_only_reader = lg_sys_is_single_threaded(),
    };

    wait.last_input_ms = wait.start_ms;
    if (next_part(&wait, wait.start_ms) == 0)
        return LG_GRACEFUL_NO_WAIT;
    /* What is executed meanwhile must not hold the connection open; before it is pending, since a fork then is told. */
    lg_sys_fcntl(wait.fd, F_SETFD, FD_CLOEXEC);
    *drain->pending = lg_pending_close_add(wait.fd, wait.cookie);
    if (*drain->pending >= 0)
        end = drain_pending(&wait);
    give_rest_back(&wait);
    return end;
}
