/* SPDX-License-Identifier: MIT */
/*
 * Small operations on texts that are not terminated. Of libc only mem* and strlen: everything else
 * may read a locale, and this code runs inside programs that it does not know.
 */
#ifndef LG_TEXT_H
#define LG_TEXT_H

#include <string.h>

#include "policy/policy.h"

static inline struct lg_text lg_text_make(const char *at, size_t length_bytes)
{
    return (struct lg_text){.at = at, .length_bytes = length_bytes};
}

/* A terminated text; {NULL, 0} of NULL. */
static inline struct lg_text lg_text_of(const char *words)
{
    return lg_text_make(words, words != NULL ? strlen(words) : 0);
}

static inline bool lg_text_is_word(struct lg_text text, const char *word)
{
    /* Most words differ in the first letter. */
    if (text.length_bytes == 0 || text.at[0] != word[0])
        return text.length_bytes == 0 && word[0] == '\0';
    return text.length_bytes == strlen(word) && memcmp(text.at, word, text.length_bytes) == 0;
}

static inline const char *lg_text_end(struct lg_text text)
{
    return text.at + text.length_bytes;
}

/* `text` without its first `count` bytes; `count` is at most its length. */
static inline struct lg_text lg_text_skip(struct lg_text text, size_t count)
{
    return lg_text_make(text.at + count, text.length_bytes - count);
}

/* The index of the first `byte` in `text`, or its length. */
static inline size_t lg_text_find(struct lg_text text, char byte)
{
    size_t i = 0;

    while (i < text.length_bytes && text.at[i] != byte)
        i++;
    return i;
}

/* Of a path, what stands behind its last slash; all of it without one. */
static inline struct lg_text lg_text_last_part(struct lg_text path)
{
    size_t start = path.length_bytes;

    while (start > 0 && path.at[start - 1] != '/')
        start--;
    return start > 0 ? lg_text_skip(path, start) : path;
}

/* Whether `text` starts with `start`; both are terminated. */
static inline bool lg_starts_with(const char *text, const char *start)
{
    while (*start != '\0')
        if (*text++ != *start++)
            return false;
    return true;
}

static inline bool lg_byte_is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static inline char lg_byte_to_lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

static inline bool lg_byte_is_letter(char byte)
{
    char lower = lg_byte_to_lower(byte);

    return lower >= 'a' && lower <= 'z';
}

static inline bool lg_byte_is_control(char byte)
{
    return (unsigned char)byte < 0x20 || byte == 0x7f;
}

#endif
