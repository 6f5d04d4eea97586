/* SPDX-License-Identifier: MIT */
/*
 * Policy, rules, verdicts, addresses and errors to text. The canonical form of a policy parses back
 * to an equal policy (line numbers and sources apart).
 */
#ifndef LG_PRINT_H
#define LG_PRINT_H

#include "policy/decide.h"
#include "policy/policy.h"
#include "policy/policy_error.h"
#include "policy/put.h"

/* What to skip, the settings that were written down, then the rules, one a line. */
void lg_policy_print(const struct lg_policy *policy, lg_put_fn *put, void *context);

/* Without a line end. */
void lg_rule_print(const struct lg_policy *policy, const struct lg_rule *rule, lg_put_fn *put, void *context);
void lg_verdict_print(const struct lg_verdict *verdict, lg_put_fn *put, void *context);
void lg_duration_print(uint32_t duration_ms, lg_put_fn *put, void *context);
void lg_address_match_print(const struct lg_address_match *match, lg_put_fn *put, void *context);

/*
 * ADDRESS:PORT, or ADDRESS where the port is 0; IPv6 in brackets and as RFC 5952 has it; an
 * IPv4-mapped address as IPv4. Prints nothing for an unknown address.
 */
void lg_address_print(const struct lg_address *address, lg_put_fn *put, void *context);

/* Eight hexadecimal digits, as records have it. */
void lg_digest_print(uint32_t digest, lg_put_fn *put, void *context);

/* FILE:LINE, rules:LINE, or "default" for a decision without a rule. */
void lg_decision_source_print(const struct lg_policy *policy, const struct lg_decision *decision, lg_put_fn *put,
                              void *context);

/*
 * SOURCE:LINE:COLUMN: error: what is wrong, what was expected, which word was probably meant; and,
 * with `caret`, the line and a caret below the token. Ends in a line end. Control characters of the
 * text are shown as `?`, a tab stays a tab so that the caret stands right; long lines are cut to a
 * window around the caret.
 */
void lg_policy_error_print(const struct lg_policy_error *error, bool caret, lg_put_fn *put, void *context);

#endif
