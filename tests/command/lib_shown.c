/* SPDX-License-Identifier: MIT */
/*
 * A library that shows of itself what SHOWN_* in the environment say, as shim/base/visible.h has it, and does nothing
 * else: for `lingerguard status --processes`. To be copied to a file called liblingerguard.so.
 */
#include <stdio.h>
#include <stdlib.h>

#include "shim/base/visible.h"

/* What a debugger or a copy of it might leave behind: the magic, and no struct. */
static char decoy[] = LG_VISIBLE_MAGIC "x";
static struct lg_visible shown = {.name = LG_VISIBLE_MAGIC "0", .size_bytes = sizeof shown};
static struct lg_visible text_alone = {.name = LG_VISIBLE_MAGIC "9.9.9", .size_bytes = sizeof text_alone};

static const char *value_of(const char *name, const char *otherwise)
{
    const char *value = getenv(name);

    return value ? value : otherwise;
}

__attribute__((constructor)) static void show(void)
{
    decoy[0] = text_alone.name[0]; /* both are kept, and written to */
    snprintf(shown.name, sizeof shown.name, "%s%s", LG_VISIBLE_MAGIC, value_of("SHOWN_VERSION", LG_VERSION));
    shown.flags = (uint32_t)strtoul(value_of("SHOWN_FLAGS", "1"), NULL, 0);
    shown.digest = (uint32_t)strtoul(value_of("SHOWN_DIGEST", "0"), NULL, 16);
    snprintf(shown.log, sizeof shown.log, "%s", value_of("SHOWN_LOG", "stderr"));
    snprintf(shown.drainer, sizeof shown.drainer, "%s", value_of("SHOWN_DRAINER", ""));
}
