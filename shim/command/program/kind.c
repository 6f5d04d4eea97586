/* SPDX-License-Identifier: MIT */
#include "shim/command/program/kind.h"
#include "shim/command/common/library.h"
#include "shim/command/program/elf_file.h"
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES_MAX (64u << 20) /* of the library, for its headers */

/* The machines that the library runs on. */
static const struct machine {
    uint16_t machine;
    unsigned bits;
    const char *name;
    const char *lib;      /* where Debian's libc has its libraries; others have them in lib64 or lib */
    const char *platform; /* AT_PLATFORM of the kernel */
} machines[] = {
    {EM_X86_64, 64, "x86-64", "lib/x86_64-linux-gnu", "x86_64"},
    {EM_386, 32, "i386", "lib/i386-linux-gnu", "i686"},
    {EM_AARCH64, 64, "aarch64", "lib/aarch64-linux-gnu", "aarch64"},
};

static const struct machine *machine_of(const struct lg_program_kind *kind)
{
    for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
        if (machines[i].machine == kind->machine && machines[i].bits == kind->bits)
            return &machines[i];
    }
    return NULL;
}

void lg_kind_fill(struct lg_program_kind *kind, const struct lg_elf *elf)
{
    const struct machine *machine;

    *kind = (struct lg_program_kind){elf->bits, elf->big_endian, elf->machine, ""};
    machine = machine_of(kind);
    if (machine)
        snprintf(kind->name, sizeof(kind->name), "%s", machine->name);
    else
        snprintf(kind->name, sizeof(kind->name), "machine %u", (unsigned)elf->machine);
}

bool lg_kind_is_same(const struct lg_program_kind *a, const struct lg_program_kind *b)
{
    return a->bits == b->bits && a->big_endian == b->big_endian && a->machine == b->machine;
}

const char *lg_kind_lib(const struct lg_program_kind *kind)
{
    const struct machine *machine = machine_of(kind);
    char path[64];

    if (machine) {
        snprintf(path, sizeof(path), "/%s", machine->lib);
        if (access(path, F_OK) == 0)
            return machine->lib;
    }
    return kind->bits == 64 ? "lib64" : "lib";
}

const char *lg_kind_platform(const struct lg_program_kind *kind)
{
    const struct machine *machine = machine_of(kind);

    return machine ? machine->platform : NULL;
}

static bool kind_of_path(const char *path, struct lg_program_kind *kind)
{
    uint64_t budget_bytes = READ_BYTES_MAX;
    struct lg_elf_file file = {open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), &budget_bytes};
    struct lg_elf *elf = calloc(1, sizeof(*elf));
    struct stat status;
    const char *why;
    bool done = false;

    if (elf && file.fd >= 0 && fstat(file.fd, &status) == 0) {
        done = lg_elf_file_open(elf, &file, (uint64_t)status.st_size, &why) == LG_ELF_OK;
        if (done)
            lg_kind_fill(kind, elf);
        lg_elf_close(elf);
    }
    free(elf);
    if (file.fd >= 0)
        close(file.fd);
    return done;
}

bool lg_kind_of_library(struct lg_program_kind *kind, char **path)
{
    char *found = lg_library_find(false);
    bool done = found && kind_of_path(found, kind);

    if (path)
        *path = found;
    else
        free(found);
    return done || kind_of_path("/proc/self/exe", kind);
}
