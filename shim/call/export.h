/* SPDX-License-Identifier: MIT */
/* How an interposed call is declared. */
#ifndef LG_EXPORT_H
#define LG_EXPORT_H

#include <stdint.h>

/* Marks the interposed calls, the only symbols that leave the library (shim/call/exports.map). */
#define LG_EXPORT __attribute__((visibility("default")))

/* Kept apart from the fast path of an interposed call, which would have to save its registers and make room on the
 * stack. */
#define LG_SLOW_PATH __attribute__((noinline, cold))

#if defined(__has_attribute) && __has_attribute(copy)
#define LG_COPY(of) copy(of),
#else
#define LG_COPY(of)
#endif

/* glibc's second name for a call, which some programs use. */
#define LG_EXPORT_ALIAS(alias_name, of)                                                                                \
    extern __typeof__(of) alias_name __attribute__((LG_COPY(of) alias(#of), visibility("default")))

/* The return address of the interposed call; only to be used in the exported function itself. */
#define LG_CALLER() ((uintptr_t)__builtin_return_address(0))

#endif
