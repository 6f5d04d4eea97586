/* SPDX-License-Identifier: MIT */
#include "shim/release/guard.h"

#include "shim/holder/by_cookie.h"

struct lg_process lg_process;
int lg_close_unseen_below = INT_MAX;

static bool abort_asked;
static int own_fd = -1;

bool lg_guard_inspects(void)
{
    uint8_t at_any_close = 1u << LG_CAUSE_UNREAD | 1u << LG_CAUSE_BACKLOG;

    if (!lg_ready() || lg_process.policy->settings.inspect == LG_INSPECT_NEVER)
        return false;
    if (lg_process.policy->settings.inspect == LG_INSPECT_EVERY_CLOSE || lg_process.needs.causes & at_any_close)
        return true;
    return __atomic_load_n(&abort_asked, __ATOMIC_RELAXED) && lg_process.needs.causes & 1u << LG_CAUSE_LINGER_ZERO;
}

/* Every writer computes the value anew from flags that were set before, so the last one to store is right. */
static void update(void)
{
    int own = __atomic_load_n(&own_fd, __ATOMIC_RELAXED);
    int limit = lg_guard_inspects() ? 0 : own < 0 ? INT_MAX : own;

    __atomic_store_n(&lg_close_unseen_below, limit, __ATOMIC_RELAXED);
}

void lg_guard_abort_asked(void)
{
    if (__atomic_load_n(&abort_asked, __ATOMIC_RELAXED))
        return;
    __atomic_store_n(&abort_asked, true, __ATOMIC_RELAXED);
    if (lg_guard_inspects())
        __atomic_store_n(&lg_known_tracks, true, __ATOMIC_RELAXED);
    update();
}

void lg_guard_start(const struct lg_policy *policy, struct lg_needs needs, struct lg_text exe)
{
    lg_process.policy = policy;
    lg_process.needs = needs;
    lg_process.exe = exe;
    __atomic_store_n(&lg_process.on, true, __ATOMIC_RELEASE);
    /* Who else holds a socket matters to a close alone. */
    lg_known_tracks = needs.role || (needs.sole_holder && policy->settings.inspect != LG_INSPECT_NEVER) ||
                      (__atomic_load_n(&abort_asked, __ATOMIC_RELAXED) && lg_guard_inspects());
    update();
}

void lg_guard_own_fd(int fd)
{
    __atomic_store_n(&own_fd, fd, __ATOMIC_RELAXED);
    update();
}
