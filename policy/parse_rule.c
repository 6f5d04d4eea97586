/* SPDX-License-Identifier: MIT */
#include "policy/reader.h"
#include "policy/sieve.h"
#include "policy/text.h"
#include "policy/words.h"

#define DEFAULT_CAUSES (1u << LG_CAUSE_LINGER_ZERO)

/* A rule while it is read. */
struct draft {
    struct lg_rule rule;
    bool has_causes; /* `on` was written */
};

/* Returns whether what follows `quiet` may be read on. */
static bool read_quiet(struct lg_reader *reader, struct lg_rule *rule, struct lg_text word)
{
    struct lg_text next = lg_reader_peek(reader);

    rule->quiet = true;
    if (next.length_bytes == 0)
        return true;
    if (lg_is_clause(next) && !lg_text_is_word(next, "quiet")) {
        lg_statement_error(reader, LG_PROBLEM_QUIET_EARLY, word, false);
        return true;
    }
    lg_reader_error(reader, LG_PROBLEM_QUIET_AFTER, next, NULL);
    return false;
}

/* Everything behind the verdict and its argument. */
static void read_clauses(struct lg_reader *reader, struct draft *draft)
{
    bool is_readable = true;

    while (is_readable && lg_reader_peek(reader).length_bytes > 0) {
        bool is_first = !draft->has_causes && draft->rule.matches == 0;
        struct lg_text word = lg_reader_take(reader);
        enum lg_clause clause = (enum lg_clause)lg_word_find(word, lg_clause_words, LG_CLAUSE_COUNT);

        if (clause == LG_CLAUSE_COUNT)
            clause = lg_clause_report(reader, &draft->rule, is_first, word);
        if (clause == LG_CLAUSE_COUNT)
            return;
        if (clause == LG_CLAUSE_SKIPPED)
            continue;
        if (clause == LG_CLAUSE_QUIET) {
            is_readable = read_quiet(reader, &draft->rule, word);
        } else if (clause == LG_CLAUSE_ON) {
            if (!is_first && draft->has_causes)
                lg_reader_error(reader, LG_PROBLEM_ON_SECOND, word, NULL);
            else if (!is_first)
                lg_statement_error(reader, LG_PROBLEM_ON_LATE, word, false);
            draft->has_causes = true;
            is_readable = is_first ? lg_causes_read(reader, &draft->rule) : lg_reader_take(reader).length_bytes > 0;
        } else {
            is_readable = lg_match_read(reader, &draft->rule, clause, word);
        }
    }
}

static void append_rule(struct lg_reader *reader, const struct lg_rule *rule, struct lg_text word)
{
    struct lg_policy *policy = reader->policy;

    if (policy->rule_count < LG_RULES_MAX) {
        policy->sieves[policy->rule_count] = lg_sieve_of(policy, rule);
        policy->rules[policy->rule_count++] = *rule;
        return;
    }
    lg_reader_error(reader, LG_PROBLEM_RULE_COUNT, lg_text_make(word.at, 0), NULL);
}

void lg_rule_read(struct lg_reader *reader, enum lg_verdict_kind kind)
{
    struct lg_text word = lg_reader_take(reader);
    struct draft draft = {.rule = {.source = reader->source_index, .line = reader->line_number}};
    unsigned errors = reader->errors;

    reader->rule_seen = true;
    draft.rule.column = (uint16_t)(word.at - reader->line.at + 1);
    draft.rule.verdict.kind = kind;
    if (lg_verdict_read(reader, &draft.rule.verdict))
        read_clauses(reader, &draft);
    if (draft.rule.causes == 0)
        draft.rule.causes = DEFAULT_CAUSES;
    if (reader->errors == errors)
        append_rule(reader, &draft.rule, word);
}
