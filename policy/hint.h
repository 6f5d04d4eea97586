/* SPDX-License-Identifier: MIT */
/*
 * What was probably meant by a word that is none of the language: what other programs call it, what
 * is missing in it. Typing errors are lg_nearest_word's.
 */
#ifndef LG_HINT_H
#define LG_HINT_H

#include "policy/policy.h"

/* Where a word stands. */
enum lg_hint_place {
    LG_HINT_STATEMENT = 0, /* verdicts and settings */
    LG_HINT_CLAUSE,        /* matches and what else stands behind the verdict */
    LG_HINT_CAUSE,
    LG_HINT_ROLE,
    LG_HINT_UNSENT,
    LG_HINT_USER,
    LG_HINT_UNIT, /* of a duration */
    LG_HINT_WITHIN,
    LG_HINT_PORT, /* names of services */
    LG_HINT_LOG,
    LG_HINT_FORMAT,
    LG_HINT_LIMIT,
    LG_HINT_INSPECT,
    LG_HINT_CALLERS,
    LG_HINT_DRAINER,
    LG_HINT_NOISE /* words that join others: and, or, not, all */
};

/* The word that `token` stands for at this place, in letters of any case; NULL for none. */
const char *lg_hint_word(enum lg_hint_place place, struct lg_text token);

/* The same, or else the nearest of `words`. */
const char *lg_hint_or_nearest(enum lg_hint_place place, struct lg_text token, const char *const *words, size_t count);

#define LG_HINT_BYTES_MAX 160u

/* A suggestion that is put together from pieces; {0} is an empty one. */
struct lg_hint {
    char at[LG_HINT_BYTES_MAX + 1]; /* NUL-terminated */
    size_t length_bytes;
    bool is_void; /* it would be too long, or not fit for a terminal */
};

void lg_hint_add(struct lg_hint *hint, struct lg_text piece);
void lg_hint_add_word(struct lg_hint *hint, const char *word);
void lg_hint_add_number(struct lg_hint *hint, uint32_t number);
struct lg_text lg_hint_text(const struct lg_hint *hint);

/* The whole suggestion, or NULL when there is none. It lives as long as `hint`. */
const char *lg_hint_shown(const struct lg_hint *hint);

/*
 * `text` with plain characters for the typographic ones that word processors and web pages put there: dashes, quotes,
 * spaces, and nothing for those that nobody sees. Empty when it has none.
 */
struct lg_hint lg_hint_plain(struct lg_text text);
bool lg_hint_has_quote(struct lg_text text);     /* it starts with a typographic one */
bool lg_hint_has_invisible(struct lg_text text); /* it has a character of no width */

/* What was meant by `text`, which is no ADDR; empty when that is not clear. */
struct lg_hint lg_hint_address(struct lg_text text);

/* The same of a duration with its unit, which may be missing (seconds) or long. */
struct lg_hint lg_hint_duration(struct lg_text number, struct lg_text unit);

#endif
