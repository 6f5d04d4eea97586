/* SPDX-License-Identifier: MIT */
#include "shim/base/safe_read.h"

#include <errno.h>
#include <string.h>

#include "shim/base/sys.h"

/* The smallest page of any machine: larger ones are asked for in parts. */
#define PAGE_BYTES        4096u
#define KERNEL_SET_BYTES  8 /* sizeof(sigset_t) of the kernel */
#define HOW_THAT_IS_NONE  (-1)
#define ADDRESS_OF_KERNEL ((uintptr_t)0 - PAGE_BYTES)

static long ask(uintptr_t page)
{
    return lg_syscall4(SYS_rt_sigprocmask, HOW_THAT_IS_NONE, (long)page, 0, KERNEL_SET_BYTES);
}

bool lg_safe_read_works(void)
{
    return ask(ADDRESS_OF_KERNEL) == -EFAULT;
}

static bool is_known(struct lg_safe_pages *peek, uintptr_t page)
{
    if (peek->page[peek->recent] == page + 1)
        return true;
    for (uint8_t i = 0; i < LG_SAFE_PAGES; i++) {
        if (peek->page[i] == page + 1) {
            peek->recent = i;
            return true;
        }
    }
    return false;
}

static bool is_readable(struct lg_safe_pages *peek, uintptr_t page)
{
    if (is_known(peek, page))
        return true;
    /* A set at address 0 is no set at all, and there is nothing to complain about: the answer is 0. */
    if (ask(page) != -EINVAL)
        return false;
    peek->page[peek->oldest] = page + 1;
    peek->recent = peek->oldest;
    peek->oldest = (uint8_t)((peek->oldest + 1) % LG_SAFE_PAGES);
    return true;
}

bool lg_safe_read(struct lg_safe_pages *peek, void *to, uintptr_t at, size_t size)
{
    uintptr_t last;

    if (size == 0)
        return true;
    if (__builtin_add_overflow(at, size - 1, &last))
        return false;
    for (uintptr_t page = at & ~(uintptr_t)(PAGE_BYTES - 1);; page += PAGE_BYTES) {
        if (!is_readable(peek, page))
            return false;
        if (last - page < PAGE_BYTES)
            break;
    }
    memcpy(to, (const void *)at, size);
    return true;
}

size_t lg_safe_read_room(struct lg_safe_pages *peek, uintptr_t at)
{
    uintptr_t page = at & ~(uintptr_t)(PAGE_BYTES - 1);

    return is_readable(peek, page) ? PAGE_BYTES - (at - page) : 0;
}
