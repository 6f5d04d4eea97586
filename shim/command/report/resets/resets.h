/* SPDX-License-Identifier: MIT */
/*
 * The kernel's own account of the resets that this host sent, joined with the records: of each RST,
 * what caused it, and what our log knows of it. The trace is read first, then every record is shown to it.
 */
#ifndef LG_REPORT_RESETS_H
#define LG_REPORT_RESETS_H

#include "shim/command/report/report.h"
#include "shim/command/report/resets/trace.h"

#define LG_RESETS_MAX    (1u << 20) /* that are kept, of 120 bytes each */
#define LG_LISTENERS_MAX (1u << 16) /* listening sockets that were closed with connections waiting */

/* What our log knows of a RST, in the order in which it is shown. */
enum lg_account {
    LG_ACCOUNT_ALLOWED = 0, /* a record says that a rule let the program abort */
    LG_ACCOUNT_MISSED,      /* no record, and no library in the process that called */
    LG_ACCOUNT_AFTER,       /* a record says that the connection was released without an abort */
    LG_ACCOUNT_SILENT,      /* no record, and the process had the library */
    LG_ACCOUNT_UNKNOWN,     /* no record, and nobody looked whether it had */
    LG_ACCOUNT_NONE,        /* no program called for it, and no record names the connection */
    LG_ACCOUNT_COUNT        /* always last */
};

/* The word of the json form, and what it means. */
const char *lg_account_name(enum lg_account account);
const char *lg_account_about(enum lg_account account);

/* Resets that are alike; texts are {NULL, 0} when they are not known. */
struct lg_resets_row {
    enum lg_account account;
    struct lg_text cause; /* one of the policy's, or abort, stray, refused, kernel */
    struct lg_text program;
    struct lg_text port; /* local; or the peer's, the lower one, behind a '>' */
    struct lg_text rule;
    struct lg_text outcome;
    struct lg_text reason;
    uint64_t resets;
};

struct lg_resets {
    const char *name; /* of the trace */
    struct lg_resets_entry *entries;
    uint32_t entry_count, entry_room;
    uint32_t *by_socket, *by_pair; /* heads of chains of entries */
    struct lg_resets_listener *listeners;
    uint32_t listener_count, listener_room;
    struct lg_group_table texts;   /* program and reason of a reset */
    struct lg_group_table records; /* cause, rule, outcome, exe and role of a record */
    struct lg_group_table rows;
    uint64_t counts[LG_ACCOUNT_COUNT];
    uint64_t resets;
    uint64_t left_out; /* beyond LG_RESETS_MAX: counted, and joined with nothing */
    uint64_t broken;   /* lines */
    uint64_t broken_line;
    const char *broken_why;
    int64_t first_us, last_us;
};

/* False without memory; lg_resets_free is allowed all the same. Large: belongs on the heap, or is static. */
bool lg_resets_init(struct lg_resets *resets, const char *name);
void lg_resets_free(struct lg_resets *resets);

/* Counts one line of the trace, `number` from 1. False without memory. */
bool lg_resets_line(struct lg_resets *resets, struct lg_text line, uint64_t number);

/* Reads the whole trace, "-" for standard input. False after a message. */
bool lg_resets_read(struct lg_resets *resets);

/* An lg_record_fn (aggregate.h): one record. After the last line of the trace. */
void lg_resets_record(void *resets, const struct lg_report_record *record);

/* After the last record: every reset goes into its row. */
void lg_resets_finish(struct lg_resets *resets);

/* By account, then most resets first; what no row is left for comes last, without texts. free() them; NULL without
 * memory. */
struct lg_resets_row *lg_resets_rows(const struct lg_resets *resets, size_t *count);

/* Both false without memory. */
bool lg_resets_as_table(const struct lg_resets *resets, const struct lg_report *report);
bool lg_resets_as_json(const struct lg_resets *resets, const struct lg_report *report);

#endif
