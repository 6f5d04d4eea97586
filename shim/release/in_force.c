/* SPDX-License-Identifier: MIT */
#include "shim/release/in_force.h"

#include "shim/base/gate.h"
#include "shim/base/sys.h"
#include "shim/holder/holder.h"

/* The causes that a close has whether an abort was asked for or not. */
#define AT_ANY_CLOSE (1u << LG_CAUSE_UNREAD | 1u << LG_CAUSE_LATE | 1u << LG_CAUSE_BACKLOG)

static const struct lg_in_force *current;
static bool abort_asked;

const struct lg_in_force *lg_in_force(void)
{
    return __atomic_load_n(&current, __ATOMIC_ACQUIRE);
}

static bool treats(const struct lg_in_force *in_force, unsigned causes)
{
    return in_force && in_force->needs.causes & causes;
}

bool lg_in_force_treats(enum lg_cause cause)
{
    return treats(lg_in_force(), 1u << cause);
}

bool lg_in_force_treats_any_close(void)
{
    return treats(lg_in_force(), AT_ANY_CLOSE);
}

static bool inspects(const struct lg_in_force *in_force)
{
    enum lg_inspect inspect = in_force ? in_force->policy->settings.inspect : LG_INSPECT_NEVER;

    if (inspect == LG_INSPECT_NEVER)
        return false;
    return inspect == LG_INSPECT_EVERY_CLOSE || treats(in_force, AT_ANY_CLOSE) ||
           (__atomic_load_n(&abort_asked, __ATOMIC_RELAXED) && treats(in_force, 1u << LG_CAUSE_LINGER_ZERO));
}

/* What was asked for and what is in force decide together, whichever came first. */
static void update(void)
{
    const struct lg_in_force *in_force = lg_in_force();
    bool inspects_now = inspects(in_force);

    lg_gate_inspect(inspects_now);
    __atomic_store_n(&lg_holder_wants_cookies,
                     in_force && in_force->policy->settings.inspect != LG_INSPECT_NEVER &&
                         (in_force->needs.sole_holder || (inspects_now && abort_asked)),
                     __ATOMIC_RELAXED);
}

void lg_in_force_start(const struct lg_in_force *in_force)
{
    __atomic_store_n(&current, in_force, __ATOMIC_RELEASE);
    update();
}

void lg_in_force_abort_asked(void)
{
    if (__atomic_exchange_n(&abort_asked, true, __ATOMIC_RELAXED))
        return;
    update();
}

/* The facts that some rule asks for, as far as they are known. */
static struct lg_facts gather(const struct lg_in_force *in_force, struct lg_event *event)
{
    const struct lg_needs *needs = &in_force->needs;
    struct lg_facts facts = {.cause = event->cause,
                             .exe = in_force->process.exe,
                             .cgroup = in_force->process.cgroup,
                             .user =
                                 needs->user && !lg_gate_is_sandboxed() ? lg_sys_effective_user() : LG_USER_UNKNOWN};

    lg_facts_ask(&event->socket, (needs->local ? LG_FACT_LOCAL : 0u) | (needs->peer ? LG_FACT_PEER : 0u));
    event->role = lg_holder_role(event->socket.fd);
    event->policy = in_force->policy;
    facts.local = event->socket.local;
    facts.peer = event->socket.peer;
    facts.role = event->role;
    return facts;
}

void lg_in_force_decide(struct lg_event *event)
{
    const struct lg_in_force *in_force = lg_in_force();
    struct lg_facts facts = gather(in_force, event);

    if (in_force->needs.unsent) {
        lg_facts_ask(&event->socket, LG_FACT_UNSENT);
        if (lg_facts_knows(&event->socket, LG_FACT_UNSENT))
            facts.unsent = event->socket.unsent_bytes > 0 ? LG_UNSENT_SOME : LG_UNSENT_NONE;
    }
    event->decision = lg_decide(in_force->policy, &facts);
}

void lg_in_force_decide_request(struct lg_event *event)
{
    const struct lg_in_force *in_force = lg_in_force();
    struct lg_facts facts = gather(in_force, event);
    bool close_decides = in_force->policy->settings.inspect != LG_INSPECT_NEVER && !lg_gate_is_sandboxed();

    event->decision = close_decides ? lg_decide_request(in_force->policy, &facts) : lg_decide(in_force->policy, &facts);
}
