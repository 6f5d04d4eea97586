/* SPDX-License-Identifier: MIT */
#include "shim/command/report/fate.h"
#include "policy/text.h"

/* Through syscall() it is the outcome that tells a request from an end. */
bool lg_fate_asks(const struct lg_report_record *record)
{
    bool may_ask = record->outcome == LG_OUTCOME_DISARMED || record->outcome == LG_OUTCOME_UNDECIDED;

    return record->outcome == LG_OUTCOME_REJECTED || record->outcome == LG_OUTCOME_ALLOWED ||
           lg_text_is_word(record->call, "setsockopt") || (may_ask && lg_text_is_word(record->call, "syscall"));
}

bool lg_fate_is_listener(const struct lg_report_record *record)
{
    return lg_text_is_word(record->cause, "backlog") || lg_text_is_word(record->state, "LISTEN") ||
           lg_text_is_word(record->state, "listen");
}

bool lg_fate_is_drainers(const struct lg_report_record *record)
{
    return !record->has_fd && lg_text_is_word(record->verdict, "drain") && !lg_fate_asks(record);
}

enum lg_timeline_kind lg_fate_kind(const struct lg_report_record *record)
{
    if (lg_fate_asks(record))
        return LG_TIMELINE_ASKED;
    switch (record->outcome) {
    case LG_OUTCOME_ABORTED:
    case LG_OUTCOME_REARMED:
        return LG_TIMELINE_ABORTED;
    case LG_OUTCOME_DEADLINE:
    case LG_OUTCOME_PEER_RESET:
        return LG_TIMELINE_CUT;
    case LG_OUTCOME_HANDED:
    case LG_OUTCOME_COUNT:
        return LG_TIMELINE_KINDS;
    case LG_OUTCOME_REJECTED:
    case LG_OUTCOME_DISARMED:
    case LG_OUTCOME_UNDECIDED:
    case LG_OUTCOME_ALLOWED:
    case LG_OUTCOME_ORDERLY:
    case LG_OUTCOME_LINGERED:
    case LG_OUTCOME_DRAINED:
    case LG_OUTCOME_MUTED:
        break;
    }
    return LG_TIMELINE_ORDERLY;
}

/* See struct lg_count for what the bytes mean. */
static void count_bytes(const struct lg_report_record *record, struct lg_count *one)
{
    uint64_t unsent_bytes = record->unsent_bytes;

    switch (record->outcome) {
    case LG_OUTCOME_ABORTED:
    case LG_OUTCOME_REARMED:
        one->lost_bytes = unsent_bytes;
        one->discarded_bytes = record->unread_bytes;
        break;
    case LG_OUTCOME_LINGERED:
        one->saved_bytes = unsent_bytes;
        break;
    case LG_OUTCOME_DRAINED:
        *(lg_fate_is_drainers(record) ? &one->released_bytes : &one->saved_bytes) = unsent_bytes;
        break;
    case LG_OUTCOME_DEADLINE:
        one->deadline_bytes = unsent_bytes;
        one->released_bytes = unsent_bytes;
        break;
    case LG_OUTCOME_ORDERLY:
    case LG_OUTCOME_MUTED:
    case LG_OUTCOME_HANDED:
    case LG_OUTCOME_DISARMED:
    case LG_OUTCOME_UNDECIDED:
        one->released_bytes = unsent_bytes;
        break;
    case LG_OUTCOME_REJECTED:
    case LG_OUTCOME_ALLOWED:
    case LG_OUTCOME_PEER_RESET:
    case LG_OUTCOME_COUNT:
        break;
    }
}

struct lg_count lg_fate_count(const struct lg_report_record *record)
{
    struct lg_count one;

    lg_count_init(&one);
    one.records = 1;
    one.suppressed = record->suppressed;
    if (record->time_us != LG_TIME_UNKNOWN) {
        one.first_us = record->time_us;
        one.last_us = record->time_us;
    }
    if (!lg_fate_asks(record))
        count_bytes(record, &one);
    return one;
}
