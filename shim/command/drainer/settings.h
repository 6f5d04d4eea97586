/* SPDX-License-Identifier: MIT */
/* What a drainer is told, and a drainer that does it. */
#ifndef LG_DRAINER_SETTINGS_H
#define LG_DRAINER_SETTINGS_H

#include "shim/command/drainer/links.h"

struct lg_drainer_settings {
    const char *path; /* NULL: systemd's socket */
    uint32_t max;     /* 0: the default */
    uint32_t max_time_ms;
    struct lg_link_users users;
    enum lg_log log;
    const char *log_path;
    enum lg_format format;
    int program;  /* a pidfd: when it, all links and all connections have ended, so does the drainer; -1: none */
    int ready_fd; /* gets a byte when the drainer listens; -1: none */
};

void lg_drainer_defaults(struct lg_drainer_settings *settings);

/* Each reads one value. Returns 0, or the exit status after a usage error. */
int lg_drainer_read_max(const char *value, struct lg_drainer_settings *settings);
int lg_drainer_read_max_time(const char *value, struct lg_drainer_settings *settings);
int lg_drainer_read_user(const char *value, struct lg_drainer_settings *settings);
int lg_drainer_read_log(const char *value, struct lg_drainer_settings *settings);
int lg_drainer_read_format(const char *value, struct lg_drainer_settings *settings);

/* Serves until its end. Returns the exit status. */
int lg_drainer_run(const struct lg_drainer_settings *settings);

#endif
