/* SPDX-License-Identifier: MIT */
/* A policy that comes into force, with all that follows from it. */
#ifndef LG_BLOCK_H
#define LG_BLOCK_H

#include <sys/un.h>

#include "shim/release/in_force.h"

struct lg_block {
    struct lg_in_force in_force;
    struct sockaddr_un drainer;
};

/*
 * Puts `policy` in force by `block`, which is all zero; both stay where they are. Its log is in use already. A program
 * that it skips is treated in nothing. For the constructor, and for who has the process's turn.
 */
void lg_block_put_in_force(struct lg_block *block, const struct lg_policy *policy,
                           const struct lg_process_facts *process);

/* Before that, for a policy that is not in use yet: takes out what cannot be for this process, whose cgroup is then
 * known if the policy asks for it. */
void lg_block_prepare(struct lg_policy *policy, struct lg_process_facts *process);

#endif
