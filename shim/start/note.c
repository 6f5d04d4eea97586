/* SPDX-License-Identifier: MIT */
#include "shim/start/note.h"

#include "policy/text.h"
#include "shim/record/trouble.h"

bool lg_note(const char *a, const char *b, const char *c, const char *d)
{
    const struct lg_text parts[] = {lg_text_of(a), lg_text_of(b), lg_text_of(c), lg_text_of(d)};

    return lg_trouble_note(parts, sizeof parts / sizeof parts[0]);
}
