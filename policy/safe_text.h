/* SPDX-License-Identifier: MIT */
/*
 * Text that somebody else wrote (a path, a name out of a file, a line of a log), made safe for where
 * it is shown. One rule for all: what is not UTF-8 as RFC 3629 has it is not let through, nor is a
 * character that shows nothing and acts on what stands beside it: controls (C0, DEL, C1), line and
 * paragraph separators, what turns the direction of writing, what has no width, and the byte order
 * mark. The forms differ in how such a character is written, and in what else has a meaning there.
 *
 * Pure: no allocation, no locale, nothing kept. Async-signal-safe, thread-safe, fork-safe.
 */
#ifndef LG_SAFE_TEXT_H
#define LG_SAFE_TEXT_H

#include "policy/policy.h"

/*
 * In the forms with a backslash, \n, \t and \r stand for themselves, \x1b for a control below U+0080
 * or a byte that is not UTF-8, and \u{202e} for any other character.
 */
enum lg_safe_form {
    LG_SAFE_LOG = 0,  /* a line of a log: a backslash is written \\, so that all can be read back */
    LG_SAFE_TERMINAL, /* a backslash stays as it is */
    LG_SAFE_ASCII,    /* a terminal that shows nothing beyond ASCII: everything beyond is \u{...} */
    LG_SAFE_HTML,     /* as on a terminal, and & < > " ' as entities: in an element or a quoted attribute */
    LG_SAFE_JSON,     /* in a JSON string, without its quotes: \u202e, and \ufffd for a byte that is not UTF-8 */
    LG_SAFE_LABEL,    /* in a label of the Prometheus text format, which has only \\, \" and \n: else \\x1b */
    LG_SAFE_MARK      /* in a message: each is a `?`, so that one character stays one */
};

#define LG_SAFE_BYTES_MAX 12u /* of one character in any form */

/*
 * Takes one character off the front of `text`, which is not empty, and returns how it is written in
 * `form`: never empty, at most LG_SAFE_BYTES_MAX bytes. The result is in `text`, static, or in `room`,
 * which has LG_SAFE_BYTES_MAX bytes; LG_SAFE_MARK needs none.
 */
struct lg_text lg_safe_take(struct lg_text *text, enum lg_safe_form form, char *room);

/*
 * Reads the UTF-8 sequence that `text`, which is not empty, starts with: its 1 to 4 bytes are
 * returned and its code point stored. Returns 0 and stores nothing of use when that is none: cut
 * off, longer than need be, a surrogate, or beyond U+10FFFF.
 */
size_t lg_utf8_read(struct lg_text text, uint32_t *point);

#endif
