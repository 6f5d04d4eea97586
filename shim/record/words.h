/* SPDX-License-Identifier: MIT */
/*
 * The words of a record that are not the policy's: by which call, and with which outcome. Pure; the
 * command uses this file too, to read records.
 */
#ifndef LG_RECORD_WORDS_H
#define LG_RECORD_WORDS_H

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
    LG_CALL_EXIT,
    LG_CALL_COUNT /* always last */
};

enum lg_outcome {
    LG_OUTCOME_ABORTED = 0, /* RST went out, or goes out with this close */
    LG_OUTCOME_REJECTED,    /* the call failed by policy, nothing changed */
    LG_OUTCOME_DISARMED,    /* the option was turned into an orderly release */
    LG_OUTCOME_UNDECIDED,   /* the same for now: a rule may still decide otherwise at the close */
    LG_OUTCOME_ALLOWED,     /* observed: the program may abort later */
    LG_OUTCOME_ORDERLY,     /* closed; the kernel delivers the rest and FIN */
    LG_OUTCOME_LINGERED,    /* the close waited until the peer had acknowledged everything */
    LG_OUTCOME_DRAINED,     /* half-closed and read until the peer's FIN */
    LG_OUTCOME_MUTED,       /* closed; what the peer still sends is dropped and not answered by RST */
    LG_OUTCOME_HANDED,      /* the drainer has it, and records how it ended */
    LG_OUTCOME_DEADLINE,    /* linger or drain ended by its time, or by its number of bytes */
    LG_OUTCOME_PEER_RESET,  /* the peer sent RST during the drain */
    LG_OUTCOME_REARMED,     /* RST by a close whose request had been disarmed */
    LG_OUTCOME_COUNT        /* always last */
};

/* As records have them ("peer-reset"), static; "?" for a value outside the enum. */
const char *lg_call_name(enum lg_call call);
const char *lg_outcome_name(enum lg_outcome outcome);

#endif
