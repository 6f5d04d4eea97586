/* SPDX-License-Identifier: MIT */
#include "shim/command/report/whatif/whatif.h"
#include "policy/decide.h"
#include "policy/parse.h"
#include "policy/text.h"
#include "shim/command/report/fate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool lg_whatif_init(struct lg_whatif *whatif, const struct lg_policy *policy, const char *name)
{
    *whatif = (struct lg_whatif){.policy = policy, .name = name};
    return lg_group_table_init(&whatif->rows);
}

void lg_whatif_free(struct lg_whatif *whatif)
{
    lg_group_table_free(&whatif->rows);
}

static struct lg_facts facts_of(const struct lg_report_record *record)
{
    struct lg_facts facts = {
        .exe = record->exe,
        .user = LG_USER_UNKNOWN,
        .local = record->local,
        .peer = record->peer,
        .role = record->role,
    };

    if (record->has_unsent)
        facts.unsent = record->unsent_bytes > 0 ? LG_UNSENT_SOME : LG_UNSENT_NONE;
    return facts;
}

/* The key of a row: the rule as five digits, cause, verdict, outcome. */
static struct lg_text make_key(char *room, size_t size, uint32_t rule, const struct lg_report_record *record)
{
    const struct lg_text parts[] = {record->cause, record->verdict, record->outcome_text};
    size_t used = (size_t)snprintf(room, size, "%05u", rule) + 1;

    for (unsigned i = 0; i < 3; i++) {
        size_t length = parts[i].length_bytes < 64 ? parts[i].length_bytes : 64;
        if (length > 0)
            memcpy(room + used, parts[i].at, length);
        used += length;
        room[used++] = '\0';
    }
    return lg_text_make(room, used);
}

static bool was_aborted(const struct lg_report_record *record)
{
    return record->outcome == LG_OUTCOME_ABORTED || record->outcome == LG_OUTCOME_REARMED;
}

bool lg_whatif_loses(enum lg_cause cause, const struct lg_verdict *verdict)
{
    bool as_asked = verdict->kind == LG_VERDICT_ALLOW || verdict->kind == LG_VERDICT_OBSERVE;

    return as_asked && cause != LG_CAUSE_LATE;
}

struct lg_verdict lg_whatif_verdict(const struct lg_whatif *whatif, uint32_t rule, enum lg_cause cause)
{
    return rule < whatif->policy->rule_count ? whatif->policy->rules[rule].verdict : lg_decide_end(cause).verdict;
}

bool lg_whatif_changes(const struct lg_whatif_row *row, const struct lg_verdict *verdict)
{
    return !lg_text_is_word(row->verdict, lg_verdict_name(verdict->kind));
}

static void count_record(struct lg_whatif *whatif, const struct lg_report_record *record, enum lg_cause cause,
                         const struct lg_decision *decision)
{
    uint32_t rule =
        decision->rule != NULL ? (uint32_t)(decision->rule - whatif->policy->rules) : whatif->policy->rule_count;
    const struct lg_whatif_row row = {.verdict = record->verdict};
    char room[256];
    uint32_t group = lg_group_find(&whatif->rows, make_key(room, sizeof(room), rule, record));
    struct lg_count one;

    lg_count_init(&one);
    one.records = 1;
    one.connections = 1;
    *(was_aborted(record) ? &one.lost_bytes : &one.released_bytes) = record->unsent_bytes;
    lg_count_add(&whatif->rows.groups[group].count, &one);
    whatif->connections++;
    whatif->changed += lg_whatif_changes(&row, &decision->verdict);
    whatif->lost_bytes = lg_sum(whatif->lost_bytes, one.lost_bytes);
    if (lg_whatif_loses(cause, &decision->verdict))
        whatif->lost_bytes_then = lg_sum(whatif->lost_bytes_then, record->unsent_bytes);
}

void lg_whatif_record(void *context, const struct lg_report_record *record)
{
    struct lg_whatif *whatif = context;
    struct lg_facts facts = facts_of(record);
    struct lg_decision decision;

    /* A request that was not refused has an end too; the drainer's end is that of a record here. */
    if ((lg_fate_asks(record) && record->outcome != LG_OUTCOME_REJECTED) || lg_fate_is_drainers(record) ||
        record->outcome == LG_OUTCOME_COUNT || !lg_parse_cause(record->cause, &facts.cause))
        return;
    decision = lg_decide(whatif->policy, &facts);
    whatif->unknown += lg_decide_request(whatif->policy, &facts).undecided;
    count_record(whatif, record, facts.cause, &decision);
}

static int compare_rows(const void *left, const void *right)
{
    const struct lg_whatif_row *a = left, *b = right;

    if (a->count->connections != b->count->connections)
        return a->count->connections < b->count->connections ? 1 : -1;
    return a->count < b->count ? -1 : a->count > b->count;
}

struct lg_whatif_row *lg_whatif_rows(const struct lg_whatif *whatif, uint32_t rule, size_t *count)
{
    struct lg_whatif_row *rows = calloc(whatif->rows.group_count, sizeof(*rows));
    char number[16];

    snprintf(number, sizeof(number), "%05u", rule);
    *count = 0;
    for (uint32_t i = 1; rows != NULL && i < whatif->rows.group_count; i++) {
        const struct lg_group *group = &whatif->rows.groups[i];
        struct lg_whatif_row *row = &rows[*count];

        if (!lg_text_is_word(lg_group_part(group, 0), number) || !lg_parse_cause(lg_group_part(group, 1), &row->cause))
            continue;
        row->verdict = lg_group_part(group, 2);
        row->outcome = lg_group_part(group, 3);
        row->count = &group->count;
        row->was_lost = lg_text_is_word(row->outcome, "aborted") || lg_text_is_word(row->outcome, "rearmed");
        (*count)++;
    }
    if (rows != NULL)
        qsort(rows, *count, sizeof(*rows), compare_rows);
    return rows;
}
