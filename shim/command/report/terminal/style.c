/* SPDX-License-Identifier: MIT */
#include "shim/command/report/terminal/style.h"
#include "shim/command/report/text.h"

#include <stdlib.h>
#include <string.h>

void lg_style_start(const struct lg_report *report, const char *style)
{
    if (report->colour)
        fprintf(report->out, "\033[%sm", style);
}

void lg_style_end(const struct lg_report *report)
{
    if (report->colour)
        fputs("\033[0m", report->out);
}

void lg_style_put(const struct lg_report *report, const char *style, const char *text)
{
    lg_style_start(report, style);
    fputs(text, report->out);
    lg_style_end(report);
}

enum lg_safe_form lg_style_form(const struct lg_report *report)
{
    return report->utf8 ? LG_SAFE_TERMINAL : LG_SAFE_ASCII;
}

size_t lg_style_columns(const struct lg_report *report, const char *text)
{
    return lg_columns(text, !report->utf8);
}

/* The bytes of `text` that go into a line of `columns`: up to a blank; at least a word. */
static size_t line_bytes(const struct lg_report *report, const char *text, size_t columns)
{
    size_t fit = lg_head_bytes(text, columns, !report->utf8), end = fit;

    if (text[fit] == '\0')
        return fit;
    while (end > 0 && text[end] != ' ')
        end--;
    return end > 0 ? end : fit + strcspn(text + fit, " ");
}

void lg_style_wrap(const struct lg_report *report, const char *text, size_t used, size_t indent)
{
    size_t width = report->width > indent + 8 ? report->width : indent + 8;

    while (*text != '\0') {
        size_t bytes = line_bytes(report, text, width > used ? width - used : 8);

        fwrite(text, 1, bytes, report->out);
        text += bytes;
        text += strspn(text, " ");
        used = indent;
        if (*text != '\0')
            fprintf(report->out, "\n%*s", (int)indent, "");
    }
    fputc('\n', report->out);
}

char *lg_style_text(const struct lg_report *report, lg_text_fn *put, const void *context)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);

    if (memory == NULL)
        return NULL;
    put(report, memory, context);
    if (fclose(memory) == 0)
        return text;
    free(text);
    return NULL;
}
