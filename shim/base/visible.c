/* SPDX-License-Identifier: MIT */
#include "shim/base/visible.h"

#include <stddef.h>
#include <string.h>

_Static_assert(sizeof(struct lg_visible) == 424 && offsetof(struct lg_visible, log) == 56,
               "the same layout in processes of 32 and of 64 bits");

static struct lg_visible visible = {.name = LG_VISIBLE_MAGIC LG_VERSION, .size_bytes = sizeof visible};

const struct lg_visible *lg_visible(void)
{
    return &visible;
}

void lg_visible_flag(enum lg_visible_flag flag, bool is_on)
{
    uint32_t now = __atomic_load_n(&visible.flags, __ATOMIC_RELAXED);

    if (is_on == ((now & (uint32_t)flag) != 0)) /* a page that is not written to stays shared */
        return;
    if (is_on)
        __atomic_or_fetch(&visible.flags, (uint32_t)flag, __ATOMIC_RELAXED);
    else
        __atomic_and_fetch(&visible.flags, ~(uint32_t)flag, __ATOMIC_RELAXED);
}

/* The end of `text`, and NUL up to the field's end. */
static void show(char *field, size_t field_bytes, struct lg_text text)
{
    size_t length = text.length_bytes < field_bytes ? text.length_bytes : field_bytes - 1;

    if (length > 0)
        memcpy(field, text.at + text.length_bytes - length, length);
    memset(field + length, 0, field_bytes - length);
}

void lg_visible_policy(uint32_t digest, struct lg_text log, struct lg_text drainer)
{
    __atomic_store_n(&visible.digest, digest, __ATOMIC_RELAXED);
    show(visible.log, sizeof visible.log, log);
    show(visible.drainer, sizeof visible.drainer, drainer);
}
