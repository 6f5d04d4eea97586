/* SPDX-License-Identifier: MIT */
/*
 * A strict reader for one JSON object on one line (RFC 8259), made for records: no allocation, no
 * recursion, no state between calls, time linear in the length. What is not JSON is refused as a
 * whole: a control character or a byte that is not UTF-8 in a string, a number with a leading zero,
 * anything behind the object. Values of members nobody asks for may nest up to LG_JSON_DEPTH_MAX.
 */
#ifndef LG_JSON_H
#define LG_JSON_H

#include "policy/policy.h"

#define LG_JSON_DEPTH_MAX 64u /* of arrays and objects, the outermost counted */

enum lg_json_kind { LG_JSON_STRING = 0, LG_JSON_NUMBER, LG_JSON_WORD, LG_JSON_ARRAY, LG_JSON_OBJECT };

/* `text` is the decoded string (UTF-8, may hold NUL), or the other kinds as they are written. */
struct lg_json_value {
    enum lg_json_kind kind;
    struct lg_text text;
};

/*
 * A place in a text. `scratch` takes strings that had an escape; as many bytes as the text has are
 * always enough, since no escape is shorter than what it stands for.
 */
struct lg_json_reader {
    const char *at;
    const char *end;
    char *scratch;
};

/* Called for each member in order; false refuses the object. Texts live as long as line and scratch. */
typedef bool lg_json_member_fn(void *context, struct lg_text key, const struct lg_json_value *value,
                               struct lg_json_reader *reader);

enum lg_json_result {
    LG_JSON_OK = 0,
    LG_JSON_BROKEN, /* not one JSON object */
    LG_JSON_REFUSED /* the callback said no */
};

/* `scratch` has room for at least line.length_bytes bytes. */
enum lg_json_result lg_json_read_object(struct lg_text line, char *scratch, lg_json_member_fn *member, void *context);

/*
 * The next element of an array that a callback was given: *rest starts as the array's text and is
 * moved on. False at its end. `reader` is the callback's and lends its scratch.
 */
bool lg_json_array_next(struct lg_json_reader *reader, struct lg_text *rest, struct lg_json_value *value);

/* A number as a whole one: false for a fraction, an exponent, or one out of range. */
bool lg_json_unsigned(const struct lg_json_value *value, uint64_t *number);
bool lg_json_signed(const struct lg_json_value *value, int64_t *number);

#endif
