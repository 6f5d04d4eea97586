/* SPDX-License-Identifier: MIT */
#include "shim/release/abort_request.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "shim/base/gate.h"
#include "shim/base/sys.h"
#include "shim/holder/holder.h"
#include "shim/record/record.h"
#include "shim/release/in_force.h"
#include "shim/socket/mark.h"

static bool read_option(int fd, int level, int name, void *value, uint32_t size)
{
    return lg_sys_getsockopt(fd, level, name, value, &size) == 0;
}

void lg_abort_request_look(struct lg_abort_request *request)
{
    int fd = request->event.socket.fd;

    request->knows_before =
        request->level == SOL_SOCKET
            ? read_option(fd, SOL_SOCKET, SO_LINGER, &request->linger_before, sizeof request->linger_before)
            : read_option(fd, IPPROTO_TCP, TCP_LINGER2, &request->linger2_before, sizeof request->linger2_before);
}

/* The program turned linger off, and a mark would still tell of the abort that it withdrew. */
void lg_abort_request_withdrawn(int fd, int level)
{
    struct linger now;

    if (level == SOL_SOCKET && lg_facts_linger(fd, &now) == 0 && lg_mark_read(&now) != LG_MARK_NONE)
        lg_mark_remove(fd);
}

static void set_linger2(int fd, int seconds)
{
    lg_sys_setsockopt(fd, IPPROTO_TCP, TCP_LINGER2, &seconds, sizeof seconds);
}

/* Takes the abort back and leaves the mark, so that the close decides again with every fact. */
static void disarm(const struct lg_abort_request *request)
{
    int fd = request->event.socket.fd;
    struct linger now;

    if (request->level == SOL_SOCKET) {
        if (lg_mark_leave(fd, LG_MARK_LINGER_ZERO) == 0)
            lg_holder_marked(fd);
        return;
    }
    set_linger2(fd, 0); /* the system's default, tcp_fin_timeout */
    if (lg_facts_linger(fd, &now) == 0 && !now.l_onoff && lg_mark_read(&now) == LG_MARK_NONE)
        lg_mark_leave(fd, LG_MARK_LINGER2);
}

/* What it was is not known where the policy came into force with this very request: then as a socket is made. */
static void restore(const struct lg_abort_request *request)
{
    int fd = request->event.socket.fd;
    struct linger before = request->linger_before;
    struct linger off = {0, 0};

    if (request->level != SOL_SOCKET) {
        set_linger2(fd, request->linger2_before);
        return;
    }
    if (!before.l_onoff && before.l_linger != 0) { /* its time too, which may be the mark of an earlier request */
        before.l_onoff = 1;
        lg_sys_setsockopt(fd, SOL_SOCKET, SO_LINGER, &before, sizeof before);
    }
    lg_sys_setsockopt(fd, SOL_SOCKET, SO_LINGER, request->linger_before.l_onoff ? &before : &off, sizeof before);
}

static enum lg_outcome carry_out(const struct lg_abort_request *request)
{
    enum lg_verdict_kind kind = request->event.decision.verdict.kind;

    if (request->event.decision.undecided) {
        disarm(request);
        return LG_OUTCOME_UNDECIDED;
    }
    if (kind == LG_VERDICT_ALLOW || kind == LG_VERDICT_OBSERVE)
        return LG_OUTCOME_ALLOWED;
    if (kind != LG_VERDICT_REJECT) {
        disarm(request);
        return LG_OUTCOME_DISARMED;
    }
    restore(request);
    return LG_OUTCOME_REJECTED;
}

static void record(struct lg_event *event)
{
    if (!lg_record_wanted(&event->decision)) {
        lg_record_dropped_before();
        return;
    }
    lg_facts_ask_for_record(&event->socket);
    lg_record_write(event);
    lg_holder_recorded(event->socket.fd);
}

/* Where nobody knows, the mark does no harm either. */
static bool may_be_tcp(struct lg_socket *socket)
{
    if (lg_holder_is_tcp(socket->fd) || lg_gate_is_sandboxed())
        return true;
    lg_facts_ask(socket, LG_FACT_STATE);
    return socket->is_tcp;
}

int lg_abort_request_treat(struct lg_abort_request *request)
{
    struct lg_event *event = &request->event;

    *event = (struct lg_event){
        .call = event->call, .caller = event->caller, .cause = LG_CAUSE_LINGER_ZERO, .socket.fd = event->socket.fd};
    lg_in_force_abort_asked();
    event->in_force = lg_in_force_now();
    if (!lg_in_force_treats(event->in_force, LG_CAUSE_LINGER_ZERO))
        return 0;
    if (!request->knows_before) {
        request->linger_before = (struct linger){0, 0};
        request->linger2_before = 0;
    }
    if (!may_be_tcp(&event->socket)) /* the option is without effect there */
        return 0;
    lg_in_force_decide_request(event);
    event->outcome = carry_out(request);
    event->error = event->outcome == LG_OUTCOME_REJECTED ? event->decision.verdict.reject_errno : 0;
    record(event);
    return event->error;
}
