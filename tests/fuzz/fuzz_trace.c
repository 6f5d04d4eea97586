/* SPDX-License-Identifier: MIT */
/*
 * The input is a trace of resets and a log in one: what starts with '{' is a line of the log. Whatever the lines are,
 * each reset is in one row and in one account, the json form is one JSON object, and a terminal gets nothing but text.
 *
 * links: shim/command/common/json.c shim/command/common/output.c shim/command/common/address.c
 * links: shim/command/report/armed.c shim/command/report/fate.c shim/command/report/record.c
 * links: shim/command/report/group.c shim/command/report/join.c shim/command/report/timeline.c
 * links: shim/command/report/aggregate.c shim/command/report/text.c shim/command/report/terminal/style.c
 * links: shim/command/report/resets/account.c shim/command/report/resets/cause.c
 * links: shim/command/report/resets/resets.c shim/command/report/resets/show.c
 * links: shim/command/report/resets/trace.c shim/command/report/key.c shim/command/report/modules.c
 * links: shim/command/common/build_id.c shim/record/words.c
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/safe_text.h"
#include "shim/command/common/json.h"
#include "shim/command/report/resets/resets.h"
#include "tests/fuzz/forms.h"

#define SOCKETS 16u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct lg_aggregate aggregate;
static struct lg_resets resets;

/* Each line in a copy of its exact size, so that a read behind it is seen. */
static void each_line(const uint8_t *data, size_t size, bool is_log)
{
    const char *at = (const char *)data, *end = at + size;

    for (uint64_t number = 1; at != end; number++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((newline == NULL ? end : newline) - at);
        char *line = malloc(length > 0 ? length : 1);

        REQUIRE(line != NULL);
        memcpy(line, at, length);
        if (is_log && length > 0 && line[0] == '{')
            lg_aggregate_line(&aggregate, (struct lg_text){line, length});
        else if (!is_log && (length == 0 || line[0] != '{'))
            REQUIRE(lg_resets_line(&resets, (struct lg_text){line, length}, number));
        free(line);
        at += length + (newline != NULL);
    }
}

static void check_sums(void)
{
    size_t count;
    struct lg_resets_row *rows = lg_resets_rows(&resets, &count);
    uint64_t in_rows = 0, in_accounts = 0;

    REQUIRE(rows != NULL);
    for (size_t i = 0; i < count; i++) {
        in_rows += rows[i].resets;
        REQUIRE(rows[i].account == LG_ACCOUNT_COUNT || rows[i].cause.at != NULL);
        REQUIRE(rows[i].account != LG_ACCOUNT_MISSED || rows[i].rule.at == NULL);
    }
    for (unsigned i = 0; i < LG_ACCOUNT_COUNT; i++)
        in_accounts += resets.counts[i];
    REQUIRE(in_rows == resets.resets && in_accounts == resets.resets && resets.left_out == 0);
    REQUIRE(resets.resets == 0 || resets.first_us <= resets.last_us);
    free(rows);
}

/* Rows stand on lines of their own, as blanks of the json. */
static void check_json(const char *text, size_t size)
{
    REQUIRE(members_of(text, size) == 11);
}

static void write_form(bool (*form)(const struct lg_resets *, const struct lg_report *),
                       void (*check)(const char *, size_t), bool utf8)
{
    char *text = NULL;
    size_t size = 0;
    struct lg_report report = {
        .out = open_memstream(&text, &size), .aggregate = &aggregate, .rows = utf8, .width = 40, .utf8 = utf8};

    REQUIRE(report.out != NULL);
    REQUIRE(form(&resets, &report));
    REQUIRE(fclose(report.out) == 0);
    check(text, size);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    REQUIRE(lg_aggregate_init(&aggregate, SOCKETS) && lg_resets_init(&resets, "a trace"));
    aggregate.each = lg_resets_record;
    aggregate.each_context = &resets;
    each_line(data, size, false);
    each_line(data, size, true);
    lg_aggregate_finish(&aggregate);
    lg_resets_finish(&resets);
    check_sums();
    write_form(lg_resets_as_json, check_json, true);
    write_form(lg_resets_as_table, check_table, true);
    write_form(lg_resets_as_table, check_table, false);
    lg_resets_free(&resets);
    lg_aggregate_free(&aggregate);
    return 0;
}
