/* SPDX-License-Identifier: MIT */
#include "shim/release/abort_request.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "shim/release/guard.h"
#include "shim/release/decide.h"
#include "shim/holder/by_cookie.h"
#include "shim/holder/by_descriptor.h"
#include "shim/socket/mark.h"
#include "shim/base/sys.h"

static void read_option(int fd, int level, int name, void *value, uint32_t size, bool *known)
{
    *known = lg_sys_getsockopt(fd, level, name, value, &size) == 0;
}

void lg_request_begin(struct lg_request *request, int fd, int level)
{
    request->fd = fd;
    request->level = level;
    request->known = false;
    if (!lg_ready() || !lg_process.needs.reject_linger)
        return;
    if (level == SOL_SOCKET)
        read_option(fd, SOL_SOCKET, SO_LINGER, &request->linger_before, sizeof request->linger_before, &request->known);
    else
        read_option(fd, IPPROTO_TCP, TCP_LINGER2, &request->linger2_before, sizeof request->linger2_before,
                    &request->known);
}

static bool asks_for_abort(const struct lg_request *request, const void *value)
{
    struct linger linger;
    int seconds;

    if (request->level == SOL_SOCKET) {
        memcpy(&linger, value, sizeof linger);
        return lg_linger_aborts(&linger);
    }
    memcpy(&seconds, value, sizeof seconds);
    return seconds < 0;
}

/* The program turned linger off, and a mark would still tell of the abort that it withdrew. */
static void forget_mark(const struct lg_request *request)
{
    struct linger now;

    if (request->level == SOL_SOCKET && lg_guard_inspects() && lg_facts_linger(request->fd, &now) == 0 &&
        lg_mark_read(&now) != LG_MARK_NONE)
        lg_mark_remove(request->fd);
}

static void set_linger2(int fd, int seconds)
{
    lg_sys_setsockopt(fd, IPPROTO_TCP, TCP_LINGER2, &seconds, sizeof seconds);
}

/* Takes the abort back and leaves the mark, so that the close decides again with every fact. */
static void disarm(const struct lg_request *request)
{
    struct linger now;

    if (request->level == SOL_SOCKET) {
        lg_mark_leave(request->fd, LG_MARK_LINGER_ZERO);
        return;
    }
    set_linger2(request->fd, 0); /* the system's default, tcp_fin_timeout */
    if (lg_facts_linger(request->fd, &now) == 0 && !now.l_onoff && lg_mark_read(&now) == LG_MARK_NONE)
        lg_mark_leave(request->fd, LG_MARK_LINGER2);
}

static void restore(const struct lg_request *request)
{
    struct linger before = request->linger_before;
    struct linger off = {0, 0};

    if (request->level != SOL_SOCKET) {
        set_linger2(request->fd, request->linger2_before);
        return;
    }
    if (!before.l_onoff && before.l_linger != 0) { /* its time too, which may be the mark of an earlier request */
        before.l_onoff = 1;
        lg_sys_setsockopt(request->fd, SOL_SOCKET, SO_LINGER, &before, sizeof before);
    }
    lg_sys_setsockopt(request->fd, SOL_SOCKET, SO_LINGER, request->linger_before.l_onoff ? &before : &off,
                      sizeof before);
}

static enum lg_outcome carry_out(const struct lg_request *request, const struct lg_decision *decision)
{
    switch (decision->verdict.kind) {
    case LG_VERDICT_ALLOW:
    case LG_VERDICT_OBSERVE:
        return LG_OUTCOME_ALLOWED;
    case LG_VERDICT_REJECT:
        if (request->known) {
            restore(request);
            return LG_OUTCOME_REJECTED;
        }
        break; /* cannot be: the socket was there a moment ago; but never leave it armed */
    case LG_VERDICT_ORDERLY:
    case LG_VERDICT_LINGER:
    case LG_VERDICT_DRAIN:
    case LG_VERDICT_COUNT:
        break;
    }
    disarm(request);
    return decision->verdict.kind == LG_VERDICT_REJECT ? LG_OUTCOME_REJECTED : LG_OUTCOME_DISARMED;
}

static void write_record(struct lg_socket *socket, const struct lg_decision *decision, enum lg_outcome outcome,
                         enum lg_call call, uintptr_t caller)
{
    struct lg_record record = {
        .call = call,
        .cause = LG_CAUSE_LINGER_ZERO,
        .outcome = outcome,
        .decision = *decision,
        .socket = socket,
        .caller = caller,
        .error = outcome == LG_OUTCOME_REJECTED ? decision->verdict.reject_errno : 0,
    };

    lg_facts_complete(socket);
    lg_record_write(&record);
}

int lg_request_finish(struct lg_request *request, const void *value, enum lg_call call, uintptr_t caller)
{
    struct lg_decision decision;
    struct lg_socket socket;
    enum lg_outcome outcome;

    if (!asks_for_abort(request, value)) {
        forget_mark(request);
        return 0;
    }
    lg_guard_abort_asked();
    if (!lg_ready() || !(lg_process.needs.causes & 1u << LG_CAUSE_LINGER_ZERO))
        return 0;
    lg_facts_init(&socket, request->fd);
    if (!lg_facts_state(&socket))
        return 0; /* not TCP: the option is without effect there */
    decision = lg_judge(LG_CAUSE_LINGER_ZERO, &socket);
    outcome = carry_out(request, &decision);
    if (lg_known_tracking() && outcome == LG_OUTCOME_DISARMED && lg_made_here(request->fd)) {
        lg_facts_identity(&socket);
        lg_known_claimed(socket.cookie);
    }
    if (lg_record_wanted(&decision))
        write_record(&socket, &decision, outcome, call, caller);
    return outcome == LG_OUTCOME_REJECTED ? decision.verdict.reject_errno : 0;
}
