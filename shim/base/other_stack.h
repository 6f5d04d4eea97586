/* SPDX-License-Identifier: MIT */
/* A call on a stack of our own: that of a signal may be of a few kilobytes. Async-signal-safe; errno untouched. */
#ifndef LG_OTHER_STACK_H
#define LG_OTHER_STACK_H

typedef void lg_other_stack_fn(void *context);

/* Calls function(context) on the stack that ends at `top`, aligned to 16, and comes back to this one. */
void lg_other_stack_call(void *top, lg_other_stack_fn *function, void *context) __attribute__((visibility("hidden")));

#endif
