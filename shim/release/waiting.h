/* SPDX-License-Identifier: MIT */
/*
 * The waiting budget: a process spends at most a tenth of its time waiting in closes, added up over its
 * threads, after a first D. So peers that do not close cannot hold a server up, however many they are.
 *
 * Async-signal-safe, thread-safe, fork-safe: one atomic count.
 */
#ifndef LG_WAITING_H
#define LG_WAITING_H

#include <stdint.h>

/*
 * Takes at most `wanted_ms` out of the budget, for a verdict whose D is `first_ms`. Returns what may be
 * waited now, 0 when nothing is left. What was not waited goes back.
 */
uint32_t lg_waiting_take(uint32_t wanted_ms, uint32_t first_ms);
void lg_waiting_give_back(uint32_t unused_ms);

/* The child of a fork has a budget of its own. */
void lg_waiting_forked(void);

#endif
