/* SPDX-License-Identifier: MIT */
#include "shim/release/in_force.h"

#include "shim/base/gate.h"
#include "shim/base/sys.h"
#include "shim/holder/holder.h"

/* The causes that a close has whether an abort was asked for or not. */
#define AT_ANY_CLOSE (1u << LG_CAUSE_UNREAD | 1u << LG_CAUSE_LATE | 1u << LG_CAUSE_BACKLOG)

static const struct lg_in_force *current;
static bool stands_aside;
static bool abort_asked;

static lg_look_fn *watcher;
static uint64_t next_look_ms; /* CLOCK_MONOTONIC */

#define LOOK_MS 1000

const struct lg_in_force *lg_in_force(void)
{
    return __atomic_load_n(&stands_aside, __ATOMIC_RELAXED) ? NULL : __atomic_load_n(&current, __ATOMIC_ACQUIRE);
}

/* True for the one that looks now. */
static bool is_time(uint64_t now_ms)
{
    uint64_t next_ms = __atomic_load_n(&next_look_ms, __ATOMIC_RELAXED);

    return now_ms >= next_ms && __atomic_compare_exchange_n(&next_look_ms, &next_ms, now_ms + LOOK_MS, false,
                                                            __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

static void look(lg_look_fn *by)
{
    uint64_t now_ms = lg_sys_now_ms();

    if (is_time(now_ms))
        __atomic_store_n(&next_look_ms, now_ms + by(), __ATOMIC_RELAXED);
}

const struct lg_in_force *lg_in_force_now(void)
{
    lg_look_fn *by = __atomic_load_n(&watcher, __ATOMIC_ACQUIRE);

    if (by && !lg_gate_is_sandboxed())
        look(by);
    return lg_in_force();
}

void lg_in_force_watch(lg_look_fn *by)
{
    __atomic_store_n(&watcher, by, __ATOMIC_RELEASE);
}

static bool treats(const struct lg_in_force *in_force, unsigned causes)
{
    return in_force && in_force->needs.causes & causes;
}

bool lg_in_force_treats(const struct lg_in_force *in_force, enum lg_cause cause)
{
    return treats(in_force, 1u << cause);
}

bool lg_in_force_treats_any_close(const struct lg_in_force *in_force)
{
    return treats(in_force, AT_ANY_CLOSE);
}

static bool inspects(const struct lg_in_force *in_force)
{
    enum lg_inspect inspect = in_force ? in_force->policy->settings.inspect : LG_INSPECT_NEVER;

    if (inspect == LG_INSPECT_NEVER)
        return false;
    return inspect == LG_INSPECT_EVERY_CLOSE || treats(in_force, AT_ANY_CLOSE) ||
           (__atomic_load_n(&abort_asked, __ATOMIC_RELAXED) && treats(in_force, 1u << LG_CAUSE_LINGER_ZERO));
}

static bool wants_cookies(const struct lg_in_force *in_force)
{
    return in_force && in_force->policy->settings.inspect != LG_INSPECT_NEVER &&
           (in_force->needs.sole_holder || (inspects(in_force) && __atomic_load_n(&abort_asked, __ATOMIC_RELAXED)));
}

/*
 * What was asked for and what is in force decide together, whichever came first. Another thread may change either
 * between our look and our store, and store before us: so we look again.
 */
static void update(void)
{
    const struct lg_in_force *in_force;
    bool inspects_now, wants;

    do {
        in_force = __atomic_load_n(&current, __ATOMIC_SEQ_CST);
        inspects_now = inspects(in_force);
        wants = wants_cookies(in_force);
        lg_gate_inspect(inspects_now);
        __atomic_store_n(&lg_holder_wants_cookies, wants, __ATOMIC_SEQ_CST);
    } while (in_force != __atomic_load_n(&current, __ATOMIC_SEQ_CST) || inspects_now != inspects(in_force) ||
             wants != wants_cookies(in_force));
}

void lg_in_force_start(const struct lg_in_force *in_force)
{
    bool starts_tracking = __atomic_load_n(&watcher, __ATOMIC_RELAXED) && in_force->needs.sole_holder &&
                           !(current && current->needs.sole_holder);

    if (starts_tracking) {
        __atomic_store_n(&lg_holder_wants_cookies, true, __ATOMIC_SEQ_CST);
        lg_epoch_advance();
    }
    __atomic_store_n(&current, in_force, __ATOMIC_SEQ_CST);
    update();
    if (starts_tracking) /* another thread may have turned it off for a moment, by what was in force before */
        lg_epoch_advance();
}

void lg_in_force_stand_aside(bool aside)
{
    __atomic_store_n(&stands_aside, aside, __ATOMIC_RELAXED);
}

void lg_in_force_abort_asked(void)
{
    if (__atomic_exchange_n(&abort_asked, true, __ATOMIC_SEQ_CST))
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
    const struct lg_in_force *in_force = event->in_force;
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
    const struct lg_in_force *in_force = event->in_force;
    struct lg_facts facts = gather(in_force, event);
    bool close_decides = in_force->policy->settings.inspect != LG_INSPECT_NEVER && !lg_gate_is_sandboxed();

    event->decision = close_decides ? lg_decide_request(in_force->policy, &facts) : lg_decide(in_force->policy, &facts);
}
