/* SPDX-License-Identifier: MIT */
#include "shim/start/block.h"

#include "policy/text.h"
#include "policy/words.h"
#include "shim/base/visible.h"
#include "shim/record/record.h"
#include "shim/release/hand_off.h"
#include "shim/start/process.h"

static bool asks_for_cgroup(const struct lg_policy *policy)
{
    for (uint32_t i = 0; i < policy->rule_count; i++) {
        if (policy->rules[i].matches & LG_MATCH_CGROUP)
            return true;
    }
    return false;
}

void lg_block_prepare(struct lg_policy *policy, struct lg_process_facts *process)
{
    if (!process->cgroup.at && asks_for_cgroup(policy))
        process->cgroup = lg_process_cgroup();
    lg_policy_keep_possible(policy, process);
}

static void show(const struct lg_policy *policy)
{
    const struct lg_settings *settings = &policy->settings;

    lg_visible_policy(lg_policy_digest(policy),
                      settings->log == LG_LOG_FILE ? settings->log_path : lg_text_of(lg_log_words[settings->log]),
                      settings->drainer);
}

void lg_block_put_in_force(struct lg_block *block, const struct lg_policy *policy,
                           const struct lg_process_facts *process)
{
    struct lg_in_force *in_force = &block->in_force;
    static const struct lg_text none;

    in_force->policy = policy;
    in_force->process = *process;
    if (!lg_policy_skips(policy, process->exe))
        in_force->needs = lg_policy_needs(policy, process);
    lg_record_start(&policy->settings, process->exe);
    lg_hand_off_start(in_force->needs.hand ? policy->settings.drainer : none, &block->drainer);
    show(policy);
    lg_in_force_start(in_force);
}
