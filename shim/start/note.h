/* SPDX-License-Identifier: MIT */
#ifndef LG_NOTE_H
#define LG_NOTE_H

#include <stdbool.h>

/* Keeps a line for the next record (shim/record/trouble.h), of up to four parts; NULL for none. */
bool lg_note(const char *a, const char *b, const char *c, const char *d);

#endif
