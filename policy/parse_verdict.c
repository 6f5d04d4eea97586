/* SPDX-License-Identifier: MIT */
/*
 * The arguments of a verdict.
 */
#include "policy/hint.h"
#include "policy/number.h"
#include "policy/pieces.h"
#include "policy/reader.h"
#include "policy/text.h"
#include "policy/words.h"

/* The token behind the next one. */
static struct lg_text peek_second(const struct lg_reader *reader)
{
    struct lg_reader ahead = *reader;

    lg_reader_take(&ahead);
    return lg_reader_peek(&ahead);
}

static bool starts_with_digit(struct lg_text token)
{
    return token.length_bytes > 0 && lg_byte_is_digit(token.at[0]);
}

static bool is_zero(struct lg_text token)
{
    return token.at[0] == '0' && lg_digits_count(token) == 1 && (token.length_bytes == 1 || token.at[1] != '.');
}

/* Reports what is wrong with a duration, which has been taken. */
static void report_duration(struct lg_reader *reader, enum lg_problem problem, struct lg_text token)
{
    struct lg_text next = lg_reader_peek(reader), unit;
    struct lg_hint hint;
    size_t digits = lg_digits_count(token);

    if (digits < token.length_bytes && token.at[digits] == '.')
        digits += 1 + lg_digits_count(lg_text_skip(token, digits + 1));
    unit = lg_text_skip(token, digits);
    if (problem == LG_PROBLEM_DURATION_NO_UNIT && lg_hint_word(LG_HINT_UNIT, next) != NULL) {
        problem = LG_PROBLEM_DURATION_BLANK;
        unit = lg_reader_take(reader);
        token.length_bytes = (size_t)(lg_text_end(unit) - token.at);
    }
    hint = lg_hint_duration(lg_text_make(token.at, digits), unit);
    if (is_zero(token))
        problem = LG_PROBLEM_DURATION_ZERO;
    else if (problem == LG_PROBLEM_DURATION_RANGE) {
        hint = (struct lg_hint){.length_bytes = 0};
        lg_hint_add_word(&hint, "1h");
    }
    lg_reader_error(reader, problem, token, lg_hint_shown(&hint));
}

/* D; what is wrong with it is reported, and the rule read on behind it. */
static void read_duration(struct lg_reader *reader, uint32_t *duration_ms)
{
    struct lg_text token = lg_reader_peek(reader);
    enum lg_problem problem;

    if (token.length_bytes == 0 || lg_is_clause(token) || lg_text_is_word(token, "idle")) {
        lg_reader_error(reader, LG_PROBLEM_DURATION_MISSING, lg_text_make(reader->token_end, 0), NULL);
        return;
    }
    lg_reader_take(reader);
    problem = lg_duration_parse(token, duration_ms);
    if (problem != LG_PROBLEM_NONE)
        report_duration(reader, problem, token);
}

/* Reports it, and returns the errno that was probably meant, 0 for none: the rest of the rule is read as if. */
static int report_errno(struct lg_reader *reader, struct lg_text token)
{
    const char *nearest;
    const char *words[LG_ERRNO_NAMES_MAX + LG_CLAUSE_COUNT];
    size_t count = LG_CLAUSE_COUNT;
    int number = token.at[0] == '-' ? lg_errno_find(lg_text_skip(token, 1)) : 0;

    memcpy(words, lg_clause_words, sizeof(lg_clause_words));
    for (size_t i = 0; lg_errno_word(i) != NULL; i++)
        words[count++] = lg_errno_word(i);
    nearest = number > 0 ? lg_errno_name(number) : lg_nearest_word(token, words, count);
    lg_reader_error(reader, LG_PROBLEM_ERRNO, token, nearest);
    return nearest == NULL ? 0 : lg_errno_find(lg_text_make(nearest, strlen(nearest)));
}

/* Whether a token that is no errno is something else that may stand behind a verdict, or wrongly does. */
static bool is_no_errno(struct lg_text token)
{
    return token.length_bytes == 0 || lg_is_clause(token) || lg_clause_is_meant(token);
}

/* The ERRNO of reject; false when the rest of the rule cannot be made sense of. */
static bool read_errno(struct lg_reader *reader, int *number)
{
    struct lg_text token = lg_reader_peek(reader);
    uint32_t value;

    *number = lg_errno_find(lg_text_make("EPERM", 5));
    if (lg_text_is_word(token, "with") || lg_text_is_word(token, "errno")) {
        lg_statement_error(reader, LG_PROBLEM_AND, lg_reader_take(reader), true);
        token = lg_reader_peek(reader);
    }
    if (is_no_errno(token))
        return true;
    lg_reader_take(reader);
    if (starts_with_digit(token)) {
        if (!lg_number_parse(token, &value) || value < 1 || value > LG_ERRNO_MAX)
            lg_reader_error(reader, LG_PROBLEM_ERRNO_NUMBER, token, NULL);
        else
            *number = (int)value;
        return true;
    }
    *number = lg_errno_find(token);
    if (*number == 0)
        *number = report_errno(reader, token);
    return *number != 0;
}

static bool read_no_argument(struct lg_reader *reader)
{
    struct lg_text token = lg_reader_peek(reader);
    bool is_argument = starts_with_digit(token) || lg_text_is_word(token, "within") || lg_text_is_word(token, "idle") ||
                       lg_errno_find(token) != 0;

    /* An address is not an argument: what it lacks is a word in front. */
    is_argument &= lg_text_find(token, '.') == token.length_bytes;
    if (is_argument)
        lg_reader_error(reader, LG_PROBLEM_ARGUMENT, token, NULL);
    return !is_argument;
}

/* A D without its word in front, or with another one. */
static void report_within(struct lg_reader *reader, struct lg_text token)
{
    struct lg_hint hint = {.length_bytes = 0};
    size_t digits = lg_digits_count(token);
    struct lg_hint duration = lg_hint_duration(lg_text_make(token.at, digits), lg_text_skip(token, digits));

    lg_hint_add_word(&hint, "within");
    if (starts_with_digit(token)) {
        lg_hint_add_word(&hint, " ");
        lg_hint_add(&hint, lg_hint_text(&duration));
    }
    lg_reader_error(reader, LG_PROBLEM_WITHIN_MISSING, token, lg_hint_shown(&hint));
}

static void read_within(struct lg_reader *reader, uint32_t *duration_ms)
{
    struct lg_text token = lg_reader_peek(reader);
    bool is_other_word = lg_hint_word(LG_HINT_WITHIN, token) != NULL && starts_with_digit(peek_second(reader));

    if (!lg_text_is_word(token, "within") && !is_other_word && !starts_with_digit(token))
        return;
    lg_reader_take(reader);
    if (!lg_text_is_word(token, "within"))
        report_within(reader, token);
    if (!starts_with_digit(token))
        read_duration(reader, duration_ms);
}

static void read_idle(struct lg_reader *reader, struct lg_verdict *verdict)
{
    struct lg_text token;
    unsigned errors = reader->errors;

    if (!lg_text_is_word(lg_reader_peek(reader), "idle"))
        return;
    lg_reader_take(reader);
    token = lg_reader_peek(reader);
    read_duration(reader, &verdict->idle_ms);
    if (reader->errors == errors && verdict->duration_ms > 0 && verdict->idle_ms > verdict->duration_ms)
        lg_reader_error(reader, LG_PROBLEM_IDLE_LONG, token, NULL);
}

bool lg_verdict_read(struct lg_reader *reader, struct lg_verdict *verdict)
{
    switch (verdict->kind) {
    case LG_VERDICT_REJECT:
        return read_errno(reader, &verdict->reject_errno);
    case LG_VERDICT_ORDERLY:
        read_within(reader, &verdict->duration_ms);
        return true;
    case LG_VERDICT_LINGER:
    case LG_VERDICT_DRAIN:
        if (lg_text_is_word(lg_reader_peek(reader), "within") ||
            lg_hint_word(LG_HINT_WITHIN, lg_reader_peek(reader)) != NULL)
            lg_statement_error(reader, LG_PROBLEM_WITHIN_ELSEWHERE, lg_reader_take(reader), true);
        read_duration(reader, &verdict->duration_ms);
        if (verdict->kind == LG_VERDICT_DRAIN)
            read_idle(reader, verdict);
        return true;
    case LG_VERDICT_ALLOW:
    case LG_VERDICT_OBSERVE:
    case LG_VERDICT_COUNT:
        break;
    }
    return read_no_argument(reader);
}
