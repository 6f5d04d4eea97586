/* SPDX-License-Identifier: MIT */
/*
 * The input is a log: its lines are counted, and the report is written in every form, also as what another
 * policy would have done. Whatever the lines are, each table holds every record once, the json form is one JSON object,
 * and nothing of the log reaches a terminal or a page as more than text.
 *
 * links: shim/command/common/json.c shim/command/common/output.c shim/command/common/address.c
 * links: shim/command/common/build_id.c shim/command/report/armed.c shim/command/report/fate.c
 * links: shim/command/report/record.c shim/command/report/group.c shim/command/report/join.c
 * links: shim/command/report/timeline.c shim/command/report/aggregate.c shim/command/report/text.c
 * links: shim/command/report/view.c shim/command/report/json.c shim/command/report/prometheus.c
 * links: shim/command/report/terminal/style.c shim/command/report/terminal/summary.c
 * links: shim/command/report/terminal/table.c shim/command/report/page/html.c shim/command/report/page/style.c
 * links: shim/command/report/page/svg.c shim/command/report/whatif/whatif.c shim/command/report/whatif/show.c
 * links: shim/command/report/key.c shim/command/report/modules.c shim/record/words.c
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/parse.h"
#include "policy/safe_text.h"
#include "shim/command/common/json.h"
#include "shim/command/report/report.h"
#include "shim/command/report/whatif/whatif.h"
#include "tests/fuzz/forms.h"

#define SOCKETS 16u /* few, so that they push each other out */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct lg_aggregate aggregate;
static struct lg_whatif whatif;
static unsigned wanted_members; /* of a json form */

static void check_json(const char *text, size_t size)
{
    REQUIRE(members_of(text, size) == wanted_members);
}

static void check_html(const char *text, size_t size)
{
    REQUIRE(strlen(text) == size);
    REQUIRE(strstr(text, "<script") != NULL && strstr(strstr(text, "<script") + 1, "<script") == NULL);
    check_table(text, size);
}

static void check_prometheus(const char *text, size_t size)
{
    REQUIRE(strlen(text) == size);
    REQUIRE(size > 0 && text[size - 1] == '\n');
    check_table(text, size);
    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1)
        REQUIRE(strncmp(line, "lingerguard_", 12) == 0 || strncmp(line, "# ", 2) == 0);
}

static void write_form(bool (*form)(const struct lg_report *), void (*check)(const char *, size_t), size_t rows,
                       bool utf8)
{
    char *text = NULL;
    size_t size = 0;
    char name[] = "a log", *const names[] = {name, NULL};
    struct lg_report_inputs inputs = {.broken_name = "a log", .broken_line = 1};
    struct lg_report report = {
        .out = open_memstream(&text, &size),
        .aggregate = &aggregate,
        .inputs = &inputs,
        .host = "a host",
        .names = names,
        .rows = rows,
        .width = utf8 ? 100 : 40,
        .utf8 = utf8,
    };

    REQUIRE(report.out != NULL);
    REQUIRE(form(&report));
    REQUIRE(fclose(report.out) == 0);
    check(text, size);
    free(text);
}

/* Every record is in one group of each table, bytes included; only the connections may be in several. */
static void check_sums(void)
{
    static const enum lg_table tables[] = {LG_TABLE_PORT, LG_TABLE_NETWORK, LG_TABLE_CAUSE,
                                           LG_TABLE_RULE, LG_TABLE_PROGRAM, LG_TABLE_METRIC,
                                           LG_TABLE_SITE, LG_TABLE_POLICY,  LG_TABLE_TAG};

    for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++) {
        struct lg_count sum;
        lg_count_init(&sum);
        for (uint32_t i = 0; i < aggregate.tables[tables[t]].group_count; i++)
            lg_count_add(&sum, &aggregate.tables[tables[t]].groups[i].count);
        REQUIRE(sum.records == aggregate.totals.records);
        REQUIRE(sum.saved_bytes == aggregate.totals.saved_bytes);
        REQUIRE(sum.released_bytes == aggregate.totals.released_bytes);
        REQUIRE(sum.lost_bytes == aggregate.totals.lost_bytes);
        REQUIRE(sum.deadline_bytes == aggregate.totals.deadline_bytes);
        REQUIRE(sum.discarded_bytes == aggregate.totals.discarded_bytes);
        REQUIRE(sum.suppressed <= aggregate.totals.suppressed); /* what is told without a record has a program only */
        REQUIRE(sum.suppressed == aggregate.totals.suppressed || tables[t] != LG_TABLE_PROGRAM);
        REQUIRE(sum.first_us == aggregate.totals.first_us && sum.last_us == aggregate.totals.last_us);
        REQUIRE(sum.connections >= aggregate.totals.connections);
    }
    REQUIRE(aggregate.totals.records == aggregate.lines[LG_REPORT_LINE_RECORD]);
    REQUIRE(aggregate.totals.connections <= aggregate.totals.records);
}

static bool whatif_as_json(const struct lg_report *report)
{
    return lg_whatif_as_json(&whatif, report);
}

static bool whatif_as_table(const struct lg_report *report)
{
    return lg_whatif_as_table(&whatif, report);
}

/* A policy with each kind of match. */
static const struct lg_policy *some_policy(void)
{
    static struct lg_policy policy;
    static const struct lg_source source = {LG_SOURCE_RULES, {"rules", 5}};
    static const char text[] =
        "allow unsent none; reject role connected; linger 5s exe a*; observe user 1;"
        "drain 5s on linger-zero,unread,late local :80; observe on backlog,disconnect peer [::]/0";

    if (policy.rule_count == 0) {
        lg_policy_init(&policy);
        REQUIRE(lg_policy_parse(&policy, &source, (struct lg_text){text, sizeof(text) - 1}, NULL, NULL) == 0);
    }
    return &policy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *at = (const char *)data;
    const char *end = at + size;

    REQUIRE(lg_aggregate_init(&aggregate, SOCKETS) && lg_whatif_init(&whatif, some_policy(), "a policy"));
    aggregate.each = lg_whatif_record;
    aggregate.each_context = &whatif;
    while (at != end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((newline == NULL ? end : newline) - at);
        /* A copy of the exact size, so that a read behind the line is seen. */
        char *line = malloc(length > 0 ? length : 1);
        REQUIRE(line != NULL);
        memcpy(line, at, length);
        lg_aggregate_line(&aggregate, (struct lg_text){line, length});
        free(line);
        at += length + (newline != NULL);
    }
    lg_aggregate_finish(&aggregate);
    check_sums();
    wanted_members = 12;
    write_form(lg_report_as_json, check_json, 0, true);
    wanted_members = 9;
    write_form(whatif_as_json, check_json, 0, true);
    write_form(whatif_as_table, check_table, 0, false);
    write_form(lg_report_as_table, check_table, 3, false);
    write_form(lg_report_as_table, check_table, 0, true);
    write_form(lg_report_as_html, check_html, 2, true);
    write_form(lg_report_as_prometheus, check_prometheus, 1, true);
    REQUIRE(whatif.changed <= whatif.connections && whatif.connections <= aggregate.totals.records);
    lg_whatif_free(&whatif);
    lg_aggregate_free(&aggregate);
    return 0;
}
