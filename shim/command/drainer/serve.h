/* SPDX-License-Identifier: MIT */
/* The loop of the drainer: one thread, one place where it waits. */
#ifndef LG_SERVE_H
#define LG_SERVE_H

#include "shim/command/drainer/links.h"
#include "shim/command/drainer/listen.h"

struct lg_server {
    struct lg_drains drains;
    struct lg_links links;
    struct lg_closer closer;
    struct lg_listener listener;
    int signals; /* of lg_serve_signals */
    int program; /* a pidfd: when that process, all links and all connections have ended, so do we; -1: none */
};

/*
 * Signals are read from this descriptor from now on, and end nothing by themselves: to be called before
 * anybody can see that we listen. Returns a negative errno when it cannot be had.
 */
int lg_serve_signals(void);

/*
 * Serves until it is told to end (SIGTERM, SIGINT, SIGHUP), or the program has ended. Everything in
 * `server` is set up but its links' and its drains' epoll instances. SIGUSR1 writes the counts, which
 * are written at the end too. Returns 0 or a negative errno, when it could not begin.
 */
int lg_serve(struct lg_server *server, uint32_t max, uint32_t descriptors_max);

#endif
