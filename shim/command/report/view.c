/* SPDX-License-Identifier: MIT */
/* What the formats of the report have in common. */
#include "policy/text.h"
#include "shim/command/common/output.h"
#include "shim/command/report/report.h"
#include "shim/command/report/text.h"

#include <stdlib.h>

const struct lg_report_table lg_report_tables[LG_REPORT_TABLES] = {
    {LG_TABLE_SITE, "by_call_site", "By program and call site", "By call site", {"exe", "caller", NULL}},
    {LG_TABLE_PORT, "by_local_port", "By local port", "By local port", {"port", NULL, NULL}},
    {LG_TABLE_NETWORK, "by_peer_network", "By peer network", "By peer network", {"network", NULL, NULL}},
    {LG_TABLE_CAUSE, "by_cause", "By cause, verdict and outcome", "By cause", {"cause", "verdict", "outcome"}},
    {LG_TABLE_RULE, "by_rule", "By rule", "By rule", {"rule", "policy", NULL}},
    {LG_TABLE_POLICY, "by_policy", "By policy in force", "By policy", {"policy", NULL, NULL}},
    {LG_TABLE_TAG, "by_tag", "By tag", "By tag", {"tag", NULL, NULL}},
};

const char lg_about_saved[] = "queued output that the peer acknowledged in the close";
const char lg_about_released[] = "queued output left to the kernel to deliver";
const char lg_about_lost[] = "queued output that an abort destroyed";
const char lg_about_deadline[] = "of it, left when a graceful close timed out";
const char lg_about_discarded[] = "input not yet read when the connection was aborted";
const char lg_about_drained[] = "input that a graceful close read and discarded";

bool lg_report_rows(const struct lg_report *report, enum lg_table table, struct lg_report_rows *rows)
{
    *rows = (struct lg_report_rows){0};
    lg_count_init(&rows->rest);
    rows->groups = lg_group_sort(&report->aggregate->tables[table], &rows->count);
    if (rows->groups == NULL)
        return false;
    if (report->rows == 0 || rows->count <= report->rows)
        return true;
    rows->left_out = rows->count - report->rows;
    rows->count = report->rows;
    for (size_t i = 0; i < rows->left_out; i++)
        lg_count_add(&rows->rest, &rows->groups[rows->count + i]->count);
    return true;
}

void lg_report_put_part(FILE *out, enum lg_safe_form form, const struct lg_group *group, unsigned index)
{
    struct lg_text part = lg_group_part(group, index);

    if (part.at == NULL)
        fputs("(not known)", out);
    else
        lg_put_safe(out, part, form);
}

/* The lines that are ours and whole. */
static uint64_t good_lines(const uint64_t *lines)
{
    return lg_sum(lg_sum(lines[LG_REPORT_LINE_RECORD], lines[LG_REPORT_LINE_PROBLEM]), lines[LG_REPORT_LINE_COUNTS]);
}

void lg_report_put_broken(const struct lg_report *report, enum lg_safe_form form)
{
    FILE *out = report->out;
    const uint64_t *lines = report->aggregate->lines;
    uint64_t broken = lg_aggregate_broken(report->aggregate);
    char room[2][LG_NUMBER_ROOM];
    const char *separator = "";

    if (broken == 0)
        return;
    fprintf(out, "%s of %s lines %s broken (", lg_count_text(room[0], broken),
            lg_count_text(room[1], lg_sum(broken, good_lines(lines))), broken == 1 ? "is" : "are");
    for (unsigned kind = LG_REPORT_LINE_BLANK + 1; kind < LG_REPORT_LINE_COUNT; kind++) {
        if (lines[kind] == 0)
            continue;
        fprintf(out, "%s%s %s", separator, lg_count_text(room[0], lines[kind]),
                lg_report_line_name((enum lg_report_line)kind));
        separator = ", ";
    }
    fputs("), the first at ", out);
    lg_put_safe(out, lg_text_of(report->inputs->broken_name), form);
    fprintf(out, ":%llu", (unsigned long long)report->inputs->broken_line);
}

bool lg_report_has_several(const struct lg_report *report, enum lg_table table)
{
    unsigned groups = 0;

    for (uint32_t i = 0; i < report->aggregate->tables[table].group_count; i++)
        groups += report->aggregate->tables[table].groups[i].count.records != 0;
    return groups > 1;
}

bool lg_report_shows(const struct lg_report *report, enum lg_table table)
{
    return (table != LG_TABLE_POLICY && table != LG_TABLE_TAG) || lg_report_has_several(report, table);
}

bool lg_report_has_others(const struct lg_report *report)
{
    for (unsigned table = 0; table < LG_TABLE_COUNT; table++) {
        if (report->aggregate->tables[table].groups[LG_GROUP_OTHERS].count.records != 0)
            return true;
    }
    return false;
}

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

const char *lg_report_unseen(const struct lg_report *report, unsigned sentence, char room[LG_REPORT_UNSEEN_ROOM])
{
    uint64_t left = report->aggregate->left, endless = report->aggregate->endless;
    char number[LG_NUMBER_ROOM];

    room[0] = '\0';
    if (sentence == 0 && left != 0)
        snprintf(
            room, LG_REPORT_UNSEEN_ROOM,
            "The end of %s connection%s was left to the kernel (orderly, deadline): what a peer sent after that was "
            "answered by RST, which no record knows.",
            lg_count_text(number, left), plural(left));
    if (sentence == 1 && endless != 0)
        snprintf(room, LG_REPORT_UNSEEN_ROOM,
                 "Of %s connection%s that asked for an abort there is no end here: another process had them too, their "
                 "own ended without closing them, or they are still open.",
                 lg_count_text(number, endless), plural(endless));
    return room;
}
