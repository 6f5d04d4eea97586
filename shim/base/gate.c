/* SPDX-License-Identifier: MIT */
#include "shim/base/gate.h"

int lg_gate_close_below = INT_MAX;
bool lg_gate_inspects_closes;
int lg_gate_own_descriptor = -1;

static int lowest_evidence = INT_MAX;

/* Every writer computes the value anew from flags that were set before, so the last one to store is right. */
static void update(void)
{
    int own = __atomic_load_n(&lg_gate_own_descriptor, __ATOMIC_RELAXED);
    int below = __atomic_load_n(&lowest_evidence, __ATOMIC_RELAXED);

    if (own >= 0 && own < below)
        below = own;
    if (lg_gate_inspects())
        below = 0;
    __atomic_store_n(&lg_gate_close_below, below, __ATOMIC_RELAXED);
}

void lg_gate_inspect(bool inspects)
{
    __atomic_store_n(&lg_gate_inspects_closes, inspects, __ATOMIC_RELAXED);
    update();
}

void lg_gate_own(int fd)
{
    __atomic_store_n(&lg_gate_own_descriptor, fd, __ATOMIC_RELAXED);
    update();
}

void lg_gate_evidence(int fd)
{
    int lowest = __atomic_load_n(&lowest_evidence, __ATOMIC_RELAXED);

    if (fd >= lowest)
        return;
    while (fd < lowest &&
           !__atomic_compare_exchange_n(&lowest_evidence, &lowest, fd, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        ;
    update();
}
