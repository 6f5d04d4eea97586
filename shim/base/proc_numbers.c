/* SPDX-License-Identifier: MIT */
#include "shim/base/proc_numbers.h"

#include <fcntl.h>
#include <stddef.h>
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

static bool to_number(const char *name, unsigned *number)
{
    *number = 0;
    if (*name == '\0')
        return false;
    for (; *name; name++) {
        if (*name < '0' || *name > '9')
            return false;
        *number = *number * 10 + (unsigned)(*name - '0');
    }
    return true;
}

static bool each_of(const char *batch, long size, lg_number_fn *each, void *context)
{
    for (long at = 0; at < size;) {
        uint16_t entry_size;
        unsigned number;

        memcpy(&entry_size, batch + at + offsetof(struct entry_head, size), sizeof entry_size);
        if (to_number(batch + at + NAME_OFFSET, &number) && !each(context, number))
            return false;
        at += entry_size;
    }
    return true;
}

int lg_proc_numbers(const char *path, int *own, lg_number_fn *each, void *context)
{
    char batch[BATCH_BYTES] __attribute__((aligned(8)));
    int fd = lg_sys_open(path, O_RDONLY | O_DIRECTORY, 0);
    long size;

    if (fd < 0)
        return fd;
    if (own)
        *own = fd;
    while ((size = lg_syscall3(SYS_getdents64, fd, (long)batch, sizeof batch)) > 0) {
        if (!each_of(batch, size, each, context)) {
            lg_sys_close(fd);
            return 1;
        }
    }
    lg_sys_close(fd);
    return (int)size;
}
