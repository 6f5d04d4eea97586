/* SPDX-License-Identifier: MIT */
/*
 * The words of the language, each once. Tables are indexed by the enum that they name.
 */
#ifndef LG_WORDS_H
#define LG_WORDS_H

#include "policy/policy.h"

extern const char *const lg_verdict_words[LG_VERDICT_COUNT];
extern const char *const lg_cause_words[LG_CAUSE_COUNT];
extern const char *const lg_role_words[LG_ROLE_COUNT];     /* [LG_ROLE_UNKNOWN] is no word of the language */
extern const char *const lg_unsent_words[LG_UNSENT_COUNT]; /* [LG_UNSENT_UNKNOWN] is none either */
extern const char *const lg_log_words[LG_LOG_COUNT];
extern const char *const lg_format_words[LG_FORMAT_COUNT];
extern const char *const lg_inspect_words[LG_INSPECT_COUNT];

enum lg_setting {
    LG_SETTING_LOG = 0,
    LG_SETTING_FORMAT,
    LG_SETTING_LIMIT,
    LG_SETTING_INSPECT,
    LG_SETTING_CALLERS,
    LG_SETTING_DRAINER,
    LG_SETTING_TAG,
    LG_SETTING_COUNT /* number of settings, always last */
};
extern const char *const lg_setting_words[LG_SETTING_COUNT];

/* What may follow the verdict. The matches are LG_MATCH_* in the order of their bits. */
enum lg_clause {
    LG_CLAUSE_ROLE = 0,
    LG_CLAUSE_UNSENT,
    LG_CLAUSE_USER,
    LG_CLAUSE_LOCAL,
    LG_CLAUSE_PEER,
    LG_CLAUSE_EXE,
    LG_CLAUSE_CGROUP,
    LG_CLAUSE_ON,
    LG_CLAUSE_QUIET,
    LG_CLAUSE_COUNT,  /* number of clauses, always last of them */
    LG_CLAUSE_SKIPPED /* none, and the rest of the rule can be read */
};
extern const char *const lg_clause_words[LG_CLAUSE_COUNT];

/* The index of `text` in `words`, or `count`. */
size_t lg_word_find(struct lg_text text, const char *const *words, size_t count);

/* The errno value that `name` stands for on this architecture, or 0. */
int lg_errno_find(struct lg_text name);

/* The i-th errno name, or NULL behind the last. */
#define LG_ERRNO_NAMES_MAX 160u
const char *lg_errno_word(size_t i);

/* The causes that each verdict can be written for, as bits 1u << cause. */
extern const uint8_t lg_verdict_causes[LG_VERDICT_COUNT];

#endif
