/* SPDX-License-Identifier: MIT */
/*
 * Closes what may block its closer: a file of a FUSE daemon that does not answer, a link in whose
 * queue a socket waits with SO_LINGER {1, 3600}, anything that somebody sent who should not have. A
 * child that shares our descriptors (CLONE_FILES, and nothing else) closes it, and so waits in our
 * place: the number is free for us at once. A child that is not done within a second is killed, which
 * ends the wait of SO_LINGER; a request that a FUSE daemon has taken and does not answer holds it on.
 * With all children busy, descriptors wait; they are counted.
 */
#ifndef LG_CLOSER_H
#define LG_CLOSER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define LG_CLOSER_CHILDREN 16u
#define LG_CLOSER_WAITING  1024u

struct lg_closer {
    struct lg_closer_child {
        pid_t pid; /* 0: none */
        uint64_t kill_ms;
    } children[LG_CLOSER_CHILDREN];
    unsigned child_count;
    int waiting[LG_CLOSER_WAITING];
    unsigned waiting_count;
    unsigned left_count; /* that stay open for ever, since nobody was left to close them */
};

void lg_closer_close(struct lg_closer *closer, int fd, uint64_t now_ms);

/* Reaps, kills and goes on with what waits. Returns when to call it again, UINT64_MAX for no need. */
uint64_t lg_closer_tick(struct lg_closer *closer, uint64_t now_ms);

/* True when it has much to do, and gets on with it: whoever gives it more should wait a little. */
bool lg_closer_is_busy(const struct lg_closer *closer, uint64_t now_ms);

/* Descriptors of ours that it still holds. */
unsigned lg_closer_held(const struct lg_closer *closer);

#endif
