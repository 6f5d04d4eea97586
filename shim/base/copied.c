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

unsigned long lg_epoch;

/* Zero in a copy that has not been here yet. */
struct page {
    unsigned known; /* 1 */
    int pid;        /* 0: not asked for */
    int owner;      /* the process whose memory this is; 0: not asked for */
    unsigned turn;  /* 1: taken */
};

static struct page *here;                  /* NULL: not mapped yet */
static struct page nowhere = {.known = 1}; /* where there is no such page */
static unsigned long epoch_of_pid;         /* in which page->pid may be kept */

static struct page *map_page(void)
{
    struct page *page = lg_sys_map(PAGE_BYTES_MAX);

    if (!page)
        return &nowhere;
    if (lg_syscall3(SYS_madvise, (long)page, PAGE_BYTES_MAX, MADV_WIPEONFORK) < 0) {
        lg_sys_unmap(page, PAGE_BYTES_MAX);
        return &nowhere;
    }
    page->known = 1;
    return page;
}

static struct page *page_here(void)
{
    struct page *page = __atomic_load_n(&here, __ATOMIC_ACQUIRE);
    struct page *mapped;

    if (page)
        return page;
    mapped = map_page();
    if (__atomic_compare_exchange_n(&here, &page, mapped, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return mapped;
    if (mapped != &nowhere)
        lg_sys_unmap(mapped, PAGE_BYTES_MAX); /* another thread was faster */
    return page;
}

bool lg_memory_is_copied(void)
{
    struct page *page = page_here();

    return !__atomic_load_n(&page->known, __ATOMIC_RELAXED) && !__atomic_exchange_n(&page->known, 1, __ATOMIC_RELAXED);
}

void lg_memory_forked(void)
{
    struct page *page = __atomic_load_n(&here, __ATOMIC_ACQUIRE);

    if (!page)
        return;
    __atomic_store_n(&page->owner, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&page->turn, 0, __ATOMIC_RELAXED);
}

void lg_memory_lend(void)
{
    int *owner = &page_here()->owner;

    if (__atomic_load_n(owner, __ATOMIC_RELAXED) == 0)
        __atomic_store_n(owner, lg_sys_pid(), __ATOMIC_RELAXED);
}

bool lg_memory_is_lent(void)
{
    lg_memory_lend(); /* who was here first has it */
    return __atomic_load_n(&page_here()->owner, __ATOMIC_RELAXED) != lg_sys_pid();
}

bool lg_memory_take_turn(void)
{
    return __atomic_exchange_n(&page_here()->turn, 1, __ATOMIC_ACQUIRE) == 0;
}

void lg_memory_end_turn(void)
{
    __atomic_store_n(&page_here()->turn, 0, __ATOMIC_RELEASE);
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
