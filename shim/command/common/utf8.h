/* SPDX-License-Identifier: MIT */
/* UTF-8 as table 3-7 of the Unicode standard defines it. Pure. */
#ifndef LG_UTF8_H
#define LG_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Length of the well-formed sequence of two to four bytes at `at`, which is before `end`; 0 for any other byte. */
size_t lg_utf8_length(const char *at, const char *end);

/* The code point of a well-formed sequence of `length` bytes, one byte (ASCII) included. */
uint32_t lg_utf8_point(const char *at, size_t length);

/* Writes `point` (no surrogate, at most U+10FFFF) and moves *out on by the one to four bytes that it takes. */
void lg_utf8_put(char **out, uint32_t point);

#endif
