/* SPDX-License-Identifier: MIT */
#include "tests/harness/records.h"

#include "tests/harness/tap.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_BYTES 8192
#define VALUES_KEPT 8
#define KEYS_MAX    64

/* Where in an object's text a key and its value are. */
struct member {
    const char *key, *value;
    size_t key_bytes, value_bytes;
};

struct object {
    struct member member[KEYS_MAX];
    size_t count;
};

/* Each skips what it is called for and returns the place behind it, or NULL where there is none. */
static const char *skip_value(const char *at, struct object *object);

static const char *skip_space(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

/* One UTF-8 sequence (RFC 3629): no overlong form, no surrogate. */
static const char *skip_utf8(const char *at)
{
    const uint8_t *byte = (const uint8_t *)at;
    uint32_t code;
    int more;

    if (byte[0] < 0x80)
        return byte[0] < 0x20 ? NULL : at + 1;
    more = byte[0] >= 0xf0 ? 3 : byte[0] >= 0xe0 ? 2 : 1;
    if (byte[0] < 0xc2 || byte[0] > 0xf4)
        return NULL;
    code = byte[0] & (0x3fu >> more);
    for (int i = 1; i <= more; i++) {
        if ((byte[i] & 0xc0) != 0x80)
            return NULL;
        code = code << 6 | (byte[i] & 0x3fu);
    }
    if ((more == 2 && code < 0x800) || (more == 3 && (code < 0x10000 || code > 0x10ffff)) ||
        (code >= 0xd800 && code <= 0xdfff))
        return NULL;
    return at + more + 1;
}

static const char *skip_escape(const char *at)
{
    if (*at != 'u')
        return *at != '\0' && strchr("\"\\/bfnrt", *at) != NULL ? at + 1 : NULL;
    return strspn(at + 1, "0123456789abcdefABCDEF") >= 4 ? at + 5 : NULL;
}

static const char *skip_string(const char *at)
{
    if (*at++ != '"')
        return NULL;
    while (at != NULL && *at != '"')
        at = *at == '\\' ? skip_escape(at + 1) : skip_utf8(at);
    return at == NULL ? NULL : at + 1;
}

static const char *skip_digits(const char *at)
{
    size_t count = strspn(at, "0123456789");

    return count == 0 ? NULL : at + count;
}

static const char *skip_number(const char *at)
{
    at += *at == '-';
    if (at[0] == '0' && at[1] >= '0' && at[1] <= '9')
        return NULL;
    at = skip_digits(at);
    if (at != NULL && *at == '.')
        at = skip_digits(at + 1);
    if (at != NULL && (*at == 'e' || *at == 'E')) {
        at++;
        at = skip_digits(at + (*at == '+' || *at == '-'));
    }
    return at;
}

static const char *skip_array(const char *at)
{
    at = skip_space(at + 1);
    if (*at == ']')
        return at + 1;
    for (;;) {
        at = skip_value(at, NULL);
        if (at == NULL)
            return NULL;
        at = skip_space(at);
        if (*at == ']')
            return at + 1;
        if (*at++ != ',')
            return NULL;
    }
}

/* False for a key that is there already. */
static bool keep(struct object *object, const struct member *member)
{
    for (size_t i = 0; i < object->count; i++) {
        if (object->member[i].key_bytes == member->key_bytes &&
            memcmp(object->member[i].key, member->key, member->key_bytes) == 0)
            return false;
    }
    if (object->count == KEYS_MAX)
        return false;
    object->member[object->count++] = *member;
    return true;
}

static const char *skip_member(const char *at, struct object *object)
{
    struct member member = {.key = skip_space(at)};

    at = skip_string(member.key);
    if (at == NULL)
        return NULL;
    member.key_bytes = (size_t)(at - member.key);
    at = skip_space(at);
    if (*at++ != ':')
        return NULL;
    member.value = skip_space(at);
    at = skip_value(member.value, NULL);
    if (at == NULL)
        return NULL;
    member.value_bytes = (size_t)(at - member.value);
    return object == NULL || keep(object, &member) ? skip_space(at) : NULL;
}

static const char *skip_object(const char *at, struct object *object)
{
    at = skip_space(at + 1);
    if (*at == '}')
        return at + 1;
    for (;;) {
        at = skip_member(at, object);
        if (at == NULL)
            return NULL;
        if (*at == '}')
            return at + 1;
        if (*at++ != ',')
            return NULL;
    }
}

static const char *skip_word(const char *at, const char *word)
{
    return strncmp(at, word, strlen(word)) == 0 ? at + strlen(word) : NULL;
}

static const char *skip_value(const char *at, struct object *object)
{
    at = skip_space(at);
    switch (*at) {
    case '{':
        return skip_object(at, object);
    case '[':
        return skip_array(at);
    case '"':
        return skip_string(at);
    case 't':
        return skip_word(at, "true");
    case 'f':
        return skip_word(at, "false");
    case 'n':
        return skip_word(at, "null");
    default:
        return skip_number(at);
    }
}

static bool read_object(const char *line, struct object *object)
{
    const char *end;

    object->count = 0;
    end = *line == '{' ? skip_value(line, object) : NULL;
    return end != NULL && *end == '\0';
}

bool record_is_valid(const char *line)
{
    struct object object;

    return read_object(line, &object);
}

const char *record_get(const char *line, const char *key)
{
    static char kept[VALUES_KEPT][VALUE_BYTES];
    static unsigned next;
    struct object object;
    size_t key_bytes = strlen(key);

    if (line == NULL || !read_object(line, &object))
        return NULL;
    for (size_t i = 0; i < object.count; i++) {
        const struct member *member = &object.member[i];
        size_t quote = member->value[0] == '"';
        char *copy = kept[next % VALUES_KEPT];

        if (member->key_bytes != key_bytes + 2 || memcmp(member->key + 1, key, key_bytes) != 0)
            continue;
        REQUIRE(member->value_bytes < VALUE_BYTES);
        memcpy(copy, member->value + quote, member->value_bytes - 2 * quote);
        copy[member->value_bytes - 2 * quote] = '\0';
        next++;
        return copy;
    }
    return NULL;
}

long long record_number(const char *line, const char *key)
{
    const char *value = record_get(line, key);

    return value == NULL ? -1 : atoll(value);
}

struct records records_parse(const char *text, bool others_allowed)
{
    struct records records = {0};

    while (*text != '\0') {
        size_t bytes = strcspn(text, "\n");
        char *line = strndup(text, bytes);

        REQUIRE(line != NULL);
        if (text[bytes] != '\n')
            tap_fail(__FILE__, __LINE__, "the last line does not end: %s", line);
        text += bytes + (text[bytes] == '\n');
        if (line[0] != '{' && others_allowed) {
            free(line);
            continue;
        }
        if (!record_is_valid(line))
            tap_fail(__FILE__, __LINE__, "not one JSON object: %s", line);
        if (bytes + 1 > PIPE_BUF)
            tap_fail(__FILE__, __LINE__, "a record of %zu bytes", bytes + 1);
        REQUIRE(records.count < RECORDS_MAX);
        records.line[records.count++] = line;
    }
    return records;
}

void records_free(struct records *records)
{
    for (size_t i = 0; i < records->count; i++)
        free(records->line[i]);
    records->count = 0;
}

char *records_file(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = calloc(1, 1u << 20);
    size_t bytes;

    REQUIRE(text != NULL);
    if (file == NULL)
        return text;
    bytes = fread(text, 1, (1u << 20) - 1, file);
    text[bytes] = '\0';
    fclose(file);
    return text;
}

static bool has_all(const char *line, const char *wanted)
{
    char words[512], *rest, *word;

    REQUIRE(strlen(wanted) < sizeof words);
    strcpy(words, wanted);
    for (word = strtok_r(words, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        char *equals = strchr(word, '=');
        const char *value;

        REQUIRE(equals != NULL);
        *equals = '\0';
        value = record_get(line, word);
        if (value == NULL || strcmp(value, equals + 1) != 0)
            return false;
    }
    return true;
}

const char *records_find(const struct records *records, const char *wanted)
{
    for (size_t i = 0; i < records->count; i++) {
        if (has_all(records->line[i], wanted))
            return records->line[i];
    }
    return NULL;
}

int records_count(const struct records *records, const char *wanted)
{
    int count = 0;

    for (size_t i = 0; i < records->count; i++)
        count += has_all(records->line[i], wanted);
    return count;
}

static bool has_key(const struct object *object, const char *word, size_t bytes)
{
    for (size_t i = 0; i < object->count; i++) {
        if (object->member[i].key_bytes == bytes + 2 && memcmp(object->member[i].key + 1, word, bytes) == 0)
            return true;
    }
    return false;
}

bool record_has_keys(const char *line, const char *keys)
{
    struct object object;
    size_t known = 0;

    if (!read_object(line, &object))
        return false;
    while (*keys != '\0') {
        size_t bytes = strcspn(keys, " ?");
        bool there = has_key(&object, keys, bytes), may_miss = keys[bytes] == '?';

        if (!there && !may_miss)
            return false;
        known += there;
        keys += bytes + may_miss;
        keys += strspn(keys, " ");
    }
    return known == object.count;
}
