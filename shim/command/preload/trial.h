/* SPDX-License-Identifier: MIT */
/* A program that is started with the library, as a child with nothing else in its environment, and what comes of it. */
#ifndef LG_COMMAND_TRIAL_H
#define LG_COMMAND_TRIAL_H

#include <stdbool.h>

struct lg_trial {
    const char *library;          /* for LD_PRELOAD; NULL: started without one */
    const char *variable;         /* NAME=VALUE, or NULL; with one, what the library says is text */
    bool nobody;                  /* as another user; root alone can */
    const char *program;          /* its path */
    const char *const *arguments; /* of argv, with argv[0], up to a NULL */
};

struct lg_trial_end {
    bool in_time;    /* false: it was killed at the deadline of ten seconds */
    int status;      /* of waitpid */
    char said[1024]; /* what it wrote to standard error, cut at the end of its room */
};

/* False when it could not be started at all, with the reason in end->said. */
bool lg_trial_run(const struct lg_trial *trial, struct lg_trial_end *end);

/* True, and what of it is a failure in end->said, its own words before ours; false when it ended well and silently. */
bool lg_trial_has_failed(struct lg_trial_end *end, const char *who);

#endif
