/* SPDX-License-Identifier: MIT */
/*
 * The input is a policy text, read as a file and as the text of the environment. A policy that is
 * accepted is printed and read again, and must be the same; what is refused must be refused with
 * errors that point into the text.
 */
#include <stdint.h>

#include "policy/parse.h"
#include "policy/problem.h"
#include "tests/unit/policy_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct lg_policy policy, again;
static struct buffer first, second, shown;

static void require(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "does not hold: %s\n%s\n%s\n", what, first.at, second.at);
    abort();
}
#define REQUIRE(condition) require((condition), #condition)

static void check_error(void *context, const struct lg_policy_error *error)
{
    const char *line_end = error->line_text.at + error->line_text.length_bytes;

    (void)context;
    REQUIRE(error->line >= 1 && error->column >= 1);
    REQUIRE(error->token.at == error->line_text.at + error->column - 1);
    REQUIRE(error->token.at + error->token.length_bytes <= line_end);
    REQUIRE(error->problem != NULL && error->problem != lg_problem_texts[LG_PROBLEM_NONE].problem);
    lg_policy_error_print(error, true, buffer_put, &shown);
    REQUIRE(shown.at[shown.length_bytes - 1] == '\n');
}

static void check_same(enum lg_source_kind kind)
{
    struct lg_source source = {kind, {"again", 5}};

    lg_policy_init(&again);
    REQUIRE(lg_policy_parse(&again, &source, (struct lg_text){first.at, first.length_bytes}, check_error, NULL) == 0);
    REQUIRE(policy_equal(&policy, &again));
    buffer_clear(&second);
    lg_policy_print(&again, buffer_put, &second);
    REQUIRE(first.length_bytes == second.length_bytes && memcmp(first.at, second.at, first.length_bytes) == 0);
}

static bool is_absolute(struct lg_text path)
{
    return path.at == NULL || path.at[0] == '/';
}

static void check_policy(enum lg_source_kind kind, struct lg_text text)
{
    struct lg_source source = {kind, {"text", 4}};
    unsigned errors;

    lg_policy_init(&policy);
    buffer_clear(&shown);
    buffer_clear(&first);
    errors = lg_policy_parse(&policy, &source, text, check_error, NULL);
    REQUIRE((errors > 0) == (shown.length_bytes > 0));
    if (errors > 0) {
        REQUIRE(policy.source_count == 0 && policy.rule_count == 0 && policy.settings.set == 0);
        return;
    }
    REQUIRE(lg_policy_warn(&policy, check_error, NULL) == 0 || shown.length_bytes > 0);
    lg_policy_print(&policy, buffer_put, &first);
    if (is_absolute(policy.settings.log_path) && is_absolute(policy.settings.drainer))
        check_same(LG_SOURCE_FILE);
    check_same(LG_SOURCE_RULES);
    if (policy.settings.set == 0 && policy.skip_count == 0)
        check_same(LG_SOURCE_RULES_FILE);
}

static void check_address(struct lg_text text)
{
    struct lg_address address, reread;

    if (!lg_parse_address(text, &address))
        return;
    buffer_clear(&first);
    lg_address_print(&address, buffer_put, &first);
    REQUIRE(lg_parse_address((struct lg_text){first.at, first.length_bytes}, &reread));
    REQUIRE(address.family == reread.family && address.port == reread.port);
    REQUIRE(memcmp(address.bytes, reread.bytes, sizeof(address.bytes)) == 0);
}

static void check_duration(struct lg_text text)
{
    uint32_t duration_ms, reread_ms;

    if (!lg_parse_duration(text, &duration_ms))
        return;
    buffer_clear(&first);
    lg_duration_print(duration_ms, buffer_put, &first);
    REQUIRE(lg_parse_duration((struct lg_text){first.at, first.length_bytes}, &reread_ms));
    REQUIRE(duration_ms == reread_ms && duration_ms >= 1 && duration_ms <= LG_DURATION_MS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lg_text text = {(const char *)data, size};

    check_policy(LG_SOURCE_FILE, text);
    check_policy(LG_SOURCE_RULES, text);
    check_policy(LG_SOURCE_RULES_FILE, text);
    check_address(text);
    check_duration(text);
    return 0;
}
