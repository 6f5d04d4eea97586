/* SPDX-License-Identifier: MIT */
/*
 * Groups of records that have a key in common, counted in a hash table of bounded size: what would
 * be one group more than the limit is counted in one group that stands for all others.
 */
#ifndef LG_REPORT_GROUP_H
#define LG_REPORT_GROUP_H

#include "policy/policy.h"

#define LG_GROUPS_MAX           65536u     /* distinct groups of one table, (others) not counted */
#define LG_GROUP_KEYS_BYTES_MAX (8u << 20) /* bytes of all keys of one table */
#define LG_GROUP_OTHERS         0u         /* index of the group that stands for all others */
#define LG_GROUP_NONE           UINT32_MAX

/*
 * What is counted. The bytes mean the same everywhere in the report:
 *
 *   saved      output that was queued when the close began, and that the peer had acknowledged at its
 *              end (outcomes lingered and drained, and what the drainer saw acknowledged)
 *   released   output that was left to the kernel, which nobody saw arrive (outcomes orderly and
 *              muted, disarmed of a close, handed without the drainer's record, and what was still
 *              queued at a deadline)
 *   deadline   of that, what was still queued when a graceful close ran out of time (outcome deadline)
 *   lost       output that was still queued when the connection was aborted (outcomes aborted and
 *              rearmed)
 *   discarded  input that had arrived and that nobody read when the connection was aborted
 *
 * Only records of a connection's end count bytes: what a setsockopt saw queued is sent meanwhile,
 * or seen again at the close. Sums stop at the largest number instead of starting again from 0.
 */
struct lg_count {
    uint64_t records;
    uint64_t connections; /* different connections with a record here */
    uint64_t saved_bytes;
    uint64_t released_bytes;
    uint64_t lost_bytes;
    uint64_t deadline_bytes;
    uint64_t discarded_bytes;
    uint64_t suppressed; /* records dropped by the limit, as later lines of the group say */
    int64_t first_us;    /* INT64_MAX when no record had a time */
    int64_t last_us;     /* INT64_MIN likewise */
};

void lg_count_init(struct lg_count *count);
void lg_count_add(struct lg_count *sum, const struct lg_count *more);
uint64_t lg_sum(uint64_t a, uint64_t b); /* at most UINT64_MAX */

/* The key is one or more parts, each terminated by a NUL; an empty part is one that is not known. */
struct lg_group {
    const char *key;
    uint32_t key_bytes;
    uint32_t hash;
    struct lg_count count;
};

struct lg_group_table {
    struct lg_group *groups; /* groups[LG_GROUP_OTHERS] has no key */
    uint32_t group_count;    /* (others) included; 0 in a table that was never used */
    uint32_t group_room;
    uint32_t *slots; /* index of a group, or 0; a power of two of them, at most half in use */
    uint32_t slot_count;
    uint64_t key_bytes;
    struct lg_group_keys *keys;
};

/* Returns false when there is no memory. Frees nothing that the caller owns. */
bool lg_group_table_init(struct lg_group_table *table);
void lg_group_table_free(struct lg_group_table *table);

/* For choosing a slot by a text. */
uint32_t lg_group_hash(struct lg_text key);

/*
 * The index of the group of `key`, made if need be; LG_GROUP_OTHERS at a limit or without memory.
 * An index stays valid as long as the table; a pointer only until the next call.
 */
uint32_t lg_group_find(struct lg_group_table *table, struct lg_text key);

/*
 * The groups that hold records: most bytes lost first, then most records, then most bytes saved and
 * released, then by key;
 * (others) is always last. *count is set; the array is the caller's to free, NULL without memory.
 */
const struct lg_group **lg_group_sort(const struct lg_group_table *table, size_t *count);

/* Part `index` of a group's key, from 0; {NULL, 0} when it is not known or not there. */
struct lg_text lg_group_part(const struct lg_group *group, unsigned index);

#endif
