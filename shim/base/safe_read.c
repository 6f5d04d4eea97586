/* SPDX-License-Identifier: MIT */
#include "shim/base/safe_read.h"

#include <errno.h>
#include <string.h>

#include "shim/base/sys.h"

/* The smallest page of any machine: larger ones are asked for in parts. */
#define PAGE_BYTES          4096u
#define KERNEL_SIGSET_BYTES 8 /* sizeof(sigset_t) of the kernel */
#define INVALID_HOW         (-1)
#define UNREADABLE_ANYWHERE ((uintptr_t)0 - PAGE_BYTES) /* the last page, which belongs to the kernel */

static long probe(uintptr_t page)
{
    return lg_syscall4(SYS_rt_sigprocmask, INVALID_HOW, (long)page, 0, KERNEL_SIGSET_BYTES);
}

bool lg_safe_read_works(void)
{
    return probe(UNREADABLE_ANYWHERE) == -EFAULT;
}

static bool is_readable(struct lg_safe_pages *pages, uintptr_t page)
{
    for (unsigned i = 0; i < LG_SAFE_PAGES; i++) {
        if (pages->page[i] == page + 1)
            return true;
    }
    /* For page 0, a null pointer, the kernel takes no set and does not look at `how`: the result is 0. */
    if (probe(page) != -EINVAL)
        return false;
    pages->page[pages->oldest] = page + 1;
    pages->oldest = (uint8_t)((pages->oldest + 1) % LG_SAFE_PAGES);
    return true;
}

bool lg_safe_read(struct lg_safe_pages *pages, void *to, uintptr_t at, size_t size_bytes)
{
    uintptr_t last;

    if (size_bytes == 0)
        return true;
    if (__builtin_add_overflow(at, size_bytes - 1, &last))
        return false;
    for (uintptr_t page = at & ~(uintptr_t)(PAGE_BYTES - 1);; page += PAGE_BYTES) {
        if (!is_readable(pages, page))
            return false;
        if (last - page < PAGE_BYTES)
            break;
    }
    memcpy(to, (const void *)at, size_bytes);
    return true;
}

size_t lg_safe_read_room(struct lg_safe_pages *pages, uintptr_t at)
{
    uintptr_t page = at & ~(uintptr_t)(PAGE_BYTES - 1);

    return is_readable(pages, page) ? PAGE_BYTES - (at - page) : 0;
}
