/* SPDX-License-Identifier: MIT */
#include "shim/holder/by_descriptor.h"

#include <stdint.h>

#include "shim/holder/by_cookie.h"

#define NUMBERS 16384 /* descriptors beyond are not known, which is always safe */

/* The epoch in which it was made, plus 1; 0 is not known. Pages that no descriptor reaches are never touched. */
static uint32_t epochs[NUMBERS];

static uint32_t now(void)
{
    unsigned long epoch = __atomic_load_n(&lg_epoch, __ATOMIC_RELAXED);

    return epoch < LG_EPOCH_LAST ? (uint32_t)epoch + 1 : 0;
}

static void store(int fd, uint32_t epoch)
{
    if (fd >= 0 && fd < NUMBERS)
        __atomic_store_n(&epochs[fd], epoch, __ATOMIC_RELAXED);
}

void lg_made(int fd)
{
    store(fd, now());
}

void lg_made_shared(int fd)
{
    store(fd, 0);
}

bool lg_made_here(int fd)
{
    return fd >= 0 && fd < NUMBERS && now() != 0 && __atomic_load_n(&epochs[fd], __ATOMIC_RELAXED) == now();
}
