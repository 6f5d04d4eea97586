/* SPDX-License-Identifier: MIT */
#include "shim/command/drainer/drain.h"

#include <errno.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define LEAVE_FIRST_MS 20u  /* to a reader in another thread of the program */
#define OF_A_FIN       1    /* that may have come meanwhile, and counts as taken */
#define SWEEP_MOST     256u /* connections that are asked at a time whether something is unsent */
#define SAME_PEER_MOST 64u  /* of those with nothing unsent that are looked at for one of the same peer */
#define SHARE          4u   /* one peer's address has at most this part of the table */

int lg_drains_init(struct lg_drains *drains, uint32_t max)
{
    drains->pid = getpid();
    drains->sweep_at = LG_TABLE_NONE;
    drains->epoll = epoll_create1(EPOLL_CLOEXEC);
    return drains->epoll < 0 ? -errno : lg_table_init(&drains->table, max);
}

/* Lines */

static struct lg_drainer_stamp stamp_now(const struct lg_drains *drains)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (struct lg_drainer_stamp){now.tv_sec, now.tv_nsec, drains->pid, drains->exe, drains->log.dropped};
}

void lg_drains_tell_counts(struct lg_drains *drains, unsigned links)
{
    struct lg_drainer_stamp stamp = stamp_now(drains);
    char text[LG_DRAINER_LINE_BYTES];
    struct lg_line line;

    lg_line_init(&line, text, sizeof(text));
    lg_drainer_format_counts(&line, drains->format, &stamp, &drains->counts, drains->table.count, links);
    lg_drainer_log_write(&drains->log, text, line.used_bytes, drains->now_ms);
}

void lg_drains_tell(struct lg_drains *drains, const char *note)
{
    struct lg_drainer_stamp stamp = stamp_now(drains);
    char text[LG_DRAINER_LINE_BYTES];
    struct lg_line line;

    lg_line_init(&line, text, sizeof(text));
    lg_drainer_format_note(&line, drains->format, &stamp, note);
    lg_drainer_log_write(&drains->log, text, line.used_bytes, drains->now_ms);
}

static void write_record(struct lg_drains *drains, const struct lg_entry *entry, enum lg_drained end)
{
    struct lg_drainer_stamp stamp = stamp_now(drains);
    char text[LG_DRAINER_LINE_BYTES];
    struct lg_line line;

    if (entry->message.flags & LG_HAND_OFF_QUIET || drains->log.kind == LG_LOG_OFF)
        return;
    lg_line_init(&line, text, sizeof(text));
    lg_drainer_format(&line, drains->format, &stamp, entry, end, lg_connection_unsent(entry->fd),
                      drains->now_ms - entry->start_ms);
    lg_drainer_log_write(&drains->log, text, line.used_bytes, drains->now_ms);
}

/* Ends */

static void end(struct lg_drains *drains, uint32_t index, enum lg_drained how)
{
    struct lg_entry *entry = lg_table_at(&drains->table, index);

    if (!(entry->message.flags & LG_HAND_OFF_OTHER_READER)) {
        if (how == LG_DRAINED_DEADLINE && lg_connection_unsent(entry->fd) > 0)
            lg_connection_mute(entry->fd);
        entry->drained_bytes += lg_connection_discard(entry->fd);
    }
    write_record(drains, entry, how);
    drains->counts.ended[how]++;
    drains->counts.drained_bytes += entry->drained_bytes;
    /* the program may still hold it, and then a close does not take it out */
    epoll_ctl(drains->epoll, EPOLL_CTL_DEL, entry->fd, NULL);
    close(entry->fd);
    if (drains->sweep_at == index)
        drains->sweep_at = entry->next;
    lg_table_remove(&drains->table, index);
}

void lg_drains_end_all(struct lg_drains *drains)
{
    uint32_t index;

    while ((index = lg_table_first_to_wake(&drains->table)) != LG_TABLE_NONE)
        end(drains, index, LG_DRAINED_ORDERLY);
}

/* Room */

/*
 * Once nothing is unsent it stays so, since the program has closed it: so each is asked only until
 * then, and the search goes on where it stopped.
 */
static void sweep(struct lg_drains *drains)
{
    struct lg_table *table = &drains->table;

    for (unsigned i = 0; i < SWEEP_MOST; i++) {
        uint32_t index = drains->sweep_at;

        if (index == LG_TABLE_NONE)
            index = table->lists[LG_ENTRY_UNSENT].first;
        if (index == LG_TABLE_NONE)
            return;
        drains->sweep_at = lg_table_at(table, index)->next;
        if (lg_connection_unsent(lg_table_at(table, index)->fd) == 0)
            lg_table_move(table, index, LG_ENTRY_SENT);
    }
}

static bool let_go_for_room(struct lg_drains *drains, uint32_t index)
{
    if (index == LG_TABLE_NONE)
        return false;
    drains->counts.no_room++;
    end(drains, index, LG_DRAINED_ORDERLY);
    return true;
}

bool lg_drains_make_room(struct lg_drains *drains)
{
    struct lg_table *table = &drains->table;

    if (table->count < table->max)
        return true;
    if (table->lists[LG_ENTRY_SENT].first == LG_TABLE_NONE)
        sweep(drains);
    return let_go_for_room(drains, table->lists[LG_ENTRY_SENT].first);
}

static uint32_t oldest_sent_of(const struct lg_table *table, const struct lg_address *peer)
{
    uint32_t index = table->lists[LG_ENTRY_SENT].first;

    for (unsigned i = 0; i < SAME_PEER_MOST && index != LG_TABLE_NONE; i++) {
        if (lg_table_same_peer(table, index, peer))
            return index;
        index = lg_table_at(table, index)->next;
    }
    return LG_TABLE_NONE;
}

/* True when the peer has not its share yet, or one of its connections could be let go. */
static bool has_share(struct lg_drains *drains, const struct lg_address *peer)
{
    uint32_t share = drains->table.max / SHARE;

    if (lg_table_count_of(&drains->table, peer) < (share > 0 ? share : 1))
        return true;
    if (oldest_sent_of(&drains->table, peer) == LG_TABLE_NONE)
        sweep(drains);
    return let_go_for_room(drains, oldest_sent_of(&drains->table, peer));
}

/* The life of one */

/* What a read that took nothing tells; a socket that nobody may read is let go. */
static enum lg_drained end_of(long got)
{
    if (got == 0)
        return LG_DRAINED;
    return lg_connection_is_gone(got) ? LG_DRAINED_PEER_RESET : LG_DRAINED_ORDERLY;
}

static uint64_t wake_of(const struct lg_entry *entry)
{
    uint64_t wake_ms = entry->start_ms + entry->limit_ms;

    if (entry->idle_ms > 0 && entry->last_input_ms + entry->idle_ms < wake_ms)
        wake_ms = entry->last_input_ms + entry->idle_ms;
    return entry->leave_to_ms != 0 && entry->leave_to_ms < wake_ms ? entry->leave_to_ms : wake_ms;
}

static bool watch(const struct lg_drains *drains, uint32_t index)
{
    const struct lg_entry *entry = lg_table_at(&drains->table, index);
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.u64 = (uint64_t)entry->number << 32 | index};

    return epoll_ctl(drains->epoll, EPOLL_CTL_ADD, entry->fd, &event) == 0;
}

static uint32_t add(struct lg_drains *drains, int fd, const struct lg_connection *connection,
                    const struct lg_hand_off *message)
{
    bool unsent = lg_connection_unsent(fd) > 0;
    uint32_t index = lg_table_add(&drains->table, &connection->peer, unsent ? LG_ENTRY_UNSENT : LG_ENTRY_SENT,
                                  drains->now_ms + message->limit_ms);
    struct lg_entry *entry = lg_table_at(&drains->table, index);

    entry->message = *message;
    entry->fd = fd;
    entry->cookie = connection->cookie ? connection->cookie : message->cookie;
    entry->local = connection->local;
    if (connection->peer.family == 0 && connection->first_read > 0)
        entry->drained_bytes = (uint64_t)connection->first_read;
    entry->start_ms = entry->last_input_ms = drains->now_ms;
    entry->limit_ms = message->limit_ms < drains->max_time_ms ? message->limit_ms : drains->max_time_ms;
    entry->idle_ms = message->idle_ms < drains->max_time_ms ? message->idle_ms : drains->max_time_ms;
    entry->leave_to_ms = 0;
    lg_table_wake(&drains->table, index, wake_of(entry));
    return index;
}

void lg_drains_take(struct lg_drains *drains, int fd, const struct lg_connection *connection,
                    const struct lg_hand_off *message)
{
    bool share = has_share(drains, &connection->peer);
    uint32_t index;

    lg_connection_prepare(fd);
    index = add(drains, fd, connection, message);
    drains->counts.handed++;
    if (drains->counts.most < drains->table.count)
        drains->counts.most = drains->table.count;
    if (connection->first_read <= 0) {
        end(drains, index, end_of(connection->first_read));
    } else if (!share || !watch(drains, index)) {
        drains->counts.no_room++;
        end(drains, index, LG_DRAINED_ORDERLY);
    }
}

static void read_some(struct lg_drains *drains, uint32_t index)
{
    struct lg_entry *entry = lg_table_at(&drains->table, index);
    long got = lg_connection_read(entry->fd, LG_DRAIN_BYTES_MAX - entry->drained_bytes);

    if (got == -EAGAIN)
        return;
    if (got <= 0) {
        end(drains, index, end_of(got));
        return;
    }
    entry->drained_bytes += (uint64_t)got;
    entry->last_input_ms = drains->now_ms;
    if (entry->drained_bytes >= LG_DRAIN_BYTES_MAX)
        end(drains, index, LG_DRAINED_DEADLINE);
}

/*
 * A reader that is blocked in another thread of the program takes what has just come, and then that is
 * its own. Not watched meanwhile: epoll would tell of it all the time.
 */
static void leave_first(struct lg_drains *drains, uint32_t index, uint32_t events)
{
    struct lg_entry *entry = lg_table_at(&drains->table, index);

    entry->taken_before = lg_connection_taken(entry->fd);
    if (lg_connection_unread(entry->fd) == 0 && !(events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
        entry->taken_before -= 1 + OF_A_FIN; /* it was faster than we */
    entry->leave_to_ms = drains->now_ms + LEAVE_FIRST_MS;
    epoll_ctl(drains->epoll, EPOLL_CTL_DEL, entry->fd, NULL);
    lg_table_wake(&drains->table, index, wake_of(entry));
}

void lg_drains_event(struct lg_drains *drains, uint64_t data, uint32_t events)
{
    uint32_t index = (uint32_t)data;
    struct lg_entry *entry = lg_table_at(&drains->table, index);

    if (entry->number != data >> 32)
        return; /* of an earlier connection, in the same turn */
    if (entry->message.flags & LG_HAND_OFF_OTHER_READER)
        leave_first(drains, index, events);
    else
        read_some(drains, index);
}

/* The moment for another reader is over. */
static void look_at_first(struct lg_drains *drains, uint32_t index)
{
    struct lg_entry *entry = lg_table_at(&drains->table, index);

    /* Not by what is there now: more may have come. */
    if (lg_connection_taken(entry->fd) > entry->taken_before + OF_A_FIN) {
        drains->counts.other_reader++;
        end(drains, index, LG_DRAINED_ORDERLY);
        return;
    }
    entry->message.flags &= ~LG_HAND_OFF_OTHER_READER;
    entry->leave_to_ms = 0;
    entry->last_input_ms = drains->now_ms;
    if (watch(drains, index))
        lg_table_wake(&drains->table, index, wake_of(entry));
    else
        end(drains, index, LG_DRAINED_ORDERLY);
}

static void wake(struct lg_drains *drains, uint32_t index)
{
    struct lg_entry *entry = lg_table_at(&drains->table, index);

    if (entry->leave_to_ms != 0 && entry->leave_to_ms <= drains->now_ms)
        look_at_first(drains, index);
    else if (wake_of(entry) <= drains->now_ms)
        end(drains, index, LG_DRAINED_DEADLINE);
    else
        lg_table_wake(&drains->table, index, wake_of(entry)); /* input came meanwhile */
}

uint64_t lg_drains_tick(struct lg_drains *drains)
{
    uint32_t index;

    while ((index = lg_table_first_to_wake(&drains->table)) != LG_TABLE_NONE) {
        if (lg_table_at(&drains->table, index)->wake_ms > drains->now_ms)
            return lg_table_at(&drains->table, index)->wake_ms;
        wake(drains, index);
    }
    return UINT64_MAX;
}
