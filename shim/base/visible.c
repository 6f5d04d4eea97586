/* SPDX-License-Identifier: MIT */
#include "shim/base/visible.h"

#include <stddef.h>

_Static_assert(sizeof(struct lg_visible) == 424 && offsetof(struct lg_visible, log) == 56,
               "the same layout in processes of 32 and of 64 bits");

static struct lg_visible visible = {.name = LG_VISIBLE_MAGIC LG_VERSION, .size_bytes = sizeof visible};

struct lg_visible *lg_visible(void)
{
    return &visible;
}
