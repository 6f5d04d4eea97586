/* SPDX-License-Identifier: MIT */
/*
 * A C test program: a table of named tests, each run in a process of its own under a deadline, so
 * that a crash, a hang or an _exit takes one test down and not the run. Prints TAP, read by prove.
 *
 *     PROGRAM             all tests
 *     PROGRAM WORD...     the tests whose name contains one of the words
 *     PROGRAM -l          their names
 *     TAP_NO_FORK=1       in this process and without a deadline, for a debugger
 */
#ifndef TAP_H
#define TAP_H

#include <stddef.h>

#include "tests/harness/old_libc.h"

struct tap_test {
    const char *name; /* a sentence: what is promised */
    void (*run)(void);
    unsigned deadline_ms; /* 0: 20 seconds */
};

/* Runs the table; returns main's exit status: 0, or 1 when a test failed. */
int tap_main(int argc, char **argv, const struct tap_test *tests, size_t count);

/* Notes a failure; the test goes on. Shown as a diagnostic with file and line. */
void tap_fail(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The failures noted so far; in a program that a test started, those of that program. */
int tap_failures(void);

/* Ends the running test. A skip whose group MUST_RUN names is a failure. */
void tap_end_failed(void) __attribute__((noreturn));
void tap_skip(const char *group, const char *format, ...) __attribute__((format(printf, 2, 3), noreturn));

/* A diagnostic line that is shown with the test's result. */
void tap_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The comparisons behind the macros; return whether they held. */
int tap_check_int(const char *file, int line, const char *what, long long got, long long want);
int tap_check_text(const char *file, int line, const char *what, const char *got, const char *want);
int tap_check_contains(const char *file, int line, const char *what, const char *got, const char *part, int wanted);

#define CHECK(condition) ((condition) ? (void)0 : tap_fail(__FILE__, __LINE__, "does not hold: %s", #condition))
#define REQUIRE(condition)                                                                                             \
    ((condition) ? (void)0 : (tap_fail(__FILE__, __LINE__, "does not hold: %s", #condition), tap_end_failed()))
#define CHECK_INT(got, want)      ((void)tap_check_int(__FILE__, __LINE__, #got, (got), (want)))
#define CHECK_TEXT(got, want)     ((void)tap_check_text(__FILE__, __LINE__, #got, (got), (want)))
#define CHECK_CONTAINS(got, part) ((void)tap_check_contains(__FILE__, __LINE__, #got, (got), (part), 1))
#define CHECK_LACKS(got, part)    ((void)tap_check_contains(__FILE__, __LINE__, #got, (got), (part), 0))

#define TAP_COUNT(table) (sizeof(table) / sizeof((table)[0]))

#endif
