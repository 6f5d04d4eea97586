/* SPDX-License-Identifier: MIT */
#include "shim/record/words.h"

const char *lg_call_name(enum lg_call call)
{
    static const char *const names[LG_CALL_COUNT] = {
        "setsockopt", "close",   "dup2",    "dup3",    "close_range", "closefrom",
        "fclose",     "freopen", "syscall", "connect", "shutdown",    "exit",
    };

    return (unsigned)call < LG_CALL_COUNT ? names[call] : "?";
}

const char *lg_outcome_name(enum lg_outcome outcome)
{
    static const char *const names[LG_OUTCOME_COUNT] = {
        [LG_OUTCOME_ABORTED] = "aborted",   [LG_OUTCOME_REJECTED] = "rejected",
        [LG_OUTCOME_DISARMED] = "disarmed", [LG_OUTCOME_UNDECIDED] = "undecided",
        [LG_OUTCOME_ALLOWED] = "allowed",   [LG_OUTCOME_ORDERLY] = "orderly",
        [LG_OUTCOME_LINGERED] = "lingered", [LG_OUTCOME_DRAINED] = "drained",
        [LG_OUTCOME_MUTED] = "muted",       [LG_OUTCOME_HANDED] = "handed",
        [LG_OUTCOME_DEADLINE] = "deadline", [LG_OUTCOME_PEER_RESET] = "peer-reset",
        [LG_OUTCOME_REARMED] = "rearmed",
    };

    return (unsigned)outcome < LG_OUTCOME_COUNT ? names[outcome] : "?";
}
