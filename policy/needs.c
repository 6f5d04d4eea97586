/* SPDX-License-Identifier: MIT */
#include "policy/decide.h"

#include <string.h>

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

/* A rule's elements of a pool stand side by side, in one or two of its lists: the lower of their starts. */
static uint32_t start_of(const struct lg_list *a, const struct lg_list *b)
{
    if (a->count == 0 || b->count == 0)
        return a->count == 0 ? b->first : a->first;
    return a->first < b->first ? a->first : b->first;
}

/* Moves what these lists hold down to `*kept`, which it moves on. */
static void move_down(void *pool, size_t element_bytes, struct lg_list *a, struct lg_list *b, uint32_t *kept)
{
    uint32_t start = start_of(a, b);
    uint32_t count = (uint32_t)a->count + b->count;

    if (count == 0)
        return;
    memmove((char *)pool + *kept * element_bytes, (char *)pool + start * element_bytes, count * element_bytes);
    a->first = (uint16_t)(a->first - start + *kept);
    b->first = (uint16_t)(b->first - start + *kept);
    *kept += count;
}

void lg_policy_keep_possible(struct lg_policy *policy, const struct lg_process_facts *process)
{
    uint32_t rules = 0, addresses = 0, globs = 0, users = 0;

    for (uint32_t i = 0; i < policy->rule_count; i++) {
        struct lg_rule *rule = &policy->rules[rules];
        struct lg_list none = {0, 0};

        if (!may_be_for(policy, &policy->rules[i], process))
            continue;
        *rule = policy->rules[i];
        policy->sieves[rules++] = policy->sieves[i];
        move_down(policy->addresses, sizeof(*policy->addresses), &rule->local, &rule->peer, &addresses);
        move_down(policy->globs, sizeof(*policy->globs), &rule->exe, &rule->cgroup, &globs);
        move_down(policy->users, sizeof(*policy->users), &rule->user, &none, &users);
    }
    policy->rule_count = rules;
    policy->address_count = addresses;
    policy->glob_count = globs;
    policy->user_count = users;
}
