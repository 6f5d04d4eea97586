/* SPDX-License-Identifier: MIT */
/* What each verdict means for each cause, in plain words; the contract is in lingerguard.policy(5). */
#include "policy/print.h"
#include "policy/put.h"
#include "shim/command/policy/explain.h"

static void put_duration(uint32_t duration_ms, const struct lg_out *out)
{
    lg_duration_print(duration_ms, out->put, out->context);
}

static void put_as_asked(enum lg_cause cause, const struct lg_out *out)
{
    switch (cause) {
    case LG_CAUSE_LINGER_ZERO:
        lg_put_word(out,
                    "The abort happens as the program asked: the peer gets a RST and what is not yet sent is lost.");
        break;
    case LG_CAUSE_UNREAD:
        lg_put_word(out, "The close happens as the program asked: the kernel answers the unread input with a RST.");
        break;
    case LG_CAUSE_LATE:
        lg_put_word(out,
                    "The close happens as the program asked: the kernel answers what the peer still sends with a RST.");
        break;
    case LG_CAUSE_DISCONNECT:
        lg_put_word(out, "The connect() disconnects as the program asked: the peer gets a RST.");
        break;
    case LG_CAUSE_BACKLOG:
        lg_put_word(
            out, "The listening socket closes as the program asked: each connection that was not accepted is reset.");
        break;
    case LG_CAUSE_COUNT:
        break;
    }
}

static void put_reject(enum lg_cause cause, int number, const struct lg_out *out)
{
    lg_put_word(out, cause == LG_CAUSE_DISCONNECT ? "The connect() fails with "
                                                  : "The setsockopt() that asks for it fails with ");
    lg_put_word(out, lg_errno_name(number) ? lg_errno_name(number) : "errno ");
    if (!lg_errno_name(number))
        lg_put_number(out, (uint32_t)number);
    lg_put_word(out, " and nothing changes on the socket.");
    if (cause == LG_CAUSE_LINGER_ZERO)
        lg_put_word(out, " A close cannot be refused: one that finds the request on the socket is orderly.");
}

static void put_orderly(enum lg_cause cause, uint32_t duration_ms, const struct lg_out *out)
{
    if (cause == LG_CAUSE_UNREAD)
        lg_put_word(
            out, "The unread input is discarded where this process is the sole holder of the socket, so that the close "
                 "sends a FIN and no RST.");
    else
        lg_put_word(out, "The close returns at once, and the kernel delivers the queued data and then a FIN.");
    if (duration_ms > 0) {
        lg_put_word(out, " A peer that makes no progress for ");
        put_duration(duration_ms, out);
        lg_put_word(out, ", counted from its last progress, is given up.");
    }
}

static void put_linger(uint32_t duration_ms, const struct lg_out *out)
{
    lg_put_word(out, "The close waits, at most ");
    put_duration(duration_ms, out);
    lg_put_word(out,
                " rounded up to a second, until the peer has acknowledged everything. On an O_NONBLOCK descriptor, "
                "where this process may not be the sole holder of the socket, or when it has waited for a tenth of "
                "its time, it acts as orderly within ");
    put_duration(duration_ms, out);
    lg_put_word(out, ".");
}

static void put_drain(const struct lg_verdict *verdict, const struct lg_out *out)
{
    lg_put_word(
        out,
        "The close sends a FIN after all data; what the peer still sends is discarded until its FIN, for at most ");
    put_duration(verdict->duration_ms, out);
    if (verdict->idle_ms > 0) {
        lg_put_word(out, ", or ");
        put_duration(verdict->idle_ms, out);
        lg_put_word(out, " without a byte");
    }
    lg_put_word(out,
                ". That is done by the drainer, where there is one, else within the close, which waits for a tenth of "
                "the process's time at most; on an O_NONBLOCK descriptor the close returns at once. Where this "
                "process may not be the sole holder of the socket it acts as orderly.");
}

void lg_decision_meaning(enum lg_cause cause, const struct lg_verdict *verdict, const struct lg_out *out)
{
    switch (verdict->kind) {
    case LG_VERDICT_ALLOW:
    case LG_VERDICT_OBSERVE:
        put_as_asked(cause, out);
        break;
    case LG_VERDICT_REJECT:
        put_reject(cause, verdict->reject_errno, out);
        break;
    case LG_VERDICT_ORDERLY:
        put_orderly(cause, verdict->duration_ms, out);
        break;
    case LG_VERDICT_LINGER:
        put_linger(verdict->duration_ms, out);
        break;
    case LG_VERDICT_DRAIN:
        put_drain(verdict, out);
        break;
    case LG_VERDICT_COUNT:
        break;
    }
}
