/* SPDX-License-Identifier: MIT */
/*
 * Which numbers stand for sockets that this process made itself (socket, accept) and gave to nobody:
 * a word of memory for each, no system call, so that a process pays nothing for it until it asks for
 * an abort. Only then it is evidence that the socket may be taken for ours alone, and from there on
 * the knowledge is kept under the socket's cookie (shim/holder/by_cookie.h).
 *
 * A number is reused, so the evidence is taken back wherever a number can come to stand for a socket
 * that somebody else has too: dup in every form, a received SCM_RIGHTS, pidfd_getfd; a fork or a sent
 * descriptor takes all of it back at once, by the epoch. What remains is a duplication by an inline
 * system call, which no preload sees.
 *
 * Async-signal-safe, thread-safe, fork-safe.
 */
#ifndef LG_MADE_H
#define LG_MADE_H

#include <stdbool.h>

/* This process has just made the socket `fd`. */
void lg_made(int fd);

/* `fd` stands for something that has, or may have, another holder. */
void lg_made_shared(int fd);

/* True when this process made `fd` in this epoch and it was not duplicated since. */
bool lg_made_here(int fd);

#endif
