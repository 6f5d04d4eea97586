/* SPDX-License-Identifier: MIT */
/*
 * Single words and values of the language, each read beside the table or number that it is made of
 * (words.c, number.c, address.c, nearest.c, parse_setting.c).
 */
#ifndef LG_PIECES_H
#define LG_PIECES_H

#include "policy/policy.h"

/*
 * The same grammar as that of a policy, for what the command's KEY=VALUE arguments and the environment need.
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
