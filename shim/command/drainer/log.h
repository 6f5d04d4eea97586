/* SPDX-License-Identifier: MIT */
/*
 * Where the drainer's lines go: standard error, a file, syslog, or nowhere. A line is written at once,
 * or dropped and counted: a reader of the log that is slow or gone must not hold the drainer.
 */
#ifndef LG_DRAINER_LOG_H
#define LG_DRAINER_LOG_H

#include "policy/policy.h"

struct lg_drainer_log {
    enum lg_log kind;
    const char *path; /* of LG_LOG_FILE; owned by the caller */
    int fd;
    bool is_socket, is_file;
    uint64_t looked_ms; /* when it was last seen whether the file was rotated */
    uint64_t dropped;   /* lines, since the last one that was written */
    uint64_t dropped_in_all;
};

/* Returns 0 or a negative errno. A syslogd that is not there yet is none: it may come. */
int lg_drainer_log_open(struct lg_drainer_log *log, enum lg_log kind, const char *path);

/* One line with its end. False when it was dropped. */
bool lg_drainer_log_write(struct lg_drainer_log *log, const char *line, size_t length_bytes, uint64_t now_ms);

#endif
