/* SPDX-License-Identifier: MIT */
/*
 * The connections that are drained: a fixed number of entries in mapped memory, of which only those
 * that are used are touched, and no allocation for a connection. What finds one: its index, the time
 * at which it is to be looked at, whether it has something unsent and for how long it has not, and how
 * many there are of a peer's address (an IPv6 /64 counts as one).
 */
#ifndef LG_TABLE_H
#define LG_TABLE_H

#include "policy/policy.h"
#include "shim/base/hand_off.h"

#define LG_TABLE_NONE UINT32_MAX

enum lg_entry_list { LG_ENTRY_UNSENT = 0, LG_ENTRY_SENT, LG_ENTRY_LISTS };

struct lg_entry {
    struct lg_hand_off message;
    uint64_t cookie;
    struct lg_address local;
    struct lg_address peer;
    uint64_t start_ms;
    uint64_t last_input_ms;
    uint64_t drained_bytes;
    uint64_t wake_ms;     /* when it is to be looked at; changed by lg_table_wake */
    int64_t taken_before; /* lg_connection_taken, where input is left to another reader */
    uint64_t leave_to_ms; /* until then; 0: not, or no longer */
    uint32_t limit_ms;    /* D and I, capped */
    uint32_t idle_ms;
    int fd;
    /* of the table */
    uint32_t number; /* no two entries in a row have the same; 0: free */
    uint32_t previous, next;
    uint32_t peer_at;
    uint32_t heap_at;
    uint8_t list; /* enum lg_entry_list */
};

struct lg_peer;
struct lg_entry_ends {
    uint32_t first, last;
};

struct lg_table {
    uint32_t max;
    uint32_t count;
    uint32_t touched; /* entries used since it was last empty */
    uint32_t free;    /* the first of those that are free again, linked by `next` */
    uint32_t last_number;
    struct lg_entry_ends lists[LG_ENTRY_LISTS]; /* each with the oldest first */
    struct lg_entry *entries;
    uint32_t *heap; /* indexes, the one to be looked at first at the top */
    struct lg_peer *peers;
    uint32_t *buckets; /* heads of chains of peers */
    uint32_t bucket_mask;
    uint32_t peers_touched, peers_free;
    uint64_t seed;
};

/* Maps the memory for `max` connections. Returns 0 or a negative errno. */
int lg_table_init(struct lg_table *table, uint32_t max);

static inline struct lg_entry *lg_table_at(const struct lg_table *table, uint32_t index)
{
    return &table->entries[index];
}

/* The index of a new entry of a connection with this peer, all zero but for `number` and `peer`. The table is not full.
 */
uint32_t lg_table_add(struct lg_table *table, const struct lg_address *peer, enum lg_entry_list list, uint64_t wake_ms);
void lg_table_remove(struct lg_table *table, uint32_t index);

/* From now on it is to be looked at at `wake_ms`. */
void lg_table_wake(struct lg_table *table, uint32_t index, uint64_t wake_ms);

/* The index of the one to be looked at first, or LG_TABLE_NONE. */
uint32_t lg_table_first_to_wake(const struct lg_table *table);

/* Moves it to the end of a list. */
void lg_table_move(struct lg_table *table, uint32_t index, enum lg_entry_list list);

/* How many there are with this peer's address. */
uint32_t lg_table_count_of(const struct lg_table *table, const struct lg_address *peer);

/* Whether two entries count for the same address. */
bool lg_table_same_peer(const struct lg_table *table, uint32_t index, const struct lg_address *peer);

#endif
