/* SPDX-License-Identifier: MIT */
#include "policy/reader.h"

#include "policy/text.h"

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

void lg_reader_error(struct lg_reader *reader, enum lg_problem problem, struct lg_text token, const char *suggestion)
{
    struct lg_policy_error error = {
        .source = reader->source,
        .line = reader->line_number,
        .column = (uint32_t)(token.at - reader->line.at) + 1,
        .line_text = reader->line,
        .token = token,
        .problem = lg_problem_texts[problem].problem,
        .expected = lg_problem_texts[problem].expected,
        .suggestion = suggestion,
    };

    reader->errors++;
    if (reader->report != NULL && reader->errors <= LG_ERRORS_REPORTED_MAX)
        reader->report(reader->context, &error);
}

/* Splits the next line off; the end of a line is not part of it. */
static void split_line(struct lg_reader *reader)
{
    bool is_rules = reader->source->kind == LG_SOURCE_RULES;
    struct lg_text rest = reader->rest;
    size_t end = 0;

    while (end < rest.length_bytes && rest.at[end] != '\n' && !(is_rules && rest.at[end] == ';'))
        end++;
    reader->line = lg_text_make(rest.at, end);
    reader->rest = lg_text_skip(rest, end < rest.length_bytes ? end + 1 : end);
    /* $(cat FILE) takes the last \n off a text with \r\n, and leaves the \r. */
    if (end > 0 && rest.at[end - 1] == '\r' && (end == rest.length_bytes || rest.at[end] == '\n'))
        reader->line.length_bytes--;
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
    size_t length_bytes = 0;

    if (at == end || *at == ';' || *at == '#')
        return lg_text_make(reader->token_end, 0);
    while (at + length_bytes < end && !is_blank(at[length_bytes]) && at[length_bytes] != ';')
        length_bytes++;
    return lg_text_make(at, length_bytes);
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

/* Reports the first token of the statement that holds a control character. */
static bool statement_is_text(struct lg_reader *reader)
{
    struct lg_reader ahead = *reader;
    struct lg_text token;

    while ((token = lg_reader_take(&ahead)).length_bytes > 0) {
        for (size_t i = 0; i < token.length_bytes; i++) {
            if (!lg_byte_is_control(token.at[i]))
                continue;
            lg_reader_error(reader, token.at[i] == '\0' ? LG_PROBLEM_NUL : LG_PROBLEM_CONTROL, token, NULL);
            return false;
        }
    }
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
        if (statement_is_text(reader))
            return true;
    }
}
