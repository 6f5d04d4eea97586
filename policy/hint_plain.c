/* SPDX-License-Identifier: MIT */
#include "policy/hint.h"
#include "policy/text.h"

/* What looks like a character of the language in UTF-8, and is another one: each with what was meant, to the end. */
struct look_alike {
    char bytes[4];
    char meant[2];
};
static const struct look_alike look_alikes[] = {
    {"\xc2\xa0", " "},      {"\xe2\x80\x82", " "},  {"\xe2\x80\x83", " "},  {"\xe2\x80\x89", " "},
    {"\xe2\x80\xaf", " "},  {"\xe3\x80\x80", " "},  {"\xe2\x80\x90", "-"},  {"\xe2\x80\x91", "-"},
    {"\xe2\x80\x92", "-"},  {"\xe2\x80\x93", "-"},  {"\xe2\x80\x94", "-"},  {"\xe2\x88\x92", "-"},
    {"\xe2\x80\x98", "\""}, {"\xe2\x80\x99", "\""}, {"\xe2\x80\x9c", "\""}, {"\xe2\x80\x9d", "\""},
    {"\xe2\x80\x9e", "\""}, {"\xc2\xab", "\""},     {"\xc2\xbb", "\""},     {"\xe2\x80\x8b", ""},
    {"\xe2\x80\x8c", ""},   {"\xe2\x80\x8d", ""},   {"\xe2\x81\xa0", ""},   {"\xc2\xad", ""},
    {"\xef\xbb\xbf", ""},
};
#define LOOK_ALIKES (sizeof(look_alikes) / sizeof(look_alikes[0]))

/* The one that `text` starts with, or NULL. */
static const struct look_alike *look_alike_at(struct lg_text text)
{
    if (text.length_bytes == 0 || ((unsigned char)text.at[0] & 0x80) == 0)
        return NULL;
    for (size_t i = 0; i < LOOK_ALIKES; i++) {
        size_t length_bytes = strlen(look_alikes[i].bytes);

        if (text.length_bytes >= length_bytes && memcmp(text.at, look_alikes[i].bytes, length_bytes) == 0)
            return &look_alikes[i];
    }
    return NULL;
}

struct lg_hint lg_hint_plain(struct lg_text text)
{
    struct lg_hint hint = {.length_bytes = 0};
    bool has_any = false;

    while (text.length_bytes > 0) {
        const struct look_alike *found = look_alike_at(text);
        size_t length_bytes = found != NULL ? strlen(found->bytes) : 1;

        has_any |= found != NULL;
        lg_hint_add(&hint, found != NULL ? lg_text_of(found->meant) : lg_text_make(text.at, 1));
        text = lg_text_skip(text, length_bytes);
    }
    hint.is_void |= !has_any;
    return hint;
}

bool lg_hint_has_invisible(struct lg_text text)
{
    for (; text.length_bytes > 0; text = lg_text_skip(text, 1)) {
        const struct look_alike *found = look_alike_at(text);

        if (found != NULL && found->meant[0] == '\0')
            return true;
    }
    return false;
}

/* An apostrophe inside of a name is one. */
bool lg_hint_has_quote(struct lg_text text)
{
    const struct look_alike *found = look_alike_at(text);

    return found != NULL && found->meant[0] == '"';
}
