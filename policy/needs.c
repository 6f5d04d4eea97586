/* SPDX-License-Identifier: MIT */
#include "policy/decide.h"

#define LINGER_ZERO (1u << LG_CAUSE_LINGER_ZERO)
#define UNREAD      (1u << LG_CAUSE_UNREAD)

/* The matches that are answered once for the whole life of a process. */
static unsigned constant_matches(const struct lg_process_facts *process)
{
    return LG_MATCH_EXE | LG_MATCH_CGROUP | (process->user == LG_USER_UNKNOWN ? 0 : LG_MATCH_USER);
}

/* Whether a rule can be for the process, whatever the connection is. */
static bool may_be_for(const struct lg_policy *policy, const struct lg_rule *rule,
                       const struct lg_process_facts *process)
{
    struct lg_facts facts = {.exe = process->exe, .cgroup = process->cgroup, .user = process->user};
    struct lg_rule of_process = *rule;

    of_process.causes = (uint8_t)(1u << facts.cause);
    of_process.matches = (uint8_t)(rule->matches & constant_matches(process));
    return lg_rule_fit(policy, &of_process, &facts) == LG_FIT_YES;
}

static void add_verdict(struct lg_needs *needs, const struct lg_verdict *verdict, unsigned causes, bool has_drainer)
{
    bool drains = verdict->kind == LG_VERDICT_DRAIN;

    if (verdict->kind != LG_VERDICT_ALLOW)
        needs->causes |= (uint8_t)causes;
    needs->reject_linger |= verdict->kind == LG_VERDICT_REJECT && (causes & LINGER_ZERO);
    needs->sole_holder |= drains || (verdict->kind == LG_VERDICT_ORDERLY && (causes & UNREAD));
    needs->within |=
        verdict->kind == LG_VERDICT_LINGER || (verdict->kind == LG_VERDICT_ORDERLY && verdict->duration_ms);
    needs->wait |= drains || verdict->kind == LG_VERDICT_LINGER;
    needs->drain |= drains;
    needs->idle |= verdict->idle_ms > 0;
    needs->hand |= drains && has_drainer;
}

static void add_matches(struct lg_needs *needs, unsigned matches)
{
    needs->local |= (matches & LG_MATCH_LOCAL) != 0;
    needs->peer |= (matches & LG_MATCH_PEER) != 0;
    needs->role |= (matches & LG_MATCH_ROLE) != 0;
    needs->unsent |= (matches & LG_MATCH_UNSENT) != 0;
    needs->user |= (matches & LG_MATCH_USER) != 0;
}

struct lg_needs lg_policy_needs(const struct lg_policy *policy, const struct lg_process_facts *process)
{
    struct lg_needs needs = {.causes = 0};
    bool has_drainer = policy->settings.drainer.at != NULL;
    unsigned open = (1u << LG_CAUSE_COUNT) - 1; /* causes that no rule before has taken whole */

    for (uint32_t i = 0; i < policy->rule_count && open != 0; i++) {
        const struct lg_rule *rule = &policy->rules[i];

        if (!(rule->causes & open) || !may_be_for(policy, rule, process))
            continue;
        add_verdict(&needs, &rule->verdict, rule->causes & open, has_drainer);
        add_matches(&needs, rule->matches);
        if (!(rule->matches & ~constant_matches(process)))
            open &= ~(unsigned)rule->causes;
    }
    if (open & LINGER_ZERO) {
        struct lg_decision end = lg_decide_end(LG_CAUSE_LINGER_ZERO);

        add_verdict(&needs, &end.verdict, LINGER_ZERO, has_drainer);
    }
    return needs;
}

void lg_policy_keep_possible(struct lg_policy *policy, const struct lg_process_facts *process)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < policy->rule_count; i++) {
        if (!may_be_for(policy, &policy->rules[i], process))
            continue;
        policy->rules[kept] = policy->rules[i];
        policy->sieves[kept++] = policy->sieves[i];
    }
    policy->rule_count = kept;
}
