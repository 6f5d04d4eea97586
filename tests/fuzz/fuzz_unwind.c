/* SPDX-License-Identifier: MIT */
/*
 * The walk up a stack, on a module and a stack that are the input's. Each is a block of memory of
 * exactly its size, so that AddressSanitizer sees every read outside of it.
 *
 * The input is a struct head, then stack_words words, then the module as it lies in memory: the seeds
 * hold tests/unit/lib_tables.c, linked with `ld -shared --eh-frame-hdr -z noseparate-code`, and stand in one of its
 * functions each; those named damaged_ have headers or tables that are cut or lie. A word of the
 * stack or a register that is TAG_STACK or TAG_MODULE plus an offset stands for an address there.
 *
 * links: shim/caller/module.c shim/caller/unwind.c shim/caller/eh_frame.c shim/caller/cfi.c
 * links: shim/caller/expression.c shim/caller/eh_reader.c shim/base/safe_read.c
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shim/caller/unwind.h"
#include "tests/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STEPS_MAX       32
#define STACK_WORDS_MAX 256u
#define TAG_STACK       0x57ac0000u
#define TAG_MODULE      0x30d00000u

struct head {
    uint32_t pc; /* in the module */
    uint32_t eh_frame_hdr;
    uint32_t known;
    uint16_t stack_words;
    uint8_t is_interrupted;
    uint8_t sp_words; /* where in the stack it starts */
    uint32_t value[LG_REGISTER_COUNT];
};

static uintptr_t stack, module_start;

static uintptr_t address_of(uintptr_t word)
{
    if ((word & 0xffff0000u) == TAG_STACK && word >> 16 == TAG_STACK >> 16)
        return stack + (word & 0xffff);
    if ((word & 0xfff00000u) == TAG_MODULE && word >> 20 == TAG_MODULE >> 20)
        return module_start + (word & 0xfffff);
    return word;
}

static unsigned walk_up(struct lg_walk *walk, const struct lg_module *module)
{
    unsigned steps = 0;

    while (steps < STEPS_MAX &&
           lg_module_is_code(module, &walk->pages, walk->is_interrupted ? walk->pc : walk->pc - 1)) {
        uintptr_t sp = walk->value[LG_REGISTER_SP];

        if (!lg_walk_step(walk, module))
            break;
        require(walk->left_signal_frame || walk->value[LG_REGISTER_SP] > sp, "the stack is walked upwards");
        require((walk->known & 1u << LG_REGISTER_SP) != 0, "the stack pointer stays known");
        require(walk->pc != 0, "the walk ends at address 0");
        steps++;
    }
    return steps;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct head head;
    struct lg_walk walk = {.is_interrupted = false};
    struct lg_module module = {.name = ""};
    uintptr_t *words;
    uint8_t *image;
    uintptr_t bias;
    unsigned steps;

    if (size < sizeof head)
        return 0;
    memcpy(&head, data, sizeof head);
    data += sizeof head;
    size -= sizeof head;
    if (head.stack_words > STACK_WORDS_MAX || head.stack_words == 0 || head.stack_words * sizeof *words >= size)
        return 0;
    words = malloc(head.stack_words * sizeof *words);
    image = malloc(size - head.stack_words * sizeof *words);
    require(words != NULL && image != NULL, "there is memory");
    memcpy(words, data, head.stack_words * sizeof *words);
    data += head.stack_words * sizeof *words;
    size -= head.stack_words * sizeof *words;
    memcpy(image, data, size);

    stack = (uintptr_t)words;
    module_start = module.start = module.bias = (uintptr_t)image;
    module.end = module.start + size;
    module.tables_start = module.start;
    module.tables_end = module.end;
    module.eh_frame_hdr = head.eh_frame_hdr == 0 ? 0 : module.start + head.eh_frame_hdr;
    for (unsigned i = 0; i < head.stack_words; i++)
        words[i] = address_of(words[i]);
    for (unsigned i = 0; i < LG_REGISTER_COUNT; i++)
        walk.value[i] = address_of(head.value[i]);
    walk.value[LG_REGISTER_SP] = stack + head.sp_words * sizeof *words;
    walk.known = head.known | 1u << LG_REGISTER_SP;
    walk.pc = module.start + head.pc;
    walk.is_interrupted = head.is_interrupted != 0;
    walk.stack_start = stack;
    walk.stack_end = stack + head.stack_words * sizeof *words;

    lg_module_bias(&walk.pages, module.start, module.end, &bias);
    steps = walk_up(&walk, &module);
    if (getenv("UNWIND_STEPS") != NULL)
        fprintf(stderr, "%u steps\n", steps);
    free(words);
    free(image);
    return 0;
}
