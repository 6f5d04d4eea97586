/* SPDX-License-Identifier: MIT */
#include "shim/command/report/group.h"

#include <stdlib.h>
#include <string.h>

#define KEY_BLOCK_BYTES (256u << 10)

/* Keys lie in blocks that never move, so that a growing table copies none of them. */
struct lg_group_keys {
    struct lg_group_keys *next;
    size_t used_bytes;
    size_t room_bytes;
    char bytes[];
};

uint64_t lg_sum(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

void lg_count_init(struct lg_count *count)
{
    *count = (struct lg_count){.first_us = INT64_MAX, .last_us = INT64_MIN};
}

void lg_count_add(struct lg_count *sum, const struct lg_count *more)
{
    sum->records = lg_sum(sum->records, more->records);
    sum->connections = lg_sum(sum->connections, more->connections);
    sum->saved_bytes = lg_sum(sum->saved_bytes, more->saved_bytes);
    sum->released_bytes = lg_sum(sum->released_bytes, more->released_bytes);
    sum->lost_bytes = lg_sum(sum->lost_bytes, more->lost_bytes);
    sum->deadline_bytes = lg_sum(sum->deadline_bytes, more->deadline_bytes);
    sum->discarded_bytes = lg_sum(sum->discarded_bytes, more->discarded_bytes);
    sum->suppressed = lg_sum(sum->suppressed, more->suppressed);
    if (more->first_us < sum->first_us)
        sum->first_us = more->first_us;
    if (more->last_us > sum->last_us)
        sum->last_us = more->last_us;
}

/* FNV-1a, its bits mixed once more since the low ones choose the slot. */
uint32_t lg_group_hash(struct lg_text key)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < key.length_bytes; i++)
        hash = (hash ^ (unsigned char)key.at[i]) * UINT64_C(1099511628211);
    hash = (hash ^ hash >> 33) * UINT64_C(0xff51afd7ed558ccd);
    return (uint32_t)(hash ^ hash >> 33);
}

/* A copy of `key` in the table's memory, or NULL. */
static const char *keep_key(struct lg_group_table *table, struct lg_text key)
{
    struct lg_group_keys *block = table->keys;

    if (table->key_bytes + key.length_bytes > LG_GROUP_KEYS_BYTES_MAX)
        return NULL;
    if (block == NULL || block->room_bytes - block->used_bytes < key.length_bytes) {
        size_t room = key.length_bytes > KEY_BLOCK_BYTES ? key.length_bytes : KEY_BLOCK_BYTES;
        block = malloc(sizeof(*block) + room);
        if (block == NULL)
            return NULL;
        *block = (struct lg_group_keys){.next = table->keys, .room_bytes = room};
        table->keys = block;
    }
    char *at = block->bytes + block->used_bytes;
    memcpy(at, key.at, key.length_bytes);
    block->used_bytes += key.length_bytes;
    table->key_bytes += key.length_bytes;
    return at;
}

/* The slot that holds the key's group, or the free one where it belongs. */
static uint32_t *slot_of(const struct lg_group_table *table, struct lg_text key, uint32_t hash)
{
    uint32_t mask = table->slot_count - 1;

    for (uint32_t i = hash & mask;; i = (i + 1) & mask) {
        const struct lg_group *group = &table->groups[table->slots[i]];
        if (table->slots[i] == 0 || (group->hash == hash && group->key_bytes == key.length_bytes &&
                                     memcmp(group->key, key.at, key.length_bytes) == 0))
            return &table->slots[i];
    }
}

static bool grow_slots(struct lg_group_table *table, uint32_t slot_count)
{
    uint32_t *slots = calloc(slot_count, sizeof(*slots));

    if (slots == NULL)
        return false;
    free(table->slots);
    table->slots = slots;
    table->slot_count = slot_count;
    for (uint32_t i = 1; i < table->group_count; i++) {
        uint32_t at = table->groups[i].hash & (slot_count - 1);
        while (slots[at] != 0)
            at = (at + 1) & (slot_count - 1);
        slots[at] = i;
    }
    return true;
}

static bool grow_groups(struct lg_group_table *table, uint32_t room)
{
    struct lg_group *groups = realloc(table->groups, room * sizeof(*groups));

    if (groups == NULL)
        return false;
    table->groups = groups;
    table->group_room = room;
    return true;
}

bool lg_group_table_init(struct lg_group_table *table)
{
    memset(table, 0, sizeof(*table));
    if (!grow_groups(table, 16) || !grow_slots(table, 32)) {
        lg_group_table_free(table);
        return false;
    }
    table->groups[LG_GROUP_OTHERS] = (struct lg_group){0};
    lg_count_init(&table->groups[LG_GROUP_OTHERS].count);
    table->group_count = 1;
    return true;
}

void lg_group_table_free(struct lg_group_table *table)
{
    while (table->keys != NULL) {
        struct lg_group_keys *next = table->keys->next;
        free(table->keys);
        table->keys = next;
    }
    free(table->groups);
    free(table->slots);
    memset(table, 0, sizeof(*table));
}

uint32_t lg_group_find(struct lg_group_table *table, struct lg_text key)
{
    uint32_t hash = lg_group_hash(key);
    uint32_t *slot = slot_of(table, key, hash);
    struct lg_group *group;
    const char *kept;

    if (*slot != 0)
        return *slot;
    if (table->group_count > LG_GROUPS_MAX)
        return LG_GROUP_OTHERS;
    if (table->group_count == table->group_room && !grow_groups(table, table->group_room * 2))
        return LG_GROUP_OTHERS;
    if (table->group_count * 2 > table->slot_count) {
        if (!grow_slots(table, table->slot_count * 2))
            return LG_GROUP_OTHERS;
        slot = slot_of(table, key, hash);
    }
    kept = keep_key(table, key);
    if (kept == NULL)
        return LG_GROUP_OTHERS;
    group = &table->groups[table->group_count];
    *group = (struct lg_group){.key = kept, .key_bytes = (uint32_t)key.length_bytes, .hash = hash};
    lg_count_init(&group->count);
    *slot = table->group_count;
    return table->group_count++;
}

static int compare_numbers(uint64_t a, uint64_t b)
{
    return (a < b) - (a > b);
}

static int compare_groups(const void *left, const void *right)
{
    const struct lg_group *a = *(const struct lg_group *const *)left;
    const struct lg_group *b = *(const struct lg_group *const *)right;
    int order;

    if (a->key == NULL || b->key == NULL)
        return (a->key == NULL) - (b->key == NULL);
    order = compare_numbers(a->count.lost_bytes, b->count.lost_bytes);
    if (order == 0)
        order = compare_numbers(a->count.records, b->count.records);
    if (order == 0)
        order = compare_numbers(lg_sum(a->count.saved_bytes, a->count.released_bytes),
                                lg_sum(b->count.saved_bytes, b->count.released_bytes));
    if (order == 0)
        order = memcmp(a->key, b->key, a->key_bytes < b->key_bytes ? a->key_bytes : b->key_bytes);
    if (order == 0)
        order = (a->key_bytes > b->key_bytes) - (a->key_bytes < b->key_bytes);
    return order;
}

const struct lg_group **lg_group_sort(const struct lg_group_table *table, size_t *count)
{
    const struct lg_group **sorted = malloc((table->group_count + 1u) * sizeof(const struct lg_group *));

    *count = 0;
    if (sorted == NULL)
        return NULL;
    for (uint32_t i = 0; i < table->group_count; i++) {
        if (table->groups[i].count.records != 0 || table->groups[i].count.suppressed != 0)
            sorted[(*count)++] = &table->groups[i];
    }
    qsort(sorted, *count, sizeof(const struct lg_group *), compare_groups);
    return sorted;
}

struct lg_text lg_group_part(const struct lg_group *group, unsigned index)
{
    const char *at = group->key;
    const char *end;

    if (at == NULL)
        return (struct lg_text){NULL, 0};
    end = at + group->key_bytes;
    while (at != end) {
        size_t length = strlen(at);
        if (index-- == 0)
            return length == 0 ? (struct lg_text){NULL, 0} : (struct lg_text){at, length};
        at += length + 1;
    }
    return (struct lg_text){NULL, 0};
}
