/* SPDX-License-Identifier: MIT */
/*
 * What follows from what is known of a program: why the library does not see all of its closes, and
 * what else is worth knowing. One table, for people and for the json form; its words are those of
 * lingerguard(1).
 */
#ifndef LG_FINDINGS_H
#define LG_FINDINGS_H

#include "shim/command/program/program.h"

struct lg_finding {
    const char *word;          /* of the json form */
    enum lg_coverage coverage; /* what is left where it holds; LG_COVERAGE_ALL for a note, which changes nothing */
    bool (*holds)(const struct lg_program *program);
    const char *text; /* for people, without a line end; NULL: `put` writes it */
    void (*put)(const struct lg_program *program, FILE *file);
};

/* In the order in which they are shown: those that leave nothing, those that leave a part, notes. */
#define LG_FINDINGS 22u
extern const struct lg_finding lg_findings[LG_FINDINGS];

/* Writes a finding for people, without a line end. */
void lg_finding_print(const struct lg_finding *finding, const struct lg_program *program, FILE *file);

/* The least that a finding leaves. */
enum lg_coverage lg_program_coverage(const struct lg_program *program);

/* Whether the loader runs it in its secure mode (AT_SECURE), in which it ignores its environment. */
bool lg_program_is_secure(const struct lg_program *program);

/* " close setsockopt": the names of a set, a space before each. */
void lg_calls_put(const bool *set, FILE *file);

#endif
