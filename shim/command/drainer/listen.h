/* SPDX-License-Identifier: MIT */
/* The drainer's socket: a file that it makes, or one that systemd passes; and what systemd wants to hear. */
#ifndef LG_LISTEN_H
#define LG_LISTEN_H

#include <stdbool.h>
#include <sys/types.h>

struct lg_listener {
    int fd;
    const char *path; /* of the file that we made, NULL for a socket that was passed; owned by the caller */
    dev_t device;     /* which file that was */
    ino_t inode;
};

/*
 * Makes the socket. A file at `path` that nobody listens on is replaced, when it is a socket of our own
 * user; anything else is left alone, a symbolic link among it. `for_all`: every user may connect, and
 * whoever is not wanted is refused then; otherwise only our own user and root may. Says what is wrong
 * on standard error. Returns 0 or a negative errno.
 */
int lg_listener_open(struct lg_listener *listener, const char *path, bool for_all);

/* The socket that systemd passed (sd_listen_fds(3)). Returns 0, -ENOENT without one, or a negative errno, said. */
int lg_listener_passed(struct lg_listener *listener);

/* Removes the file, if it is still the one that was made. */
void lg_listener_unlink(struct lg_listener *listener);

/* Tells the service manager (sd_notify(3)), where there is one: "READY=1". */
void lg_notify(const char *state);

#endif
