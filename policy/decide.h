/* SPDX-License-Identifier: MIT */
/*
 * Policy and facts to decision. Pure, total, async-signal-safe: same input, same output.
 */
#ifndef LG_DECIDE_H
#define LG_DECIDE_H

#include "policy/policy.h"

struct lg_decision {
    struct lg_verdict verdict;
    bool quiet;                 /* write no record */
    const struct lg_rule *rule; /* the rule that decided, or NULL for the end of every policy */
};

/*
 * The first rule that matches decides; without one, linger-zero is orderly and every other cause is
 * allowed. A fact that is not known never matches. IPv4-mapped IPv6 addresses (RFC 4291 section
 * 2.5.5.2) match as IPv4.
 */
struct lg_decision lg_decide(const struct lg_policy *policy, const struct lg_facts *facts);

/* Why a rule does not match, in the order in which it is asked. */
enum lg_mismatch {
    LG_MISMATCH_NONE = 0, /* it matches */
    LG_MISMATCH_CAUSE,
    LG_MISMATCH_EXE,
    LG_MISMATCH_LOCAL,
    LG_MISMATCH_PEER,
    LG_MISMATCH_ROLE,
    LG_MISMATCH_COUNT /* always last */
};

enum lg_mismatch lg_rule_mismatch(const struct lg_rule *rule, const struct lg_facts *facts);

/*
 * GLOB of the language: `*` any bytes, `/` included; `?` one byte; `[a-z]` and `[!a-z]` a set; `\`
 * takes the next byte literally. Without a `/` it is held against the part of `path` behind the
 * last `/`. A malformed glob, which the parser refuses, matches nothing. Takes time proportional to the
 * product of the lengths at most.
 */
bool lg_glob_match(struct lg_text glob, struct lg_text path);

/*
 * What a policy can ever ask for in a process with this executable, so that a process pays for
 * nothing that its policy does not use.
 */
struct lg_needs {
    uint8_t causes;     /* bit 1u << cause: some rule may give a verdict other than allow; the built-in
                           end of the policy counts for linger-zero */
    bool reject_linger; /* a setsockopt may be rejected */
    bool local;         /* some rule asks for the local address, the peer's, the role */
    bool peer;
    bool role;
    bool sole_holder; /* some rule drains, or treats unread input (orderly or drain on unread) */
};

struct lg_needs lg_policy_needs(const struct lg_policy *policy, struct lg_text exe);

#endif
