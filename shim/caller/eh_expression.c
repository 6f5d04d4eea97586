/* SPDX-License-Identifier: MIT */
#include "shim/caller/eh_expression.h"

#include "shim/caller/eh_reader.h"

#define OPERANDS_MAX         16u
#define EXPRESSION_BYTES_MAX 256u

/* DW_OP_*, DWARF 5 section 7.7.1: those that occur in unwinding tables, and their like. */
enum operation {
    OP_DEREFERENCE = 0x06,
    OP_CONSTANT_U1 = 0x08,
    OP_CONSTANT_S1 = 0x09,
    OP_CONSTANT_U2 = 0x0a,
    OP_CONSTANT_S2 = 0x0b,
    OP_CONSTANT_U4 = 0x0c,
    OP_CONSTANT_S4 = 0x0d,
    OP_CONSTANT_U8 = 0x0e,
    OP_CONSTANT_S8 = 0x0f,
    OP_CONSTANT_ULEB = 0x10,
    OP_CONSTANT_SLEB = 0x11,
    OP_DUPLICATE = 0x12,
    OP_DROP = 0x13,
    OP_OVER = 0x14,
    OP_SWAP = 0x16,
    OP_AND = 0x1a,
    OP_MINUS = 0x1c,
    OP_MULTIPLY = 0x1e,
    OP_NEGATE = 0x1f,
    OP_NOT = 0x20,
    OP_OR = 0x21,
    OP_PLUS = 0x22,
    OP_PLUS_ULEB = 0x23,
    OP_SHIFT_LEFT = 0x24,
    OP_SHIFT_RIGHT = 0x25,
    OP_XOR = 0x27,
    OP_EQUAL = 0x29,
    OP_GREATER_EQUAL = 0x2a,
    OP_GREATER = 0x2b,
    OP_LESS_EQUAL = 0x2c,
    OP_LESS = 0x2d,
    OP_NOT_EQUAL = 0x2e,
    OP_LITERAL_0 = 0x30,
    OP_LITERAL_31 = 0x4f,
    OP_REGISTER_0 = 0x70,
    OP_REGISTER_31 = 0x8f,
    OP_NO_OPERATION = 0x96
};

/* The stack of an expression. */
struct operands {
    uintptr_t value[OPERANDS_MAX];
    unsigned count;
    bool failed;
};

static void push(struct operands *operands, uintptr_t value)
{
    if (operands->count == OPERANDS_MAX)
        operands->failed = true;
    else
        operands->value[operands->count++] = value;
}

static uintptr_t pop(struct operands *operands)
{
    if (operands->count == 0) {
        operands->failed = true;
        return 0;
    }
    return operands->value[--operands->count];
}

static uintptr_t shifted(uintptr_t value, uintptr_t bits, bool left)
{
    if (bits >= 8 * sizeof(uintptr_t))
        return 0;
    return left ? value << bits : value >> bits;
}

/* Operations on two operands. Returns false when `code` is none of them. */
static bool compute_binary(struct operands *operands, uint8_t code)
{
    uintptr_t right, left;
    intptr_t signed_right, signed_left;

    if (code < OP_AND || code > OP_NOT_EQUAL || code == OP_NEGATE || code == OP_NOT || code == OP_PLUS_ULEB)
        return false;
    right = pop(operands);
    left = pop(operands);
    signed_right = (intptr_t)right;
    signed_left = (intptr_t)left;
    switch (code) {
    case OP_AND:
        push(operands, left & right);
        return true;
    case OP_OR:
        push(operands, left | right);
        return true;
    case OP_XOR:
        push(operands, left ^ right);
        return true;
    case OP_PLUS:
        push(operands, left + right);
        return true;
    case OP_MINUS:
        push(operands, left - right);
        return true;
    case OP_MULTIPLY:
        push(operands, left * right);
        return true;
    case OP_SHIFT_LEFT:
    case OP_SHIFT_RIGHT:
        push(operands, shifted(left, right, code == OP_SHIFT_LEFT));
        return true;
    case OP_EQUAL:
        push(operands, left == right);
        return true;
    case OP_NOT_EQUAL:
        push(operands, left != right);
        return true;
    case OP_GREATER_EQUAL:
        push(operands, signed_left >= signed_right);
        return true;
    case OP_GREATER:
        push(operands, signed_left > signed_right);
        return true;
    case OP_LESS_EQUAL:
        push(operands, signed_left <= signed_right);
        return true;
    case OP_LESS:
        push(operands, signed_left < signed_right);
        return true;
    default:
        return false;
    }
}

static void push_register(struct lg_walk *walk, struct operands *operands, struct lg_reader *reader, uint8_t code)
{
    unsigned i = lg_register_of((uint64_t)(code - OP_REGISTER_0));
    uintptr_t offset = (uintptr_t)lg_take_sleb(reader);

    if (lg_walk_knows(walk, i))
        push(operands, walk->value[i] + offset);
    else
        operands->failed = true;
}

/* The others. Returns false when `code` is not known. */
static bool compute_other(struct lg_walk *walk, struct operands *operands, struct lg_reader *reader, uint8_t code)
{
    static const uint8_t constants[] = {LG_FORMAT_U2, LG_FORMAT_S2, LG_FORMAT_U4,   LG_FORMAT_S4,
                                        LG_FORMAT_U8, LG_FORMAT_S8, LG_FORMAT_ULEB, LG_FORMAT_SLEB};
    uintptr_t a, b;

    switch (code) {
    case OP_NO_OPERATION:
        return true;
    case OP_DEREFERENCE:
        a = pop(operands);
        b = 0;
        if (!operands->failed && !lg_walk_read(walk, a, &b))
            operands->failed = true;
        push(operands, b);
        return true;
    case OP_CONSTANT_U1:
        push(operands, lg_take_u8(reader));
        return true;
    case OP_CONSTANT_S1:
        push(operands, (uintptr_t)(intptr_t)(int8_t)lg_take_u8(reader));
        return true;
    case OP_DUPLICATE:
        a = pop(operands);
        push(operands, a);
        push(operands, a);
        return true;
    case OP_DROP:
        pop(operands);
        return true;
    case OP_OVER:
        a = pop(operands);
        b = pop(operands);
        push(operands, b);
        push(operands, a);
        push(operands, b);
        return true;
    case OP_SWAP:
        a = pop(operands);
        b = pop(operands);
        push(operands, a);
        push(operands, b);
        return true;
    case OP_NEGATE:
        push(operands, 0 - pop(operands));
        return true;
    case OP_NOT:
        push(operands, ~pop(operands));
        return true;
    case OP_PLUS_ULEB:
        push(operands, pop(operands) + (uintptr_t)lg_take_uleb(reader));
        return true;
    default:
        if (code < OP_CONSTANT_U2 || code > OP_CONSTANT_SLEB)
            return false;
        push(operands, (uintptr_t)lg_take_format(reader, constants[code - OP_CONSTANT_U2]));
        return true;
    }
}

bool lg_expression_evaluate(struct lg_walk *walk, const struct lg_module *module, int32_t where, const uintptr_t *first,
                            uintptr_t *result)
{
    struct lg_reader reader = lg_reader_make(&walk->peek, module->tables_start + (uintptr_t)where, module->tables_end);
    struct operands operands = {.count = 0};
    uint64_t size = lg_take_uleb(&reader);
    struct lg_span span = lg_take_span(&reader, size);

    if (reader.failed || size > EXPRESSION_BYTES_MAX)
        return false;
    reader = lg_reader_make(&walk->peek, span.start, span.end);
    if (first != NULL)
        push(&operands, *first);
    while (reader.at < reader.end && !reader.failed && !operands.failed) {
        uint8_t code = lg_take_u8(&reader);

        if (code >= OP_LITERAL_0 && code <= OP_LITERAL_31)
            push(&operands, (uintptr_t)(code - OP_LITERAL_0));
        else if (code >= OP_REGISTER_0 && code <= OP_REGISTER_31)
            push_register(walk, &operands, &reader, code);
        else if (!compute_binary(&operands, code) && !compute_other(walk, &operands, &reader, code))
            return false;
    }
    *result = pop(&operands);
    return !reader.failed && !operands.failed;
}
