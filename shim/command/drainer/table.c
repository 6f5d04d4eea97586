/* SPDX-License-Identifier: MIT */
#include "shim/command/drainer/table.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#define GIVE_BACK_FROM 1024u /* entries: what a burst used is given back when the table is empty again */

struct lg_peer {
    uint64_t key[2];
    uint32_t count;
    uint32_t next; /* in its chain, or of those that are free */
};

static void *map(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return memory == MAP_FAILED ? NULL : memory;
}

static void empty(struct lg_table *table)
{
    table->touched = table->peers_touched = 0;
    table->free = table->peers_free = LG_TABLE_NONE;
    memset(table->buckets, 0xff, ((size_t)table->bucket_mask + 1) * sizeof(*table->buckets));
}

int lg_table_init(struct lg_table *table, uint32_t max)
{
    uint32_t buckets = 64;

    while (buckets < max)
        buckets *= 2;
    memset(table, 0, sizeof(*table));
    table->max = max;
    table->bucket_mask = buckets - 1;
    table->entries = map(max * sizeof(*table->entries));
    table->heap = map(max * sizeof(*table->heap));
    table->peers = map(max * sizeof(*table->peers));
    table->buckets = map(buckets * sizeof(*table->buckets));
    if (!table->entries || !table->heap || !table->peers || !table->buckets)
        return -ENOMEM;
    for (unsigned i = 0; i < LG_ENTRY_LISTS; i++)
        table->lists[i] = (struct lg_entry_ends){LG_TABLE_NONE, LG_TABLE_NONE};
    /* without it the chains are as good, but whoever chooses addresses may choose one chain */
    if (getrandom(&table->seed, sizeof(table->seed), GRND_NONBLOCK) < 0)
        table->seed = 0;
    empty(table);
    return 0;
}

/* Peers */

static void key_of(const struct lg_address *peer, uint64_t key[2])
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    bool is_v6 = peer->family == 6 && memcmp(peer->bytes, mapped, sizeof(mapped)) != 0;

    key[0] = peer->family == 0 ? 0 : is_v6 ? 6 : 4;
    key[1] = 0;
    if (is_v6)
        memcpy(&key[1], peer->bytes, 8);
    else
        memcpy(&key[1], peer->bytes + (peer->family == 6 ? 12 : 0), 4);
}

static uint32_t *bucket_of(const struct lg_table *table, const uint64_t key[2])
{
    uint64_t hash = (key[1] ^ table->seed) * UINT64_C(0x9E3779B97F4A7C15);

    hash = (hash ^ hash >> 29 ^ key[0]) * UINT64_C(0xBF58476D1CE4E5B9);
    return &table->buckets[hash >> 32 & table->bucket_mask];
}

static uint32_t find_peer(const struct lg_table *table, const uint64_t key[2])
{
    uint32_t at = *bucket_of(table, key);

    while (at != LG_TABLE_NONE && (table->peers[at].key[0] != key[0] || table->peers[at].key[1] != key[1]))
        at = table->peers[at].next;
    return at;
}

static uint32_t add_peer(struct lg_table *table, const struct lg_address *peer)
{
    uint64_t key[2];
    uint32_t at, *bucket;

    key_of(peer, key);
    at = find_peer(table, key);
    if (at == LG_TABLE_NONE) {
        bucket = bucket_of(table, key);
        at = table->peers_free;
        if (at != LG_TABLE_NONE)
            table->peers_free = table->peers[at].next;
        else
            at = table->peers_touched++;
        table->peers[at] = (struct lg_peer){{key[0], key[1]}, 0, *bucket};
        *bucket = at;
    }
    table->peers[at].count++;
    return at;
}

static void remove_peer(struct lg_table *table, uint32_t at)
{
    uint32_t *link;

    if (--table->peers[at].count > 0)
        return;
    for (link = bucket_of(table, table->peers[at].key); *link != at;)
        link = &table->peers[*link].next;
    *link = table->peers[at].next;
    table->peers[at].next = table->peers_free;
    table->peers_free = at;
}

uint32_t lg_table_count_of(const struct lg_table *table, const struct lg_address *peer)
{
    uint64_t key[2];
    uint32_t at;

    key_of(peer, key);
    at = find_peer(table, key);
    return at == LG_TABLE_NONE ? 0 : table->peers[at].count;
}

bool lg_table_same_peer(const struct lg_table *table, uint32_t index, const struct lg_address *peer)
{
    const struct lg_peer *there = &table->peers[table->entries[index].peer_at];
    uint64_t key[2];

    key_of(peer, key);
    return there->key[0] == key[0] && there->key[1] == key[1];
}

/* The heap */

static bool is_before(const struct lg_table *table, uint32_t a, uint32_t b)
{
    return table->entries[table->heap[a]].wake_ms < table->entries[table->heap[b]].wake_ms;
}

static void put_in_heap(struct lg_table *table, uint32_t at, uint32_t index)
{
    table->heap[at] = index;
    table->entries[index].heap_at = at;
}

static void exchange(struct lg_table *table, uint32_t a, uint32_t b)
{
    uint32_t index = table->heap[a];

    put_in_heap(table, a, table->heap[b]);
    put_in_heap(table, b, index);
}

/* Puts what stands at `at` of a heap of `count` where it belongs. */
static void settle(struct lg_table *table, uint32_t at, uint32_t count)
{
    uint32_t child;

    for (; at > 0 && is_before(table, at, (at - 1) / 2); at = (at - 1) / 2)
        exchange(table, at, (at - 1) / 2);
    while ((child = 2 * at + 1) < count) {
        if (child + 1 < count && is_before(table, child + 1, child))
            child++;
        if (!is_before(table, child, at))
            return;
        exchange(table, at, child);
        at = child;
    }
}

void lg_table_wake(struct lg_table *table, uint32_t index, uint64_t wake_ms)
{
    table->entries[index].wake_ms = wake_ms;
    settle(table, table->entries[index].heap_at, table->count);
}

uint32_t lg_table_first_to_wake(const struct lg_table *table)
{
    return table->count > 0 ? table->heap[0] : LG_TABLE_NONE;
}

/* The lists */

static void put_in_list(struct lg_table *table, uint32_t index, enum lg_entry_list list)
{
    struct lg_entry *entry = &table->entries[index];
    struct lg_entry_ends *ends = &table->lists[list];

    entry->list = (uint8_t)list;
    entry->previous = ends->last;
    entry->next = LG_TABLE_NONE;
    *(ends->last == LG_TABLE_NONE ? &ends->first : &table->entries[ends->last].next) = index;
    ends->last = index;
}

static void take_from_list(struct lg_table *table, uint32_t index)
{
    struct lg_entry *entry = &table->entries[index];
    struct lg_entry_ends *ends = &table->lists[entry->list];

    *(entry->previous == LG_TABLE_NONE ? &ends->first : &table->entries[entry->previous].next) = entry->next;
    *(entry->next == LG_TABLE_NONE ? &ends->last : &table->entries[entry->next].previous) = entry->previous;
}

void lg_table_move(struct lg_table *table, uint32_t index, enum lg_entry_list list)
{
    take_from_list(table, index);
    put_in_list(table, index, list);
}

/* All of it */

uint32_t lg_table_add(struct lg_table *table, const struct lg_address *peer, enum lg_entry_list list, uint64_t wake_ms)
{
    uint32_t index = table->free;
    struct lg_entry *entry;

    if (index != LG_TABLE_NONE)
        table->free = table->entries[index].next;
    else
        index = table->touched++;
    entry = &table->entries[index];
    memset(entry, 0, sizeof(*entry));
    if (++table->last_number == 0)
        table->last_number = 1;
    entry->number = table->last_number;
    entry->peer = *peer;
    entry->peer_at = add_peer(table, peer);
    entry->wake_ms = wake_ms;
    put_in_list(table, index, list);
    put_in_heap(table, table->count, index);
    table->count++;
    settle(table, table->count - 1, table->count);
    return index;
}

static void give_back(struct lg_table *table)
{
    madvise(table->entries, table->max * sizeof(*table->entries), MADV_DONTNEED);
    madvise(table->peers, table->max * sizeof(*table->peers), MADV_DONTNEED);
    madvise(table->heap, table->max * sizeof(*table->heap), MADV_DONTNEED);
    empty(table);
}

void lg_table_remove(struct lg_table *table, uint32_t index)
{
    struct lg_entry *entry = &table->entries[index];
    uint32_t at = entry->heap_at;

    take_from_list(table, index);
    remove_peer(table, entry->peer_at);
    table->count--;
    if (at != table->count) {
        put_in_heap(table, at, table->heap[table->count]);
        settle(table, at, table->count);
    }
    entry->number = 0;
    entry->next = table->free;
    table->free = index;
    if (table->count == 0 && table->touched >= GIVE_BACK_FROM)
        give_back(table);
}
