/* SPDX-License-Identifier: MIT */
/* What each verdict means for each cause, in plain words; the contract is in lingerguard.policy(5). */
#include "policy/print.h"
#include "shim/command/common/output.h"
#include "shim/command/policy/explain.h"

static void put_errno(int number, FILE *file)
{
    const char *name = lg_errno_name(number);

    if (name)
        fputs(name, file);
    else
        fprintf(file, "errno %d", number);
}

static void put_duration(uint32_t duration_ms, FILE *file)
{
    lg_duration_print(duration_ms, lg_put_file, file);
}

static void put_as_asked(enum lg_cause cause, FILE *file)
{
    switch (cause) {
    case LG_CAUSE_LINGER_ZERO:
        fputs("The abort happens as the program asked: the peer gets a RST and what is not yet sent is lost.", file);
        break;
    case LG_CAUSE_UNREAD:
        fputs("The close happens as the program asked: the kernel answers the unread input with a RST.", file);
        break;
    case LG_CAUSE_LATE:
        fputs("The close happens as the program asked: the kernel answers what the peer still sends with a RST.", file);
        break;
    case LG_CAUSE_DISCONNECT:
        fputs("The connect() disconnects as the program asked: the peer gets a RST.", file);
        break;
    case LG_CAUSE_BACKLOG:
        fputs("The listening socket closes as the program asked: each connection that was not accepted is reset.",
              file);
        break;
    case LG_CAUSE_COUNT:
        break;
    }
}

static void put_reject(enum lg_cause cause, int number, FILE *file)
{
    fputs(cause == LG_CAUSE_DISCONNECT ? "The connect() fails with " : "The setsockopt() that asks for it fails with ",
          file);
    put_errno(number, file);
    fputs(" and nothing changes on the socket.", file);
    if (cause == LG_CAUSE_LINGER_ZERO)
        fputs(" A close cannot be refused: one that finds the request on the socket is orderly.", file);
}

static void put_orderly(enum lg_cause cause, uint32_t duration_ms, FILE *file)
{
    if (cause == LG_CAUSE_UNREAD)
        fputs("The unread input is discarded where this process is the sole holder of the socket, so that the close "
              "sends a FIN and no RST.",
              file);
    else
        fputs("The close returns at once, and the kernel delivers the queued data and then a FIN.", file);
    if (duration_ms > 0) {
        fputs(" A peer that makes no progress for ", file);
        put_duration(duration_ms, file);
        fputs(", counted from its last progress, is given up.", file);
    }
}

static void put_linger(uint32_t duration_ms, FILE *file)
{
    fputs("The close waits, at most ", file);
    put_duration(duration_ms, file);
    fputs(" rounded up to a second, until the peer has acknowledged everything; on an O_NONBLOCK descriptor it acts "
          "as orderly within ",
          file);
    put_duration(duration_ms, file);
    fputs(".", file);
}

static void put_drain(uint32_t duration_ms, FILE *file)
{
    fputs("The close sends a FIN, then reads and discards until the peer's FIN, at most ", file);
    put_duration(duration_ms, file);
    fputs(" in all; where this process may not be the sole holder of the socket it acts as linger ", file);
    put_duration(duration_ms, file);
    fputs(".", file);
}

void lg_decision_meaning(const struct lg_facts *facts, const struct lg_decision *decision, FILE *file)
{
    const struct lg_verdict *verdict = &decision->verdict;

    switch (verdict->kind) {
    case LG_VERDICT_ALLOW:
    case LG_VERDICT_OBSERVE:
        put_as_asked(facts->cause, file);
        break;
    case LG_VERDICT_REJECT:
        put_reject(facts->cause, verdict->reject_errno, file);
        break;
    case LG_VERDICT_ORDERLY:
        put_orderly(facts->cause, verdict->duration_ms, file);
        break;
    case LG_VERDICT_LINGER:
        put_linger(verdict->duration_ms, file);
        break;
    case LG_VERDICT_DRAIN:
        put_drain(verdict->duration_ms, file);
        break;
    case LG_VERDICT_COUNT:
        break;
    }
}
