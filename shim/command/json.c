/* SPDX-License-Identifier: MIT */
/* JSON strings that always parse, whatever bytes they are made of. */
#include "shim/command/command.h"

/* Length of the well-formed UTF-8 sequence at `at`, 0 when there is none. Unicode 15 table 3-7. */
static size_t utf8_length(const unsigned char *at, size_t left)
{
    unsigned char low = 0x80, high = 0xbf;
    size_t length;

    if (at[0] < 0x80)
        return 1;
    if (at[0] >= 0xc2 && at[0] <= 0xdf)
        length = 2;
    else if (at[0] >= 0xe0 && at[0] <= 0xef)
        length = 3;
    else if (at[0] >= 0xf0 && at[0] <= 0xf4)
        length = 4;
    else
        return 0;
    if (at[0] == 0xe0)
        low = 0xa0;
    else if (at[0] == 0xed)
        high = 0x9f;
    else if (at[0] == 0xf0)
        low = 0x90;
    else if (at[0] == 0xf4)
        high = 0x8f;
    if (left < length || at[1] < low || at[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++) {
        if (at[i] < 0x80 || at[i] > 0xbf)
            return 0;
    }
    return length;
}

static void put_character(FILE *file, const unsigned char *at, size_t length)
{
    if (length == 0)
        fputs("\\ufffd", file);
    else if (at[0] == '"' || at[0] == '\\')
        fprintf(file, "\\%c", at[0]);
    else if (at[0] == '\n')
        fputs("\\n", file);
    else if (at[0] == '\t')
        fputs("\\t", file);
    else if (at[0] < 0x20 || at[0] == 0x7f)
        fprintf(file, "\\u%04x", (unsigned)at[0]);
    else
        fwrite(at, 1, length, file);
}

void lg_json_text(FILE *file, struct lg_text text)
{
    const unsigned char *at = (const unsigned char *)text.at;
    size_t left = text.length_bytes;

    fputc('"', file);
    while (left > 0) {
        size_t length = utf8_length(at, left);

        put_character(file, at, length);
        at += length ? length : 1;
        left -= length ? length : 1;
    }
    fputc('"', file);
}

void lg_json_string(FILE *file, const char *string)
{
    lg_json_text(file, lg_text_of(string));
}
