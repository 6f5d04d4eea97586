/* SPDX-License-Identifier: MIT */
/*
 * A policy may have thousands of rules, and most of them differ from a connection in the first bits
 * that one looks at: a port, the start of an address, the cause. These bits of a rule stand side by
 * side, so that a rule which cannot be for a connection is passed by with a few instructions.
 *
 * A sieve never holds back a rule that matches or is open; what it lets pass is asked in full.
 */
#ifndef LG_SIEVE_H
#define LG_SIEVE_H

#include "policy/policy.h"

/* The sieve of a rule whose lists are in the pools of `policy`. */
struct lg_sieve lg_sieve_of(const struct lg_policy *policy, const struct lg_rule *rule);

/* The same bits of a connection, and which of them are known. */
struct lg_sifted {
    uint64_t value[LG_SIEVE_WORDS];
    uint64_t known[LG_SIEVE_WORDS];
};

/* `local` and `peer` are those of `facts`, not IPv4-mapped; one of them may still change as a whole. */
struct lg_sifted lg_sift_facts(const struct lg_facts *facts, const struct lg_address *local,
                               const struct lg_address *peer, bool local_may_change, bool peer_may_change);

static inline bool lg_sieve_holds(const struct lg_sieve *sieve, const struct lg_sifted *facts)
{
    uint64_t differs = 0;

    for (unsigned i = 0; i < LG_SIEVE_WORDS; i++)
        differs |= (facts->value[i] ^ sieve->value[i]) & sieve->mask[i] & facts->known[i];
    return differs != 0;
}

#endif
