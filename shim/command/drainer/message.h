/* SPDX-License-Identifier: MIT */
/* Reads what a program sent (shim/base/hand_off.h), which may be anything. Pure. */
#ifndef LG_MESSAGE_H
#define LG_MESSAGE_H

#include "policy/policy.h"
#include "shim/base/hand_off.h"

/*
 * Fills `message` from the `length_bytes` bytes at `data`, at most sizeof *message of which are looked
 * at: its times are within their limits, everything else is as it was sent. Returns NULL, or what is
 * wrong with it, a static text.
 */
const char *lg_message_read(const void *data, size_t length_bytes, struct lg_hand_off *message);

/* A text of a message without its NULs; {NULL, 0} for an empty one. */
struct lg_text lg_message_text(const char *field, size_t field_bytes);

#endif
