/* SPDX-License-Identifier: MIT */
#include "shim/base/copied.h"

#include <stddef.h>
#include <sys/mman.h>

#include "shim/base/sys.h"

/* A page of any machine is no larger; what is not touched is not there. */
#define PAGE_BYTES_MAX 65536

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

#ifdef SYS_mmap2
#define SYS_MMAP SYS_mmap2
#else
#define SYS_MMAP SYS_mmap
#endif

static unsigned *known;           /* 1 in the process that mapped it, 0 in a copy that has not been here yet */
static unsigned always_known = 1; /* where there is no such page */

static unsigned *map_page(void)
{
    long page = lg_syscall6(SYS_MMAP, 0, PAGE_BYTES_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (page < 0 && page > -4096)
        return &always_known;
    if (lg_syscall3(SYS_madvise, page, PAGE_BYTES_MAX, MADV_WIPEONFORK) < 0) {
        lg_syscall3(SYS_munmap, page, PAGE_BYTES_MAX, 0);
        return &always_known;
    }
    *(unsigned *)page = 1;
    return (unsigned *)page;
}

bool lg_memory_is_copied(void)
{
    unsigned *word = __atomic_load_n(&known, __ATOMIC_ACQUIRE);
    unsigned *mapped;

    if (word)
        return !__atomic_load_n(word, __ATOMIC_RELAXED) && !__atomic_exchange_n(word, 1, __ATOMIC_RELAXED);
    mapped = map_page();
    if (!__atomic_compare_exchange_n(&known, &word, mapped, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED) &&
        mapped != &always_known)
        lg_syscall3(SYS_munmap, (long)mapped, PAGE_BYTES_MAX, 0); /* another thread was faster */
    return false;
}
