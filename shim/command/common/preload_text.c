/* SPDX-License-Identifier: MIT */
#include "shim/command/common/preload_text.h"
#include "shim/command/common/library.h"
#include <stdlib.h>
#include <string.h>

/* What separates two names of LD_PRELOAD: glibc splits at blanks and colons, musl at all of these. */
#define VARIABLE_SEPARATORS " :\t\n\v\f\r"

const char *lg_preload_path_problem(const char *path)
{
    if (strpbrk(path, VARIABLE_SEPARATORS))
        return "has white space or a colon in its path, where the dynamic linker would split it";
    if (strchr(path, '$'))
        return "has a '$' in its path, which the dynamic linker would expand";
    return NULL;
}

bool lg_preload_is_ours(struct lg_text name)
{
    const char *slash = name.length_bytes ? memrchr(name.at, '/', name.length_bytes) : NULL;
    const char *last = slash ? slash + 1 : name.at;
    size_t length = name.length_bytes - (size_t)(last - name.at);

    return length == strlen(LG_LIBRARY_NAME) && memcmp(last, LG_LIBRARY_NAME, length) == 0;
}

char *lg_preload_variable(const char *library, const char *existing)
{
    const char *at = existing ? existing : "";
    size_t library_bytes = strlen(library);
    char *value = malloc(library_bytes + strlen(at) + 2);
    char *end;

    if (!value)
        return NULL;
    end = mempcpy(value, library, library_bytes);
    /* each name is copied with the separators behind it, or dropped with them */
    while (*at) {
        size_t name_bytes = strcspn(at, VARIABLE_SEPARATORS);
        size_t whole_bytes = name_bytes + strspn(at + name_bytes, VARIABLE_SEPARATORS);

        if (!lg_preload_is_ours((struct lg_text){at, name_bytes})) {
            if (end == value + library_bytes)
                *end++ = ':';
            end = mempcpy(end, at, whole_bytes);
        }
        at += whole_bytes;
    }
    *end = 0;
    return value;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

static bool is_separator(char byte)
{
    return is_blank(byte) || byte == ':' || byte == '\n';
}

bool lg_preload_text_next(struct lg_text text, size_t *at, struct lg_text *name)
{
    size_t i = *at;

    while (i < text.length_bytes && (is_separator(text.at[i]) || text.at[i] == '#')) {
        if (text.at[i] == '#') {
            while (i < text.length_bytes && text.at[i] != '\n')
                i++;
        } else {
            i++;
        }
    }
    name->at = text.at + i;
    while (i < text.length_bytes && !is_separator(text.at[i]) && text.at[i] != '#')
        i++;
    name->length_bytes = (size_t)(text.at + i - name->at);
    *at = i;
    return name->length_bytes > 0;
}

unsigned lg_preload_text_count(struct lg_text text, struct lg_text *first)
{
    struct lg_text name;
    unsigned count = 0;
    size_t at = 0;

    while (lg_preload_text_next(text, &at, &name)) {
        if (!lg_preload_is_ours(name))
            continue;
        if (count++ == 0 && first)
            *first = name;
    }
    return count;
}

/* What goes with the name at [start, end): the separators on one side, or its whole line. */
static void widen(struct lg_text text, size_t *start, size_t *end)
{
    size_t left = *start, right = *end;
    bool starts_line, ends_line;

    while (right < text.length_bytes && is_separator(text.at[right]) && text.at[right] != '\n')
        right++;
    while (left > 0 && is_separator(text.at[left - 1]) && text.at[left - 1] != '\n')
        left--;
    starts_line = left == 0 || text.at[left - 1] == '\n';
    ends_line = right == text.length_bytes || text.at[right] == '\n';
    if (starts_line && ends_line && right < text.length_bytes)
        right++;
    if (ends_line)
        *start = left;
    *end = right;
}

/* Finds the first copy with what goes with it. */
static bool find_ours(struct lg_text text, size_t *start, size_t *end)
{
    struct lg_text name;
    size_t at = 0;

    while (lg_preload_text_next(text, &at, &name)) {
        if (!lg_preload_is_ours(name))
            continue;
        *start = (size_t)(name.at - text.at);
        *end = at;
        widen(text, start, end);
        return true;
    }
    return false;
}

bool lg_preload_text_remove(struct lg_text text, struct lg_text *result)
{
    char *bytes = malloc(text.length_bytes + 1);
    size_t start, end;

    if (!bytes)
        return false;
    memcpy(bytes, text.length_bytes ? text.at : "", text.length_bytes);
    *result = (struct lg_text){bytes, text.length_bytes};
    while (find_ours(*result, &start, &end)) {
        memmove(bytes + start, bytes + end, result->length_bytes - end);
        result->length_bytes -= end - start;
    }
    return true;
}

bool lg_preload_text_insert(struct lg_text text, const char *library, struct lg_text *result)
{
    size_t library_bytes = strlen(library), at = 0, place = text.length_bytes;
    struct lg_text name;
    char *bytes = malloc(text.length_bytes + library_bytes + 2), *out = bytes;

    if (!bytes)
        return false;
    if (lg_preload_text_next(text, &at, &name)) {
        place = (size_t)(name.at - text.at);
        while (place > 0 && text.at[place - 1] != '\n')
            place--;
    }
    if (place > 0)
        out = mempcpy(out, text.at, place);
    if (place > 0 && text.at[place - 1] != '\n')
        *out++ = '\n';
    out = mempcpy(out, library, library_bytes);
    *out++ = '\n';
    if (place < text.length_bytes)
        out = mempcpy(out, text.at + place, text.length_bytes - place);
    *result = (struct lg_text){bytes, (size_t)(out - bytes)};
    return true;
}

bool lg_preload_text_is_blank(struct lg_text text)
{
    for (size_t i = 0; i < text.length_bytes; i++) {
        if (!is_blank(text.at[i]) && text.at[i] != '\n')
            return false;
    }
    return true;
}
