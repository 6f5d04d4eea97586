/* SPDX-License-Identifier: MIT */
/*
 * The links: connections of programs to our socket, and the messages that come in them.
 *
 * A message may bring any descriptor, and up to 253. So it is looked at first (MSG_PEEK, with room for
 * one descriptor), and taken from the link only when it is what it should be; otherwise the link goes
 * to the closer, with all that still waits in it: what a message that is not taken brings is closed
 * where a close may block.
 *
 * Everybody is refused but the users of a list. A link whose uid is that of "unmapped" (65534) may be
 * anybody's.
 */
#ifndef LG_LINKS_H
#define LG_LINKS_H

#include "shim/command/drainer/closer.h"
#include "shim/command/drainer/drain.h"

#define LG_LINKS_MAX      1024u
#define LG_LINK_USERS_MAX 16u

struct lg_link {
    int fd;
    uint64_t used_ms; /* when the last message came */
};

/* Who may send. */
struct lg_link_users {
    uid_t users[LG_LINK_USERS_MAX];
    unsigned count;
    bool any;
    uid_t unmapped; /* never */
};

struct lg_links {
    struct lg_drains *drains;
    struct lg_closer *closer;
    struct lg_link_users users;
    int listener;                       /* -1: none any more */
    int epoll;                          /* whose events are the links' and the listener's */
    struct lg_link links[LG_LINKS_MAX]; /* fd -1: free */
    unsigned count, max;
    uint32_t descriptors_max; /* RLIMIT_NOFILE */
    uint64_t told_ms;         /* when a refusal was told last */
};

/* Takes over the listener; what is above `listener` is set already. Returns 0 or a negative errno. */
int lg_links_init(struct lg_links *links, int listener, uint32_t descriptors_max);

/*
 * Accepts, and takes from each link that has any some messages. False when no more can be taken for
 * now: the caller asks again a little later.
 */
bool lg_links_turn(struct lg_links *links);

/* Accepts nothing any more, and lets senders see that (EPIPE); what was sent is still taken. */
void lg_links_stop(struct lg_links *links);

#endif
