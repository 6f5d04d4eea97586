/* SPDX-License-Identifier: MIT */
#include "policy/reader.h"

#include "policy/hint.h"
#include "policy/text.h"

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

void lg_reader_error_in(struct lg_reader *reader, enum lg_problem problem, struct lg_text token,
                        struct lg_text replaced, const char *suggestion)
{
    struct lg_policy_error error = {
        .source = reader->source,
        .line = reader->line_number,
        .column = (uint32_t)(token.at - reader->line.at) + 1,
        .line_text = reader->line,
        .token = token,
        .problem = lg_problem_texts[problem].problem,
        .expected = lg_problem_texts[problem].expected[0] != '\0' ? lg_problem_texts[problem].expected : NULL,
        .replaced = replaced,
    };
    struct lg_hint plain;

    if (reader->told[problem])
        return;
    reader->told[problem] = problem >= LG_PROBLEM_RULE_COUNT && problem <= LG_PROBLEM_SKIP_COUNT;
    reader->errors++;
    if (reader->report == NULL || reader->errors > LG_ERRORS_REPORTED_MAX)
        return;
    if (suggestion == NULL) {
        plain = lg_hint_plain(token);
        suggestion = lg_hint_shown(&plain);
    }
    if (suggestion != NULL && !reader->is_trial && lg_suggestion_is_read(reader, replaced, suggestion))
        error.suggestion = suggestion;
    reader->report(reader->context, &error);
}

void lg_reader_error(struct lg_reader *reader, enum lg_problem problem, struct lg_text token, const char *suggestion)
{
    lg_reader_error_in(reader, problem, token, token, suggestion);
}

/* The length of the quoted text that `text` starts with, or 0. */
static size_t quoted_bytes(struct lg_text text)
{
    size_t end;

    if (text.length_bytes == 0 || text.at[0] != '"')
        return 0;
    end = lg_text_find(lg_text_skip(text, 1), '"') + 1;
    return end < text.length_bytes ? end + 1 : 0;
}

/* The length of the element that `text` starts with: to the next comma, blank or `;` that is not in quotes. */
static size_t element_bytes(struct lg_text text)
{
    size_t end = quoted_bytes(text);

    while (end < text.length_bytes && !is_blank(text.at[end]) && text.at[end] != ';' && text.at[end] != ',')
        end++;
    return end;
}

static size_t word_bytes(struct lg_text text)
{
    size_t end = element_bytes(text);

    while (end < text.length_bytes && text.at[end] == ',')
        end += 1 + element_bytes(lg_text_skip(text, end + 1));
    return end;
}

/* Where a line of the environment's text ends: at a `;` that is not in quotes, or where a comment has one. */
static size_t rules_line_bytes(struct lg_text line)
{
    size_t end = 0;

    while (end < line.length_bytes && line.at[end] != ';') {
        struct lg_text rest = lg_text_skip(line, end);

        if (line.at[end] == '#')
            end += lg_text_find(rest, ';');
        else
            end += is_blank(line.at[end]) ? 1 : word_bytes(rest);
    }
    return end;
}

/* Splits the next line off; the end of a line is not part of it. */
static void split_line(struct lg_reader *reader)
{
    struct lg_text rest = reader->rest;
    size_t end = lg_text_find(rest, '\n');

    if (reader->source->kind == LG_SOURCE_RULES)
        end = rules_line_bytes(lg_text_make(rest.at, end));
    reader->line = lg_text_make(rest.at, end);
    reader->rest = lg_text_skip(rest, end < rest.length_bytes ? end + 1 : end);
    /* $(cat FILE) takes the last \n off a text with \r\n, and leaves the \r. */
    if (end > 0 && rest.at[end - 1] == '\r' && (end == rest.length_bytes || rest.at[end] == '\n'))
        reader->line.length_bytes--;
}

void lg_reader_skip_mark(struct lg_reader *reader)
{
    if (reader->rest.length_bytes >= 3 && memcmp(reader->rest.at, "\xef\xbb\xbf", 3) == 0)
        reader->rest = lg_text_skip(reader->rest, 3);
}

bool lg_reader_next_line(struct lg_reader *reader)
{
    while (reader->rest.length_bytes > 0) {
        split_line(reader);
        reader->line_number++;
        reader->at = reader->line.at;
        reader->token_end = reader->at;
        reader->in_statement = false;
        if (reader->line.length_bytes <= LG_LINE_BYTES_MAX)
            return true;
        lg_reader_error(reader, LG_PROBLEM_LINE_LONG, lg_text_make(reader->line.at + LG_LINE_BYTES_MAX, 0), NULL);
    }
    return false;
}

static const char *skip_blanks(const struct lg_reader *reader)
{
    const char *at = reader->at, *end = lg_text_end(reader->line);

    while (at < end && is_blank(*at))
        at++;
    return at;
}

struct lg_text lg_reader_peek(const struct lg_reader *reader)
{
    const char *at = skip_blanks(reader), *end = lg_text_end(reader->line);

    if (at == end || *at == ';' || *at == '#')
        return lg_text_make(reader->token_end, 0);
    return lg_text_make(at, word_bytes(lg_text_make(at, (size_t)(end - at))));
}

struct lg_text lg_reader_take(struct lg_reader *reader)
{
    struct lg_text token = lg_reader_peek(reader);

    if (token.length_bytes > 0) {
        reader->at = lg_text_end(token);
        reader->token_end = reader->at;
    }
    return token;
}

struct lg_text lg_text_span(struct lg_text first, struct lg_text last)
{
    return lg_text_make(first.at, (size_t)(lg_text_end(last) - first.at));
}

struct lg_text lg_reader_peek_rest(const struct lg_reader *reader)
{
    struct lg_reader ahead = *reader;
    struct lg_text first = lg_reader_take(&ahead), last = first, token;

    while ((token = lg_reader_take(&ahead)).length_bytes > 0)
        last = token;
    return lg_text_span(first, last);
}

struct lg_text lg_element_take(struct lg_text *list)
{
    struct lg_text element = lg_text_make(list->at, element_bytes(*list));

    *list = lg_text_skip(*list,
                         element.length_bytes < list->length_bytes ? element.length_bytes + 1 : element.length_bytes);
    return element;
}

struct lg_text lg_unquoted(struct lg_text element)
{
    size_t quoted = quoted_bytes(element);

    return quoted > 0 && quoted == element.length_bytes ? lg_text_make(element.at + 1, quoted - 2) : element;
}

static enum lg_problem check_bytes(struct lg_text token)
{
    for (size_t i = 0; i < token.length_bytes; i++)
        if (lg_byte_is_control(token.at[i]))
            return token.at[i] == '\0' ? LG_PROBLEM_NUL : LG_PROBLEM_CONTROL;
    return LG_PROBLEM_NONE;
}

static bool holds(struct lg_text text, const char *bytes)
{
    size_t length_bytes = strlen(bytes);

    for (size_t i = 0; i + length_bytes <= text.length_bytes; i++)
        if (memcmp(text.at + i, bytes, length_bytes) == 0)
            return true;
    return false;
}

/* What is wrong with the quotes of an element, which starts at a word's start or behind a comma. */
static enum lg_problem check_quotes(struct lg_text element)
{
    struct lg_text inside = lg_unquoted(element);

    if (inside.length_bytes == element.length_bytes && holds(element, "\xc2\xa0"))
        return LG_PROBLEM_NO_BREAK;
    if (inside.length_bytes == element.length_bytes && lg_hint_has_quote(element))
        return LG_PROBLEM_QUOTE_CURLY;
    if (inside.length_bytes == element.length_bytes && lg_hint_has_invisible(element))
        return LG_PROBLEM_INVISIBLE;
    if (lg_text_find(inside, '"') == inside.length_bytes)
        return LG_PROBLEM_NONE;
    if (element.at[0] != '"')
        return LG_PROBLEM_QUOTE_INSIDE;
    return quoted_bytes(element) > 0 ? LG_PROBLEM_QUOTE_AFTER : LG_PROBLEM_QUOTE_OPEN;
}

/* As nearly every word is: nothing in it can be wrong. */
static bool is_plain(struct lg_text token)
{
    size_t i = 0;

    while (i < token.length_bytes && (unsigned char)token.at[i] > ' ' && (unsigned char)token.at[i] < 0x7f &&
           token.at[i] != '"')
        i++;
    return i == token.length_bytes;
}

static bool token_is_text(struct lg_reader *reader, struct lg_text token)
{
    enum lg_problem problem;

    if (is_plain(token))
        return true;
    problem = check_bytes(token);

    if (problem != LG_PROBLEM_NONE) {
        lg_reader_error(reader, problem, token, NULL);
        return false;
    }
    while (token.length_bytes > 0) {
        struct lg_text element = lg_element_take(&token);

        problem = check_quotes(element);
        if (problem == LG_PROBLEM_NONE)
            continue;
        lg_reader_error(reader, problem, element, NULL);
        return false;
    }
    return true;
}

/* Reports the first token of the statement that cannot be read as one. */
static bool statement_is_text(struct lg_reader *reader)
{
    struct lg_reader ahead = *reader;
    struct lg_text token;

    while ((token = lg_reader_take(&ahead)).length_bytes > 0)
        if (!token_is_text(reader, token))
            return false;
    return true;
}

bool lg_reader_next_statement(struct lg_reader *reader)
{
    for (;;) {
        while (reader->in_statement && lg_reader_take(reader).length_bytes > 0)
            continue;
        reader->at = skip_blanks(reader);
        while (reader->at < lg_text_end(reader->line) && *reader->at == ';') {
            reader->at++;
            reader->at = skip_blanks(reader);
        }
        reader->token_end = reader->at;
        if (lg_reader_peek(reader).length_bytes == 0)
            return false;
        reader->in_statement = true;
        reader->statement = reader->at;
        reader->rule_seen_before = reader->rule_seen;
        reader->set_here_before = reader->set_here;
        if (statement_is_text(reader))
            return true;
    }
}
