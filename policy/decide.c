/* SPDX-License-Identifier: MIT */
#include "policy/decide.h"

#include "policy/address.h"
#include "policy/glob.h"
#include "policy/sieve.h"
#include "policy/text.h"

/* The facts of one decision, made ready to be held against thousands of rules. */
struct question {
    const struct lg_policy *policy;
    const struct lg_facts *facts;
    enum lg_fit unknown;     /* what a match makes of a fact that is not known, but may become so */
    unsigned cause;          /* bit; 0 for a cause that does not exist, which no rule can be for */
    struct lg_address local; /* not IPv4-mapped */
    struct lg_address peer;
    struct lg_sifted sifted;
    bool local_may_change; /* 0.0.0.0 or [::] of a socket that is not connected yet */
    bool peer_may_change;
};

static bool is_any(const struct lg_address *address)
{
    return lg_prefix_equal(address->bytes, (const uint8_t[16]){0}, address->family == 4 ? 32 : 128);
}

static struct question ask(const struct lg_policy *policy, const struct lg_facts *facts, enum lg_fit unknown)
{
    struct question question = {
        .policy = policy,
        .facts = facts,
        .unknown = unknown,
        .cause = (unsigned)facts->cause < LG_CAUSE_COUNT ? 1u << facts->cause : 0,
        .local = lg_address_unmapped(&facts->local),
        .peer = lg_address_unmapped(&facts->peer),
    };

    question.local_may_change = unknown == LG_FIT_OPEN && is_any(&question.local);
    question.peer_may_change = unknown == LG_FIT_OPEN && is_any(&question.peer);
    question.sifted =
        lg_sift_facts(facts, &question.local, &question.peer, question.local_may_change, question.peer_may_change);
    return question;
}

static enum lg_fit fit_if(bool holds)
{
    return holds ? LG_FIT_YES : LG_FIT_NO;
}

static enum lg_fit fit_port(const struct lg_address_match *match, uint16_t port, enum lg_fit unknown)
{
    if (!match->has_port)
        return LG_FIT_YES;
    return port == 0 ? unknown : fit_if(match->port_min <= port && port <= match->port_max);
}

static enum lg_fit fit_network(const struct lg_address_match *match, const struct lg_address *address, bool may_change)
{
    if (match->family == 0)
        return LG_FIT_YES;
    if (may_change) /* 0.0.0.0 becomes an IPv4 address, [::] any */
        return address->family == 4 && match->family == 6 ? LG_FIT_NO : LG_FIT_OPEN;
    return fit_if(match->family == address->family &&
                  lg_prefix_equal(match->bytes, address->bytes, match->prefix_bits));
}

static enum lg_fit fit_addresses(const struct question *question, struct lg_list list, const struct lg_address *address,
                                 bool may_change)
{
    enum lg_fit best = LG_FIT_NO;

    if (address->family == 0)
        return question->unknown;
    for (unsigned i = 0; i < list.count && best != LG_FIT_YES; i++) {
        const struct lg_address_match *match = &question->policy->addresses[list.first + i];
        enum lg_fit port = fit_port(match, address->port, question->unknown), network;

        if (port <= best)
            continue;
        network = fit_network(match, address, may_change);
        if (network > best)
            best = network < port ? network : port;
    }
    return best;
}

static enum lg_fit fit_globs(const struct lg_policy *policy, struct lg_list list, struct lg_text path)
{
    bool holds = false;

    for (unsigned i = 0; path.at != NULL && i < list.count && !holds; i++)
        holds = lg_glob_fits(policy->globs[list.first + i], path);
    return fit_if(holds);
}

static enum lg_fit fit_users(const struct lg_policy *policy, struct lg_list list, int64_t user)
{
    bool holds = false;

    for (unsigned i = 0; i < list.count && !holds; i++)
        holds = policy->users[list.first + i] == user;
    return fit_if(holds);
}

/* One match of a rule, LG_MATCH_*. */
static enum lg_fit fit_match(const struct question *question, const struct lg_rule *rule, unsigned match)
{
    const struct lg_facts *facts = question->facts;

    switch (match) {
    case LG_MATCH_ROLE:
        return facts->role == LG_ROLE_UNKNOWN ? question->unknown : fit_if(facts->role == rule->role);
    case LG_MATCH_UNSENT:
        return facts->unsent == LG_UNSENT_UNKNOWN ? question->unknown : fit_if(facts->unsent == rule->unsent);
    case LG_MATCH_USER:
        return fit_users(question->policy, rule->user, facts->user);
    case LG_MATCH_LOCAL:
        return fit_addresses(question, rule->local, &question->local, question->local_may_change);
    case LG_MATCH_PEER:
        return fit_addresses(question, rule->peer, &question->peer, question->peer_may_change);
    case LG_MATCH_EXE:
        return fit_globs(question->policy, rule->exe, facts->exe);
    case LG_MATCH_CGROUP:
        return fit_globs(question->policy, rule->cgroup, facts->cgroup);
    default:
        return LG_FIT_NO;
    }
}

/* All matches must hold: the worst of them counts. What costs least, and says no most often, is asked first. */
static enum lg_fit fit_rule(const struct question *question, const struct lg_rule *rule)
{
    enum lg_fit worst = LG_FIT_YES;

    if (!(rule->causes & question->cause))
        return LG_FIT_NO;
    for (unsigned left = rule->matches; left != 0 && worst != LG_FIT_NO; left &= left - 1) {
        enum lg_fit fit = fit_match(question, rule, left & -left);

        worst = fit < worst ? fit : worst;
    }
    return worst;
}

enum lg_mismatch lg_rule_mismatch(const struct lg_policy *policy, const struct lg_rule *rule,
                                  const struct lg_facts *facts)
{
    static const uint8_t order[] = {LG_MATCH_EXE,  LG_MATCH_USER, LG_MATCH_CGROUP, LG_MATCH_LOCAL,
                                    LG_MATCH_PEER, LG_MATCH_ROLE, LG_MATCH_UNSENT};
    struct question question = ask(policy, facts, LG_FIT_NO);

    if (!(rule->causes & question.cause))
        return LG_MISMATCH_CAUSE;
    for (unsigned i = 0; i < sizeof(order); i++)
        if ((rule->matches & order[i]) && fit_match(&question, rule, order[i]) != LG_FIT_YES)
            return (enum lg_mismatch)(LG_MISMATCH_EXE + i);
    return LG_MISMATCH_NONE;
}

enum lg_fit lg_rule_fit(const struct lg_policy *policy, const struct lg_rule *rule, const struct lg_facts *facts)
{
    struct question question = ask(policy, facts, LG_FIT_OPEN);

    return fit_rule(&question, rule);
}

struct lg_decision lg_decide_end(enum lg_cause cause)
{
    struct lg_decision decision = {.verdict = {.kind = LG_VERDICT_ALLOW}};

    if (cause == LG_CAUSE_LINGER_ZERO)
        decision.verdict = (struct lg_verdict){.kind = LG_VERDICT_ORDERLY, .duration_ms = LG_BUILTIN_WITHIN_MS};
    return decision;
}

static bool writes_nothing(const struct lg_verdict *verdict, bool quiet)
{
    return quiet || verdict->kind == LG_VERDICT_ALLOW;
}

static struct lg_decision decide(const struct question *question)
{
    const struct lg_policy *policy = question->policy;
    struct lg_decision decision = lg_decide_end(question->facts->cause);
    bool undecided = false, may_be_quiet = false;

    for (uint32_t i = 0; i < policy->rule_count; i++) {
        const struct lg_rule *rule = &policy->rules[i];
        enum lg_fit fit;

        if (lg_sieve_holds(&policy->sieves[i], &question->sifted))
            continue;
        fit = fit_rule(question, rule);
        if (fit == LG_FIT_YES) {
            decision = (struct lg_decision){.verdict = rule->verdict, .quiet = rule->quiet, .rule = rule};
            break;
        }
        if (fit == LG_FIT_OPEN) {
            undecided = true;
            may_be_quiet |= writes_nothing(&rule->verdict, rule->quiet);
        }
    }
    decision.undecided = undecided;
    if (undecided)
        decision.quiet = may_be_quiet || writes_nothing(&decision.verdict, decision.quiet);
    return decision;
}

struct lg_decision lg_decide(const struct lg_policy *policy, const struct lg_facts *facts)
{
    struct question question = ask(policy, facts, LG_FIT_NO);

    return decide(&question);
}

struct lg_decision lg_decide_request(const struct lg_policy *policy, const struct lg_facts *facts)
{
    struct question question = ask(policy, facts, LG_FIT_OPEN);

    return decide(&question);
}

bool lg_policy_skips(const struct lg_policy *policy, struct lg_text exe)
{
    bool skips = false;

    for (uint32_t i = 0; exe.at != NULL && i < policy->skip_count && !skips; i++)
        skips = lg_glob_fits(policy->skips[i], exe);
    return skips;
}
