/* SPDX-License-Identifier: MIT */
/* What our log knows of each reset. */
#include "shim/command/report/resets/cause.h"
#include "shim/command/report/resets/entries.h"
#include "shim/command/report/resets/resets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BACKLOG_US INT64_C(5000000) /* a listener's record and its resets: closing takes a while */

const char *lg_account_name(enum lg_account account)
{
    static const char *const names[LG_ACCOUNT_COUNT] = {
        [LG_ACCOUNT_ALLOWED] = "allowed", [LG_ACCOUNT_MISSED] = "missed",   [LG_ACCOUNT_AFTER] = "after",
        [LG_ACCOUNT_SILENT] = "silent",   [LG_ACCOUNT_UNKNOWN] = "unknown", [LG_ACCOUNT_NONE] = "none",
    };
    return names[account];
}

const char *lg_account_about(enum lg_account account)
{
    static const char *const about[LG_ACCOUNT_COUNT] = {
        [LG_ACCOUNT_ALLOWED] = "a rule let the program abort",
        [LG_ACCOUNT_MISSED] = "no record, and the library was not in the process: static, Go, or not loaded",
        [LG_ACCOUNT_AFTER] = "released without an abort, and reset afterwards",
        [LG_ACCOUNT_SILENT] = "no record, and the library was in the process: allow, quiet, limit, or a call past it",
        [LG_ACCOUNT_UNKNOWN] = "no record, and it is not known whether the process had the library",
        [LG_ACCOUNT_NONE] = "an answer of the kernel, for no connection with a record",
    };
    return about[account];
}

static int compare_listeners(const void *left, const void *right)
{
    const struct lg_resets_listener *a = left, *b = right;

    if (a->port != b->port)
        return a->port < b->port ? -1 : 1;
    return a->time_us < b->time_us ? -1 : a->time_us > b->time_us;
}

/* The first listener of that port that was closed at `from_us` or later. */
static uint32_t first_listener(const struct lg_resets *resets, uint16_t port, int64_t from_us)
{
    const struct lg_resets_listener wanted = {.port = port, .time_us = from_us};
    uint32_t low = 0, high = resets->listener_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (compare_listeners(&resets->listeners[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_any(const struct lg_address *address)
{
    static const uint8_t zero[sizeof(address->bytes)];

    return address->family == 0 || memcmp(address->bytes, zero, sizeof(zero)) == 0;
}

/* The record of the listener in whose queue the connection waited. */
static uint32_t find_listener(const struct lg_resets *resets, const struct lg_resets_entry *entry)
{
    uint32_t at = first_listener(resets, entry->local.port, entry->time_us - BACKLOG_US);

    for (unsigned walked = 0; at < resets->listener_count && walked < LG_RESETS_WALK_MAX; at++, walked++) {
        const struct lg_resets_listener *listener = &resets->listeners[at];

        if (listener->port != entry->local.port || listener->time_us > entry->time_us + BACKLOG_US)
            break;
        if (is_any(&listener->local) ||
            memcmp(listener->local.bytes, entry->local.bytes, sizeof(entry->local.bytes)) == 0)
            return listener->record;
    }
    return LG_GROUP_NONE;
}

static bool is_abort(struct lg_text outcome)
{
    return lg_text_is_word(outcome, "aborted") || lg_text_is_word(outcome, "rearmed") ||
           lg_text_is_word(outcome, "allowed");
}

static enum lg_account account_of(const struct lg_resets_entry *entry, const struct lg_group *record)
{
    static const enum lg_account without[] = {
        [LG_ANSWER_UNKNOWN] = LG_ACCOUNT_UNKNOWN,
        [LG_ANSWER_NO] = LG_ACCOUNT_MISSED,
        [LG_ANSWER_YES] = LG_ACCOUNT_SILENT,
    };

    if (record != NULL)
        return is_abort(lg_group_part(record, 2)) ? LG_ACCOUNT_ALLOWED : LG_ACCOUNT_AFTER;
    return entry->is_packet || entry->cause == LG_RESET_KERNEL ? LG_ACCOUNT_NONE : without[entry->library];
}

static struct lg_text cause_of(const struct lg_resets_entry *entry, const struct lg_group *record)
{
    if (record != NULL && entry->cause == LG_RESET_ABORT)
        return lg_group_part(record, 0);
    if (record != NULL && entry->cause == LG_RESET_STRAY && !is_abort(lg_group_part(record, 2)))
        return lg_text_of(lg_reset_cause_name(LG_RESET_LATE));
    return lg_text_of(lg_reset_cause_name((enum lg_reset_cause)entry->cause));
}

/* Who serves has the lower port, unless a record says who opened the connection, or nobody serves. */
static struct lg_text port_of(char *room, size_t size, const struct lg_resets_entry *entry,
                              const struct lg_group *record)
{
    bool is_outgoing = record != NULL && lg_group_part(record, 4).at != NULL;

    if (entry->local.family == 0)
        return lg_text_of("");
    if (is_outgoing || (record == NULL && entry->cause != LG_RESET_REFUSED && entry->peer_port != 0 &&
                        entry->peer_port < entry->local.port))
        snprintf(room, size, ">%u", entry->peer_port);
    else
        snprintf(room, size, "%u", entry->local.port);
    return lg_text_of(room);
}

static const struct lg_group *record_of(const struct lg_resets *resets, const struct lg_resets_entry *entry)
{
    uint32_t record = resets->entries[entry->leader].record;
    bool may_wait = entry->cause == LG_RESET_BACKLOG || entry->cause == LG_RESET_ABORT;

    if (record == LG_GROUP_NONE && may_wait)
        record = find_listener(resets, entry);
    return record == LG_GROUP_NONE ? NULL : &resets->records.groups[record];
}

static void count_entry(struct lg_resets *resets, const struct lg_resets_entry *entry)
{
    const struct lg_group *record = record_of(resets, entry);
    const struct lg_group *text = &resets->texts.groups[entry->text];
    enum lg_account account = account_of(entry, record);
    bool is_called = !entry->is_packet && entry->cause != LG_RESET_KERNEL;
    const char digit[] = {(char)('0' + account), '\0'};
    char port[16], room[LG_REPORT_LINE_BYTES_MAX / 2];
    const struct lg_text parts[] = {
        lg_text_of(digit),
        cause_of(entry, record),
        /* Whom an interrupt or a timer interrupted has nothing to do with it. */
        record != NULL ? lg_group_part(record, 3)
        : is_called    ? lg_group_part(text, 0)
                       : lg_text_of(""),
        port_of(port, sizeof(port), entry, record),
        record != NULL ? lg_group_part(record, 1) : lg_text_of(""),
        record != NULL ? lg_group_part(record, 2) : lg_text_of(""),
        lg_group_part(text, 1),
    };
    uint32_t row = lg_group_find(&resets->rows, lg_resets_key(room, sizeof(room), parts, 7));

    resets->rows.groups[row].count.records++;
    resets->counts[account]++;
}

void lg_resets_finish(struct lg_resets *resets)
{
    if (resets->listener_count > 0)
        qsort(resets->listeners, resets->listener_count, sizeof(*resets->listeners), compare_listeners);
    for (uint32_t i = 0; i < resets->entry_count; i++)
        count_entry(resets, &resets->entries[i]);
}

static int compare_text(struct lg_text a, struct lg_text b)
{
    size_t common = a.length_bytes < b.length_bytes ? a.length_bytes : b.length_bytes;
    int order = common == 0 ? 0 : memcmp(a.at, b.at, common);

    return order != 0 ? order : (a.length_bytes > b.length_bytes) - (a.length_bytes < b.length_bytes);
}

static int compare_texts(const struct lg_resets_row *a, const struct lg_resets_row *b)
{
    const struct lg_text *const left[] = {&a->program, &a->port, &a->cause, &a->rule, &a->outcome, &a->reason};
    const struct lg_text *const right[] = {&b->program, &b->port, &b->cause, &b->rule, &b->outcome, &b->reason};
    int order = 0;

    for (unsigned i = 0; i < sizeof(left) / sizeof(left[0]) && order == 0; i++)
        order = compare_text(*left[i], *right[i]);
    return order;
}

static int compare_rows(const void *left, const void *right)
{
    const struct lg_resets_row *a = left, *b = right;

    if (a->account != b->account)
        return a->account < b->account ? -1 : 1;
    if (a->resets != b->resets)
        return a->resets < b->resets ? 1 : -1;
    return compare_texts(a, b);
}

struct lg_resets_row *lg_resets_rows(const struct lg_resets *resets, size_t *count)
{
    struct lg_resets_row *rows = calloc(resets->rows.group_count + 1, sizeof(*rows));

    *count = 0;
    for (uint32_t i = 0; rows != NULL && i < resets->rows.group_count; i++) {
        const struct lg_group *group = &resets->rows.groups[i];
        struct lg_text account = lg_group_part(group, 0);

        if (group->count.records == 0)
            continue;
        rows[(*count)++] = (struct lg_resets_row){
            .account = account.at != NULL ? (enum lg_account)(account.at[0] - '0') : LG_ACCOUNT_COUNT,
            .cause = lg_group_part(group, 1),
            .program = lg_group_part(group, 2),
            .port = lg_group_part(group, 3),
            .rule = lg_group_part(group, 4),
            .outcome = lg_group_part(group, 5),
            .reason = lg_group_part(group, 6),
            .resets = group->count.records,
        };
    }
    if (rows != NULL)
        qsort(rows, *count, sizeof(*rows), compare_rows);
    return rows;
}
