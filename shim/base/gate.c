/* SPDX-License-Identifier: MIT */
#include "shim/base/gate.h"

#include "shim/base/visible.h"

int lg_gate_close_below = INT_MAX;
bool lg_gate_inspects_closes;
int lg_gate_own_descriptors[LG_OWN_COUNT] = {-1, -1};
bool lg_gate_sandboxed;

static bool inspection_wanted;
static int lowest_evidence = INT_MAX;

static bool wants_inspection(void)
{
    return __atomic_load_n(&inspection_wanted, __ATOMIC_SEQ_CST) &&
           !__atomic_load_n(&lg_gate_sandboxed, __ATOMIC_SEQ_CST);
}

static int wanted_below(void)
{
    int below = __atomic_load_n(&lowest_evidence, __ATOMIC_SEQ_CST);

    if (wants_inspection())
        return 0;
    if (__atomic_load_n(&lg_gate_sandboxed, __ATOMIC_SEQ_CST)) /* what is ours is of no use any more */
        return below;
    for (int i = 0; i < LG_OWN_COUNT; i++) {
        int own = __atomic_load_n(&lg_gate_own_descriptors[i], __ATOMIC_SEQ_CST);

        if (own >= 0 && own < below)
            below = own;
    }
    return below;
}

/* Another thread may set a flag between our look and our store, and store before us: so we look again. */
static void update(void)
{
    bool inspects;
    int below;

    do {
        inspects = wants_inspection();
        below = wanted_below();
        __atomic_store_n(&lg_gate_inspects_closes, inspects, __ATOMIC_SEQ_CST);
        __atomic_store_n(&lg_gate_close_below, below, __ATOMIC_SEQ_CST);
    } while (inspects != wants_inspection() || below != wanted_below());
}

void lg_gate_inspect(bool inspects)
{
    __atomic_store_n(&inspection_wanted, inspects, __ATOMIC_SEQ_CST);
    update();
}

void lg_gate_sandbox(bool sandboxed)
{
    __atomic_store_n(&lg_gate_sandboxed, sandboxed, __ATOMIC_SEQ_CST);
    lg_visible_flag(LG_VISIBLE_SANDBOXED, sandboxed);
    update();
}

void lg_gate_own(enum lg_own which, int fd)
{
    __atomic_store_n(&lg_gate_own_descriptors[which], fd, __ATOMIC_SEQ_CST);
    update();
}

void lg_gate_evidence(int fd)
{
    int lowest = __atomic_load_n(&lowest_evidence, __ATOMIC_RELAXED);

    if (fd >= lowest && !lg_gate_can_skip(fd))
        return;
    while (fd < lowest &&
           !__atomic_compare_exchange_n(&lowest_evidence, &lowest, fd, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        ;
    update();
}
