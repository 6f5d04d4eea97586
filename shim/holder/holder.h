/* SPDX-License-Identifier: MIT */
/*
 * Who holds a socket: what this process saw of how each of its descriptors came to be.
 *
 * Evidence is kept under the number, in memory and without a system call, and dies with the number:
 * every close takes it back, and so does all that puts something else there. A socket is ours alone
 * when this process image made it (socket, accept), when nothing since then can have given it to
 * anybody else (a fork, a spawn, a sent message: the epoch), and when no second descriptor of it is
 * left. What was not seen is never taken for evidence; where the numbers themselves may change
 * unseen (io_uring), a process that asks for cookies from the start is safe against that as well.
 *
 * Every function is async-signal-safe, thread-safe and fork-safe; errno untouched. No system call but
 * where it says so.
 */
#ifndef LG_HOLDER_H
#define LG_HOLDER_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/policy.h"
#include "shim/base/copied.h"
#include "shim/holder/epolls.h"

/* Not for use elsewhere: a word for each place (shim/holder/holder.c), whose numbers differ above the 16th bit. */
#define LG_HOLDER_PLACES 65536u
#define LG_HOLDER_MARKED ((uint64_t)1 << 30)
extern uint64_t lg_holder_words[LG_HOLDER_PLACES] __attribute__((visibility("hidden")));

static inline uint64_t lg_holder_word(int fd)
{
    return __atomic_load_n(&lg_holder_words[(unsigned)fd % LG_HOLDER_PLACES], __ATOMIC_RELAXED);
}

/* From now on nothing is ours alone: something unknown shares the table of descriptors. */
void lg_epoch_end(void);

/* The table of descriptors is copied for this thread: from now on a number may mean two things in this process. */
void lg_epoch_split(void);

/*
 * Whether those that open a socket also ask for its cookie: from the start when the policy drains or
 * treats unread input; else from the first request for an abort.
 */
extern bool lg_holder_wants_cookies __attribute__((visibility("hidden")));

/*
 * This process has just made the socket `fd`. `epoch` is that of a moment before it was there: a fork
 * in another thread in between has given it away.
 */
void lg_holder_made(int fd, unsigned long epoch);

/* The same of a socket that was asked for as TCP, which what it accepts is too. */
void lg_holder_made_tcp(int fd, unsigned long epoch);
bool lg_holder_is_tcp(int fd);

/* This process has just made the epoll instance `fd` (shim/holder/epolls.h). */
void lg_holder_made_epoll(int fd);

/* As made, from a listening socket. One system call where cookies are wanted. */
void lg_holder_accepted(int listener, int fd, unsigned long epoch);

/* A connect of `fd` has begun. One system call where cookies are wanted. */
void lg_holder_connected(int fd);

/* True when there is surely nothing that a close of `fd` would take back: a few instructions. */
static inline bool lg_holder_has_nothing(int fd)
{
    return lg_holder_word(fd) == 0 && !lg_epolls_are_any();
}

/* `to` is a second descriptor of `from`. */
void lg_holder_duplicate(int from, int to);

static inline void lg_holder_duplicated(int from, int to)
{
    if ((lg_holder_word(from) | lg_holder_word(to)) != 0 || lg_epolls_are_any())
        lg_holder_duplicate(from, to);
}

/* `fd` is closed now, or stands for what somebody else has too. True for the one caller that took the evidence. */
bool lg_holder_forget(int fd);
void lg_holder_forget_range(unsigned first, unsigned last);

/* The cookie of the socket `fd` as it was noted, and compared when its sole holder was proven; 0: not noted. */
uint64_t lg_holder_cookie(int fd);

/* A request for an abort of the socket `fd` was recorded; whether one was. An accepted socket has it from its listener.
 */
void lg_holder_recorded(int fd);
bool lg_holder_has_record(int fd);

/*
 * The socket `fd` has our mark (shim/socket/mark.h), or the program is about to set the option that holds it.
 */
void lg_holder_marked(int fd);
void lg_holder_unmark(int fd);

static inline void lg_holder_unmarked(int fd)
{
    if (lg_holder_word(fd) & LG_HOLDER_MARKED)
        lg_holder_unmark(fd);
}

/*
 * True when the socket need not be asked for the mark, provided that this descriptor is then proven to be its sole
 * holder: it was left there within this epoch, nobody set the option since, and there is a cookie to compare.
 */
bool lg_holder_has_mark(int fd);

/*
 * For the end of the process, which closes all its descriptors: the next number after `after` (-1: from
 * the start) whose socket no other process holds, each socket once; -1 when there is none. Bounded by
 * the highest number that was ever noted; asks for SO_COOKIE where one was noted.
 */
int lg_holder_next(int after);

/* True when the socket `fd` ever had a second descriptor here: an epoll instance may know it by a number that is gone.
 */
bool lg_holder_was_duplicated(int fd);

/* How this process got the socket, as far as it saw that. */
enum lg_role lg_holder_role(int fd);

/*
 * True only when the socket `fd` is proven to be held by this descriptor alone. Asks for SO_COOKIE of `fd` (nobody is
 * proven on a kernel that has none, before 4.12), and of each duplicate that may still be there, eight at most.
 */
bool lg_holder_is_sole(int fd);

#endif
