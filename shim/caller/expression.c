/* SPDX-License-Identifier: MIT */
#include "shim/caller/expression.h"

#include "shim/caller/eh_reader.h"

/* A procedure linkage table needs a depth of three, and no expression that occurs is longer than 14 bytes. */
#define DEPTH_MAX            4u
#define EXPRESSION_BYTES_MAX 64u

/* The operations that occur, DWARF 5 section 7.7.1. */
enum {
    DW_OP_deref = 0x06,
    DW_OP_and = 0x1a,
    DW_OP_plus = 0x22,
    DW_OP_plus_uconst = 0x23,
    DW_OP_shl = 0x24,
    DW_OP_ge = 0x2a,
    DW_OP_lit0 = 0x30,
    DW_OP_lit31 = 0x4f,
    DW_OP_breg0 = 0x70,
    DW_OP_breg31 = 0x8f
};

struct stack {
    uintptr_t value[DEPTH_MAX];
    unsigned depth;
    bool failed;
};

static void push(struct stack *stack, uintptr_t value)
{
    if (stack->depth == DEPTH_MAX)
        stack->failed = true;
    else
        stack->value[stack->depth++] = value;
}

static uintptr_t pop(struct stack *stack)
{
    if (stack->depth == 0) {
        stack->failed = true;
        return 0;
    }
    return stack->value[--stack->depth];
}

static void push_register(struct lg_walk *walk, struct stack *stack, struct lg_eh_reader *reader, unsigned number)
{
    unsigned index = lg_register_index(number);
    uintptr_t offset = (uintptr_t)lg_eh_read_sleb(reader);

    if (lg_walk_knows(walk, index))
        push(stack, walk->value[index] + offset);
    else
        stack->failed = true;
}

static void dereference(struct lg_walk *walk, struct stack *stack)
{
    uintptr_t word = 0;

    if (!lg_walk_read(walk, pop(stack), &word))
        stack->failed = true;
    push(stack, word);
}

static void compute(struct stack *stack, uint8_t operation)
{
    uintptr_t right = pop(stack), left = pop(stack);

    switch (operation) {
    case DW_OP_and:
        push(stack, left & right);
        break;
    case DW_OP_plus:
        push(stack, left + right);
        break;
    case DW_OP_shl:
        push(stack, right < 8 * sizeof left ? left << right : 0);
        break;
    case DW_OP_ge:
        push(stack, (intptr_t)left >= (intptr_t)right);
        break;
    default:
        stack->failed = true;
    }
}

static void execute(struct lg_walk *walk, struct stack *stack, struct lg_eh_reader *reader)
{
    uint8_t operation = lg_eh_read_u8(reader);

    if (operation >= DW_OP_lit0 && operation <= DW_OP_lit31)
        push(stack, (uintptr_t)operation - DW_OP_lit0);
    else if (operation >= DW_OP_breg0 && operation <= DW_OP_breg31)
        push_register(walk, stack, reader, operation - (unsigned)DW_OP_breg0);
    else if (operation == DW_OP_deref)
        dereference(walk, stack);
    else if (operation == DW_OP_plus_uconst)
        push(stack, pop(stack) + (uintptr_t)lg_eh_read_uleb(reader));
    else
        compute(stack, operation);
}

bool lg_expression_evaluate(struct lg_walk *walk, const struct lg_module *module, int32_t where, uintptr_t *result)
{
    struct lg_eh_reader reader =
        lg_eh_reader_make(&walk->pages, module->tables_start + (uintptr_t)where, module->tables_end);
    struct stack stack = {.depth = 0};
    uint64_t size_bytes = lg_eh_read_uleb(&reader);
    struct lg_eh_reader rest = reader;

    lg_eh_skip(&rest, size_bytes);
    if (rest.failed || size_bytes > EXPRESSION_BYTES_MAX)
        return false;
    reader.end = rest.at;
    while (reader.at < reader.end && !reader.failed && !stack.failed)
        execute(walk, &stack, &reader);
    *result = pop(&stack);
    return !reader.failed && !stack.failed;
}
