/* SPDX-License-Identifier: MIT */
#include "shim/base/gate.h"

int lg_gate_close_below = INT_MAX;
bool lg_gate_inspects_closes;
int lg_gate_own_descriptor = -1;

static int lowest_evidence = INT_MAX;

static int wanted(void)
{
    int own = __atomic_load_n(&lg_gate_own_descriptor, __ATOMIC_SEQ_CST);
    int below = __atomic_load_n(&lowest_evidence, __ATOMIC_SEQ_CST);

    if (__atomic_load_n(&lg_gate_inspects_closes, __ATOMIC_SEQ_CST))
        return 0;
    return own >= 0 && own < below ? own : below;
}

/* Another thread may set a flag between our look and our store, and store before us: so we look again. */
static void update(void)
{
    int below;

    do {
        below = wanted();
        __atomic_store_n(&lg_gate_close_below, below, __ATOMIC_SEQ_CST);
    } while (below != wanted());
}

void lg_gate_inspect(bool inspects)
{
    __atomic_store_n(&lg_gate_inspects_closes, inspects, __ATOMIC_SEQ_CST);
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
