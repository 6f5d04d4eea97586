/* SPDX-License-Identifier: MIT */
#include "shim/command/report/resets/resets.h"
#include "shim/command/report/fate.h"
#include "shim/command/report/resets/cause.h"
#include "shim/command/report/resets/entries.h"

#include <stdlib.h>
#include <string.h>

#define HEADS        (1u << 18)
#define SAME_US      INT64_C(60000000) /* resets of one pair of addresses without a cookie belong together that long */
#define CLOCKS_US    INT64_C(2000000)  /* the clocks of trace and record may differ by this */
#define RECORD_PARTS 5u

bool lg_resets_init(struct lg_resets *resets, const char *name)
{
    *resets = (struct lg_resets){.name = name, .first_us = INT64_MAX, .last_us = INT64_MIN};
    resets->by_socket = calloc(HEADS, sizeof(*resets->by_socket));
    resets->by_pair = calloc(HEADS, sizeof(*resets->by_pair));
    return lg_group_table_init(&resets->texts) && lg_group_table_init(&resets->records) &&
           lg_group_table_init(&resets->rows) && resets->by_socket != NULL && resets->by_pair != NULL;
}

void lg_resets_free(struct lg_resets *resets)
{
    free(resets->entries);
    free(resets->by_socket);
    free(resets->by_pair);
    free(resets->listeners);
    lg_group_table_free(&resets->texts);
    lg_group_table_free(&resets->records);
    lg_group_table_free(&resets->rows);
}

static uint64_t mix(uint64_t hash)
{
    hash = (hash ^ hash >> 33) * UINT64_C(0xff51afd7ed558ccd);
    return hash ^ hash >> 33;
}

static uint64_t hash_address(uint64_t hash, const struct lg_address *address)
{
    hash = (hash ^ address->port) * UINT64_C(1099511628211);
    for (unsigned i = 0; i < (address->family == 4 ? 4u : 16u); i++)
        hash = (hash ^ address->bytes[i]) * UINT64_C(1099511628211);
    return mix(hash);
}

static uint64_t hash_pair(const struct lg_address *local, const struct lg_address *peer)
{
    if (local->family == 0 || peer->family == 0)
        return 0;
    return hash_address(hash_address(UINT64_C(14695981039346656037), local), peer) | 1;
}

struct lg_text lg_resets_key(char *room, size_t size, const struct lg_text *parts, unsigned count)
{
    size_t used = 0;

    for (unsigned i = 0; i < count; i++) {
        size_t left = size - used - (count - i);
        size_t length = parts[i].length_bytes < left ? parts[i].length_bytes : left;

        if (length > 0)
            memcpy(room + used, parts[i].at, length);
        used += length;
        room[used++] = '\0';
    }
    return lg_text_make(room, used);
}

/* One more element in an array that grows by doubling, up to `most`; NULL at the limit and without memory. */
static void *add_element(void **array, uint32_t *count, uint32_t *room, uint32_t most, size_t size)
{
    if (*count == *room) {
        uint32_t more = *room == 0 ? 256 : *room * 2;
        void *grown = more > most ? NULL : realloc(*array, more * size);

        if (grown == NULL)
            return NULL;
        *array = grown;
        *room = more;
    }
    return (char *)*array + (*count)++ * size;
}

/* Whether both resets are of one connection; a cookie alone may be another one's (before Linux 5.10, or another boot).
 */
static bool is_same(const struct lg_resets_entry *leader, const struct lg_resets_entry *entry)
{
    if (leader->socket != entry->socket || leader->pair != entry->pair || leader->has_socket != entry->has_socket)
        return false;
    return entry->socket != 0 ||
           (entry->time_us >= leader->last_us - SAME_US && entry->time_us <= leader->last_us + SAME_US);
}

static uint32_t *head_of(struct lg_resets *resets, const struct lg_resets_entry *entry)
{
    return entry->socket != 0 ? &resets->by_socket[mix(entry->socket) % HEADS] : &resets->by_pair[entry->pair % HEADS];
}

static uint32_t find_leader(struct lg_resets *resets, const struct lg_resets_entry *entry)
{
    uint32_t at = entry->socket != 0 || entry->pair != 0 ? *head_of(resets, entry) : 0;

    for (unsigned walked = 0; at != 0 && walked < LG_RESETS_WALK_MAX; walked++) {
        struct lg_resets_entry *leader = &resets->entries[at - 1];

        if (is_same(leader, entry))
            return at - 1;
        at = entry->socket != 0 ? leader->next_socket : leader->next_pair;
    }
    return LG_GROUP_NONE;
}

static void put_in_chains(struct lg_resets *resets, uint32_t index)
{
    struct lg_resets_entry *entry = &resets->entries[index];

    if (entry->socket != 0) {
        uint32_t *head = &resets->by_socket[mix(entry->socket) % HEADS];
        entry->next_socket = *head;
        *head = index + 1;
    }
    if (entry->pair != 0) {
        uint32_t *head = &resets->by_pair[entry->pair % HEADS];
        entry->next_pair = *head;
        *head = index + 1;
    }
}

static void put_in_connection(struct lg_resets *resets, uint32_t index)
{
    struct lg_resets_entry *entry = &resets->entries[index];

    entry->leader = find_leader(resets, entry);
    if (entry->leader == LG_GROUP_NONE) {
        entry->leader = index;
        put_in_chains(resets, index);
    } else if (resets->entries[entry->leader].last_us < entry->time_us) {
        resets->entries[entry->leader].last_us = entry->time_us;
    }
}

static bool add_reset(struct lg_resets *resets, const struct lg_reset *reset)
{
    const struct lg_text parts[] = {reset->program, reset->reason};
    char room[LG_TRACE_LINE_BYTES_MAX + 2];
    struct lg_resets_entry *entry;

    resets->resets++;
    if (reset->time_us < resets->first_us)
        resets->first_us = reset->time_us;
    if (reset->time_us > resets->last_us)
        resets->last_us = reset->time_us;
    if (resets->entry_count == LG_RESETS_MAX) {
        resets->left_out++;
        return true;
    }
    entry = add_element((void **)&resets->entries, &resets->entry_count, &resets->entry_room, LG_RESETS_MAX,
                        sizeof(*entry));
    if (entry == NULL)
        return false;
    *entry = (struct lg_resets_entry){
        .time_us = reset->time_us,
        .last_us = reset->time_us,
        .socket = reset->socket,
        .pair = hash_pair(&reset->local, &reset->peer),
        .local = reset->local,
        .peer_port = reset->peer.port,
        .has_socket = reset->has_socket,
        .is_packet = reset->is_packet,
        .cause = (uint8_t)lg_reset_cause(reset),
        .library = (uint8_t)reset->library,
        .text = lg_group_find(&resets->texts, lg_resets_key(room, sizeof(room), parts, 2)),
        .record = LG_GROUP_NONE,
    };
    put_in_connection(resets, resets->entry_count - 1);
    return true;
}

bool lg_resets_line(struct lg_resets *resets, struct lg_text line, uint64_t number)
{
    struct lg_reset reset;
    const char *wrong = "it is too long";

    if (lg_trace_is_blank(line))
        return true;
    if (line.length_bytes <= LG_TRACE_LINE_BYTES_MAX)
        wrong = lg_trace_read(line, &reset);
    if (wrong == NULL)
        return add_reset(resets, &reset);
    if (resets->broken++ == 0) {
        resets->broken_line = number;
        resets->broken_why = wrong;
    }
    return true;
}

static uint32_t keep_record(struct lg_resets *resets, const struct lg_report_record *record)
{
    const struct lg_text parts[RECORD_PARTS] = {
        record->cause,
        record->rule,
        record->outcome_text,
        record->exe,
        lg_text_of(record->role == LG_ROLE_CONNECTED ? "connected" : ""),
    };
    char room[LG_REPORT_LINE_BYTES_MAX / 4];

    return lg_group_find(&resets->records, lg_resets_key(room, sizeof(room), parts, RECORD_PARTS));
}

/* The end of a connection says more than a request, and a later record more than an earlier one. */
static void note_record(struct lg_resets *resets, struct lg_resets_entry *leader, const struct lg_report_record *record)
{
    bool ends = !lg_fate_asks(record);

    if (leader->record != LG_GROUP_NONE &&
        (ends != leader->record_ends ? leader->record_ends : record->time_us < leader->record_us))
        return;
    leader->record = keep_record(resets, record);
    leader->record_ends = ends;
    leader->record_us = record->time_us;
}

static void note_by_socket(struct lg_resets *resets, const struct lg_report_record *record, uint64_t pair)
{
    uint32_t at = resets->by_socket[mix(record->socket) % HEADS];

    for (unsigned walked = 0; at != 0 && walked < LG_RESETS_WALK_MAX; walked++) {
        struct lg_resets_entry *leader = &resets->entries[at - 1];

        if (leader->socket == record->socket && (pair == 0 || leader->pair == 0 || leader->pair == pair))
            note_record(resets, leader, record);
        at = leader->next_socket;
    }
}

/* Where the kernel had a socket and the record knows its cookie, the cookie alone tells. */
static void note_by_pair(struct lg_resets *resets, const struct lg_report_record *record, uint64_t pair)
{
    uint32_t at = resets->by_pair[pair % HEADS];

    for (unsigned walked = 0; at != 0 && walked < LG_RESETS_WALK_MAX; walked++) {
        struct lg_resets_entry *leader = &resets->entries[at - 1];

        if (leader->pair == pair && !(leader->has_socket && record->has_socket) &&
            record->time_us <= leader->last_us + CLOCKS_US)
            note_record(resets, leader, record);
        at = leader->next_pair;
    }
}

static void note_listener(struct lg_resets *resets, const struct lg_report_record *record)
{
    struct lg_resets_listener *listener = add_element((void **)&resets->listeners, &resets->listener_count,
                                                      &resets->listener_room, LG_LISTENERS_MAX, sizeof(*listener));

    if (listener != NULL)
        *listener = (struct lg_resets_listener){record->local.port, record->time_us, record->local,
                                                keep_record(resets, record)};
}

void lg_resets_record(void *context, const struct lg_report_record *record)
{
    struct lg_resets *resets = context;
    uint64_t pair = hash_pair(&record->local, &record->peer);

    if (lg_fate_is_listener(record)) {
        note_listener(resets, record);
        return;
    }
    if (record->has_socket && record->socket != 0)
        note_by_socket(resets, record, pair);
    if (pair != 0)
        note_by_pair(resets, record, pair);
}
