/* SPDX-License-Identifier: MIT */
#include "policy/pack.h"

#include <string.h>

#define ALIGNED(bytes) (((size_t)(bytes) + 15) & ~(size_t)15)
#define HEAD_BYTES     ALIGNED(offsetof(struct lg_policy, room))

static size_t names_bytes(const struct lg_policy *policy)
{
    const struct lg_settings *settings = &policy->settings;
    size_t bytes = settings->log_path.length_bytes + settings->drainer.length_bytes + settings->tag.length_bytes;

    for (uint32_t i = 0; i < policy->source_count; i++)
        bytes += policy->sources[i].name.length_bytes;
    for (uint32_t i = 0; i < policy->glob_count; i++)
        bytes += policy->globs[i].length_bytes;
    for (uint32_t i = 0; i < policy->skip_count; i++)
        bytes += policy->skips[i].length_bytes;
    return bytes;
}

size_t lg_policy_packed_bytes(const struct lg_policy *policy)
{
    return HEAD_BYTES + ALIGNED(policy->source_count * sizeof(*policy->sources)) +
           ALIGNED(policy->source_count * sizeof(*policy->texts)) +
           ALIGNED(policy->rule_count * sizeof(*policy->rules)) +
           ALIGNED(policy->rule_count * sizeof(*policy->sieves)) +
           ALIGNED(policy->address_count * sizeof(*policy->addresses)) +
           ALIGNED(policy->glob_count * sizeof(*policy->globs)) + ALIGNED(policy->skip_count * sizeof(*policy->skips)) +
           ALIGNED(policy->user_count * sizeof(*policy->users)) + names_bytes(policy);
}

/* Copies so many bytes to `*at`, which it moves on, and returns where they are now. */
static void *take(char **at, const void *from, size_t bytes)
{
    char *to = *at;

    memcpy(to, from, bytes);
    *at += ALIGNED(bytes);
    return to;
}

static void take_text(char **at, struct lg_text *text)
{
    if (text->length_bytes == 0)
        return;
    memcpy(*at, text->at, text->length_bytes);
    text->at = *at;
    *at += text->length_bytes;
}

static void take_names(char **at, struct lg_policy *to)
{
    take_text(at, &to->settings.log_path);
    take_text(at, &to->settings.drainer);
    take_text(at, &to->settings.tag);
    for (uint32_t i = 0; i < to->source_count; i++) {
        take_text(at, &to->sources[i].name);
        to->texts[i] = (struct lg_text){NULL, 0};
    }
    for (uint32_t i = 0; i < to->glob_count; i++)
        take_text(at, &to->globs[i]);
    for (uint32_t i = 0; i < to->skip_count; i++)
        take_text(at, &to->skips[i]);
}

struct lg_policy *lg_policy_pack(const struct lg_policy *policy, void *memory)
{
    struct lg_policy *to = memory;
    char *at = (char *)memory + HEAD_BYTES;

    memcpy(memory, policy, offsetof(struct lg_policy, room));
    to->sources = take(&at, policy->sources, policy->source_count * sizeof(*policy->sources));
    to->texts = take(&at, policy->texts, policy->source_count * sizeof(*policy->texts));
    to->rules = take(&at, policy->rules, policy->rule_count * sizeof(*policy->rules));
    to->sieves = take(&at, policy->sieves, policy->rule_count * sizeof(*policy->sieves));
    to->addresses = take(&at, policy->addresses, policy->address_count * sizeof(*policy->addresses));
    to->globs = take(&at, policy->globs, policy->glob_count * sizeof(*policy->globs));
    to->skips = take(&at, policy->skips, policy->skip_count * sizeof(*policy->skips));
    to->users = take(&at, policy->users, policy->user_count * sizeof(*policy->users));
    take_names(&at, to);
    return to;
}
