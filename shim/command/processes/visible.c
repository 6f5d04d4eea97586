/* SPDX-License-Identifier: MIT */
#include "policy/text.h"
#include "shim/command/processes/mapped.h"

#define MAGIC_BYTES (sizeof(LG_VISIBLE_MAGIC) - 1)

/* The bytes at a place that has the magic are the struct where its version is one and its size can be. */
static bool take(const char *at, struct lg_visible *visible)
{
    memcpy(visible, at, sizeof(*visible));
    if (!lg_byte_is_digit(visible->name[MAGIC_BYTES]) || !memchr(visible->name, '\0', sizeof(visible->name)) ||
        visible->size_bytes < sizeof(*visible) || visible->size_bytes > 65536)
        return false;
    visible->log[sizeof(visible->log) - 1] = '\0';
    visible->drainer[sizeof(visible->drainer) - 1] = '\0';
    return true;
}

bool lg_visible_find(struct lg_text bytes, struct lg_visible *visible)
{
    bool found = false;

    while (bytes.length_bytes >= sizeof(*visible)) {
        const char *at = memmem(bytes.at, bytes.length_bytes, LG_VISIBLE_MAGIC, MAGIC_BYTES);
        struct lg_visible here;

        if (!at || (size_t)(lg_text_end(bytes) - at) < sizeof(here))
            break;
        if (take(at, &here) && (!found || (here.flags & LG_VISIBLE_LOADED))) {
            *visible = here;
            found = true;
            if (here.flags & LG_VISIBLE_LOADED)
                break;
        }
        bytes = lg_text_make(at + MAGIC_BYTES, (size_t)(lg_text_end(bytes) - at) - MAGIC_BYTES);
    }
    return found;
}

const char *lg_visible_version(const struct lg_visible *visible)
{
    return visible->name + MAGIC_BYTES;
}
