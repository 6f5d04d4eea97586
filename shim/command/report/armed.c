/* SPDX-License-Identifier: MIT */
#include "shim/command/report/armed.h"
#include "shim/command/report/group.h"

#define TRIES 16u

uint64_t lg_armed_place(const struct lg_report_record *record, unsigned port)
{
    uint64_t hash = UINT64_C(14695981039346656037) ^ port;

    for (size_t i = 0; i < record->exe.length_bytes; i++)
        hash = (hash ^ (unsigned char)record->exe.at[i]) * UINT64_C(1099511628211);
    hash = (hash ^ hash >> 33) * UINT64_C(0xff51afd7ed558ccd);
    return (hash ^ hash >> 33) | 1;
}

/* The place's own slot or the free one for it; LG_ARMED_PLACES without one. */
static uint32_t slot_of(const struct lg_armed *armed, uint64_t place)
{
    for (uint32_t i = 0; i < TRIES; i++) {
        uint32_t slot = (uint32_t)((place >> 1) + i) % LG_ARMED_PLACES;
        if (armed->places[slot].place == place || armed->places[slot].place == 0)
            return slot;
    }
    return LG_ARMED_PLACES;
}

void lg_armed_add(struct lg_armed *armed, uint64_t place, uint32_t site)
{
    uint32_t slot = slot_of(armed, place);

    if (slot == LG_ARMED_PLACES)
        return;
    if (armed->places[slot].place != 0 && armed->places[slot].site != site)
        site = LG_GROUP_NONE;
    armed->places[slot].place = place;
    armed->places[slot].site = site;
}

uint32_t lg_armed_find(const struct lg_armed *armed, uint64_t place)
{
    uint32_t slot = slot_of(armed, place);

    return slot == LG_ARMED_PLACES || armed->places[slot].place == 0 ? LG_GROUP_NONE : armed->places[slot].site;
}
