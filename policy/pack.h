/* SPDX-License-Identifier: MIT */
/*
 * A policy as small as it is: with its names, its globs and no room, in one piece of memory that points
 * nowhere but into itself. The texts it was parsed from are not in it, so lg_policy_warn cannot be asked of it.
 */
#ifndef LG_PACK_H
#define LG_PACK_H

#include "policy/policy.h"

/* How many bytes the packed policy takes. */
size_t lg_policy_packed_bytes(const struct lg_policy *policy);

/* Packs into so many bytes at `memory`, aligned as for any type, where the policy then stands. */
struct lg_policy *lg_policy_pack(const struct lg_policy *policy, void *memory);

#endif
