/* SPDX-License-Identifier: MIT */
/*
 * The slow paths of the interposed calls, for those calls that reach the same end by another road
 * (syscall, a range of descriptors). Each behaves as its libc function does, errno included.
 */
#ifndef LG_CALLS_H
#define LG_CALLS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "shim/record/words.h"

int lg_close_slowly(int fd, enum lg_call call, uintptr_t caller);

/* dup2 and dup3 differ in what they take for an error; `flags` is dup3's. */
enum lg_dup { LG_DUP2, LG_DUP3 };
int lg_dup_onto_slowly(enum lg_dup kind, int from, int to, int flags, enum lg_call call, uintptr_t caller);

int lg_close_range_slowly(unsigned first, unsigned last, int flags, enum lg_call call, uintptr_t caller);

int lg_connect_slowly(int fd, const struct sockaddr *to, socklen_t size, enum lg_call call, uintptr_t caller);

int lg_shutdown_slowly(int fd, int how, enum lg_call call, uintptr_t caller);

/* prctl's and seccomp's first argument: does this one put a filter over the process? */
bool lg_prctl_sandboxes(long option);
bool lg_seccomp_sandboxes(long operation);

/* Around the call that does; `first` is what begin returned, `result` below 0 when the kernel refused. */
bool lg_sandbox_begin(void);
void lg_sandbox_end(bool first, long result);

/* After a socket was made; `epoch` is that of a moment before. */
void lg_note_made(int fd, unsigned long epoch, int family, int type, int protocol);

/* After a message was sent. */
void lg_note_sent(const struct msghdr *message);

/* After a message was received. */
void lg_note_received(struct msghdr *message);

#endif
