/* SPDX-License-Identifier: MIT */
#include "policy/sieve.h"

#include "policy/address.h"

/* The words: the first 64 bits of the local address, those of the peer's, and all else. In the last one: */
#define LOCAL_PORT   48u /* 16 bits */
#define PEER_PORT    32u
#define LOCAL_FAMILY 0u /* 2 bits each */
#define PEER_FAMILY  2u
#define ROLE         4u
#define UNSENT       6u
#define CAUSES       8u /* a bit for each cause */
#define REST         2u /* the index of that word */

static uint64_t family_bits(unsigned family)
{
    return family == 4 ? 1 : family == 6 ? 2 : 0;
}

/* The bits that all ports from `min` to `max` begin with. */
static uint64_t common_port_bits(unsigned min, unsigned max)
{
    uint64_t mask = 0xffff;

    while ((min & mask) != (max & mask))
        mask = mask << 1 & 0xffff;
    return mask;
}

/* The sieve of one ADDR, of a side whose word, port and family stand there. */
static struct lg_sieve sieve_of_address(const struct lg_address_match *match, unsigned word, unsigned port,
                                        unsigned family)
{
    struct lg_sieve sieve = {.mask = {0}};

    if (match->has_port) {
        sieve.mask[REST] |= common_port_bits(match->port_min, match->port_max) << port;
        sieve.value[REST] |= (uint64_t)match->port_min << port;
    }
    if (match->family != 0) {
        sieve.mask[REST] |= (uint64_t)3 << family;
        sieve.value[REST] |= family_bits(match->family) << family;
        sieve.mask[word] = match->prefix_bits >= 64  ? UINT64_MAX
                           : match->prefix_bits == 0 ? 0
                                                     : UINT64_MAX << (64 - match->prefix_bits);
        sieve.value[word] = lg_word_at(match->bytes);
    }
    return sieve;
}

/* What all values of a list have in common. */
static void add_addresses(struct lg_sieve *sieve, const struct lg_policy *policy, struct lg_list list, unsigned word,
                          unsigned port, unsigned family)
{
    struct lg_sieve common = {.mask = {0}};

    for (unsigned i = 0; i < list.count; i++) {
        struct lg_sieve one = sieve_of_address(&policy->addresses[list.first + i], word, port, family);

        for (unsigned j = 0; j < LG_SIEVE_WORDS && i > 0; j++)
            one.mask[j] &= common.mask[j] & ~(one.value[j] ^ common.value[j]);
        common = one;
    }
    for (unsigned j = 0; j < LG_SIEVE_WORDS; j++) {
        sieve->mask[j] |= common.mask[j];
        sieve->value[j] |= common.value[j] & common.mask[j];
    }
}

struct lg_sieve lg_sieve_of(const struct lg_policy *policy, const struct lg_rule *rule)
{
    struct lg_sieve sieve = {.mask = {0}};

    /* A connection has the bit of its one cause: it must not be one of those that the rule is not for. */
    sieve.mask[REST] = (uint64_t)(uint8_t)~rule->causes << CAUSES;
    if (rule->matches & LG_MATCH_ROLE) {
        sieve.mask[REST] |= (uint64_t)3 << ROLE;
        sieve.value[REST] |= (uint64_t)rule->role << ROLE;
    }
    if (rule->matches & LG_MATCH_UNSENT) {
        sieve.mask[REST] |= (uint64_t)3 << UNSENT;
        sieve.value[REST] |= (uint64_t)rule->unsent << UNSENT;
    }
    add_addresses(&sieve, policy, rule->local, 0, LOCAL_PORT, LOCAL_FAMILY);
    add_addresses(&sieve, policy, rule->peer, 1, PEER_PORT, PEER_FAMILY);
    return sieve;
}

static void sift_address(struct lg_sifted *sifted, const struct lg_address *address, bool may_change, unsigned word,
                         unsigned port, unsigned family)
{
    if (address->family == 0)
        return;
    sifted->value[REST] |= (uint64_t)address->port << port;
    sifted->known[REST] |= (uint64_t)(address->port != 0 ? 0xffff : 0) << port;
    if (may_change)
        return;
    sifted->value[word] = lg_word_at(address->bytes);
    sifted->known[word] = UINT64_MAX;
    sifted->value[REST] |= family_bits(address->family) << family;
    sifted->known[REST] |= (uint64_t)3 << family;
}

struct lg_sifted lg_sift_facts(const struct lg_facts *facts, const struct lg_address *local,
                               const struct lg_address *peer, bool local_may_change, bool peer_may_change)
{
    struct lg_sifted sifted = {.value = {0}};

    sift_address(&sifted, local, local_may_change, 0, LOCAL_PORT, LOCAL_FAMILY);
    sift_address(&sifted, peer, peer_may_change, 1, PEER_PORT, PEER_FAMILY);
    sifted.value[REST] |= (uint64_t)(facts->role & 3) << ROLE | (uint64_t)(facts->unsent & 3) << UNSENT;
    sifted.known[REST] |= (uint64_t)(facts->role != LG_ROLE_UNKNOWN ? 3 : 0) << ROLE;
    sifted.known[REST] |= (uint64_t)(facts->unsent != LG_UNSENT_UNKNOWN ? 3 : 0) << UNSENT;
    sifted.value[REST] |= (uint64_t)((unsigned)facts->cause < LG_CAUSE_COUNT ? 1u << facts->cause : 0) << CAUSES;
    sifted.known[REST] |= (uint64_t)0xff << CAUSES;
    return sifted;
}
