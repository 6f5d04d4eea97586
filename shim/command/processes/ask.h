/* SPDX-License-Identifier: MIT */
/*
 * Questions that may never be answered: a file system of somebody else's (FUSE), one whose server is gone, a
 * process that holds its own memory map. They are asked in a child; one that gives no answer in time is ended and the
 * question left out, so that no process can hold up who looks at all of them.
 */
#ifndef LG_COMMAND_ASK_H
#define LG_COMMAND_ASK_H

#include <stdbool.h>
#include <stddef.h>

/* In the child: fills `answer`, which is zeroed. What it changes in `context` later questions see, the caller does not.
 */
typedef void lg_ask_fn(void *context, size_t index, void *answer);

/* In the caller, in order; `answer` is NULL where there was none. False ends it all. */
typedef bool lg_answer_fn(void *context, size_t index, const void *answer);

/*
 * Asks `count` questions with answers of `answer_bytes`. The first that stays open takes five seconds, each more
 * half of the one before, down to a quarter of a second. False after a message, or when `take` said so.
 */
bool lg_ask_each(size_t count, size_t answer_bytes, lg_ask_fn *ask, lg_answer_fn *take, void *context);

#endif
