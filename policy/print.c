/* SPDX-License-Identifier: MIT */
#include "policy/print.h"

#include "policy/put.h"
#include "policy/text.h"
#include "policy/words.h"

static void put_duration(const struct lg_out *out, uint32_t duration_ms)
{
    uint32_t unit = duration_ms == 0 || duration_ms % 1000 != 0 ? 1 : duration_ms % 60000 != 0 ? 1000 : 60000;

    lg_put_number(out, duration_ms / unit);
    lg_put_word(out, unit == 60000 ? "m" : unit == 1000 ? "s" : "ms");
}

void lg_duration_print(uint32_t duration_ms, lg_put_fn *put, void *context)
{
    put_duration(&(struct lg_out){put, context}, duration_ms);
}

static void put_errno(const struct lg_out *out, int number)
{
    const char *name = lg_errno_name(number);

    lg_put_word(out, " ");
    if (name != NULL)
        lg_put_word(out, name);
    else
        lg_put_number(out, (uint32_t)number);
}

void lg_verdict_print(const struct lg_verdict *verdict, lg_put_fn *put, void *context)
{
    struct lg_out out = {put, context};

    lg_put_word(&out, lg_verdict_name(verdict->kind));
    if (verdict->kind == LG_VERDICT_REJECT)
        put_errno(&out, verdict->reject_errno);
    if (verdict->duration_ms == 0)
        return;
    lg_put_word(&out, verdict->kind == LG_VERDICT_ORDERLY ? " within " : " ");
    put_duration(&out, verdict->duration_ms);
    if (verdict->idle_ms == 0)
        return;
    lg_put_word(&out, " idle ");
    put_duration(&out, verdict->idle_ms);
}

static void put_causes(const struct lg_out *out, unsigned causes)
{
    const char *separator = " on ";

    if (causes == 1u << LG_CAUSE_LINGER_ZERO)
        return;
    for (size_t i = 0; i < LG_CAUSE_COUNT; i++) {
        if (!(causes & 1u << i))
            continue;
        lg_put_word(out, separator);
        lg_put_word(out, lg_cause_words[i]);
        separator = ",";
    }
}

/* In quotes where a reader would take it for something else. */
static void put_quoted(const struct lg_out *out, struct lg_text text)
{
    bool is_plain = text.length_bytes > 0 && text.at[0] != '#';

    for (size_t i = 0; i < text.length_bytes; i++)
        is_plain &= text.at[i] != ' ' && text.at[i] != ';' && text.at[i] != ',';
    lg_put_word(out, is_plain ? "" : "\"");
    lg_put_text(out, text);
    lg_put_word(out, is_plain ? "" : "\"");
}

static void put_addresses(const struct lg_out *out, const struct lg_policy *policy, const char *word,
                          struct lg_list list)
{
    for (unsigned i = 0; i < list.count; i++) {
        lg_put_word(out, i == 0 ? word : ",");
        lg_address_match_print(&policy->addresses[list.first + i], out->put, out->context);
    }
}

static void put_globs(const struct lg_out *out, const struct lg_policy *policy, const char *word, struct lg_list list)
{
    for (unsigned i = 0; i < list.count; i++) {
        lg_put_word(out, i == 0 ? word : ",");
        put_quoted(out, policy->globs[list.first + i]);
    }
}

static void put_users(const struct lg_out *out, const struct lg_policy *policy, struct lg_list list)
{
    for (unsigned i = 0; i < list.count; i++) {
        lg_put_word(out, i == 0 ? " user " : ",");
        lg_put_number(out, policy->users[list.first + i]);
    }
}

void lg_rule_print(const struct lg_policy *policy, const struct lg_rule *rule, lg_put_fn *put, void *context)
{
    struct lg_out out = {put, context};

    lg_verdict_print(&rule->verdict, put, context);
    put_causes(&out, rule->causes);
    put_globs(&out, policy, " exe ", rule->exe);
    put_users(&out, policy, rule->user);
    put_globs(&out, policy, " cgroup ", rule->cgroup);
    put_addresses(&out, policy, " local ", rule->local);
    put_addresses(&out, policy, " peer ", rule->peer);
    if (rule->matches & LG_MATCH_ROLE) {
        lg_put_word(&out, " role ");
        lg_put_word(&out, lg_role_name(rule->role));
    }
    if (rule->matches & LG_MATCH_UNSENT) {
        lg_put_word(&out, " unsent ");
        lg_put_word(&out, lg_unsent_name(rule->unsent));
    }
    if (rule->quiet)
        lg_put_word(&out, " quiet");
}

static const char *word_of(const char *const *words, size_t count, size_t i)
{
    return i < count ? words[i] : "?";
}

static void put_setting_value(const struct lg_out *out, const struct lg_settings *settings, enum lg_setting setting)
{
    switch (setting) {
    case LG_SETTING_LOG:
        lg_put_word(out, word_of(lg_log_words, LG_LOG_COUNT, settings->log));
        if (settings->log != LG_LOG_FILE)
            break;
        lg_put_word(out, " ");
        put_quoted(out, settings->log_path);
        break;
    case LG_SETTING_FORMAT:
        lg_put_word(out, word_of(lg_format_words, LG_FORMAT_COUNT, settings->format));
        break;
    case LG_SETTING_LIMIT:
        lg_put_number(out, settings->limit_per_s);
        lg_put_word(out, "/s");
        break;
    case LG_SETTING_INSPECT:
        lg_put_word(out, word_of(lg_inspect_words, LG_INSPECT_COUNT, settings->inspect));
        break;
    case LG_SETTING_CALLERS:
        lg_put_number(out, settings->callers);
        break;
    case LG_SETTING_DRAINER:
        put_quoted(out, settings->drainer.at == NULL ? lg_text_make("none", 4) : settings->drainer);
        break;
    case LG_SETTING_TAG:
        put_quoted(out, settings->tag);
        break;
    case LG_SETTING_COUNT:
        break;
    }
}

_Static_assert(LG_SET_LOG == 1u << LG_SETTING_LOG && LG_SET_FORMAT == 1u << LG_SETTING_FORMAT &&
                   LG_SET_LIMIT == 1u << LG_SETTING_LIMIT && LG_SET_INSPECT == 1u << LG_SETTING_INSPECT &&
                   LG_SET_CALLERS == 1u << LG_SETTING_CALLERS && LG_SET_DRAINER == 1u << LG_SETTING_DRAINER &&
                   LG_SET_TAG == 1u << LG_SETTING_TAG,
               "the bit of a setting is 1u << its index");

static void put_skips(const struct lg_out *out, const struct lg_policy *policy)
{
    for (uint32_t i = 0; i < policy->skip_count; i++) {
        lg_put_word(out, "skip exe ");
        put_quoted(out, policy->skips[i]);
        lg_put_word(out, "\n");
    }
}

void lg_policy_print(const struct lg_policy *policy, lg_put_fn *put, void *context)
{
    struct lg_out out = {put, context};

    put_skips(&out, policy);
    for (unsigned setting = 0; setting < LG_SETTING_COUNT; setting++) {
        if (!(policy->settings.set & 1u << setting))
            continue;
        lg_put_word(&out, lg_setting_words[setting]);
        lg_put_word(&out, " ");
        put_setting_value(&out, &policy->settings, (enum lg_setting)setting);
        lg_put_word(&out, "\n");
    }
    for (uint32_t i = 0; i < policy->rule_count; i++) {
        lg_rule_print(policy, &policy->rules[i], put, context);
        lg_put_word(&out, "\n");
    }
}

void lg_digest_print(uint32_t digest, lg_put_fn *put, void *context)
{
    char digits[8];

    for (size_t i = 0; i < sizeof(digits); i++)
        digits[i] = "0123456789abcdef"[digest >> (28 - 4 * i) & 15];
    put(context, digits, sizeof(digits));
}

void lg_decision_source_print(const struct lg_policy *policy, const struct lg_decision *decision, lg_put_fn *put,
                              void *context)
{
    struct lg_out out = {put, context};

    if (decision->rule == NULL) {
        lg_put_word(&out, "default");
        return;
    }
    if (decision->rule->source < policy->source_count)
        lg_put_text(&out, policy->sources[decision->rule->source].name);
    lg_put_word(&out, ":");
    lg_put_number(&out, decision->rule->line);
}
