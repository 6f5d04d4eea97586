/* SPDX-License-Identifier: MIT */
/*
 * Small pieces of text for the printers.
 */
#ifndef LG_PUT_H
#define LG_PUT_H

#include "policy/policy.h"

/* Receives `length_bytes` bytes at `at`; called any number of times for one text. */
typedef void lg_put_fn(void *context, const char *at, size_t length_bytes);

struct lg_out {
    lg_put_fn *put;
    void *context;
};

void lg_put_text(const struct lg_out *out, struct lg_text text);
void lg_put_word(const struct lg_out *out, const char *word);
void lg_put_number(const struct lg_out *out, uint32_t number);
void lg_put_hex(const struct lg_out *out, uint32_t number);

/*
 * Text that somebody else wrote, for a message: what must not reach a terminal is a `?` (LG_SAFE_MARK
 * of safe_text.h). lg_glyph_take takes one character off the front of `text`, which is not empty; the
 * result is static or in `text`.
 */
struct lg_text lg_glyph_take(struct lg_text *text);
void lg_put_visible(const struct lg_out *out, struct lg_text text);

#endif
