/* SPDX-License-Identifier: MIT */
/*
 * Decimal numbers and durations, strictly: digits only, no sign, no leading zero, no overflow.
 */
#ifndef LG_NUMBER_H
#define LG_NUMBER_H

#include "policy/policy.h"
#include "policy/problem.h"

#define LG_NUMBER_MAX UINT32_MAX /* greater numbers count as this */

/* How many digits `text` starts with. */
size_t lg_digits_count(struct lg_text text);

/*
 * The whole of `text` as a number, saturated at LG_NUMBER_MAX. False when it is empty, has anything
 * but digits, or a leading zero, which elsewhere means octal.
 */
bool lg_number_parse(struct lg_text text, uint32_t *number);

/* The same for D of the language; LG_PROBLEM_NONE or what is wrong. */
enum lg_problem lg_duration_parse(struct lg_text text, uint32_t *duration_ms);

#endif
