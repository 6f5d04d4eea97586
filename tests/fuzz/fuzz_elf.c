/* SPDX-License-Identifier: MIT */
/*
 * The ELF reader and the reader of #! lines on bytes in memory: no crash, no hang, no read outside,
 * and what they return keeps what their headers promise.
 *
 * links: shim/command/program/elf_headers.c shim/command/program/elf_dynamic.c shim/command/program/elf_symbols.c
 * links: shim/command/program/elf_content.c shim/command/common/script.c
 */
#include "shim/command/common/script.h"
#include "shim/command/program/elf.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct memory {
    const uint8_t *at;
    size_t size_bytes;
    uint64_t cut_bytes; /* reads beyond fail, as if the file had been cut meanwhile */
};

static void require(bool condition)
{
    if (!condition)
        abort();
}

static bool read_memory(void *context, uint64_t offset_bytes, void *to, size_t length_bytes)
{
    const struct memory *memory = context;

    /* the reader promises never to ask beyond the size that it was given */
    require(offset_bytes <= memory->size_bytes && length_bytes <= memory->size_bytes - offset_bytes);
    if (offset_bytes + length_bytes > memory->cut_bytes)
        return false;
    memcpy(to, memory->at + offset_bytes, length_bytes);
    return true;
}

static void touch(const char *text)
{
    volatile size_t length = text ? strlen(text) : 0;

    (void)length;
}

static void see(void *context, const char *name, bool imported)
{
    size_t *seen = context;

    (void)imported;
    require(name[0] != '\0');
    touch(name);
    (*seen)++;
}

static void use(const struct lg_elf *elf)
{
    static const char *const names[] = {"io_uring_setup", "main"};
    size_t seen = 0;

    require(elf->bits == 32 || elf->bits == 64);
    require(elf->needed_count <= LG_ELF_NEEDED_MAX && elf->symbol_count <= LG_ELF_SYMBOLS_MAX);
    touch(elf->interpreter);
    touch(elf->soname);
    touch(elf->rpath);
    touch(elf->runpath);
    for (size_t i = 0; i < elf->needed_count; i++)
        touch(elf->needed[i]);
    lg_elf_symbols(elf, see, &seen);
    require(seen <= elf->symbol_count);
    lg_elf_is_go(elf);
    lg_elf_names_any(elf, names, 2);
}

static void read_elf(const uint8_t *data, size_t size, uint64_t cut_bytes)
{
    struct memory memory = {data, size, cut_bytes};
    struct lg_elf_source source = {read_memory, &memory, size};
    struct lg_elf *elf = malloc(sizeof(*elf));
    const char *why = NULL;

    require(elf != NULL);
    if (lg_elf_open(elf, source, &why) == LG_ELF_OK)
        use(elf);
    else
        require(why != NULL);
    lg_elf_close(elf);
    free(elf);
}

static void read_script(const uint8_t *data, size_t size)
{
    struct lg_script script;
    struct lg_script_env env;

    if (!lg_script_parse(&script, (const char *)data, size))
        return;
    require(script.interpreter[0] != '\0' && strlen(script.interpreter) < LG_SCRIPT_LINE_BYTES);
    require(strpbrk(script.interpreter, " \t\n") == NULL);
    require(strlen(script.argument) < LG_SCRIPT_LINE_BYTES);
    lg_script_env(&env, script.argument);
    require(strlen(env.program) < LG_SCRIPT_LINE_BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_script(data, size);
    read_elf(data, size, size);
    /* the same with the last byte deciding where the file is cut while it is read */
    if (size > 0)
        read_elf(data, size, size * data[size - 1] / 256);
    return 0;
}
