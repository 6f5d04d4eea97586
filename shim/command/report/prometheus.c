/* SPDX-License-Identifier: MIT */
/*
 * The report in the Prometheus text exposition format (version 0.0.4), for the textfile collector
 * of the node exporter. Few series by design: no addresses, no call sites.
 */
#include "policy/text.h"
#include "shim/command/common/output.h"
#include "shim/command/report/report.h"

#include <inttypes.h>
#include <stdlib.h>

/* Labels of a group, in the order of its key's parts; (others) is a value like any other. */
static void put_labels(FILE *out, const struct lg_group *group, const char *const *names)
{
    for (unsigned i = 0; names[i] != NULL; i++) {
        fprintf(out, "%c%s=\"", i == 0 ? '{' : ',', names[i]);
        lg_put_safe(out, group->key == NULL ? lg_text_of("(others)") : lg_group_part(group, i), LG_SAFE_LABEL);
        fputc('"', out);
    }
    fputc('}', out);
}

static void put_head(FILE *out, const char *name, const char *type, const char *help)
{
    fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

struct metric {
    const char *name;
    const char *help;
    size_t offset; /* of the number in struct lg_count */
};

static void put_metric(FILE *out, const struct lg_report_rows *rows, const struct metric *metric,
                       const char *const *labels)
{
    put_head(out, metric->name, "counter", metric->help);
    for (size_t i = 0; i < rows->count; i++) {
        const char *count = (const char *)&rows->groups[i]->count;
        fputs(metric->name, out);
        put_labels(out, rows->groups[i], labels);
        fprintf(out, " %" PRIu64 "\n", *(const uint64_t *)(const void *)(count + metric->offset));
    }
}

/* Every series of a table, whatever -n says: a series that comes and goes is no counter. */
static bool all_rows(const struct lg_report *report, enum lg_table table, struct lg_report_rows *rows)
{
    struct lg_report all = *report;

    all.rows = 0;
    return lg_report_rows(&all, table, rows);
}

static bool put_by_outcome(const struct lg_report *report)
{
    static const char *const labels[] = {"exe", "cause", "verdict", "outcome", NULL};
    static const struct metric metrics[] = {
        {"lingerguard_records_total", "Records of closes and of requests to abort.",
         offsetof(struct lg_count, records)},
        {"lingerguard_connections_total", "Different connections with a record.",
         offsetof(struct lg_count, connections)},
        {"lingerguard_saved_bytes_total", "Queued output that the peer had acknowledged at the end of the close.",
         offsetof(struct lg_count, saved_bytes)},
        {"lingerguard_released_bytes_total", "Queued output that was left to the kernel to deliver.",
         offsetof(struct lg_count, released_bytes)},
        {"lingerguard_lost_bytes_total", "Queued output that an abort destroyed.",
         offsetof(struct lg_count, lost_bytes)},
        {"lingerguard_deadline_bytes_total",
         "Of the released output, what was left when a graceful close ran out of time.",
         offsetof(struct lg_count, deadline_bytes)},
        {"lingerguard_discarded_bytes_total", "Input that nobody had read when the connection was aborted.",
         offsetof(struct lg_count, discarded_bytes)},
    };
    struct lg_report_rows rows;

    if (!all_rows(report, LG_TABLE_METRIC, &rows))
        return false;
    for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++)
        put_metric(report->out, &rows, &metrics[i], labels);
    free(rows.groups);
    return true;
}

static bool put_by_program(const struct lg_report *report)
{
    static const char *const labels[] = {"exe", NULL};
    static const char last[] = "lingerguard_last_record_timestamp_seconds";
    static const struct metric suppressed = {"lingerguard_suppressed_records_total",
                                             "Records dropped by the limit, as later lines say.",
                                             offsetof(struct lg_count, suppressed)};
    struct lg_report_rows rows;

    if (!all_rows(report, LG_TABLE_PROGRAM, &rows))
        return false;
    put_metric(report->out, &rows, &suppressed, labels);
    put_head(report->out, last, "gauge", "When the last record was written.");
    for (size_t i = 0; i < rows.count; i++) {
        const struct lg_count *count = &rows.groups[i]->count;
        if (count->first_us > count->last_us)
            continue;
        fputs(last, report->out);
        put_labels(report->out, rows.groups[i], labels);
        fprintf(report->out, " %.6f\n", (double)count->last_us / 1e6);
    }
    free(rows.groups);
    return true;
}

static void put_input(const struct lg_report *report)
{
    /* kind "counts" has the numbers that the library and the drainer write without a connection */
    static const char lines_name[] = "lingerguard_report_lines_total";
    const uint64_t *lines = report->aggregate->lines;
    static const char *const kinds[LG_REPORT_LINE_COUNT] = {
        [LG_REPORT_LINE_RECORD] = "record",        [LG_REPORT_LINE_PROBLEM] = "problem",
        [LG_REPORT_LINE_COUNTS] = "counts",        [LG_REPORT_LINE_BLANK] = "blank",
        [LG_REPORT_LINE_NOT_JSON] = "not_json",    [LG_REPORT_LINE_TEXT] = "text",
        [LG_REPORT_LINE_NOT_RECORD] = "no_record", [LG_REPORT_LINE_BAD_VALUE] = "bad_value",
        [LG_REPORT_LINE_TOO_LONG] = "too_long",
    };

    put_head(report->out, lines_name, "counter", "Lines of the logs by what they are.");
    for (unsigned kind = 0; kind < LG_REPORT_LINE_COUNT; kind++)
        fprintf(report->out, "%s{kind=\"%s\"} %" PRIu64 "\n", lines_name, kinds[kind], lines[kind]);
    put_head(report->out, "lingerguard_report_unreadable_inputs", "gauge",
             "Logs that could not be read by this report.");
    fprintf(report->out, "lingerguard_report_unreadable_inputs %u\n", report->inputs->unreadable);
}

static bool put_problems(const struct lg_report *report)
{
    static const char name[] = "lingerguard_problems_total";
    static const char *const labels[] = {"exe", NULL};
    struct lg_report_rows rows;

    /* By program only: the texts of problems are without number. */
    if (!all_rows(report, LG_TABLE_PROBLEM_PROGRAM, &rows))
        return false;
    put_head(report->out, name, "counter", "Problems that the library reported when it was loaded.");
    for (size_t i = 0; i < rows.count; i++) {
        fputs(name, report->out);
        put_labels(report->out, rows.groups[i], labels);
        fprintf(report->out, " %" PRIu64 "\n", rows.groups[i]->count.records);
    }
    free(rows.groups);
    return true;
}

bool lg_report_as_prometheus(const struct lg_report *report)
{
    if (!put_by_outcome(report) || !put_by_program(report) || !put_problems(report))
        return false;
    put_input(report);
    return true;
}
