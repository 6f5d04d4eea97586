/* SPDX-License-Identifier: MIT */
#include "shim/command/program/elf_file.h"
#include <errno.h>
#include <unistd.h>

static bool read_file(void *context, uint64_t offset_bytes, void *to, size_t length_bytes)
{
    struct lg_elf_file *file = context;
    char *at = to;
    size_t cost_bytes = length_bytes > LG_ELF_FILE_COST_BYTES_MIN ? length_bytes : LG_ELF_FILE_COST_BYTES_MIN;

    if (cost_bytes > *file->budget_bytes)
        return false;
    *file->budget_bytes -= cost_bytes;
    while (length_bytes > 0) {
        ssize_t got = pread(file->fd, at, length_bytes, (off_t)offset_bytes);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) /* cut while it was read, or an error */
            return false;
        at += got;
        offset_bytes += (uint64_t)got;
        length_bytes -= (size_t)got;
    }
    return true;
}

enum lg_elf_result lg_elf_file_open(struct lg_elf *elf, struct lg_elf_file *file, uint64_t size_bytes, const char **why)
{
    return lg_elf_open(elf, (struct lg_elf_source){read_file, file, size_bytes}, why);
}
