/* SPDX-License-Identifier: MIT */
/*
 * What the files of the command share: the subcommands, the exit statuses, and how it speaks.
 *
 * Standard output carries what was asked for, standard error everything else. A message starts with
 * "lingerguard: ". The command is single-threaded, and nothing here is meant for a signal handler.
 */
#ifndef LG_COMMAND_H
#define LG_COMMAND_H

#include "policy/policy.h"
#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Exit statuses that all subcommands share; lingerguard(1) lists those of each. */
enum lg_exit {
    LG_EXIT_OK = 0,
    LG_EXIT_NO = 1,           /* a question was answered with no */
    LG_EXIT_USAGE = 2,        /* usage, an error in a policy, or input that cannot be read */
    LG_EXIT_RUN_FAILED = 125, /* run itself failed; these three are those of env(1) */
    LG_EXIT_CANNOT_EXEC = 126,
    LG_EXIT_NOT_FOUND = 127
};

/*
 * The subcommands. argv[0] is the subcommand's name; each returns the exit status and leaves
 * flushing and checking of standard output to main.
 */
int lg_cmd_run(int argc, char **argv);
int lg_cmd_check_policy(int argc, char **argv);
int lg_cmd_explain(int argc, char **argv);
int lg_cmd_check_program(int argc, char **argv);
int lg_cmd_report(int argc, char **argv);
int lg_cmd_enable(int argc, char **argv);
int lg_cmd_disable(int argc, char **argv);
int lg_cmd_status(int argc, char **argv);

/*
 * Prints one "lingerguard: warning: ..." line on standard error when the library would not see every
 * close of the program at `path` (already looked up in PATH). Says nothing about a file that it
 * cannot read: the exec that follows says it.
 */
void lg_program_warn(const char *path);

/* "lingerguard: MESSAGE" and "lingerguard: warning: MESSAGE" on standard error, one line each. */
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

/* An lg_put_fn (policy/print.h) whose context is a FILE. */
void lg_put_file(void *file, const char *at, size_t length_bytes);

/* One JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD, so the output always parses. */
void lg_json_text(FILE *file, struct lg_text text);
void lg_json_string(FILE *file, const char *string);

/* lg_text of a terminated string; {NULL, 0} of NULL. */
struct lg_text lg_text_of(const char *string);

/*
 * Flushes standard output. Returns `status`, or LG_EXIT_USAGE after a message when something could
 * not be written (a full disk, a closed descriptor).
 */
int lg_output_finish(int status);

#endif
