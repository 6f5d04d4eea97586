/* SPDX-License-Identifier: MIT */
/* Whether a process can reach its log and its drainer, as far as can be seen from outside. */
#ifndef LG_COMMAND_REACH_H
#define LG_COMMAND_REACH_H

#include "policy/policy.h"

enum lg_reach_answer {
    LG_REACH_NOTHING = 0, /* it has none: `log off`, no drainer */
    LG_REACH_YES,
    LG_REACH_NO,
    LG_REACH_UNKNOWN,
};

struct lg_reach {
    enum lg_reach_answer answer;
    char why[80]; /* of NO and UNKNOWN, for people */
};

/*
 * `log` is that of struct lg_visible. Standard error is reached where it is open and not /dev/null; a file where it, or
 * else its directory, is there in the root of the process and its user may write to it, or where the process holds it
 * open; syslog where a socket listens. Nothing is made, opened or written.
 */
void lg_reach_log(int process, const char *log, struct lg_reach *reach);

/*
 * The path of a drainer's socket, "" for none: reached where somebody listens on it, which is asked by a connection
 * that is closed again at once, and where the user of the process may write to it. Each socket is asked once.
 */
void lg_reach_drainer(int process, const char *path, struct lg_reach *reach);

#endif
