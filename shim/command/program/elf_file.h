/* SPDX-License-Identifier: MIT */
/* An open file for the ELF reader, and what may still be read of it and of others with it. */
#ifndef LG_ELF_FILE_H
#define LG_ELF_FILE_H

#include "shim/command/program/elf.h"

#define LG_ELF_FILE_COST_BYTES_MIN 512u /* what a read costs at least */

/* The descriptor and the budget are the caller's. */
struct lg_elf_file {
    int fd;
    uint64_t *budget_bytes; /* each read takes its length off; one that is too long for it fails */
};

/*
 * Reads the headers of the file, of `size_bytes` bytes, as lg_elf_open does. `file` and its descriptor
 * must outlive `elf`, which lg_elf_close ends whatever is returned.
 */
enum lg_elf_result lg_elf_file_open(struct lg_elf *elf, struct lg_elf_file *file, uint64_t size_bytes,
                                    const char **why);

#endif
