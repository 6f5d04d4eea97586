/* SPDX-License-Identifier: MIT */
/* What is told of a policy text that is wrong, or hardly what was meant. */
#ifndef LG_POLICY_ERROR_H
#define LG_POLICY_ERROR_H

#include "policy/policy.h"

/*
 * One error or warning. A suggestion in the place of what it replaces is read without an error there. The pointers are
 * into the text and the source; problem, expected and suggestion may be gone when the report returns.
 */
struct lg_policy_error {
    const struct lg_source *source;
    uint32_t line;            /* from 1 */
    uint32_t column;          /* of the offending token: bytes from the line's start, from 1 */
    struct lg_text line_text; /* the whole line, for the caret */
    struct lg_text token;     /* the offending token; empty at the end of a line */
    const char *problem;      /* what is wrong: "unknown verdict" */
    const char *expected;     /* what was expected, or NULL */
    const char *suggestion;   /* what was probably meant, or NULL; printable ASCII */
    struct lg_text replaced;  /* what the suggestion stands for in the line: the token, or more around it */
    bool is_warning;          /* it is a policy, but hardly the one that was meant */
};

typedef void lg_report_fn(void *context, const struct lg_policy_error *error);

#endif
