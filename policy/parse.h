/* SPDX-License-Identifier: MIT */
/*
 * Text to policy. The grammar is lingerguard.policy(5); nothing is guessed and nothing is skipped:
 * a text either gives a policy or a list of errors that says where, what was expected and, where a
 * word looks like a misspelt keyword, which one was probably meant.
 */
#ifndef LG_PARSE_H
#define LG_PARSE_H

#include "policy/pieces.h"
#include "policy/policy_error.h"

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

#endif
