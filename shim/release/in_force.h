/* SPDX-License-Identifier: MIT */
/*
 * The policy in force in this process, and what follows from it: whether closes are inspected and
 * evidence about sockets is gathered.
 *
 * Policy, needs and what is known of the process are one block. Another one takes its place as a whole
 * (shim/start/reload.h), and the old one stays where it is: whoever has begun under it ends under it.
 * So an event asks once, by lg_in_force_now, and keeps the answer. Read without a lock.
 * Async-signal-safe, thread-safe, fork-safe.
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

/* NULL before the constructor has run, with LINGERGUARD_OFF, and while the library stands aside: nothing applies then.
 */
const struct lg_in_force *lg_in_force(void);

/*
 * The same at a request for an abort and at a close that is inspected: once a second somebody looks
 * first whether there is another one (lg_in_force_watch).
 */
const struct lg_in_force *lg_in_force_now(void);

/* True when some rule may give this cause a verdict other than `allow`. False for NULL. */
bool lg_in_force_treats(const struct lg_in_force *in_force, enum lg_cause cause);

/* The same for one of the causes that a close has whether an abort was asked for or not. */
bool lg_in_force_treats_any_close(const struct lg_in_force *in_force);

/*
 * `in_force` applies from now on. It stays where it is and does not change. Where it needs evidence that
 * was not gathered before, what was gathered does not count.
 */
void lg_in_force_start(const struct lg_in_force *in_force);

/* Nothing applies, or again what was started. Closes are inspected as before, which is when it is seen that this ends.
 */
void lg_in_force_stand_aside(bool aside);

/*
 * `look` is called at most once a second, never in a sandboxed process. It returns in how many
 * milliseconds it wants to be called again, at the earliest.
 */
typedef unsigned lg_look_fn(void);
void lg_in_force_watch(lg_look_fn *look);

/* The program asked for an abort: from now on (`inspect never` apart) every close is inspected. May come before the
 * constructor. */
void lg_in_force_abort_asked(void);

/*
 * Decides event->cause for event->socket, which ends now: asks the kernel for those facts that some rule
 * of event->in_force asks for, and fills role, policy and decision.
 */
void lg_in_force_decide(struct lg_event *event);

/* The same for a request: what the policy asks for may become known until the close, which then decides. */
void lg_in_force_decide_request(struct lg_event *event);

#endif
