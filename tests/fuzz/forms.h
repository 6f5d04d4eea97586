/* SPDX-License-Identifier: MIT */
/* What holds of every form of a report. */
#ifndef FUZZ_FORMS_H
#define FUZZ_FORMS_H

#include "policy/safe_text.h"
#include "shim/command/common/json.h"
#include "tests/fuzz/require.h"

static inline bool take_member(void *context, struct lg_text key, const struct lg_json_value *value,
                               struct lg_json_reader *reader)
{
    (void)key;
    (void)value;
    (void)reader;
    (*(unsigned *)context)++;
    return true;
}

/* The members of the one object that `text` is. */
static inline unsigned members_of(const char *text, size_t size)
{
    char *scratch = malloc(size);
    unsigned members = 0;

    REQUIRE(scratch != NULL && size > 0);
    REQUIRE(lg_json_read_object((struct lg_text){text, size}, scratch, take_member, &members) == LG_JSON_OK);
    free(scratch);
    return members;
}

/* A terminal gets lines, colours of ours apart: no control, nothing that turns the direction of writing. */
static inline void check_table(const char *text, size_t size)
{
    struct lg_text rest = {text, size};
    uint32_t point = 0;

    while (rest.length_bytes > 0) {
        size_t length = lg_utf8_read(rest, &point);

        REQUIRE(length > 0);
        REQUIRE(point >= 0x20 || point == '\n');
        REQUIRE(point < 0x7F || point > 0x9F);
        REQUIRE(point < 0x2028 || (point > 0x202E && point < 0x2066) || point > 0x2069);
        rest.at += length;
        rest.length_bytes -= length;
    }
}

#endif
