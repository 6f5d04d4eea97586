/* SPDX-License-Identifier: MIT */
/*
 * The settings that come from the environment (liblingerguard(7)), as they are written there. Read
 * once, by the constructor: a program may overwrite its environment later (setproctitle does).
 */
#ifndef LG_ENVIRONMENT_H
#define LG_ENVIRONMENT_H

#include <stdbool.h>

struct lg_environment {
    /* Values, NULL where a variable is not set or empty. They point into the environment. */
    const char *policy;
    const char *rules;
    const char *log;
    const char *format;
    const char *strict;
    const char *off;
    const char *drainer;
    const char *journal_stream;
    /*
     * LD_PRELOAD names this library (a file called liblingerguard*): it was asked for in this environment,
     * and not only in /etc/ld.so.preload for every program there is. With both it was asked for.
     */
    bool preloaded;
    /* The first variable with our prefix that we do not know ("NAME=VALUE"), or NULL. */
    const char *unknown;
    const char *unknown_suggestion; /* the name that was probably meant, or NULL */
};

/* `environment` is a NULL-terminated array, or NULL. With `secure` every variable of ours is ignored, and LD_PRELOAD.
 */
void lg_environment_read(struct lg_environment *settings, char *const *environment, bool secure);

#endif
