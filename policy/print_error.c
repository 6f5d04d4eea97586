/* SPDX-License-Identifier: MIT */
#include "policy/print.h"

#include "policy/put.h"
#include "policy/text.h"

#define TOKEN_GLYPHS_MAX 60u  /* of a quoted token */
#define WINDOW_GLYPHS    110u /* of a long line */
#define WINDOW_BEFORE    40u  /* of them before the token */
#define CUT              "..."
#define INDENT           "    "

static size_t count_glyphs(struct lg_text text)
{
    size_t count = 0;

    for (; text.length_bytes > 0; count++)
        lg_glyph_take(&text);
    return count;
}

/* At most `count` characters off the front of `text`. */
static struct lg_text take_glyphs(struct lg_text *text, size_t count)
{
    struct lg_text taken = *text;

    while (count-- > 0 && text->length_bytes > 0)
        lg_glyph_take(text);
    taken.length_bytes -= text->length_bytes;
    return taken;
}

static void put_token(const struct lg_out *out, struct lg_text token)
{
    struct lg_text rest = token, shown = take_glyphs(&rest, TOKEN_GLYPHS_MAX);

    lg_put_word(out, " \"");
    lg_put_visible(out, shown);
    lg_put_word(out, rest.length_bytes > 0 ? CUT "\"" : "\"");
}

static void put_message(const struct lg_out *out, const struct lg_policy_error *error)
{
    lg_put_visible(out, error->source->name);
    lg_put_word(out, ":");
    lg_put_number(out, error->line);
    lg_put_word(out, ":");
    lg_put_number(out, error->column);
    lg_put_word(out, error->is_warning ? ": warning: " : ": error: ");
    lg_put_word(out, error->problem);
    if (error->token.length_bytes > 0)
        put_token(out, error->token);
    if (error->expected != NULL) {
        lg_put_word(out, "; expected ");
        lg_put_word(out, error->expected);
    }
    if (error->suggestion != NULL) {
        lg_put_word(out, "; did you mean \"");
        lg_put_word(out, error->suggestion);
        lg_put_word(out, "\"?");
    }
    lg_put_word(out, "\n");
}

/* The line with its tabs, which the terminal places as in the line with the caret. */
static void put_line(const struct lg_out *out, struct lg_text line)
{
    while (line.length_bytes > 0) {
        bool is_tab = line.at[0] == '\t';
        struct lg_text glyph = lg_glyph_take(&line);

        lg_put_text(out, is_tab ? lg_text_make("\t", 1) : glyph);
    }
}

static void put_blank(const struct lg_out *out, struct lg_text line)
{
    while (line.length_bytes > 0) {
        lg_put_word(out, line.at[0] == '\t' ? "\t" : " ");
        lg_glyph_take(&line);
    }
}

static void put_caret(const struct lg_out *out, const struct lg_policy_error *error)
{
    size_t before_bytes = error->column - 1;
    struct lg_text before = lg_text_make(error->line_text.at, before_bytes);
    struct lg_text behind = lg_text_skip(error->line_text, before_bytes), shown;
    size_t before_glyphs = count_glyphs(before), cut_glyphs = 0, token_glyphs;

    if (before_glyphs + count_glyphs(behind) > WINDOW_GLYPHS && before_glyphs > WINDOW_BEFORE)
        cut_glyphs = before_glyphs - WINDOW_BEFORE;
    take_glyphs(&before, cut_glyphs);
    shown = take_glyphs(&behind, WINDOW_GLYPHS - (before_glyphs - cut_glyphs));

    lg_put_word(out, cut_glyphs > 0 ? INDENT CUT : INDENT);
    put_line(out, before);
    put_line(out, shown);
    lg_put_word(out, behind.length_bytes > 0 ? CUT "\n" : "\n");

    lg_put_word(out, cut_glyphs > 0 ? INDENT "   " : INDENT);
    put_blank(out, before);
    lg_put_word(out, "^");
    if (shown.length_bytes > error->token.length_bytes)
        shown.length_bytes = error->token.length_bytes;
    for (token_glyphs = count_glyphs(shown); token_glyphs > 1; token_glyphs--)
        lg_put_word(out, "~");
    lg_put_word(out, "\n");
}

void lg_policy_error_print(const struct lg_policy_error *error, bool caret, lg_put_fn *put, void *context)
{
    struct lg_out out = {put, context};

    put_message(&out, error);
    if (caret)
        put_caret(&out, error);
}
