/* SPDX-License-Identifier: MIT */
/*
 * What this process is, as far as a policy may ask. For the constructor; each text stays where it is.
 */
#ifndef LG_PROCESS_H
#define LG_PROCESS_H

#include "policy/policy.h"

/* The path of the executable, links resolved; {NULL, 0} when it is not known. */
struct lg_text lg_process_exe(void);

/* The path in the unified hierarchy, "0::/PATH" of cgroups(7); {NULL, 0} when there is none. */
struct lg_text lg_process_cgroup(void);

#endif
