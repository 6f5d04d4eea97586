/* SPDX-License-Identifier: MIT */
/* The tables of a report, and the key of the group of each that a record is in. */
#ifndef LG_REPORT_KEY_H
#define LG_REPORT_KEY_H

#include "shim/command/report/modules.h"
#include "shim/command/report/record.h"

/* The tables, and the parts of their keys. Those before LG_TABLE_JOINED remember a socket's group. */
enum lg_table {
    LG_TABLE_PORT = 0, /* local port; "outgoing" for those that the kernel chose */
    LG_TABLE_NETWORK,  /* peer network: /24 or /64 */
    LG_TABLE_CAUSE,    /* cause, verdict, outcome */
    LG_TABLE_RULE,     /* rule, digest of the policy */
    LG_TABLE_POLICY,   /* digest of the policy */
    LG_TABLE_TAG,      /* tag */
    LG_TABLE_PROGRAM,  /* exe */
    LG_TABLE_METRIC,   /* exe, cause, verdict, outcome */
    LG_TABLE_JOINED,
    LG_TABLE_SITE = LG_TABLE_JOINED, /* exe, frames of the caller */
    LG_TABLE_PROBLEM,                /* exe, error */
    LG_TABLE_PROBLEM_PROGRAM,        /* exe */
    LG_TABLE_COUNT                   /* always last */
};
/* No key is longer than a line and its separators, with other paths in it. */
#define LG_KEY_ROOM (LG_REPORT_LINE_BYTES_MAX + 512u + (LG_CALLERS_MAX + 1u) * PATH_MAX)

/* The key, in `room`. */
struct lg_text lg_key_of(char room[LG_KEY_ROOM], struct lg_modules *modules, enum lg_table table,
                         const struct lg_report_record *record);

#endif
