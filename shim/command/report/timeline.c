/* SPDX-License-Identifier: MIT */
#include "shim/command/report/timeline.h"

#include <stdbool.h>
#include <string.h>

const char *lg_timeline_kind_name(enum lg_timeline_kind kind)
{
    static const char *const names[LG_TIMELINE_KINDS] = {"orderly", "cut", "aborted", "asked"};

    return names[kind];
}

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static bool is_empty(const struct lg_timeline_bucket *bucket)
{
    static const struct lg_timeline_bucket none;

    return memcmp(bucket, &none, sizeof(none)) == 0;
}

unsigned lg_timeline_used(const struct lg_timeline *timeline)
{
    unsigned used = LG_TIMELINE_BUCKETS;

    while (used > 0 && is_empty(&timeline->buckets[used - 1]))
        used--;
    return used;
}

/* Two buckets become one; widths stay aligned to 1970, so the first may pair with one before it. */
static void double_width(struct lg_timeline *timeline)
{
    struct lg_timeline_bucket merged[LG_TIMELINE_BUCKETS] = {0};
    int64_t start = floor_divide(timeline->start, 2);

    for (unsigned i = 0; i < LG_TIMELINE_BUCKETS; i++) {
        int64_t to = floor_divide(timeline->start + i, 2) - start;
        for (unsigned kind = 0; kind < LG_TIMELINE_KINDS; kind++)
            merged[to].records[kind] += timeline->buckets[i].records[kind];
    }
    memcpy(timeline->buckets, merged, sizeof(merged));
    timeline->start = start;
    timeline->width_s *= 2;
}

/* Makes room in front for bucket number `first`, when what is there still fits behind it. */
static bool move_start(struct lg_timeline *timeline, int64_t first)
{
    int64_t by = timeline->start - first;
    unsigned used = lg_timeline_used(timeline);

    if (by + used > LG_TIMELINE_BUCKETS)
        return false;
    memmove(&timeline->buckets[by], &timeline->buckets[0], used * sizeof(timeline->buckets[0]));
    memset(&timeline->buckets[0], 0, (size_t)by * sizeof(timeline->buckets[0]));
    timeline->start = first;
    return true;
}

void lg_timeline_add(struct lg_timeline *timeline, int64_t time_us, enum lg_timeline_kind kind)
{
    int64_t time_s = floor_divide(time_us, 1000000);

    if (timeline->width_s == 0) {
        timeline->width_s = 1;
        timeline->start = time_s;
    }
    for (;;) {
        int64_t number = floor_divide(time_s, timeline->width_s);
        if (number < timeline->start && !move_start(timeline, number)) {
            double_width(timeline);
            continue;
        }
        if (number - timeline->start < (int64_t)LG_TIMELINE_BUCKETS) {
            timeline->buckets[number - timeline->start].records[kind]++;
            return;
        }
        double_width(timeline);
    }
}
