/* SPDX-License-Identifier: MIT */
/* Numbers and times as a person reads them, and how wide a text is. */
#ifndef LG_REPORT_TEXT_H
#define LG_REPORT_TEXT_H

#include "policy/policy.h"

#include <stdio.h>

#define LG_NUMBER_ROOM 48u

/* Each writes at most LG_NUMBER_ROOM bytes, terminator included, and returns `room`. */
char *lg_count_text(char *room, uint64_t number);                 /* 1,234,567 */
char *lg_bytes_text(char *room, uint64_t bytes);                  /* 512 B, 3.7 MiB */
char *lg_duration_text(char *room, int64_t seconds);              /* 4 s, 3 min 20 s, 2 h 5 min, 3 d 4 h */
char *lg_percent_text(char *room, uint64_t part, uint64_t whole); /* 0 %, 0.3 %, 12.5 % */

/* 2026-11-23 18:59:01, and the same as RFC 3339 with microseconds. UTC. */
char *lg_time_text(char *room, int64_t time_us);
char *lg_rfc3339_text(char *room, int64_t time_us);

/* A span in at most 23 characters: as many of date and time as tell the two apart. */
char *lg_span_text(char *room, int64_t first_us, int64_t last_us);

/* Columns that a terminal gives to terminated UTF-8 (or, with `ascii_only`, its bytes). */
size_t lg_columns(const char *text, bool ascii_only);

/* How many bytes of `text` fit into `columns`, and where its end of at most `columns` starts. */
size_t lg_head_bytes(const char *text, size_t columns, bool ascii_only);
size_t lg_tail_start(const char *text, size_t columns, bool ascii_only);

#endif
