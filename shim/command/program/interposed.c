/* SPDX-License-Identifier: MIT */
#include "shim/command/program/interposed.h"
#include "policy/text.h"

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

static void note_symbol(void *context, const char *name, bool imported)
{
    struct lg_calls *calls = context;
    int found = lg_interposed_find(name);

    if (found >= 0)
        (imported ? calls->imports : calls->defines)[found] = true;
    if (lg_starts_with(name, "io_uring_"))
        calls->io_uring = true;
}

/* What liburing leaves in a program that it was linked into statically. */
static const char *const io_uring_names[] = {"io_uring_setup", "__sys_io_uring_setup", "io_uring_queue_init",
                                             "io_uring_queue_init_params", "__io_uring_queue_init_params"};

static bool needs_io_uring(const struct lg_elf *elf)
{
    for (size_t i = 0; i < elf->needed_count; i++) {
        if (lg_starts_with(elf->needed[i], "liburing.so") || lg_starts_with(elf->needed[i], "liburing-ffi.so"))
            return true;
    }
    return lg_elf_names_any(elf, io_uring_names, sizeof(io_uring_names) / sizeof(io_uring_names[0]));
}

bool lg_calls_read(struct lg_calls *calls, const struct lg_elf *elf)
{
    bool done = lg_elf_symbols(elf, note_symbol, calls);

    calls->io_uring = calls->io_uring || needs_io_uring(elf);
    return done;
}

bool lg_calls_any(const bool *set)
{
    return memchr(set, true, lg_interposed_count) != NULL;
}

bool lg_calls_have(const bool *set, const char *name)
{
    int found = lg_interposed_find(name);

    return found >= 0 && set[found];
}
