/* SPDX-License-Identifier: MIT */
/* What was found out about each process that is shown. */
#ifndef LG_COMMAND_ROWS_H
#define LG_COMMAND_ROWS_H

#include "shim/command/processes/mapped.h"
#include "shim/command/processes/reach.h"
#include "shim/command/processes/why.h"
#include <sys/types.h>

#define LG_UNIT_BYTES 256u /* a name of systemd's has no more */

/* One process, as the child of ask.h answers. */
struct lg_seen {
    enum lg_look look;
    bool wanted; /* it belongs into the list */
    char exe[PATH_MAX];
    char unit[LG_UNIT_BYTES];
    struct lg_mapped mapped;
    struct lg_reach log;
    struct lg_reach drainer;
    enum lg_why why;
};

/* The same as it is kept. Of `status --missing` only the first four. */
struct lg_row {
    pid_t pid;
    char *exe;  /* "" where it is not known */
    char *unit; /* "" where there is none */
    enum lg_why why;
    char *library;
    bool deleted;
    bool denied;
    bool shown;
    struct lg_visible visible; /* where `shown` */
    struct lg_reach log;
    struct lg_reach drainer;
};

struct lg_rows {
    struct lg_row *rows;
    size_t count;
    size_t room;
    size_t others;     /* processes that were looked at and are not in the list */
    size_t denied;     /* that may not be looked at */
    size_t unanswered; /* that gave no answer in time */
};

/*
 * Looks at every process. With a `glob` (at not NULL) the list is of those whose executable it matches and that have
 * not the library; without one, of those that have it. False after a message. lg_rows_free must follow.
 */
bool lg_rows_read(struct lg_rows *rows, struct lg_text glob);
void lg_rows_free(struct lg_rows *rows);

/* Warns of those that could not be looked at, and returns whether there were none. */
bool lg_rows_warn(const struct lg_rows *rows);

/* The whole list, for a terminal or as one JSON object; the keys are those of lingerguard(1). */
void lg_rows_table(const struct lg_rows *rows, bool missing);
void lg_rows_json(const struct lg_rows *rows, bool missing);

/* Where the digest and the state of a process are known. */
bool lg_row_is_loaded(const struct lg_row *row);

/* What the flags of a process say, a word and a text for people each; NULL behind the last. */
struct lg_flag_words {
    enum lg_visible_flag flag;
    const char *word;
    const char *text;
};
extern const struct lg_flag_words lg_flag_words[];

#endif
