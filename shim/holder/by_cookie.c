/* SPDX-License-Identifier: MIT */
#include "shim/holder/by_cookie.h"

#include "shim/base/sys.h"

bool lg_known_tracks;
unsigned long lg_epoch;
static bool duplicated;

/*
 * A slot, from the low end: role (2 bits), shared (1), used (1), epoch (25), and the bits of the
 * cookie that the index does not tell (35). The word 0 is an empty slot.
 */
#define SLOT_BITS   14
#define SLOTS       (1u << SLOT_BITS)
#define ROLE_MASK   3u
#define SHARED      4u
#define USED        8u
#define EPOCH_SHIFT 4
#define EPOCH_BITS  25
#define TAG_SHIFT   (EPOCH_SHIFT + EPOCH_BITS)
#define TAG_BITS    (64 - TAG_SHIFT)

_Static_assert(LG_EPOCH_LAST == (1ul << EPOCH_BITS) - 1, "an epoch fits into its bits");

static uint64_t slots[SLOTS];

static uint64_t *slot_of(uint64_t cookie)
{
    return &slots[cookie & (SLOTS - 1)];
}

static uint64_t tag_of(uint64_t cookie)
{
    return cookie >> SLOT_BITS << TAG_SHIFT;
}

static bool holds(uint64_t word, uint64_t cookie)
{
    return word != 0 && word >> TAG_SHIFT << TAG_SHIFT == tag_of(cookie);
}

static bool fits(uint64_t cookie)
{
    return cookie != 0 && cookie >> SLOT_BITS >> TAG_BITS == 0;
}

static uint64_t epoch_now(void)
{
    unsigned long now = __atomic_load_n(&lg_epoch, __ATOMIC_RELAXED);

    return now > LG_EPOCH_LAST ? LG_EPOCH_LAST : now;
}

bool lg_known_sharing(void)
{
    return epoch_now() != 0 || __atomic_load_n(&duplicated, __ATOMIC_RELAXED);
}

static uint64_t word_of(uint64_t cookie, enum lg_role role, bool alone)
{
    return tag_of(cookie) | epoch_now() << EPOCH_SHIFT | USED | (alone ? 0 : SHARED) | (uint64_t)role;
}

void lg_known_opened(uint64_t cookie, enum lg_role role, bool alone)
{
    uint64_t word = __atomic_load_n(slot_of(cookie), __ATOMIC_RELAXED);
    uint64_t fresh;

    if (!fits(cookie))
        return;
    /*
     * A socket that is known already tells its role and keeps its epoch: it was claimed before it was
     * connected, or a connect is called again to see how it went, and a fork may lie in between.
     */
    do {
        fresh = holds(word, cookie) ? (word & ~(uint64_t)ROLE_MASK) | (uint64_t)role : word_of(cookie, role, alone);
    } while (!__atomic_compare_exchange_n(slot_of(cookie), &word, fresh, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
}

void lg_known_claimed(uint64_t cookie)
{
    uint64_t word = __atomic_load_n(slot_of(cookie), __ATOMIC_RELAXED);

    if (fits(cookie) && !holds(word, cookie))
        __atomic_compare_exchange_n(slot_of(cookie), &word, word_of(cookie, LG_ROLE_UNKNOWN, true), false,
                                    __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

void lg_known_duplicates(void)
{
    __atomic_store_n(&duplicated, true, __ATOMIC_RELAXED);
}

void lg_known_shared(uint64_t cookie)
{
    uint64_t word = __atomic_load_n(slot_of(cookie), __ATOMIC_RELAXED);

    /* Not there, then nobody will take it for ours alone: only opening makes an entry. */
    while (holds(word, cookie) && !__atomic_compare_exchange_n(slot_of(cookie), &word, word | SHARED, false,
                                                               __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        ;
}

void lg_known_forget(uint64_t cookie)
{
    uint64_t word = __atomic_load_n(slot_of(cookie), __ATOMIC_RELAXED);

    if (holds(word, cookie))
        __atomic_compare_exchange_n(slot_of(cookie), &word, 0, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

enum lg_role lg_known_role(uint64_t cookie)
{
    uint64_t word = __atomic_load_n(slot_of(cookie), __ATOMIC_RELAXED);

    return fits(cookie) && holds(word, cookie) ? (enum lg_role)(word & ROLE_MASK) : LG_ROLE_UNKNOWN;
}

bool lg_known_sole(uint64_t cookie)
{
    uint64_t word = __atomic_load_n(slot_of(cookie), __ATOMIC_RELAXED);
    uint64_t epoch = word >> EPOCH_SHIFT & LG_EPOCH_LAST;

    return fits(cookie) && holds(word, cookie) && !(word & SHARED) && epoch == epoch_now() && epoch != LG_EPOCH_LAST;
}
