/* SPDX-License-Identifier: MIT */
/*
 * A line that is built in a fixed buffer: no allocation, no stdio, no locale. What does not fit is
 * left out and noted; nothing is ever written behind the end.
 *
 * Async-signal-safe, thread-safe (a line belongs to its caller), fork-safe. Pure; the command uses
 * this file too.
 */
#ifndef LG_LINE_H
#define LG_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/policy.h"

struct lg_line {
    char *at;
    size_t size_bytes;
    size_t used_bytes;
    bool full; /* something did not fit since the flag was last cleared */
};

void lg_line_init(struct lg_line *line, char *buffer, size_t size_bytes);

void lg_line_bytes(struct lg_line *line, const char *at, size_t length_bytes);
void lg_line_word(struct lg_line *line, const char *word); /* NUL-terminated */
void lg_line_number(struct lg_line *line, int64_t number);
void lg_line_hex(struct lg_line *line, uint64_t number, unsigned digits); /* that many, 16 at most */

/* The same as lg_put_fn of policy/put.h, with a struct lg_line for context. */
void lg_line_put(void *line, const char *at, size_t length_bytes);

/*
 * Somebody else's text, made safe as policy/safe_text.h says: in quotes as JSON, or for a line that
 * people read. At most `max_bytes` are written, quotes not counted; a longer text ends in "...".
 */
void lg_line_json_string(struct lg_line *line, struct lg_text text, size_t max_bytes);
void lg_line_escaped(struct lg_line *line, struct lg_text text, size_t max_bytes);

/* RFC 3339, UTC, microseconds. */
void lg_line_time(struct lg_line *line, int64_t seconds, int64_t nanoseconds);

#endif
