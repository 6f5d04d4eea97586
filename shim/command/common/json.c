/* SPDX-License-Identifier: MIT */
#include "shim/command/common/json.h"
#include "policy/safe_text.h"
#include "policy/text.h"

#include <string.h>

static void skip_space(struct lg_json_reader *reader)
{
    while (reader->at < reader->end &&
           (*reader->at == ' ' || *reader->at == '\t' || *reader->at == '\r' || *reader->at == '\n'))
        reader->at++;
}

static bool take(struct lg_json_reader *reader, char wanted)
{
    if (reader->at == reader->end || *reader->at != wanted)
        return false;
    reader->at++;
    return true;
}

static bool is_digit(const struct lg_json_reader *reader)
{
    return reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9';
}

static bool take_digits(struct lg_json_reader *reader)
{
    if (!is_digit(reader))
        return false;
    while (is_digit(reader))
        reader->at++;
    return true;
}

static bool read_number(struct lg_json_reader *reader)
{
    (void)take(reader, '-');
    if (!take(reader, '0') && !take_digits(reader))
        return false;
    if (take(reader, '.') && !take_digits(reader))
        return false;
    if (take(reader, 'e') || take(reader, 'E')) {
        if (!take(reader, '+'))
            (void)take(reader, '-');
        return take_digits(reader);
    }
    return true;
}

static bool read_word(struct lg_json_reader *reader)
{
    static const char *const words[] = {"true", "false", "null"};
    size_t left = (size_t)(reader->end - reader->at);

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t length = strlen(words[i]);
        if (left >= length && memcmp(reader->at, words[i], length) == 0) {
            reader->at += length;
            return true;
        }
    }
    return false;
}

static bool read_hex4(struct lg_json_reader *reader, uint32_t *unit)
{
    uint32_t value = 0;

    if (reader->end - reader->at < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        char c = *reader->at++;
        uint32_t digit;
        if (c >= '0' && c <= '9')
            digit = (uint32_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = (uint32_t)(c - 'a' + 10);
        else if (c >= 'A' && c <= 'F')
            digit = (uint32_t)(c - 'A' + 10);
        else
            return false;
        value = value << 4 | digit;
    }
    *unit = value;
    return true;
}

/* `point`, no surrogate, as UTF-8. */
static void put_utf8(char **out, uint32_t point)
{
    unsigned more = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x10000 ? 2 : 3; /* bytes behind the first */

    *(*out)++ = (char)(more == 0 ? point : (0xf00u >> (more + 1) & 0xff) | point >> 6 * more);
    while (more-- > 0)
        *(*out)++ = (char)(0x80 | (point >> 6 * more & 0x3f));
}

/* Behind `\u`. Half of a surrogate pair is allowed by the grammar and stands for nothing: U+FFFD. */
static bool read_unicode_escape(struct lg_json_reader *reader, char **out)
{
    uint32_t unit;
    uint32_t low;

    if (!read_hex4(reader, &unit))
        return false;
    if (unit >= 0xD800 && unit <= 0xDBFF && reader->end - reader->at >= 2 && reader->at[0] == '\\' &&
        reader->at[1] == 'u') {
        struct lg_json_reader second = *reader;
        second.at += 2;
        if (!read_hex4(&second, &low))
            return false;
        if (low >= 0xDC00 && low <= 0xDFFF) {
            reader->at = second.at;
            put_utf8(out, 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00));
            return true;
        }
    }
    put_utf8(out, unit >= 0xD800 && unit <= 0xDFFF ? 0xFFFD : unit);
    return true;
}

static bool read_escape(struct lg_json_reader *reader, char **out)
{
    static const char names[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    const char *name;

    if (reader->at == reader->end)
        return false;
    char c = *reader->at++;
    if (c == 'u')
        return read_unicode_escape(reader, out);
    name = c == '\0' ? NULL : strchr(names, c);
    if (name == NULL)
        return false;
    *(*out)++ = meanings[name - names];
    return true;
}

/* At the opening quote. Most strings have no escape: those are not copied. */
static bool read_string(struct lg_json_reader *reader, struct lg_text *text)
{
    const char *plain;
    char *out = NULL;

    if (!take(reader, '"'))
        return false;
    plain = reader->at;
    while (reader->at < reader->end) {
        unsigned char c = (unsigned char)*reader->at;
        size_t length;
        uint32_t point;
        if (c == '"') {
            *text = out == NULL ? (struct lg_text){plain, (size_t)(reader->at - plain)}
                                : (struct lg_text){reader->scratch, (size_t)(out - reader->scratch)};
            if (out != NULL)
                reader->scratch = out;
            reader->at++;
            return true;
        }
        if (c < 0x20)
            return false;
        if (c == '\\') {
            if (out == NULL) {
                size_t so_far = (size_t)(reader->at - plain);
                memcpy(reader->scratch, plain, so_far);
                out = reader->scratch + so_far;
            }
            reader->at++;
            if (!read_escape(reader, &out))
                return false;
            continue;
        }
        length = c < 0x80 ? 1 : lg_utf8_read(lg_text_make(reader->at, (size_t)(reader->end - reader->at)), &point);
        if (length == 0)
            return false;
        if (out != NULL) {
            memcpy(out, reader->at, length);
            out += length;
        }
        reader->at += length;
    }
    return false;
}

/* Strings inside of a value that is only skipped must not use up scratch twice. */
static bool skip_string(struct lg_json_reader *reader)
{
    struct lg_json_reader copy = *reader;
    struct lg_text text;

    if (!read_string(&copy, &text))
        return false;
    reader->at = copy.at;
    return true;
}

static bool skip_scalar(struct lg_json_reader *reader)
{
    if (reader->at == reader->end)
        return false;
    if (*reader->at == '"')
        return skip_string(reader);
    if (*reader->at == '-' || is_digit(reader))
        return read_number(reader);
    return read_word(reader);
}

static bool skip_key(struct lg_json_reader *reader)
{
    skip_space(reader);
    if (!skip_string(reader))
        return false;
    skip_space(reader);
    return take(reader, ':');
}

/* An array or object, its nesting held in the bits of one word: bit set = object. */
static bool skip_nested(struct lg_json_reader *reader)
{
    uint64_t objects = 0;
    unsigned depth = 1; /* the object that holds this value */

    for (;;) {
        skip_space(reader);
        bool is_object = reader->at < reader->end && *reader->at == '{';
        if (is_object || (reader->at < reader->end && *reader->at == '[')) {
            if (depth == LG_JSON_DEPTH_MAX)
                return false;
            depth++;
            objects = objects << 1 | is_object;
            reader->at++;
            skip_space(reader);
            if (!take(reader, is_object ? '}' : ']')) {
                if (is_object && !skip_key(reader))
                    return false;
                continue;
            }
            depth--;
            objects >>= 1;
        } else if (!skip_scalar(reader)) {
            return false;
        }
        /* A value is complete: close what ends here, or go on to the next element. */
        for (;;) {
            if (depth == 1)
                return true;
            skip_space(reader);
            if (take(reader, ','))
                break;
            if (!take(reader, objects & 1 ? '}' : ']'))
                return false;
            depth--;
            objects >>= 1;
        }
        if ((objects & 1) && !skip_key(reader))
            return false;
    }
}

static bool read_value(struct lg_json_reader *reader, struct lg_json_value *value)
{
    const char *start;

    skip_space(reader);
    start = reader->at;
    if (start == reader->end)
        return false;
    if (*start == '"') {
        value->kind = LG_JSON_STRING;
        return read_string(reader, &value->text);
    }
    if (*start == '{' || *start == '[') {
        value->kind = *start == '{' ? LG_JSON_OBJECT : LG_JSON_ARRAY;
        if (!skip_nested(reader))
            return false;
    } else {
        value->kind = *start == '-' || is_digit(reader) ? LG_JSON_NUMBER : LG_JSON_WORD;
        if (!skip_scalar(reader))
            return false;
    }
    value->text = (struct lg_text){start, (size_t)(reader->at - start)};
    return true;
}

static enum lg_json_result read_members(struct lg_json_reader *reader, lg_json_member_fn *member, void *context)
{
    bool wanted = true;

    skip_space(reader);
    if (take(reader, '}'))
        return LG_JSON_OK;
    do {
        struct lg_text key;
        struct lg_json_value value;
        skip_space(reader);
        if (!read_string(reader, &key))
            return LG_JSON_BROKEN;
        skip_space(reader);
        if (!take(reader, ':') || !read_value(reader, &value))
            return LG_JSON_BROKEN;
        /* A refusal does not end the reading: what is not JSON is broken, whoever refused it before. */
        wanted = wanted && member(context, key, &value, reader);
        skip_space(reader);
    } while (take(reader, ','));
    if (!take(reader, '}'))
        return LG_JSON_BROKEN;
    return wanted ? LG_JSON_OK : LG_JSON_REFUSED;
}

enum lg_json_result lg_json_read_object(struct lg_text line, char *scratch, lg_json_member_fn *member, void *context)
{
    struct lg_json_reader reader = {line.at, line.at + line.length_bytes, scratch};
    enum lg_json_result result;

    skip_space(&reader);
    if (!take(&reader, '{'))
        return LG_JSON_BROKEN;
    result = read_members(&reader, member, context);
    skip_space(&reader);
    return reader.at == reader.end ? result : LG_JSON_BROKEN;
}

bool lg_json_array_next(struct lg_json_reader *reader, struct lg_text *rest, struct lg_json_value *value)
{
    struct lg_json_reader inner = {rest->at, rest->at + rest->length_bytes, reader->scratch};

    if (!take(&inner, '[') && !take(&inner, ','))
        return false;
    skip_space(&inner);
    if (inner.at == inner.end || *inner.at == ']' || !read_value(&inner, value))
        return false;
    skip_space(&inner);
    reader->scratch = inner.scratch;
    *rest = (struct lg_text){inner.at, (size_t)(inner.end - inner.at)};
    return true;
}

bool lg_json_unsigned(const struct lg_json_value *value, uint64_t *number)
{
    uint64_t sum = 0;

    if (value->kind != LG_JSON_NUMBER)
        return false;
    for (size_t i = 0; i < value->text.length_bytes; i++) {
        char c = value->text.at[i];
        if (c < '0' || c > '9' || __builtin_mul_overflow(sum, 10u, &sum) ||
            __builtin_add_overflow(sum, (uint64_t)(c - '0'), &sum))
            return false;
    }
    *number = sum;
    return true;
}

bool lg_json_signed(const struct lg_json_value *value, int64_t *number)
{
    struct lg_json_value positive = *value;
    uint64_t size;
    bool is_negative = value->kind == LG_JSON_NUMBER && value->text.at[0] == '-';

    if (is_negative) {
        positive.text.at++;
        positive.text.length_bytes--;
    }
    if (!lg_json_unsigned(&positive, &size) || size > INT64_MAX)
        return false;
    *number = is_negative ? -(int64_t)size : (int64_t)size;
    return true;
}
