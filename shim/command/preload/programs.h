/* SPDX-License-Identifier: MIT */
/*
 * The kinds of program that a library in /etc/ld.so.preload is loaded into and that have broken with one, each of which
 * is tried before an entry is written.
 */
#ifndef LG_COMMAND_PROGRAMS_H
#define LG_COMMAND_PROGRAMS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Starts, each without and with `library`, an empty environment beside it: a shell, a program without a libc, a static
 * one, every dynamic linker that is here as a program, and every libc. False, and which fails how in `problem`, when
 * one of them does not end with `library` as it does without, or says something else. In *other_class the path of a
 * program for which the library is of the wrong class (32 bits or 64), which is told by the dynamic linker and ignored,
 * or "".
 */
bool lg_programs_start(const char *library, char other_class[256], char *problem, size_t problem_bytes);

#endif
