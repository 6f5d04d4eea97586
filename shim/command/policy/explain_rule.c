/* SPDX-License-Identifier: MIT */
/* What a rule still waits for, and what it was probably meant for. */
#include "policy/glob.h"
#include "policy/print.h"
#include "policy/text.h"
#include "shim/command/policy/explain.h"

/* Passes on what comes behind the first `skip` bytes. */
struct behind {
    const struct lg_out *out;
    size_t skip;
};

static void put_behind(void *context, const char *at, size_t length_bytes)
{
    struct behind *behind = context;
    size_t skipped = behind->skip < length_bytes ? behind->skip : length_bytes;

    behind->skip -= skipped;
    if (length_bytes > skipped)
        behind->out->put(behind->out->context, at + skipped, length_bytes - skipped);
}

/* `rule` with those of its matches alone that are in `matches`, and the shortest of verdicts. */
static struct lg_rule part_of(const struct lg_rule *rule, unsigned matches)
{
    struct lg_rule part = *rule;

    part.verdict = (struct lg_verdict){.kind = LG_VERDICT_ALLOW};
    part.causes = 1u << LG_CAUSE_LINGER_ZERO;
    part.quiet = false;
    part.matches &= (uint8_t)matches;
    if (!(matches & LG_MATCH_EXE))
        part.exe.count = 0;
    if (!(matches & LG_MATCH_CGROUP))
        part.cgroup.count = 0;
    if (!(matches & LG_MATCH_USER))
        part.user.count = 0;
    if (!(matches & LG_MATCH_LOCAL))
        part.local.count = 0;
    if (!(matches & LG_MATCH_PEER))
        part.peer.count = 0;
    return part;
}

void lg_rule_condition(const struct lg_policy *policy, const struct lg_rule *rule, const struct lg_facts *facts,
                       const struct lg_out *out)
{
    struct lg_facts asked = *facts;
    struct behind behind = {out, sizeof("allow ") - 1};
    struct lg_rule part;
    unsigned open = 0;

    asked.cause = LG_CAUSE_LINGER_ZERO;
    for (unsigned left = rule->matches; left != 0; left &= left - 1) {
        struct lg_rule one = part_of(rule, left & -left);
        if (lg_rule_fit(policy, &one, &asked) == LG_FIT_OPEN)
            open |= left & -left;
    }
    part = part_of(rule, open);
    lg_rule_print(policy, &part, put_behind, &behind);
}

static bool any_fits(const struct lg_policy *policy, struct lg_list globs, const char *path)
{
    for (unsigned i = 0; i < globs.count; i++) {
        if (lg_glob_match(policy->globs[globs.first + i], lg_text_of(path)))
            return true;
    }
    return false;
}

struct lg_text lg_rule_misses(const struct lg_policy *policy, const struct lg_rule *rule,
                              const struct lg_executable *executable)
{
    if (!(rule->matches & LG_MATCH_EXE) || any_fits(policy, rule->exe, executable->path))
        return (struct lg_text){NULL, 0};
    for (unsigned i = 0; i < rule->exe.count; i++) {
        struct lg_text glob = policy->globs[rule->exe.first + i];
        for (unsigned link = 0; link < executable->link_count; link++) {
            if (lg_glob_match(glob, lg_text_of(executable->links[link])))
                return glob;
        }
    }
    return (struct lg_text){NULL, 0};
}
