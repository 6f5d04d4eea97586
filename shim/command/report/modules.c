/* SPDX-License-Identifier: MIT */
#include "shim/command/report/modules.h"
#include "policy/text.h"
#include "shim/command/report/group.h"

#include <stdlib.h>
#include <string.h>

void lg_modules_free(struct lg_modules *modules)
{
    for (uint32_t i = 0; i < modules->count; i++)
        free(modules->all[i].path);
    modules->count = 0;
}

static struct lg_text path_of(const struct lg_module *module)
{
    return lg_text_make(module->path, module->path_bytes);
}

static bool is_equal(struct lg_text a, struct lg_text b)
{
    return a.length_bytes == b.length_bytes && memcmp(a.at, b.at, a.length_bytes) == 0;
}

/* The slot of the path, or the free one for it: at most half of them are in use. */
static uint32_t *slot_of(struct lg_modules *modules, struct lg_text path)
{
    uint32_t at = lg_group_hash(path) % (2 * LG_MODULES_MAX);

    while (modules->slots[at] != 0 && !is_equal(path_of(&modules->all[modules->slots[at] - 1]), path))
        at = (at + 1) % (2 * LG_MODULES_MAX);
    return &modules->slots[at];
}

static const char *build_id_of(struct lg_module *module)
{
    if (!module->is_read && !lg_build_id_read(path_of(module), module->hex))
        module->hex[0] = '\0';
    module->is_read = true;
    return module->hex;
}

/* Copies of a build under names of their own are told apart: they are there for that. */
static bool is_same(struct lg_module *one, struct lg_module *other)
{
    return is_equal(lg_text_last_part(path_of(one)), lg_text_last_part(path_of(other))) &&
           build_id_of(one)[0] != '\0' && strcmp(build_id_of(one), build_id_of(other)) == 0;
}

static bool add(struct lg_modules *modules, struct lg_text path)
{
    struct lg_module *added = &modules->all[modules->count];
    uint32_t first = 0;

    *added = (struct lg_module){.path = strndup(path.at, path.length_bytes), .path_bytes = path.length_bytes};
    if (added->path == NULL)
        return false;
    while (first < modules->count && !is_same(added, &modules->all[first]))
        first++;
    added->first = first;
    modules->count++;
    return true;
}

struct lg_text lg_modules_same(struct lg_modules *modules, struct lg_text path)
{
    uint32_t *slot;

    if (path.length_bytes == 0 || path.at[0] != '/' || path.length_bytes >= PATH_MAX)
        return path;
    slot = slot_of(modules, path);
    if (*slot == 0 && modules->count < LG_MODULES_MAX && add(modules, path))
        *slot = modules->count;
    if (*slot == 0)
        return path;
    return path_of(&modules->all[modules->all[*slot - 1].first]);
}
