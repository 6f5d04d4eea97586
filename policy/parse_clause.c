/* SPDX-License-Identifier: MIT */
/*
 * What is said about a word behind a verdict that is none of the language there.
 */
#include "policy/address.h"
#include "policy/hint.h"
#include "policy/number.h"
#include "policy/pieces.h"
#include "policy/reader.h"
#include "policy/text.h"
#include "policy/words.h"

bool lg_is_clause(struct lg_text token)
{
    return lg_word_find(token, lg_clause_words, LG_CLAUSE_COUNT) < LG_CLAUSE_COUNT;
}

static enum lg_clause find_clause(const char *word)
{
    return (enum lg_clause)lg_word_find(lg_text_make(word, strlen(word)), lg_clause_words, LG_CLAUSE_COUNT);
}

static bool holds_cause(struct lg_text token)
{
    struct lg_text word = lg_element_take(&token);

    return lg_word_find(word, lg_cause_words, LG_CAUSE_COUNT) < LG_CAUSE_COUNT;
}

static bool looks_like_address(struct lg_text token)
{
    return token.at[0] == ':' || token.at[0] == '[' ||
           (lg_byte_is_digit(token.at[0]) && lg_text_find(token, '.') < token.length_bytes);
}

static bool starts_with(struct lg_text token, const char *start)
{
    size_t length_bytes = strlen(start);

    return token.length_bytes >= length_bytes && memcmp(token.at, start, length_bytes) == 0;
}

bool lg_is_foreign_comment(struct lg_text token)
{
    return starts_with(token, "//") || starts_with(token, "/*") || lg_text_is_word(token, "--");
}

size_t lg_equals_find(struct lg_text token, const char *const *words, size_t count)
{
    size_t end = 0;

    while (end < token.length_bytes && token.at[end] != '=' && token.at[end] != ':')
        end++;
    if (end == token.length_bytes || lg_word_find(lg_text_make(token.at, end), words, count) == count)
        return 0;
    return end;
}

bool lg_clause_is_meant(struct lg_text token)
{
    return holds_cause(token) || looks_like_address(token) || lg_text_find(token, '/') < token.length_bytes ||
           lg_hint_word(LG_HINT_CLAUSE, token) != NULL || lg_hint_word(LG_HINT_NOISE, token) != NULL ||
           lg_equals_find(token, lg_clause_words, LG_CLAUSE_COUNT) > 0 ||
           lg_word_find(token, lg_verdict_words, LG_VERDICT_COUNT) < LG_VERDICT_COUNT;
}

void lg_equals_report(struct lg_reader *reader, struct lg_text token, size_t end)
{
    struct lg_text value = lg_text_skip(token, end + 1);
    struct lg_hint hint = {.length_bytes = 0};
    bool is_port;

    if (value.length_bytes > 0 && value.at[0] == '=')
        value = lg_text_skip(value, 1);
    is_port = token.at[end] == ':' && lg_digits_count(value) > 0 && lg_digits_count(value) == value.length_bytes;

    lg_hint_add(&hint, lg_text_make(token.at, end));
    if (value.length_bytes > 0)
        lg_hint_add_word(&hint, is_port ? " :" : " ");
    lg_hint_add(&hint, value);
    lg_reader_error(reader, LG_PROBLEM_EQUALS, token, lg_hint_shown(&hint));
}

/* `exe=java`, and `exe= java`, whose value is read over. */
static enum lg_clause report_equals(struct lg_reader *reader, struct lg_text token, size_t end)
{
    lg_equals_report(reader, token, end);
    if (end + 1 == token.length_bytes && !lg_is_clause(lg_reader_peek(reader)))
        lg_reader_take(reader);
    return LG_CLAUSE_SKIPPED;
}

/* Reports a word whose `word` in front is missing; it is read over. */
static enum lg_clause report_bare(struct lg_reader *reader, enum lg_problem problem, struct lg_text token,
                                  const char *word)
{
    struct lg_hint hint = {.is_void = word == NULL};

    lg_hint_add_word(&hint, word == NULL ? "" : word);
    lg_hint_add_word(&hint, " ");
    lg_hint_add(&hint, token);
    lg_reader_error(reader, problem, token, lg_hint_shown(&hint));
    return LG_CLAUSE_SKIPPED;
}

/* Words that join others in other languages. */
static enum lg_clause report_noise(struct lg_reader *reader, struct lg_text token, const char *meant)
{
    bool is_and = meant[1] == 'n', is_or = meant[0] == 'o', is_not = meant[0] == 'n';
    enum lg_problem problem = is_and   ? LG_PROBLEM_AND
                              : is_or  ? LG_PROBLEM_OR
                              : is_not ? LG_PROBLEM_NOT
                                       : LG_PROBLEM_ALL;

    if (is_or || is_not)
        lg_reader_error(reader, problem, token, NULL);
    else
        lg_statement_error(reader, problem, token, true);
    return is_or || is_not ? LG_CLAUSE_COUNT : LG_CLAUSE_SKIPPED;
}

static void add_value(struct lg_hint *hint, enum lg_clause clause, struct lg_text value)
{
    bool is_address = clause == LG_CLAUSE_LOCAL || clause == LG_CLAUSE_PEER;
    const char *role = clause == LG_CLAUSE_ROLE ? lg_hint_word(LG_HINT_ROLE, value) : NULL;

    lg_hint_add_word(hint, " ");
    if (role != NULL)
        lg_hint_add_word(hint, role);
    else if (!is_address)
        lg_hint_add(hint, value);
    for (const char *between = ""; is_address && value.length_bytes > 0; between = ",") {
        struct lg_text element = lg_element_take(&value);
        struct lg_hint meant = lg_hint_address(element);

        lg_hint_add_word(hint, between);
        lg_hint_add(hint, lg_hint_shown(&meant) != NULL ? lg_hint_text(&meant) : element);
    }
}

/* Words that say which end is meant, but not whose. */
static bool is_an_end(struct lg_text token)
{
    static const char ends[] = "src\0source\0sport\0saddr\0from\0client\0dst\0dport\0daddr\0dest\0destination\0"
                               "server\0to\0host\0";

    for (const char *at = ends; *at != '\0'; at += strlen(at) + 1)
        if (lg_text_is_word(token, at))
            return true;
    return false;
}

/* A word of other programs for a match of this language: its value is suggested along, and read over. */
static enum lg_clause report_synonym(struct lg_reader *reader, enum lg_problem problem, struct lg_text token,
                                     const char *meant)
{
    enum lg_clause clause = find_clause(meant);
    struct lg_text value = lg_reader_peek(reader);
    struct lg_hint hint = {.length_bytes = 0};
    bool has_value = clause < LG_CLAUSE_ON && value.length_bytes > 0 && !lg_is_clause(value);

    lg_hint_add_word(&hint, meant);
    if (has_value)
        add_value(&hint, clause, value);
    lg_reader_error_in(reader, is_an_end(token) ? LG_PROBLEM_MATCH_END : problem, token,
                       has_value ? lg_text_span(token, value) : token, lg_hint_shown(&hint));
    if (!has_value)
        return clause;
    lg_reader_take(reader);
    return LG_CLAUSE_SKIPPED;
}

/* An argument of the verdict that stands at the wrong place, or at a verdict that has none such. */
static enum lg_clause report_argument(struct lg_reader *reader, enum lg_verdict_kind kind, struct lg_text token)
{
    bool is_within = lg_text_is_word(token, "within"), is_idle = lg_text_is_word(token, "idle");
    enum lg_problem problem = LG_PROBLEM_ARGUMENT_LATE;

    if (is_within && kind != LG_VERDICT_ORDERLY)
        problem = LG_PROBLEM_WITHIN_ELSEWHERE;
    if (is_idle && kind != LG_VERDICT_DRAIN)
        problem = LG_PROBLEM_IDLE_ELSEWHERE;
    lg_reader_error(reader, problem, token, NULL);
    if ((is_within || is_idle) && !lg_is_clause(lg_reader_peek(reader)))
        lg_reader_take(reader);
    return LG_CLAUSE_SKIPPED;
}

static bool is_name(struct lg_text token)
{
    bool is_one = lg_byte_is_letter(token.at[0]);

    for (size_t i = 1; i < token.length_bytes; i++)
        is_one &= lg_byte_is_letter(token.at[i]) || lg_byte_is_digit(token.at[i]) || token.at[i] == '-' ||
                  token.at[i] == '_' || token.at[i] == '.' || token.at[i] == ',' || token.at[i] == '*';
    return is_one && lg_errno_find(token) == 0;
}

/* -exe, --exe: as the options of a command. */
static struct lg_text without_dashes(struct lg_text token)
{
    size_t dashes = 0;

    while (dashes < 2 && dashes + 1 < token.length_bytes && token.at[dashes] == '-')
        dashes++;
    return lg_text_skip(token, dashes);
}

/* A word that is near one of the language, or unknown. */
static enum lg_clause report_unknown(struct lg_reader *reader, const struct lg_rule *rule, bool is_first,
                                     struct lg_text token)
{
    const char *words[LG_CLAUSE_COUNT + 1];
    struct lg_text word = without_dashes(token);
    const char *nearest, *meant = lg_hint_word(LG_HINT_CLAUSE, word);
    enum lg_problem problem = is_first ? LG_PROBLEM_CLAUSE : LG_PROBLEM_MATCH;
    size_t count = 0;

    if (meant != NULL && meant[0] == '-') { /* there is no such match */
        lg_reader_error(reader, problem, token, NULL);
        return LG_CLAUSE_COUNT;
    }
    if (meant != NULL)
        return report_synonym(reader, problem, token, meant);
    for (size_t clause = 0; clause < LG_CLAUSE_COUNT; clause++)
        if (clause == LG_CLAUSE_ON ? is_first : !(rule->matches & 1u << clause))
            words[count++] = lg_clause_words[clause];
    if (is_first && rule->verdict.kind == LG_VERDICT_ORDERLY && rule->verdict.duration_ms == 0)
        words[count++] = "within";
    nearest = lg_nearest_word(word, words, count);
    if (nearest == NULL && is_first && lg_reader_peek(reader).length_bytes == 0 && is_name(token))
        return report_bare(reader, LG_PROBLEM_EXE_BARE, token, "exe");
    lg_reader_error(reader, problem, token, nearest);
    return nearest == NULL ? LG_CLAUSE_COUNT : find_clause(nearest);
}

enum lg_clause lg_clause_report(struct lg_reader *reader, const struct lg_rule *rule, bool is_first,
                                struct lg_text token)
{
    const char *joins = lg_hint_word(LG_HINT_NOISE, token);
    const char *role = lg_parse_role(token, &(enum lg_role){0}) ? "role" : NULL;
    size_t equals = lg_equals_find(token, lg_clause_words, LG_CLAUSE_COUNT);
    uint32_t duration_ms;

    if (lg_word_find(token, lg_verdict_words, LG_VERDICT_COUNT) < LG_VERDICT_COUNT)
        lg_reader_error(reader, LG_PROBLEM_VERDICT_SECOND, token, NULL);
    else if (lg_word_find(token, lg_setting_words, LG_SETTING_COUNT) < LG_SETTING_COUNT)
        lg_reader_error(reader, LG_PROBLEM_SETTING_INSIDE, token, NULL);
    else if (lg_is_foreign_comment(token))
        lg_reader_error(reader, LG_PROBLEM_COMMENT, token, NULL);
    else if (lg_text_is_word(token, "\\"))
        lg_reader_error(reader, LG_PROBLEM_CONTINUATION, token, NULL);
    else if (joins != NULL)
        return report_noise(reader, token, joins);
    else if (equals > 0)
        return report_equals(reader, token, equals);
    else if (holds_cause(token))
        return report_bare(reader, LG_PROBLEM_ON_MISSING, token, is_first ? "on" : NULL);
    else if (role != NULL)
        return report_bare(reader, LG_PROBLEM_ROLE_BARE, token, role);
    else if (lg_text_is_word(token, "within") || lg_text_is_word(token, "idle") ||
             lg_duration_parse(token, &duration_ms) == LG_PROBLEM_NONE)
        return report_argument(reader, rule->verdict.kind, token);
    else if (looks_like_address(token))
        return report_bare(reader, LG_PROBLEM_ADDRESS_BARE, token, token.at[0] == ':' ? "local" : NULL);
    else if (lg_text_find(token, '/') < token.length_bytes)
        return report_bare(reader, LG_PROBLEM_EXE_BARE, token, "exe");
    else
        return report_unknown(reader, rule, is_first, token);
    return LG_CLAUSE_COUNT;
}
