/* SPDX-License-Identifier: MIT */
/* The timeline as an inline SVG: a stacked bar for each bucket, its numbers as the bar's tooltip. */
#include "shim/command/report/report.h"
#include "shim/command/report/text.h"

#include <inttypes.h>
#include <time.h>

#define LEFT      56.0 /* of the plot, in units of the view box */
#define TOP       8.0
#define PLOT_X    896.0
#define PLOT_Y    170.0
#define SLOTS_MIN 16u /* a few buckets do not make a bar as wide as the page */
#define X_LABELS  4u

static uint64_t bucket_sum(const struct lg_timeline_bucket *bucket)
{
    uint64_t sum = 0;

    for (unsigned kind = 0; kind < LG_TIMELINE_KINDS; kind++)
        sum += bucket->records[kind];
    return sum;
}

/* The next number that is a small number times a power of ten, so that the axis has round labels; *steps to get there.
 */
static uint64_t round_up(uint64_t number, unsigned *steps)
{
    static const struct {
        unsigned times;
        unsigned steps;
    } marks[] = {{1, 1}, {2, 2}, {3, 3}, {4, 4}, {5, 5}, {6, 6}, {8, 4}, {10, 5}};
    uint64_t power = 1;
    unsigned i = 0;

    while (power <= number / 10)
        power *= 10;
    while (number > marks[i].times * power)
        i++;
    *steps = i == 0 && power > 1 ? 5 : marks[i].steps;
    return marks[i].times * power;
}

static void put_y_axis(const struct lg_report *report, uint64_t top, unsigned steps)
{
    char room[LG_NUMBER_ROOM];

    for (unsigned i = 0; i <= steps; i++) {
        double y = TOP + PLOT_Y - PLOT_Y * i / steps;
        fprintf(report->out, "<line class=\"grid\" x1=\"%.0f\" x2=\"%.0f\" y1=\"%.1f\" y2=\"%.1f\"/>", LEFT,
                LEFT + PLOT_X, y, y);
        fprintf(report->out, "<text x=\"%.0f\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", LEFT - 8, y + 4,
                lg_count_text(room, top / steps * i));
    }
}

static void put_x_label(const struct lg_report *report, double x, const char *anchor, int64_t time_s, bool with_date)
{
    time_t seconds = (time_t)time_s;
    struct tm tm = {0};
    char room[LG_NUMBER_ROOM] = "";

    gmtime_r(&seconds, &tm);
    if (with_date)
        strftime(room, sizeof(room), "%m-%d %H:%M", &tm);
    else
        strftime(room, sizeof(room), "%H:%M:%S", &tm);
    fprintf(report->out, "<text x=\"%.1f\" y=\"%.0f\" text-anchor=\"%s\">%s</text>\n", x, TOP + PLOT_Y + 20, anchor,
            room);
}

static void put_x_axis(const struct lg_report *report, unsigned slots)
{
    const struct lg_timeline *timeline = &report->aggregate->timeline;
    bool with_date = timeline->width_s * slots >= 86400;

    for (unsigned i = 0; i <= X_LABELS; i++) {
        unsigned slot = slots * i / X_LABELS;
        put_x_label(report, LEFT + PLOT_X * slot / slots,
                    i == 0          ? "start"
                    : i == X_LABELS ? "end"
                                    : "middle",
                    (timeline->start + slot) * timeline->width_s, with_date);
    }
}

static void put_tooltip(const struct lg_report *report, unsigned index)
{
    const struct lg_timeline *timeline = &report->aggregate->timeline;
    const char *separator = ": ";
    char room[LG_NUMBER_ROOM];

    fprintf(report->out, "<title>%s", lg_time_text(room, (timeline->start + index) * timeline->width_s * 1000000));
    for (unsigned kind = 0; kind < LG_TIMELINE_KINDS; kind++) {
        if (timeline->buckets[index].records[kind] == 0)
            continue;
        fprintf(report->out, "%s%s %s", separator, lg_count_text(room, timeline->buckets[index].records[kind]),
                lg_timeline_kind_name((enum lg_timeline_kind)kind));
        separator = ", ";
    }
    fputs("</title>", report->out);
}

static void put_bucket(const struct lg_report *report, unsigned index, unsigned slots, uint64_t top)
{
    const struct lg_timeline_bucket *bucket = &report->aggregate->timeline.buckets[index];
    double width = PLOT_X / slots;
    double y = TOP + PLOT_Y;

    if (bucket_sum(bucket) == 0)
        return;
    fputs("<g>", report->out);
    put_tooltip(report, index);
    for (unsigned kind = 0; kind < LG_TIMELINE_KINDS; kind++) {
        double height = PLOT_Y * (double)bucket->records[kind] / (double)top;
        if (bucket->records[kind] == 0)
            continue;
        if (height < 1)
            height = 1; /* one abort among thousands of orderly ends is what the reader looks for */
        y -= height;
        fprintf(report->out, "<rect class=\"%s\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"/>",
                lg_timeline_kind_name((enum lg_timeline_kind)kind), LEFT + width * index, y,
                width > 3 ? width - 1 : width, height);
    }
    fputs("</g>\n", report->out);
}

static void put_legend(const struct lg_report *report)
{
    static const char *const about[LG_TIMELINE_KINDS] = {
        [LG_TIMELINE_ORDERLY] = "ended in order",
        [LG_TIMELINE_CUT] = "cut by a deadline or reset by the peer",
        [LG_TIMELINE_ABORTED] = "aborted",
        [LG_TIMELINE_ASKED] = "an abort was asked for (the setsockopt)",
    };
    char room[LG_NUMBER_ROOM];

    fputs("<ul class=\"legend\">", report->out);
    for (unsigned kind = 0; kind < LG_TIMELINE_KINDS; kind++)
        fprintf(report->out, "<li><i class=\"%s\"></i>%s</li>", lg_timeline_kind_name((enum lg_timeline_kind)kind),
                about[kind]);
    fprintf(report->out, "<li class=\"soft\">a bar is %s</li></ul>\n",
            lg_duration_text(room, report->aggregate->timeline.width_s));
}

void lg_report_put_svg(const struct lg_report *report)
{
    const struct lg_timeline *timeline = &report->aggregate->timeline;
    unsigned used = lg_timeline_used(timeline);
    unsigned slots = used < SLOTS_MIN ? SLOTS_MIN : used;
    uint64_t most = 1;
    uint64_t top;
    unsigned steps;

    if (used == 0)
        return;
    for (unsigned i = 0; i < used; i++) {
        if (bucket_sum(&timeline->buckets[i]) > most)
            most = bucket_sum(&timeline->buckets[i]);
    }
    top = round_up(most, &steps);
    fputs("<section><h2>Records over time (UTC)</h2>\n<div class=\"scroll\"><svg viewBox=\"0 0 960 206\" role=\"img\" "
          "aria-label=\"Records over time\">\n",
          report->out);
    put_y_axis(report, top, steps);
    for (unsigned i = 0; i < used; i++)
        put_bucket(report, i, slots, top);
    put_x_axis(report, slots);
    fputs("</svg></div>\n", report->out);
    put_legend(report);
    fputs("</section>\n", report->out);
}
