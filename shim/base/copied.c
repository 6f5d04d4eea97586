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

unsigned long lg_epoch;

/* Zero in a copy that has not been here yet. */
struct page {
    unsigned known; /* 1 */
    int pid;        /* 0: not asked for */
};

static struct page *here;                  /* NULL: not mapped yet */
static struct page nowhere = {.known = 1}; /* where there is no such page */
static unsigned long epoch_of_pid;         /* in which page->pid may be kept */

static struct page *map_page(void)
{
    long page = lg_syscall6(SYS_MMAP, 0, PAGE_BYTES_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (page < 0 && page > -4096)
        return &nowhere;
    if (lg_syscall3(SYS_madvise, page, PAGE_BYTES_MAX, MADV_WIPEONFORK) < 0) {
        lg_syscall3(SYS_munmap, page, PAGE_BYTES_MAX, 0);
        return &nowhere;
    }
    ((struct page *)page)->known = 1;
    return (struct page *)page;
}

bool lg_memory_is_copied(void)
{
    struct page *page = __atomic_load_n(&here, __ATOMIC_ACQUIRE);
    struct page *mapped;

    if (page)
        return !__atomic_load_n(&page->known, __ATOMIC_RELAXED) &&
               !__atomic_exchange_n(&page->known, 1, __ATOMIC_RELAXED);
    mapped = map_page();
    if (!__atomic_compare_exchange_n(&here, &page, mapped, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED) &&
        mapped != &nowhere)
        lg_syscall3(SYS_munmap, (long)mapped, PAGE_BYTES_MAX, 0); /* another thread was faster */
    return false;
}

/* NULL where a pid cannot be kept. */
static struct page *page_of_pid(void)
{
    struct page *page = __atomic_load_n(&here, __ATOMIC_ACQUIRE);

    return page != &nowhere ? page : NULL;
}

void lg_memory_keep_pid(void)
{
    struct page *page = page_of_pid();

    if (page)
        __atomic_store_n(&page->pid, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&epoch_of_pid, lg_epoch_now(), __ATOMIC_RELEASE);
}

int lg_memory_pid(void)
{
    struct page *page = page_of_pid();
    int pid;

    if (!page || __atomic_load_n(&epoch_of_pid, __ATOMIC_ACQUIRE) != lg_epoch_now())
        return lg_sys_pid();
    pid = __atomic_load_n(&page->pid, __ATOMIC_RELAXED);
    if (pid == 0) {
        pid = lg_sys_pid();
        __atomic_store_n(&page->pid, pid, __ATOMIC_RELAXED);
    }
    return pid;
}
