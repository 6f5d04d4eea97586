/* SPDX-License-Identifier: MIT */
/*
 * One event that a record tells of: which call, on which socket, what was decided and what became of
 * it. It is filled on the way from the call to the record, and belongs to whoever makes that way.
 */
#ifndef LG_EVENT_H
#define LG_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/decide.h"
#include "shim/record/words.h"
#include "shim/socket/facts.h"

struct lg_in_force; /* shim/release/in_force.h */

struct lg_event {
    enum lg_call call;
    uintptr_t caller; /* return address of the call; 0 when not known */
    struct lg_socket socket;
    enum lg_role role; /* as far as this process saw it */
    enum lg_cause cause;
    const struct lg_in_force *in_force; /* when it began; NULL: nothing */
    const struct lg_policy *policy;     /* that decided */
    struct lg_decision decision;
    enum lg_outcome outcome;
    int error;    /* errno that the call returns, 0 when it did not fail */
    bool waited;  /* elapsed_ms is to be told */
    bool drained; /* drained_bytes is to be told */
    uint32_t elapsed_ms;
    uint64_t drained_bytes;
};

#endif
