/* SPDX-License-Identifier: MIT */
/*
 * What is written down about one decision: one line, one write, at most PIPE_BUF bytes.
 *
 * A record is written in two steps, so that a record that the limit drops costs nothing more:
 * lg_record_wanted takes a place within the limit (or counts the record as suppressed), then the
 * caller gathers facts and hands them to lg_record_write.
 *
 * Recording never blocks, never raises a signal, never changes errno, and never writes into a
 * descriptor that is not the log. Async-signal-safe, thread-safe, fork-safe.
 */
#ifndef LG_RECORD_H
#define LG_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/decide.h"
#include "shim/socket/facts.h"

/* Below PIPE_BUF (4096), so that a pipe takes it whole; on the stack, which may be a signal's of 8 KiB, so no longer.
 */
#define LG_RECORD_BYTES_MAX 2560u

/* The call by which a connection ended, or was to end. */
enum lg_call {
    LG_CALL_SETSOCKOPT = 0,
    LG_CALL_CLOSE,
    LG_CALL_DUP2,
    LG_CALL_DUP3,
    LG_CALL_CLOSE_RANGE,
    LG_CALL_CLOSEFROM,
    LG_CALL_FCLOSE,
    LG_CALL_FREOPEN,
    LG_CALL_SYSCALL,
    LG_CALL_CONNECT,
    LG_CALL_SHUTDOWN,
    LG_CALL_COUNT /* always last */
};

enum lg_outcome {
    LG_OUTCOME_ABORTED = 0, /* RST went out, or goes out with this close */
    LG_OUTCOME_REJECTED,    /* the call failed by policy, nothing changed */
    LG_OUTCOME_DISARMED,    /* the option was turned into an orderly release */
    LG_OUTCOME_ORDERLY,     /* closed; the kernel delivers the rest and FIN */
    LG_OUTCOME_LINGERED,    /* the close waited, and within its time */
    LG_OUTCOME_DRAINED,     /* half-closed and read until the peer's FIN */
    LG_OUTCOME_DEADLINE,    /* linger or drain ended by its time, or by its number of bytes */
    LG_OUTCOME_PEER_RESET,  /* the peer sent RST during the drain */
    LG_OUTCOME_ALLOWED,     /* observed: the program may abort later */
    LG_OUTCOME_COUNT        /* always last */
};

struct lg_record {
    enum lg_call call;
    enum lg_cause cause;
    enum lg_outcome outcome;
    struct lg_decision decision;
    const struct lg_socket *socket;
    uintptr_t caller; /* return address of the call; 0 when not known */
    int error;        /* errno that the call returns, 0 when it did not fail */
    bool waited;      /* elapsed_ms is to be told */
    uint32_t elapsed_ms;
    bool drained; /* drained_bytes is to be told */
    uint64_t drained_bytes;
};

/* False when the decision can have no record, whatever the limit says. */
bool lg_record_possible(const struct lg_decision *decision);

/* True when a record for this decision is to be written; then lg_record_write must follow. */
bool lg_record_wanted(const struct lg_decision *decision);

void lg_record_write(const struct lg_record *record);

/* Gives a place within the limit back: there was nothing to record after all. */
void lg_record_withdraw(void);

/* One line about a setting or a policy that cannot be used; `parts` are put together. */
void lg_record_problem(const struct lg_text *parts, unsigned count);

/* The child of a fork starts without the counts of its parent, who reports them. */
void lg_record_forked(void);

/* The constructor: the settings that are in force. */
void lg_record_start(const struct lg_settings *settings, struct lg_text exe);

#endif
