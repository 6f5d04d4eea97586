/* SPDX-License-Identifier: MIT */
#ifndef LG_GLOB_H
#define LG_GLOB_H

#include "policy/policy.h"
#include "policy/problem.h"

/*
 * GLOB of the language: `*` any bytes, `/` included; `?` one byte; `[a-z]` and `[!a-z]` a set; `\`
 * takes the next byte literally. Without a `/` it is held against the part of `path` behind the
 * last `/`. A malformed glob, which the parser refuses, matches nothing. Takes time proportional to the
 * product of the lengths at most.
 */
bool lg_glob_match(struct lg_text glob, struct lg_text path);

/*
 * Whether a rule may be written with this GLOB; LG_PROBLEM_NONE or what is wrong with it. Such
 * a GLOB matches nothing.
 */
enum lg_problem lg_glob_check(struct lg_text glob);

/* lg_glob_match of a GLOB that lg_glob_check has found well. */
bool lg_glob_fits(struct lg_text glob, struct lg_text path);

#endif
