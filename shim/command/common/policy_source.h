/* SPDX-License-Identifier: MIT */
/*
 * Policy texts as the command meets them: a file, standard input, or an argument. Read wholly, parsed
 * by policy/parse.h, and every error shown with its line and a caret on standard error.
 */
#ifndef LG_COMMAND_POLICY_SOURCE_H
#define LG_COMMAND_POLICY_SOURCE_H

#include "policy/policy.h"
#include "shim/base/paths.h"

/* A policy text in memory. A policy parsed from it points into it and must not outlive it. */
struct lg_policy_text {
    struct lg_source source;
    struct lg_text text;
    char *owned; /* what lg_policy_text_free frees, or NULL */
};

/* The files of LG_POLICY_D that the library reads before the main policy, in its order. */
struct lg_policy_parts {
    char *paths[LG_POLICY_D_MAX];
    unsigned count;
    unsigned left_out; /* beyond that number: the last ones */
};

/* Returns 0, also where there is no such directory, or an errno value. lg_policy_parts_free is allowed after both. */
int lg_policy_parts_list(struct lg_policy_parts *parts);
void lg_policy_parts_free(struct lg_policy_parts *parts);

/* Says which are left out, and why the directory could not be read, if it could not. */
void lg_policy_parts_warn(const struct lg_policy_parts *parts, int error);

/*
 * Reads the file at `path`, which must outlive `text`. A file in a directory policy.d holds rules alone. Returns 0 or
 * an errno value: EFBIG beyond LG_TEXT_BYTES_MAX, otherwise that of open or read. lg_policy_text_read_stdin reads
 * descriptor 0.
 */
int lg_policy_text_read(struct lg_policy_text *text, const char *path);
int lg_policy_text_read_stdin(struct lg_policy_text *text);

/*
 * Whether every process could read `path` anew, as the library does: false after a message for a pipe or
 * a device. True where there is no file, since reading it then says more.
 */
bool lg_policy_path_is_lasting(const char *path);

/* Makes a text of `rules` (LINGERGUARD_RULES, -r), which must outlive it. */
void lg_policy_text_rules(struct lg_policy_text *text, const char *rules);

void lg_policy_text_free(struct lg_policy_text *text);

/* Says why `path` could not be read, `error` being what lg_policy_text_read returned. */
void lg_policy_text_unreadable(const char *path, int error);

/*
 * Parses `text` behind what `policy` already holds, and prints every error and then how many there
 * are. Returns their number.
 */
unsigned lg_policy_text_parse(struct lg_policy *policy, const struct lg_policy_text *text);

/*
 * Fills `policy` from `rules` and then the file at `path`, as the library does; each may be NULL.
 * Returns false after everything that is wrong with either was printed.
 */
bool lg_policy_load(struct lg_policy *policy, const char *rules, const char *path);

/*
 * The same with the rules of LG_POLICY_D between them, those that can be used: a warning tells of each of the
 * others. `path` may be NULL for a main policy that is not there.
 */
bool lg_policy_load_with_parts(struct lg_policy *policy, const char *rules, const char *path);

#endif
