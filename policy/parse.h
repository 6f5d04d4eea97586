/* SPDX-License-Identifier: MIT */
/*
 * Text to policy. The grammar is lingerguard.policy(5); nothing is guessed and nothing is skipped:
 * a text either gives a policy or a list of errors that says where, what was expected and, where a
 * word looks like a misspelt keyword, which one was probably meant.
 */
#ifndef LG_PARSE_H
#define LG_PARSE_H

#include "policy/policy.h"

/*
 * One error or warning. The pointers are into the text and the source; problem, expected and suggestion
 * may be gone when the report returns.
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
    bool is_warning;          /* it is a policy, but hardly the one that was meant */
};

typedef void lg_report_fn(void *context, const struct lg_policy_error *error);

/*
 * Appends the rules of `text` to `policy` and applies its settings. The settings of a text that was
 * parsed before win over those of a later one. Call lg_policy_init first; `text` and
 * `source->name` must outlive `policy`, and `text` need not be terminated.
 *
 * Every error is handed to `report` (may be NULL) in the order of the text, at most 1000 of them.
 * Returns the number of errors found. With any, `policy` is what it was before, and may be used as
 * such; what the error says of the text stays valid as long as the text does.
 */
unsigned lg_policy_parse(struct lg_policy *policy, const struct lg_source *source, struct lg_text text,
                         lg_report_fn *report, void *context);

/*
 * What is no error, but hardly meant: rules that can never decide (the ones before them take all that they
 * are for), matches that match nothing, waits for every connection, one-way protocols that are drained.
 * What is reported is so; that nothing is reported proves nothing. In the order of the rules; returns how
 * many there are. Takes time in the square of the number of rules: for a command, not for a program's start.
 */
unsigned lg_policy_warn(const struct lg_policy *policy, lg_report_fn *report, void *context);

/*
 * The same grammar for the pieces that the command's KEY=VALUE arguments and the environment need.
 * Each takes the whole text and returns true when it is well-formed and in range.
 */
bool lg_parse_duration(struct lg_text text, uint32_t *duration_ms);
bool lg_parse_address(struct lg_text text, struct lg_address *address); /* one address, with or without a port */
bool lg_parse_cause(struct lg_text text, enum lg_cause *cause);
bool lg_parse_role(struct lg_text text, enum lg_role *role);
bool lg_parse_unsent(struct lg_text text, enum lg_unsent *unsent);
bool lg_parse_user(struct lg_text text, int64_t *user); /* a number, 0 to LG_USER_MAX */
bool lg_parse_format(struct lg_text text, enum lg_format *format);

/*
 * LINGERGUARD_LOG: stderr, off, syslog, or a path, which has a `/`. Sets log and log_path of
 * `settings`, and nothing when it is none of them; the path is `text` itself.
 */
bool lg_parse_log(struct lg_text text, struct lg_settings *settings);

/* The nearest of `count` words to `text`, or NULL when none is near enough to have been meant. */
const char *lg_nearest_word(struct lg_text text, const char *const *words, size_t count);

#endif
