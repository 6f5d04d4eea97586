/* SPDX-License-Identifier: MIT */
#include "shim/base/gate.h"

int lg_gate_close_below = INT_MAX;
bool lg_gate_inspects_closes;
int lg_gate_own_descriptor = -1;
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
    bool sandboxed = __atomic_load_n(&lg_gate_sandboxed, __ATOMIC_SEQ_CST);
    int own = sandboxed ? -1 : __atomic_load_n(&lg_gate_own_descriptor, __ATOMIC_SEQ_CST);
    int below = __atomic_load_n(&lowest_evidence, __ATOMIC_SEQ_CST);

    if (wants_inspection())
        return 0;
    return own >= 0 && own < below ? own : below;
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
    update();
}

void lg_gate_own(int fd)
{
    __atomic_store_n(&lg_gate_own_descriptor, fd, __ATOMIC_SEQ_CST);
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
