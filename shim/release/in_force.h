/* SPDX-License-Identifier: MIT */
/*
 * The policy in force in this process, and what follows from it: whether closes are inspected and
 * evidence about sockets is gathered.
 *
 * Written by the constructor; read without a lock ever after. Async-signal-safe, thread-safe,
 * fork-safe.
 */
#ifndef LG_IN_FORCE_H
#define LG_IN_FORCE_H

#include <stdbool.h>

#include "policy/decide.h"
#include "shim/record/event.h"

struct lg_in_force {
    const struct lg_policy *policy;
    struct lg_needs needs;
    struct lg_process_facts process;
};

/* NULL before the constructor has run and with LINGERGUARD_OFF: nothing applies then. */
const struct lg_in_force *lg_in_force(void);

/* True when some rule may give this cause a verdict other than `allow`. */
bool lg_in_force_treats(enum lg_cause cause);

/* The same for one of the causes that a close has whether an abort was asked for or not. */
bool lg_in_force_treats_any_close(void);

/* The constructor: `in_force` applies from now on. It stays where it is and does not change. */
void lg_in_force_start(const struct lg_in_force *in_force);

/* The program asked for an abort: from now on (`inspect never` apart) every close is inspected. May come before the
 * constructor. */
void lg_in_force_abort_asked(void);

/*
 * Decides event->cause for event->socket, which ends now: asks the kernel for those facts that some rule
 * of the policy asks for, and fills role, policy and decision. The policy must be in force.
 */
void lg_in_force_decide(struct lg_event *event);

/* The same for a request: what the policy asks for may become known until the close, which then decides. */
void lg_in_force_decide_request(struct lg_event *event);

#endif
