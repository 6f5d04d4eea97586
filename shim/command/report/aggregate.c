/* SPDX-License-Identifier: MIT */
#include "shim/command/report/aggregate.h"
#include "policy/text.h"
#include "shim/command/report/fate.h"

#include <string.h>

static uint32_t find_group(struct lg_aggregate *aggregate, enum lg_table table, const struct lg_report_record *record)
{
    return lg_group_find(&aggregate->tables[table], lg_key_of(aggregate->key, &aggregate->modules, table, record));
}

static struct lg_count *count_of(struct lg_aggregate *aggregate, enum lg_table table, uint32_t group)
{
    return &aggregate->tables[table].groups[group].count;
}

static uint64_t hash_address(const struct lg_address *address)
{
    uint64_t hash = UINT64_C(14695981039346656037) ^ address->port;

    if (address->family == 0)
        return 0;
    for (size_t i = 0; i < sizeof(address->bytes); i++)
        hash = (hash ^ address->bytes[i]) * UINT64_C(1099511628211);
    return hash | 1;
}

/* An asking record without a peer may be of a socket that never connects; once it does, it counts as well. */
static void become_connection(struct lg_aggregate *aggregate, struct lg_join_socket *socket)
{
    socket->is_connection = true;
    aggregate->totals.connections = lg_sum(aggregate->totals.connections, 1);
    for (unsigned table = 0; table < LG_TABLE_JOINED; table++) {
        if (socket->groups[table] != LG_GROUP_NONE)
            count_of(aggregate, (enum lg_table)table, socket->groups[table])->connections++;
    }
}

static void count_in_site(struct lg_aggregate *aggregate, const struct lg_report_record *record,
                          const struct lg_count *one, struct lg_join_socket *socket, bool asks)
{
    uint32_t site;

    if (!asks && socket != NULL) {
        if (socket->asker == LG_GROUP_NONE)
            socket->closer = find_group(aggregate, LG_TABLE_SITE, record);
        socket->is_closed = true;
        socket->may_inherit = record->role != LG_ROLE_CONNECTED && lg_text_is_word(record->cause, "linger-zero");
        lg_count_add(&socket->end, one);
        return;
    }
    site = find_group(aggregate, LG_TABLE_SITE, record);
    lg_count_add(count_of(aggregate, LG_TABLE_SITE, site), one);
    if (socket == NULL) {
        if (asks && record->peer.family == 0)
            lg_armed_add(&aggregate->armed, lg_armed_place(record, record->local.port), site);
        return;
    }
    if (socket->is_connection && socket->asker != LG_GROUP_NONE && socket->asker != site)
        count_of(aggregate, LG_TABLE_SITE, socket->asker)->connections++;
    socket->asker = site;
}

/* Adds to every group in which the socket was counted last, its call site apart. */
static void add_to_tables(struct lg_aggregate *aggregate, const struct lg_join_socket *socket,
                          const struct lg_count *more)
{
    for (unsigned table = 0; table < LG_TABLE_JOINED; table++) {
        if (socket->groups[table] != LG_GROUP_NONE)
            lg_count_add(count_of(aggregate, (enum lg_table)table, socket->groups[table]), more);
    }
    lg_count_add(&aggregate->totals, more);
}

/* What the peer acknowledged between a hand-over and the drainer's end. */
static uint64_t acknowledged(uint64_t before_bytes, uint64_t left_bytes)
{
    return before_bytes > left_bytes ? before_bytes - left_bytes : 0;
}

/*
 * The program's record of a hand-over says what was queued, the drainer's what of it is left: together
 * they say what arrived. It counts where the drainer's record does, whichever comes first.
 */
static void join_hand_over(struct lg_aggregate *aggregate, const struct lg_report_record *record, struct lg_count *one,
                           struct lg_join_socket *socket)
{
    bool is_end = lg_fate_is_drainers(record) && record->outcome != LG_OUTCOME_PEER_RESET;
    struct lg_count more;

    if (record->outcome == LG_OUTCOME_HANDED && socket->is_drained) {
        lg_count_init(&more);
        more.saved_bytes = acknowledged(record->unsent_bytes, socket->unsent_bytes);
        add_to_tables(aggregate, socket, &more);
        lg_count_add(&socket->end, &more);
    } else if (is_end && socket->is_handed) {
        one->saved_bytes = acknowledged(socket->unsent_bytes, record->unsent_bytes);
    }
    if (record->outcome == LG_OUTCOME_HANDED) {
        socket->is_handed = !socket->is_drained;
        one->released_bytes = 0;
    } else if (lg_fate_is_drainers(record)) {
        socket->is_drained = !socket->is_handed;
        socket->is_handed = false;
    }
    socket->unsent_bytes = record->outcome == LG_OUTCOME_PEER_RESET ? UINT64_MAX : record->unsent_bytes;
}

/* A socket that asked and never became a connection may listen. */
static void note_listener(struct lg_aggregate *aggregate, const struct lg_join_socket *socket)
{
    if (socket->asker != LG_GROUP_NONE && !socket->is_connection)
        lg_armed_add(&aggregate->armed, socket->place, socket->asker);
}

/* Who asked for the end of a socket, else who armed its listener, else who closed it. */
static uint32_t site_of(const struct lg_aggregate *aggregate, const struct lg_join_socket *socket)
{
    uint32_t site = socket->asker;

    if (site == LG_GROUP_NONE && socket->may_inherit)
        site = lg_armed_find(&aggregate->armed, socket->place);
    if (site == LG_GROUP_NONE && socket->may_inherit)
        site = lg_armed_find(&aggregate->armed, socket->program);
    return site == LG_GROUP_NONE ? socket->closer : site;
}

/*
 * The end of a connection belongs to the call site that asked for it, where that was seen. One that was
 * handed over and of which the drainer says nothing was left to it, and by it to the kernel.
 */
static void leave_join(void *context, const struct lg_join_socket *socket)
{
    struct lg_aggregate *aggregate = context;
    uint32_t site = site_of(aggregate, socket);
    struct lg_count released, *count;

    note_listener(aggregate, socket);
    lg_count_init(&released);
    released.released_bytes = socket->is_handed ? socket->unsent_bytes : 0;
    add_to_tables(aggregate, socket, &released);
    if (site == LG_GROUP_NONE)
        return;
    count = count_of(aggregate, LG_TABLE_SITE, site);
    lg_count_add(count, &socket->end);
    lg_count_add(count, &released);
    count->connections += socket->is_connection;
}

static void count_time(struct lg_aggregate *aggregate, const struct lg_report_record *record)
{
    enum lg_timeline_kind kind = lg_fate_kind(record);

    if (record->time_us != LG_TIME_UNKNOWN && kind != LG_TIMELINE_KINDS)
        lg_timeline_add(&aggregate->timeline, record->time_us, kind);
    aggregate->drained_bytes = lg_sum(aggregate->drained_bytes, record->drained_bytes);
    if (lg_fate_is_drainers(record)) /* no program waited for it */
        return;
    aggregate->waited_ms = lg_sum(aggregate->waited_ms, record->elapsed_ms);
    if (record->elapsed_ms > aggregate->waited_most_ms)
        aggregate->waited_most_ms = record->elapsed_ms;
}

/*
 * A connection counts in a group when its last record in this table was of another group. Asked for
 * before the socket had its addresses, it is not one of the connections whose addresses nobody knows.
 */
static void count_in_table(struct lg_aggregate *aggregate, enum lg_table table, const struct lg_report_record *record,
                           const struct lg_count *one, struct lg_join_socket *socket)
{
    bool is_early =
        (table == LG_TABLE_PORT || table == LG_TABLE_NETWORK) && record->peer.family == 0 && lg_fate_asks(record);
    uint32_t group = find_group(aggregate, table, record);
    struct lg_count more = *one;

    if (socket != NULL && !is_early) {
        more.connections = socket->is_connection && socket->groups[table] != group;
        socket->groups[table] = group;
    }
    lg_count_add(count_of(aggregate, table, group), &more);
}

/* What the kernel does after a close that did not wait for the peer, nobody sees. */
static void count_unseen(struct lg_aggregate *aggregate, const struct lg_report_record *record,
                         struct lg_join_socket *socket, bool is_end)
{
    bool is_left = record->outcome == LG_OUTCOME_ORDERLY || record->outcome == LG_OUTCOME_DEADLINE;

    if (is_end && is_left && (socket == NULL || !socket->is_closed))
        aggregate->left = lg_sum(aggregate->left, 1);
    if (socket != NULL)
        socket->is_refused = record->outcome == LG_OUTCOME_REJECTED;
}

/* Another process had it too, or its own ended without a close. */
static bool is_endless(const struct lg_join_socket *socket)
{
    return socket->is_connection && socket->asker != LG_GROUP_NONE && !socket->is_closed && !socket->is_refused;
}

static void count_connection(struct lg_aggregate *aggregate, const struct lg_report_record *record)
{
    bool asks = lg_fate_asks(record);
    bool is_connection = !lg_fate_is_listener(record) && (!asks || record->peer.family != 0);
    struct lg_count one = lg_fate_count(record);
    struct lg_join_socket *socket = NULL;

    if (record->has_socket && record->socket != 0 && !lg_fate_is_listener(record))
        socket = lg_join_find(&aggregate->join, record->socket, hash_address(&record->peer));
    if (socket != NULL) {
        socket->place = lg_armed_place(record, record->local.port);
        socket->program = lg_armed_place(record, 0);
    }
    if (socket != NULL && is_connection && !socket->is_connection)
        become_connection(aggregate, socket);
    count_time(aggregate, record);
    count_unseen(aggregate, record, socket, is_connection && !asks);
    if (socket != NULL && !asks)
        join_hand_over(aggregate, record, &one, socket);
    /* Without a cookie nothing can be joined: each end is a connection, each asking record none. */
    one.connections = socket == NULL && is_connection && !asks;
    count_in_site(aggregate, record, &one, socket, asks);
    for (unsigned table = 0; table < LG_TABLE_JOINED; table++)
        count_in_table(aggregate, (enum lg_table)table, record, &one, socket);
    lg_count_add(&aggregate->totals, &one);
}

static void count_problem(struct lg_aggregate *aggregate, const struct lg_report_record *record)
{
    struct lg_count one = lg_fate_count(record);
    uint32_t group = find_group(aggregate, LG_TABLE_PROBLEM, record);
    uint32_t program = find_group(aggregate, LG_TABLE_PROBLEM_PROGRAM, record);

    lg_count_add(count_of(aggregate, LG_TABLE_PROBLEM, group), &one);
    lg_count_add(count_of(aggregate, LG_TABLE_PROBLEM_PROGRAM, program), &one);
}

/* Numbers without a connection: what the library had to drop, told when a second or the program ends. */
static void count_numbers(struct lg_aggregate *aggregate, const struct lg_report_record *record)
{
    struct lg_count more;

    lg_count_init(&more);
    more.suppressed = record->suppressed;
    lg_count_add(&aggregate->totals, &more);
    if (more.suppressed != 0)
        lg_count_add(count_of(aggregate, LG_TABLE_PROGRAM, find_group(aggregate, LG_TABLE_PROGRAM, record)), &more);
}

bool lg_aggregate_init(struct lg_aggregate *aggregate, uint32_t socket_count)
{
    bool is_ready = true;

    memset(aggregate, 0, offsetof(struct lg_aggregate, key));
    lg_count_init(&aggregate->totals);
    for (unsigned table = 0; table < LG_TABLE_COUNT; table++)
        is_ready = lg_group_table_init(&aggregate->tables[table]) && is_ready;
    return lg_join_init(&aggregate->join, socket_count, leave_join, aggregate) && is_ready;
}

void lg_aggregate_free(struct lg_aggregate *aggregate)
{
    for (unsigned table = 0; table < LG_TABLE_COUNT; table++)
        lg_group_table_free(&aggregate->tables[table]);
    lg_join_free(&aggregate->join);
    lg_modules_free(&aggregate->modules);
}

enum lg_report_line lg_aggregate_line(struct lg_aggregate *aggregate, struct lg_text line)
{
    struct lg_report_record record;
    enum lg_report_line kind = lg_report_record_read(line, aggregate->scratch, &record);

    aggregate->lines[kind]++;
    if (kind == LG_REPORT_LINE_RECORD)
        count_connection(aggregate, &record);
    else if (kind == LG_REPORT_LINE_PROBLEM)
        count_problem(aggregate, &record);
    else if (kind == LG_REPORT_LINE_COUNTS)
        count_numbers(aggregate, &record);
    if (kind == LG_REPORT_LINE_RECORD && aggregate->each != NULL)
        aggregate->each(aggregate->each_context, &record);
    return kind;
}

void lg_aggregate_skip(struct lg_aggregate *aggregate)
{
    aggregate->lines[LG_REPORT_LINE_TOO_LONG]++;
}

void lg_aggregate_finish(struct lg_aggregate *aggregate)
{
    for (uint32_t i = 0; i < aggregate->join.socket_count; i++) {
        if (aggregate->join.sockets[i].cookie == 0)
            continue;
        note_listener(aggregate, &aggregate->join.sockets[i]);
        aggregate->endless += is_endless(&aggregate->join.sockets[i]);
    }
    lg_join_flush(&aggregate->join);
}

uint64_t lg_aggregate_broken(const struct lg_aggregate *aggregate)
{
    uint64_t broken = 0;

    for (unsigned line = LG_REPORT_LINE_BLANK + 1; line < LG_REPORT_LINE_COUNT; line++)
        broken += aggregate->lines[line];
    return broken;
}
