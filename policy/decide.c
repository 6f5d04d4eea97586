/* SPDX-License-Identifier: MIT */
#include "policy/decide.h"

#include "policy/address.h"
#include "policy/text.h"

static bool match_network(const struct lg_address_match *match, const struct lg_address *address)
{
    uint8_t bytes[sizeof(address->bytes)];

    memcpy(bytes, address->bytes, sizeof(bytes));
    lg_prefix_mask(bytes, sizeof(bytes), match->prefix_bits);
    return memcmp(bytes, match->bytes, match->family == 4 ? 4 : sizeof(bytes)) == 0;
}

static bool match_address(const struct lg_address_match *match, const struct lg_address *fact)
{
    struct lg_address address = lg_address_unmapped(fact);

    if (address.family == 0)
        return false;
    if (match->has_port && (address.port < match->port_min || address.port > match->port_max))
        return false;
    return match->family == 0 || (match->family == address.family && match_network(match, &address));
}

static bool match_exe(const struct lg_rule *rule, struct lg_text exe)
{
    return exe.at != NULL && lg_glob_match(rule->exe, exe);
}

enum lg_mismatch lg_rule_mismatch(const struct lg_rule *rule, const struct lg_facts *facts)
{
    /* A cause that does not exist is none that a rule can be for. */
    if ((unsigned)facts->cause >= LG_CAUSE_COUNT || !(rule->causes & 1u << facts->cause))
        return LG_MISMATCH_CAUSE;
    if ((rule->matches & LG_MATCH_EXE) && !match_exe(rule, facts->exe))
        return LG_MISMATCH_EXE;
    if ((rule->matches & LG_MATCH_LOCAL) && !match_address(&rule->local, &facts->local))
        return LG_MISMATCH_LOCAL;
    if ((rule->matches & LG_MATCH_PEER) && !match_address(&rule->peer, &facts->peer))
        return LG_MISMATCH_PEER;
    if ((rule->matches & LG_MATCH_ROLE) && (facts->role == LG_ROLE_UNKNOWN || rule->role != facts->role))
        return LG_MISMATCH_ROLE;
    return LG_MISMATCH_NONE;
}

struct lg_decision lg_decide(const struct lg_policy *policy, const struct lg_facts *facts)
{
    struct lg_decision decision = {.verdict = {.kind = LG_VERDICT_ALLOW}};

    for (uint32_t i = 0; i < policy->rule_count; i++) {
        const struct lg_rule *rule = &policy->rules[i];

        if (lg_rule_mismatch(rule, facts) != LG_MISMATCH_NONE)
            continue;
        decision.verdict = rule->verdict;
        decision.quiet = rule->quiet;
        decision.rule = rule;
        return decision;
    }
    if (facts->cause == LG_CAUSE_LINGER_ZERO)
        decision.verdict.kind = LG_VERDICT_ORDERLY;
    return decision;
}

static bool treats_unread(const struct lg_rule *rule, unsigned causes)
{
    return (causes & 1u << LG_CAUSE_UNREAD) &&
           (rule->verdict.kind == LG_VERDICT_ORDERLY || rule->verdict.kind == LG_VERDICT_DRAIN);
}

/* Adds what `rule` asks for, when it is reached for `causes`. */
static void add_needs(struct lg_needs *needs, const struct lg_rule *rule, unsigned causes)
{
    if (rule->verdict.kind != LG_VERDICT_ALLOW)
        needs->causes |= (uint8_t)causes;
    if (rule->verdict.kind == LG_VERDICT_REJECT && (causes & 1u << LG_CAUSE_LINGER_ZERO))
        needs->reject_linger = true;
    needs->local |= (rule->matches & LG_MATCH_LOCAL) != 0;
    needs->peer |= (rule->matches & LG_MATCH_PEER) != 0;
    needs->role |= (rule->matches & LG_MATCH_ROLE) != 0;
    if (rule->verdict.kind == LG_VERDICT_DRAIN || treats_unread(rule, causes))
        needs->sole_holder = true;
}

struct lg_needs lg_policy_needs(const struct lg_policy *policy, struct lg_text exe)
{
    struct lg_needs needs = {.causes = 0};
    unsigned open = (1u << LG_CAUSE_COUNT) - 1; /* causes that no rule before has taken whole */

    for (uint32_t i = 0; i < policy->rule_count && open != 0; i++) {
        const struct lg_rule *rule = &policy->rules[i];

        if (!(rule->causes & open) || ((rule->matches & LG_MATCH_EXE) && !match_exe(rule, exe)))
            continue;
        add_needs(&needs, rule, rule->causes & open);
        if (!(rule->matches & ~LG_MATCH_EXE))
            open &= ~(unsigned)rule->causes;
    }
    needs.causes |= (uint8_t)(open & 1u << LG_CAUSE_LINGER_ZERO);
    return needs;
}
