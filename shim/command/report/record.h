/* SPDX-License-Identifier: MIT */
/*
 * One line of a json log to one record, checked: the keys and their types are those of
 * lingerguard(7). Unknown keys are ignored, so that a newer library can be read. Pure.
 */
#ifndef LG_REPORT_RECORD_H
#define LG_REPORT_RECORD_H

#include "policy/policy.h"
#include "shim/record/words.h"

#define LG_REPORT_LINE_BYTES_MAX (64u << 10) /* a record is at most PIPE_BUF; logs may hold others' lines */

/* What a line is. Everything behind LG_REPORT_LINE_BLANK is a broken line. */
enum lg_report_line {
    LG_REPORT_LINE_RECORD = 0,
    LG_REPORT_LINE_PROBLEM, /* the library's own report of something wrong: an object with `error` and no `cause` */
    LG_REPORT_LINE_COUNTS,  /* numbers of ours: records that were suppressed, or what a drainer counted */
    LG_REPORT_LINE_BLANK,
    LG_REPORT_LINE_NOT_JSON,
    LG_REPORT_LINE_TEXT,       /* a record in format text */
    LG_REPORT_LINE_NOT_RECORD, /* an object, but not of ours */
    LG_REPORT_LINE_BAD_VALUE,  /* a key of ours with a type or value that it cannot have */
    LG_REPORT_LINE_TOO_LONG,
    LG_REPORT_LINE_COUNT /* always last */
};

const char *lg_report_line_name(enum lg_report_line line); /* "not JSON" */

/* When nothing is known: */
#define LG_TIME_UNKNOWN INT64_MIN

/*
 * A record. Texts are {NULL, 0} and numbers 0 when their key is absent; they live as long as the
 * line and the scratch that they were read with, and hold no NUL. Verdict is the first word only.
 */
struct lg_report_record {
    int64_t time_us; /* since 1970-01-01 UTC, or LG_TIME_UNKNOWN */
    struct lg_text exe;
    struct lg_text call;
    struct lg_text cause;
    struct lg_text verdict;
    struct lg_text rule;
    struct lg_text outcome_text;
    struct lg_text state;
    struct lg_text policy; /* digest */
    struct lg_text tag;
    struct lg_text error;
    struct lg_text counts;                  /* whose numbers an object without `cause` has */
    struct lg_text callers[LG_CALLERS_MAX]; /* the innermost first */
    unsigned caller_count;
    enum lg_role role;
    enum lg_outcome outcome; /* LG_OUTCOME_COUNT for one that this version does not know */
    struct lg_address local; /* IPv4-mapped addresses are IPv4 here */
    struct lg_address peer;
    bool has_fd; /* the library's; the drainer has another number for the socket */
    bool has_socket;
    bool has_suppressed;
    bool has_unsent;
    uint64_t socket;
    uint64_t unsent_bytes;
    uint64_t unread_bytes;
    uint64_t drained_bytes;
    uint64_t elapsed_ms;
    uint64_t suppressed;
};

/* `scratch` has room for at least line.length_bytes bytes. The record is complete only for the first three results. */
enum lg_report_line lg_report_record_read(struct lg_text line, char *scratch, struct lg_report_record *record);

/* RFC 3339 in UTC, `2026-11-23T18:59:01.123456Z`, 0 to 9 digits behind the point; true when it is one. */
bool lg_time_read(struct lg_text text, int64_t *time_us);

#endif
