/* SPDX-License-Identifier: MIT */
/* The table of interposed calls. */
#include "shim/command/program/interposed.h"
#include <string.h>

const char *const lg_interposed[] = {
#include "interposed.inc"
};

const size_t lg_interposed_count = sizeof(lg_interposed) / sizeof(lg_interposed[0]);

_Static_assert(sizeof(lg_interposed) / sizeof(lg_interposed[0]) <= LG_INTERPOSED_MAX, "raise LG_INTERPOSED_MAX");

int lg_interposed_find(const char *name)
{
    size_t low = 0, high = lg_interposed_count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(name, lg_interposed[middle]);

        if (order == 0)
            return (int)middle;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}
