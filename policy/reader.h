/* SPDX-License-Identifier: MIT */
/*
 * A policy text as lines, statements and tokens, and where in it an error stands.
 */
#ifndef LG_READER_H
#define LG_READER_H

#include "policy/policy_error.h"
#include "policy/problem.h"
#include "policy/words.h"

#define LG_ERRORS_REPORTED_MAX 1000u

struct lg_reader {
    struct lg_policy *policy;
    const struct lg_source *source;
    uint8_t source_index;
    lg_report_fn *report;
    void *context;
    unsigned errors;

    struct lg_text rest; /* behind the present line */
    struct lg_text line;
    uint32_t line_number;
    const char *at;        /* in the present line: what is read next */
    const char *token_end; /* end of the last token that was taken */
    bool in_statement;     /* its rest is skipped before the next one */
    const char *statement; /* where the present one starts */
    bool rule_seen_before; /* of the statement */
    uint8_t set_here_before;
    bool is_trial; /* a suggestion is tried: others would be tried in turn */

    bool rule_seen;              /* settings may no longer come */
    bool told[LG_PROBLEM_COUNT]; /* of the limits, which are told once */
    uint8_t set_before;          /* LG_SET_* of texts that were parsed before */
    uint8_t set_here;            /* LG_SET_* of this one */
};

/* Skips the byte order mark that some editors put at the start of a text. */
void lg_reader_skip_mark(struct lg_reader *reader);

/* Next line, or false at the end of the text. A line that is too long is reported and skipped. */
bool lg_reader_next_line(struct lg_reader *reader);

/*
 * Next statement that is not empty, or false at the end of the line; what is left of the present
 * one is skipped. A statement with control characters or with quotes that do not fit is reported and
 * skipped: in a statement that is returned, an element has quotes around it or none in it.
 */
bool lg_reader_next_statement(struct lg_reader *reader);

/*
 * The next token of the statement. At its end an empty one, which stands directly behind the last
 * token, where what is missing should be written.
 */
struct lg_text lg_reader_peek(const struct lg_reader *reader);
struct lg_text lg_reader_take(struct lg_reader *reader);

/*
 * Takes the next element off a list with commas, which is not empty. A comma in quotes is none. What
 * is left starts behind the comma.
 */
struct lg_text lg_element_take(struct lg_text *list);

/* `element`, or what stands between its quotes. */
struct lg_text lg_unquoted(struct lg_text element);

/*
 * Reports an error. The suggestion is left out where the line with it instead of the token, or instead of
 * `replaced`, has an error at that place.
 */
void lg_reader_error(struct lg_reader *reader, enum lg_problem problem, struct lg_text token, const char *suggestion);
void lg_reader_error_in(struct lg_reader *reader, enum lg_problem problem, struct lg_text token,
                        struct lg_text replaced, const char *suggestion);

/* The same with the whole statement in the order of the language as the suggestion, without `token` if `drop` (mend.c).
 */
void lg_statement_error(struct lg_reader *reader, enum lg_problem problem, struct lg_text token, bool drop);

/* From the next token of the statement to its last. */
struct lg_text lg_reader_peek_rest(const struct lg_reader *reader);

/* From where `first` starts to where `last` ends. */
struct lg_text lg_text_span(struct lg_text first, struct lg_text last);

/* Whether the line with `suggestion` instead of `replaced` has no error there (mend.c). */
bool lg_suggestion_is_read(const struct lg_reader *reader, struct lg_text replaced, const char *suggestion);

/* A setting, a rule or skip; the reader stands at its first word. */
void lg_statement_read(struct lg_reader *reader);

/* One rule; the reader stands at its first word, which is the verdict `kind` or was probably meant for it. */
void lg_rule_read(struct lg_reader *reader, enum lg_verdict_kind kind);

/*
 * The pieces of a rule, behind the word that starts each. False when the rest of the rule cannot be
 * made sense of; what is wrong has been reported.
 */
bool lg_verdict_read(struct lg_reader *reader, struct lg_verdict *verdict); /* its argument */
bool lg_causes_read(struct lg_reader *reader, struct lg_rule *rule);
bool lg_match_read(struct lg_reader *reader, struct lg_rule *rule, enum lg_clause clause, struct lg_text word);

/*
 * Reports a word behind the verdict that is none of the language there. Returns what the rest is to be
 * read as: the clause that was probably meant, LG_CLAUSE_SKIPPED or, when it makes no sense, LG_CLAUSE_COUNT.
 */
enum lg_clause lg_clause_report(struct lg_reader *reader, const struct lg_rule *rule, bool is_first,
                                struct lg_text token);

bool lg_is_clause(struct lg_text token);       /* a word that may follow the verdict */
bool lg_clause_is_meant(struct lg_text token); /* not one, but lg_clause_report knows better than an unknown word */
bool lg_is_foreign_comment(struct lg_text token);

/* `WORD=VALUE`: the index of what stands between one of `words` and its value, or 0; and what is said about it. */
size_t lg_equals_find(struct lg_text token, const char *const *words, size_t count);
void lg_equals_report(struct lg_reader *reader, struct lg_text token, size_t end);

/* A list of values behind a comma or a blank too many is reported, and false returned. */
bool lg_list_is_whole(struct lg_reader *reader, struct lg_text list);

/* `skip exe GLOB[,GLOB]...`; the reader stands at its first word. */
void lg_skip_read(struct lg_reader *reader);

/* One setting; the reader stands at its first word, which is a known one. */
void lg_setting_read(struct lg_reader *reader);

#endif
