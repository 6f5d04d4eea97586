/* SPDX-License-Identifier: MIT */
/*
 * One connection that is about to end: facts, decision, action, and after the real call the record.
 * Whatever closes a descriptor - close, dup2 onto it, fclose, a range - goes through here.
 *
 *     way = lg_closing_begin(&closing, LG_CALL_CLOSE, fd, caller);
 *     result = the real call, as `way` says
 *     lg_closing_finish(&closing);
 *
 * Async-signal-safe, thread-safe, fork-safe; errno untouched. Uses about 6 KiB of stack.
 */
#ifndef LG_CLOSING_H
#define LG_CLOSING_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/release/act.h"

/*
 * Decides and prepares what comes with the close of `fd`, and takes back what was known of that number.
 * At most one system call for any other descriptor.
 */
enum lg_close_way lg_closing_begin(struct lg_closing *closing, enum lg_call call, int fd, uintptr_t caller);

/* exit(3): treats the reading side of every connection that this process alone holds, and records it. */
void lg_closing_exit(void);

/* True when closes are inspected and `fd` is a socket, so that its close may come before libc's own end of it. */
bool lg_closing_looks_at(int fd);

/* After the call that closed it; must follow every begin, whatever its answer. */
void lg_closing_finish(struct lg_closing *closing);

#endif
