/* SPDX-License-Identifier: MIT */
#ifndef LG_UNWIND_H
#define LG_UNWIND_H
#include "shim/caller.h"
void lg_unwind_collect(struct lg_frames *frames, unsigned wanted);
#endif
