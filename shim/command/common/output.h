/* SPDX-License-Identifier: MIT */
/*
 * How the command speaks: standard output carries what was asked for, standard error everything
 * else, and a message there starts with "lingerguard: ". The command is single-threaded, and nothing
 * here is meant for a signal handler.
 */
#ifndef LG_OUTPUT_H
#define LG_OUTPUT_H

#include "policy/policy.h"
#include "policy/safe_text.h"
#include <getopt.h>
#include <stdio.h>

/*
 * One line: MESSAGE on standard output, "lingerguard: MESSAGE" and "lingerguard: warning: MESSAGE" on
 * standard error. Names in it may come from anywhere: the line is made safe (LG_SAFE_MARK), a tab apart.
 */
void lg_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void lg_say_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void lg_say_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * A usage error: "lingerguard: COMMAND: MESSAGE" and where to find help. `command` is NULL for the
 * command itself. Returns LG_EXIT_USAGE.
 */
int lg_usage_error(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * The usage error for what getopt_long returned as '?' or ':'. Set opterr to 0, and start the short
 * options with ':' (or "+:"). Names the option and suggests the nearest one. Returns LG_EXIT_USAGE.
 */
int lg_option_error(const char *command, int result, char **argv, const struct option *longs);

/* Reads a word of `words` (count of them): its index, or -1 after the usage error with a suggestion. */
int lg_option_word(const char *command, const char *option, const char *value, const char *const *words, size_t count);

/* The usage error for a value that is none of `words`: the nearest one, or all of them. Returns LG_EXIT_USAGE. */
int lg_word_error(const char *command, const char *what, const char *value, const char *const *words, size_t count);

/* The nearest of `count` words, or NULL: lg_nearest_word for terminated text. */
const char *lg_word_near(const char *text, const char *const *words, size_t count);

/* An lg_put_fn (policy/put.h) whose context is a FILE. */
void lg_put_file(void *file, const char *at, size_t length_bytes);

/* Somebody else's text, made safe as policy/safe_text.h says. */
void lg_put_safe(FILE *file, struct lg_text text, enum lg_safe_form form);

/* One JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD, so the output always parses. */
void lg_json_text(FILE *file, struct lg_text text);
void lg_json_string(FILE *file, const char *string);

/* Columns of the terminal, or what COLUMNS says, else 80; never below `least` or over `most`. */
unsigned lg_terminal_width(unsigned least, unsigned most);

/*
 * Flushes standard output. Returns `status`, or LG_EXIT_USAGE after a message when something could
 * not be written (a full disk, a closed descriptor).
 */
int lg_output_finish(int status);

#endif
