/* SPDX-License-Identifier: MIT */
/* JSON strings that always parse, whatever bytes they are made of. */
#include "shim/command/common/command.h"
#include "shim/command/common/utf8.h"

static void put_character(FILE *file, const char *at, size_t length)
{
    unsigned char byte = (unsigned char)at[0];

    if (length > 1)
        fwrite(at, 1, length, file);
    else if (byte >= 0x80)
        fputs("\\ufffd", file);
    else if (byte == '"' || byte == '\\')
        fprintf(file, "\\%c", byte);
    else if (byte == '\n')
        fputs("\\n", file);
    else if (byte == '\t')
        fputs("\\t", file);
    else if (byte < 0x20 || byte == 0x7f)
        fprintf(file, "\\u%04x", (unsigned)byte);
    else
        fputc(byte, file);
}

void lg_json_text(FILE *file, struct lg_text text)
{
    const char *at = text.at, *end = text.at + text.length_bytes;

    fputc('"', file);
    while (at != end) {
        size_t length = lg_utf8_length(at, end);

        put_character(file, at, length);
        at += length ? length : 1;
    }
    fputc('"', file);
}

void lg_json_string(FILE *file, const char *string)
{
    lg_json_text(file, lg_text_of(string));
}
