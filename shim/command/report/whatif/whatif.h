/* SPDX-License-Identifier: MIT */
/*
 * What another policy would have made of the connections of a log: each end of a connection is
 * decided again by what its record knows. User and cgroup are in no record.
 */
#ifndef LG_REPORT_WHATIF_H
#define LG_REPORT_WHATIF_H

#include "shim/command/report/report.h"

/* What of a rule's connections ended alike. */
struct lg_whatif_row {
    enum lg_cause cause;
    struct lg_text verdict; /* of the policy that was in force; the first word */
    struct lg_text outcome;
    const struct lg_count *count; /* lost_bytes of an abort, else released_bytes: what was unsent */
    bool was_lost;
};

struct lg_whatif {
    const struct lg_policy *policy;
    const char *name; /* of its file */
    struct lg_group_table rows;
    uint64_t connections;
    uint64_t changed;         /* would have another verdict */
    uint64_t lost_bytes;      /* were */
    uint64_t lost_bytes_then; /* would have been */
    uint64_t unknown;         /* for which a rule asks for facts that the record does not know */
};

/* False without memory; lg_whatif_free is allowed all the same. */
bool lg_whatif_init(struct lg_whatif *whatif, const struct lg_policy *policy, const char *name);
void lg_whatif_free(struct lg_whatif *whatif);

/* An lg_record_fn (aggregate.h): one record, of an end or of a request that was refused; others do not count. */
void lg_whatif_record(void *whatif, const struct lg_report_record *record);

/*
 * The rows of a rule of the policy, or of its end for `rule` == rule_count, most connections first; free()
 * them. NULL without memory.
 */
struct lg_whatif_row *lg_whatif_rows(const struct lg_whatif *whatif, uint32_t rule, size_t *count);

/* The verdict of that rule for a cause, and whether it is another than that of the row. */
struct lg_verdict lg_whatif_verdict(const struct lg_whatif *whatif, uint32_t rule, enum lg_cause cause);
bool lg_whatif_changes(const struct lg_whatif_row *row, const struct lg_verdict *verdict);

/* Whether what is unsent is lost with a verdict. */
bool lg_whatif_loses(enum lg_cause cause, const struct lg_verdict *verdict);

/* Both false without memory. */
bool lg_whatif_as_table(const struct lg_whatif *whatif, const struct lg_report *report);
bool lg_whatif_as_json(const struct lg_whatif *whatif, const struct lg_report *report);

#endif
