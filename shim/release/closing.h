/* SPDX-License-Identifier: MIT */
/*
 * One connection that is about to end: facts, decision, action, and after the real call the record.
 * Whatever closes a descriptor - close, dup2 onto it, fclose, a range - goes through here.
 *
 *     lg_ending_begin(&ending, LG_CALL_CLOSE, fd, caller);
 *     result = lg_next.close(fd);
 *     lg_ending_finish(&ending);
 *
 * Async-signal-safe, thread-safe, fork-safe; errno untouched. Uses about 6 KiB of stack.
 */
#ifndef LG_ENDING_H
#define LG_ENDING_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/release/act.h"
#include "shim/record/record.h"

struct lg_ending {
    bool recorded; /* a record is to be written by finish */
    bool sole;     /* nobody else can hold the socket */
    enum lg_call call;
    enum lg_cause cause;
    uintptr_t caller;
    struct lg_socket socket;
    struct lg_decision decision;
    struct lg_action action;
    uint64_t started_ms;
};

/* Decides and prepares what comes with the close of `fd`. At most one system call for any other descriptor. */
void lg_ending_begin(struct lg_ending *ending, enum lg_call call, int fd, uintptr_t caller);

/* After the call that closed it. */
void lg_ending_finish(struct lg_ending *ending);

#endif
