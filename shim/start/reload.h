/* SPDX-License-Identifier: MIT */
/*
 * A policy that is put in force while the process runs: a file of its sources changed, or /etc/lingerguard/off came
 * or went.
 *
 * Who looks asks for two files and the main policy: one stat(2), one more where there is a policy.d. What changed
 * is read into memory of its own, made as small as it is, and takes the place of the one in force as a whole;
 * the one before is kept for ever, since nobody counts who still uses it. Not in a child of vfork, which has its
 * parent's memory and its own descriptors; signals are blocked meanwhile.
 *
 * Async-signal-safe, thread-safe, fork-safe; errno untouched.
 */
#ifndef LG_RELOAD_H
#define LG_RELOAD_H

#include "policy/decide.h"
#include "shim/start/read_policy.h"
#include "shim/start/sources.h"

/* The policies of a process that reads one after the other take no more than this; then the last one stays. */
#define LG_RELOAD_BYTES_MAX (16u << 20)

/*
 * For the constructor: from now on changes are looked for. `reading` is what was read, NULL where nothing was since the
 * library stands aside: then all is read when it no longer does.
 */
void lg_reload_watch(const struct lg_sources *sources, const struct lg_process_facts *process,
                     const struct lg_reading *reading);

/* Whether /etc/lingerguard/off is there. */
bool lg_reload_is_off(const struct lg_sources *sources);

#endif
