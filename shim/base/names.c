/* SPDX-License-Identifier: MIT */
#include "shim/base/names.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "shim/base/sys.h"

#define BATCH_BYTES 1024

/* struct linux_dirent64 of getdents64(2): the fixed part, then the name. */
struct entry_head {
    uint64_t inode;
    int64_t next;
    uint16_t size;
    uint8_t type;
};
#define NAME_OFFSET (offsetof(struct entry_head, type) + 1)

static bool each_of(const char *batch, long size, lg_name_fn *each, void *context)
{
    for (long at = 0; at < size;) {
        uint16_t entry_size;

        memcpy(&entry_size, batch + at + offsetof(struct entry_head, size), sizeof entry_size);
        if (!each(context, batch + at + NAME_OFFSET))
            return false;
        at += entry_size;
    }
    return true;
}

int lg_names(int fd, lg_name_fn *each, void *context)
{
    char batch[BATCH_BYTES] __attribute__((aligned(8)));
    long size;

    while ((size = lg_syscall3(SYS_getdents64, fd, (long)batch, sizeof batch)) > 0) {
        if (!each_of(batch, size, each, context))
            return 1;
    }
    return (int)size;
}
