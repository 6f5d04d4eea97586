/* SPDX-License-Identifier: MIT */
#include "shim/unwind.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <ucontext.h>

#define COUNT      LG_REGISTER_COUNT
#define SP         LG_REGISTER_SP
#define RETURN     LG_REGISTER_RETURN
#define WORD_BYTES sizeof(uintptr_t)

/* Each is some times what was found in the 60 largest libraries and programs of a Debian system. */
#define DESCRIPTION_BYTES_MAX 65536u
#define REMEMBERED_MAX        2u
#define OPERANDS_MAX          16u
#define EXPRESSION_BYTES_MAX  256u
#define AUGMENTATION_MAX      8u

/* From our own frame to the interposed call, and then through trampolines. */
#define OWN_FRAMES_MAX 32u

/* How a pointer is written: DW_EH_PE_* of the Linux Standard Base. */
enum encoding {
    FORMAT_MASK = 0x0f,
    FORMAT_WORD = 0x00,
    FORMAT_ULEB = 0x01,
    FORMAT_U2 = 0x02,
    FORMAT_U4 = 0x03,
    FORMAT_U8 = 0x04,
    FORMAT_SLEB = 0x09,
    FORMAT_S2 = 0x0a,
    FORMAT_S4 = 0x0b,
    FORMAT_S8 = 0x0c,
    RELATION_MASK = 0x70,
    RELATION_NONE = 0x00,
    RELATION_HERE = 0x10,
    RELATION_HEADER = 0x30,
    INDIRECT = 0x80,
    OMITTED = 0xff
};

/* DW_CFA_*, DWARF 5 section 7.24. The first three have an operand in their low six bits. */
enum instruction {
    ADVANCE = 0x40,
    OFFSET = 0x80,
    RESTORE = 0xc0,
    NOP = 0x00,
    SET_LOCATION = 0x01,
    ADVANCE_1 = 0x02,
    ADVANCE_2 = 0x03,
    ADVANCE_4 = 0x04,
    OFFSET_EXTENDED = 0x05,
    RESTORE_EXTENDED = 0x06,
    UNDEFINED = 0x07,
    SAME_VALUE = 0x08,
    REGISTER = 0x09,
    REMEMBER_STATE = 0x0a,
    RESTORE_STATE = 0x0b,
    DEFINE_CFA = 0x0c,
    DEFINE_CFA_REGISTER = 0x0d,
    DEFINE_CFA_OFFSET = 0x0e,
    DEFINE_CFA_EXPRESSION = 0x0f,
    EXPRESSION = 0x10,
    OFFSET_EXTENDED_SIGNED = 0x11,
    DEFINE_CFA_SIGNED = 0x12,
    DEFINE_CFA_OFFSET_SIGNED = 0x13,
    VALUE_OFFSET = 0x14,
    VALUE_OFFSET_SIGNED = 0x15,
    VALUE_EXPRESSION = 0x16,
    NEGATE_RETURN_STATE = 0x2d, /* aarch64: whether the return address is signed */
    ARGUMENTS_SIZE = 0x2e,
    NEGATIVE_OFFSET_EXTENDED = 0x2f
};

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

/* Where the caller's value of a register is. */
enum place {
    UNCHANGED = 0,
    AT_OFFSET, /* in memory, from the CFA */
    IS_OFFSET, /* the CFA plus the offset */
    IN_REGISTER,
    AT_EXPRESSION, /* in memory, at an address that an expression computes */
    IS_EXPRESSION,
    LOST
};

struct rule {
    int32_t operand; /* an offset, a register, or where in the module an expression starts */
    uint8_t place;
};

/* A row of the table: the rules that hold at one place of a function. */
struct row {
    struct rule rule[COUNT];
    struct rule cfa; /* IN_REGISTER plus cfa_offset, or IS_EXPRESSION */
    int32_t cfa_offset;
    bool return_is_signed;
};

/* What is being read: sequential, and void from the first read that fails. */
struct reader {
    struct lg_peek *peek;
    uintptr_t at;
    uintptr_t end;
    bool failed;
};

struct span {
    uintptr_t start;
    uintptr_t end;
};

/* A common information entry. */
struct common {
    uint64_t code_align;
    int64_t data_align;
    struct span instructions;
    uint8_t encoding; /* of the addresses in the description */
    bool has_sizes;   /* augmentation data are preceded by their size */
    bool is_signal;
};

/* What the tables say of one function. */
struct description {
    struct common common;
    struct span code;
    struct span instructions;
};

/* The state of the interpretation of a description. */
struct table {
    const struct common *common;
    uintptr_t base;   /* of the module */
    uintptr_t wanted; /* the address whose row is wanted */
    uintptr_t location;
    struct row row;
    struct row initial;
    struct row remembered[REMEMBERED_MAX];
    unsigned remembered_count;
};

static struct reader reader_make(struct lg_peek *peek, uintptr_t start, uintptr_t end)
{
    return (struct reader){.peek = peek, .at = start, .end = end, .failed = start > end};
}

static bool take(struct reader *reader, void *to, size_t size)
{
    if (!reader->failed && (reader->end - reader->at < size || !lg_peek_copy(reader->peek, to, reader->at, size)))
        reader->failed = true;
    if (reader->failed)
        return false;
    reader->at += size;
    return true;
}

static void skip(struct reader *reader, uint64_t size)
{
    if (reader->failed || size > reader->end - reader->at)
        reader->failed = true;
    else
        reader->at += (uintptr_t)size;
}

/* A part of what `reader` reads, behind which it goes on. */
static struct span take_span(struct reader *reader, uint64_t size)
{
    struct span span = {reader->at, reader->at};

    skip(reader, size);
    if (!reader->failed)
        span.end = reader->at;
    return span;
}

static uint8_t take_u8(struct reader *reader)
{
    uint8_t value = 0;
    return take(reader, &value, sizeof value) ? value : 0;
}

static uint16_t take_u16(struct reader *reader)
{
    uint16_t value = 0;
    return take(reader, &value, sizeof value) ? value : 0;
}

static uint32_t take_u32(struct reader *reader)
{
    uint32_t value = 0;
    return take(reader, &value, sizeof value) ? value : 0;
}

static uint64_t take_u64(struct reader *reader)
{
    uint64_t value = 0;
    return take(reader, &value, sizeof value) ? value : 0;
}

/* LEB128, DWARF 5 section 7.6. Bits beyond 64 are dropped. */
static uint64_t take_leb(struct reader *reader, bool is_signed)
{
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte;

    do {
        byte = take_u8(reader);
        if (shift < 64)
            value |= (uint64_t)(byte & 0x7f) << shift;
        shift += shift < 64 ? 7 : 0;
    } while ((byte & 0x80) != 0 && !reader->failed);
    if (is_signed && (byte & 0x40) != 0 && shift < 64)
        value |= ~(uint64_t)0 << shift;
    return value;
}

static uint64_t take_uleb(struct reader *reader)
{
    return take_leb(reader, false);
}

static int64_t take_sleb(struct reader *reader)
{
    return (int64_t)take_leb(reader, true);
}

static uint64_t take_format(struct reader *reader, uint8_t format)
{
    switch (format) {
    case FORMAT_WORD:
        return WORD_BYTES == 8 ? take_u64(reader) : take_u32(reader);
    case FORMAT_ULEB:
        return take_uleb(reader);
    case FORMAT_SLEB:
        return (uint64_t)take_sleb(reader);
    case FORMAT_U2:
        return take_u16(reader);
    case FORMAT_S2:
        return (uint64_t)(int64_t)(int16_t)take_u16(reader);
    case FORMAT_U4:
        return take_u32(reader);
    case FORMAT_S4:
        return (uint64_t)(int64_t)(int32_t)take_u32(reader);
    case FORMAT_U8:
    case FORMAT_S8:
        return take_u64(reader);
    default:
        reader->failed = true;
        return 0;
    }
}

static uintptr_t take_pointer(struct reader *reader, uint8_t encoding, uintptr_t header)
{
    uintptr_t here = reader->at;
    uintptr_t value = (uintptr_t)take_format(reader, encoding & FORMAT_MASK);

    switch (encoding & (RELATION_MASK | INDIRECT)) {
    case RELATION_NONE:
        return value;
    case RELATION_HERE:
        return here + value;
    case RELATION_HEADER:
        if (header != 0)
            return header + value;
        break;
    default:
        break;
    }
    reader->failed = true;
    return 0;
}

/* The register that a DWARF number stands for; COUNT for one that no walk needs. */
static unsigned register_of(uint64_t number)
{
    uint64_t index = number - LG_REGISTER_FIRST_NUMBER;
    return index < COUNT ? (unsigned)index : COUNT;
}

/* The letters behind the `z` of an augmentation, and the data that they announce. */
static void take_augmentation(struct reader *reader, struct common *common, const char *letters)
{
    uint64_t size = take_uleb(reader);
    struct reader data = *reader;

    skip(reader, size);
    if (reader->failed)
        return;
    data.end = reader->at;
    for (; *letters != '\0'; letters++) {
        switch (*letters) {
        case 'R':
            common->encoding = take_u8(&data);
            break;
        case 'P': /* the personality: of no interest, and its value may be relative to anything */
            take_format(&data, take_u8(&data) & FORMAT_MASK);
            break;
        case 'L':
            take_u8(&data);
            break;
        case 'S':
            common->is_signal = true;
            break;
        case 'B': /* aarch64: signed with the second key */
        case 'G': /* aarch64: a frame with memory tags */
            break;
        default:
            data.failed = true;
            break;
        }
    }
    reader->failed |= data.failed;
}

static bool take_letters(struct reader *reader, char letters[AUGMENTATION_MAX])
{
    for (unsigned i = 0; i < AUGMENTATION_MAX; i++) {
        letters[i] = (char)take_u8(reader);
        if (letters[i] == '\0')
            return !reader->failed;
    }
    return false;
}

/* Opens the entry at `at`: what follows its length, up to its end. */
static struct reader open_entry(struct lg_peek *peek, const struct lg_module *module, uintptr_t at)
{
    struct reader reader = reader_make(peek, at, module->end);
    uint32_t size;

    reader.failed |= at < module->start;
    size = take_u32(&reader);
    /* 0 ends the section; all ones announce the 64-bit form, which nobody writes. */
    if (size == 0 || size > DESCRIPTION_BYTES_MAX || reader.failed || size > reader.end - reader.at)
        reader.failed = true;
    else
        reader.end = reader.at + size;
    return reader;
}

static bool read_common(struct lg_peek *peek, const struct lg_module *module, uintptr_t at, struct common *common)
{
    struct reader reader = open_entry(peek, module, at);
    char letters[AUGMENTATION_MAX];
    uint64_t return_number;
    uint8_t version;

    *common = (struct common){.encoding = FORMAT_WORD};
    if (take_u32(&reader) != 0)
        return false; /* a description, not a common entry */
    version = take_u8(&reader);
    if ((version != 1 && version != 3) || !take_letters(&reader, letters))
        return false;
    common->code_align = take_uleb(&reader);
    common->data_align = take_sleb(&reader);
    return_number = version == 1 ? take_u8(&reader) : take_uleb(&reader);
    if (register_of(return_number) != RETURN)
        return false;
    if (letters[0] == 'z') {
        common->has_sizes = true;
        take_augmentation(&reader, common, letters + 1);
    } else if (letters[0] != '\0') {
        return false;
    }
    common->instructions = (struct span){reader.at, reader.end};
    return !reader.failed;
}

static bool read_description(struct lg_peek *peek, const struct lg_module *module, uintptr_t at,
                             struct description *description)
{
    struct reader reader = open_entry(peek, module, at);
    uintptr_t here = reader.at;
    uint32_t distance = take_u32(&reader);
    uint8_t encoding;

    if (reader.failed || distance == 0 || !read_common(peek, module, here - distance, &description->common))
        return false;
    encoding = description->common.encoding;
    description->code.start = take_pointer(&reader, encoding, 0);
    description->code.end = description->code.start + (uintptr_t)take_format(&reader, encoding & FORMAT_MASK);
    if (description->common.has_sizes)
        skip(&reader, take_uleb(&reader));
    description->instructions = (struct span){reader.at, reader.end};
    return !reader.failed;
}

/* The sorted table of .eh_frame_hdr: pairs of a function's start and its description, from the header on. */
struct index {
    uintptr_t header;
    uintptr_t entries;
    size_t count;
};

static bool open_index(struct lg_peek *peek, const struct lg_module *module, struct index *index)
{
    struct reader reader = reader_make(peek, module->eh_frame_hdr, module->end);
    uint8_t version, frame_encoding, count_encoding, table_encoding;

    if (module->eh_frame_hdr < module->start)
        return false;
    version = take_u8(&reader);
    frame_encoding = take_u8(&reader);
    count_encoding = take_u8(&reader);
    table_encoding = take_u8(&reader);
    if (reader.failed || version != 1 || count_encoding == OMITTED || table_encoding != (RELATION_HEADER | FORMAT_S4))
        return false;
    if (frame_encoding != OMITTED)
        take_format(&reader, frame_encoding & FORMAT_MASK);
    index->header = module->eh_frame_hdr;
    index->count = (size_t)take_pointer(&reader, count_encoding, module->eh_frame_hdr);
    index->entries = reader.at;
    return !reader.failed && index->count <= (reader.end - reader.at) / (2 * sizeof(int32_t));
}

/* Reads entry `i`; both addresses at once. */
static bool read_entry(struct lg_peek *peek, const struct index *index, size_t i, struct span *entry)
{
    int32_t pair[2];

    if (!lg_peek_copy(peek, pair, index->entries + i * sizeof pair, sizeof pair))
        return false;
    entry->start = index->header + (uintptr_t)(intptr_t)pair[0];
    entry->end = index->header + (uintptr_t)(intptr_t)pair[1];
    return true;
}

/* The description of the function that `address` is in. */
static bool find_description(struct lg_peek *peek, const struct lg_module *module, uintptr_t address,
                             struct description *description)
{
    struct index index;
    struct span entry;
    size_t low = 0, high;

    if (module->eh_frame_hdr == 0 || !open_index(peek, module, &index) || index.count == 0)
        return false;
    high = index.count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (!read_entry(peek, &index, middle, &entry))
            return false;
        if (address >= entry.start)
            low = middle;
        else
            high = middle;
    }
    return read_entry(peek, &index, low, &entry) && read_description(peek, module, entry.end, description) &&
           address >= description->code.start && address < description->code.end;
}

/* The rules hold 32 bits; what does not fit into them is no frame of a real program. */
static int32_t narrow(struct reader *reader, int64_t value)
{
    if (value < INT32_MIN || value > INT32_MAX)
        reader->failed = true;
    return (int32_t)value;
}

static int32_t narrow_unsigned(struct reader *reader, uint64_t value)
{
    if (value > INT32_MAX)
        reader->failed = true;
    return (int32_t)value;
}

static int32_t factored(struct reader *reader, const struct table *table, int64_t value)
{
    int64_t product;

    if (__builtin_mul_overflow(value, table->common->data_align, &product))
        reader->failed = true;
    return narrow(reader, product);
}

static int32_t factored_unsigned(struct reader *reader, const struct table *table, uint64_t value)
{
    return factored(reader, table, narrow_unsigned(reader, value));
}

static void set_rule(struct table *table, uint64_t number, enum place place, int32_t operand)
{
    unsigned i = register_of(number);

    if (i < COUNT)
        table->row.rule[i] = (struct rule){.operand = operand, .place = (uint8_t)place};
}

static void restore_rule(struct table *table, uint64_t number)
{
    unsigned i = register_of(number);

    if (i < COUNT)
        table->row.rule[i] = table->initial.rule[i];
}

static void set_cfa_register(struct reader *reader, struct table *table, uint64_t number)
{
    unsigned i = register_of(number);

    if (i == COUNT)
        reader->failed = true;
    table->row.cfa = (struct rule){.operand = (int32_t)i, .place = IN_REGISTER};
}

/* Skips an expression and returns where it is, its size in front. */
static int32_t take_expression(struct reader *reader, const struct table *table)
{
    int32_t where = narrow_unsigned(reader, reader->at - table->base);

    skip(reader, take_uleb(reader));
    return where;
}

/* Goes to the next row. Returns false when the one that is wanted is complete. */
static bool advance_to(struct table *table, uintptr_t location)
{
    if (location > table->wanted)
        return false;
    table->location = location;
    return true;
}

static bool advance_by(struct reader *reader, struct table *table, uint64_t delta)
{
    uint64_t bytes;
    uintptr_t location;

    if (__builtin_mul_overflow(delta, table->common->code_align, &bytes) ||
        __builtin_add_overflow(table->location, bytes, &location)) {
        reader->failed = true;
        return false;
    }
    return advance_to(table, location);
}

static void remember_row(struct reader *reader, struct table *table)
{
    if (table->remembered_count == REMEMBERED_MAX)
        reader->failed = true;
    else
        table->remembered[table->remembered_count++] = table->row;
}

static void restore_row(struct reader *reader, struct table *table)
{
    if (table->remembered_count == 0)
        reader->failed = true;
    else
        table->row = table->remembered[--table->remembered_count];
}

/* An instruction without an operand in its low bits. Returns false when the row is complete. */
static bool interpret_extended(struct reader *reader, struct table *table, uint8_t code)
{
    struct row *row = &table->row;
    uint64_t number;

    switch ((enum instruction)code) {
    case NOP:
        break;
    case SET_LOCATION:
        return advance_to(table, take_pointer(reader, table->common->encoding, 0));
    case ADVANCE_1:
        return advance_by(reader, table, take_u8(reader));
    case ADVANCE_2:
        return advance_by(reader, table, take_u16(reader));
    case ADVANCE_4:
        return advance_by(reader, table, take_u32(reader));
    case OFFSET_EXTENDED:
        number = take_uleb(reader);
        set_rule(table, number, AT_OFFSET, factored_unsigned(reader, table, take_uleb(reader)));
        break;
    case OFFSET_EXTENDED_SIGNED:
        number = take_uleb(reader);
        set_rule(table, number, AT_OFFSET, factored(reader, table, take_sleb(reader)));
        break;
    case NEGATIVE_OFFSET_EXTENDED:
        number = take_uleb(reader);
        set_rule(table, number, AT_OFFSET,
                 factored(reader, table, -(int64_t)narrow_unsigned(reader, take_uleb(reader))));
        break;
    case VALUE_OFFSET:
        number = take_uleb(reader);
        set_rule(table, number, IS_OFFSET, factored_unsigned(reader, table, take_uleb(reader)));
        break;
    case VALUE_OFFSET_SIGNED:
        number = take_uleb(reader);
        set_rule(table, number, IS_OFFSET, factored(reader, table, take_sleb(reader)));
        break;
    case RESTORE_EXTENDED:
        restore_rule(table, take_uleb(reader));
        break;
    case UNDEFINED:
        set_rule(table, take_uleb(reader), LOST, 0);
        break;
    case SAME_VALUE:
        set_rule(table, take_uleb(reader), UNCHANGED, 0);
        break;
    case REGISTER:
        number = take_uleb(reader);
        set_rule(table, number, IN_REGISTER, (int32_t)register_of(take_uleb(reader)));
        break;
    case EXPRESSION:
        number = take_uleb(reader);
        set_rule(table, number, AT_EXPRESSION, take_expression(reader, table));
        break;
    case VALUE_EXPRESSION:
        number = take_uleb(reader);
        set_rule(table, number, IS_EXPRESSION, take_expression(reader, table));
        break;
    case REMEMBER_STATE:
        remember_row(reader, table);
        break;
    case RESTORE_STATE:
        restore_row(reader, table);
        break;
    case DEFINE_CFA:
        set_cfa_register(reader, table, take_uleb(reader));
        row->cfa_offset = narrow_unsigned(reader, take_uleb(reader));
        break;
    case DEFINE_CFA_SIGNED:
        set_cfa_register(reader, table, take_uleb(reader));
        row->cfa_offset = factored(reader, table, take_sleb(reader));
        break;
    case DEFINE_CFA_REGISTER:
        set_cfa_register(reader, table, take_uleb(reader));
        break;
    case DEFINE_CFA_OFFSET:
        row->cfa_offset = narrow_unsigned(reader, take_uleb(reader));
        break;
    case DEFINE_CFA_OFFSET_SIGNED:
        row->cfa_offset = factored(reader, table, take_sleb(reader));
        break;
    case DEFINE_CFA_EXPRESSION:
        row->cfa = (struct rule){.operand = take_expression(reader, table), .place = IS_EXPRESSION};
        break;
    case NEGATE_RETURN_STATE:
        row->return_is_signed = !row->return_is_signed;
        break;
    case ARGUMENTS_SIZE:
        take_uleb(reader);
        break;
    case ADVANCE:
    case OFFSET:
    case RESTORE:
    default:
        reader->failed = true;
        break;
    }
    return true;
}

/* Returns false when an instruction is not understood. */
static bool interpret(struct table *table, struct lg_peek *peek, struct span instructions)
{
    struct reader reader = reader_make(peek, instructions.start, instructions.end);
    bool more = true;

    while (more && !reader.failed && reader.at < reader.end) {
        uint8_t code = take_u8(&reader);
        uint8_t operand = code & 0x3f;

        switch (code & 0xc0) {
        case ADVANCE:
            more = advance_by(&reader, table, operand);
            break;
        case OFFSET:
            set_rule(table, operand, AT_OFFSET, factored_unsigned(&reader, table, take_uleb(&reader)));
            break;
        case RESTORE:
            restore_rule(table, operand);
            break;
        default:
            more = interpret_extended(&reader, table, code);
            break;
        }
    }
    return !reader.failed;
}

static bool is_known(const struct lg_walk *walk, unsigned i)
{
    return i < COUNT && (walk->known & (1u << i)) != 0;
}

/* A word of the stack: aligned, and not below the frame that it is said to be part of. */
static bool read_word(struct lg_walk *walk, uintptr_t at, uintptr_t *word)
{
    return at % WORD_BYTES == 0 && at >= walk->value[SP] && at >= walk->stack_start && at < walk->stack_end &&
           walk->stack_end - at >= WORD_BYTES && lg_peek_copy(&walk->peek, word, at, WORD_BYTES);
}

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
    if (bits >= 8 * WORD_BYTES)
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

static void push_register(struct lg_walk *walk, struct operands *operands, struct reader *reader, uint8_t code)
{
    unsigned i = register_of((uint64_t)(code - OP_REGISTER_0));
    uintptr_t offset = (uintptr_t)take_sleb(reader);

    if (is_known(walk, i))
        push(operands, walk->value[i] + offset);
    else
        operands->failed = true;
}

/* The others. Returns false when `code` is not known. */
static bool compute_other(struct lg_walk *walk, struct operands *operands, struct reader *reader, uint8_t code)
{
    static const uint8_t constants[] = {FORMAT_U2, FORMAT_S2, FORMAT_U4,   FORMAT_S4,
                                        FORMAT_U8, FORMAT_S8, FORMAT_ULEB, FORMAT_SLEB};
    uintptr_t a, b;

    switch (code) {
    case OP_NO_OPERATION:
        return true;
    case OP_DEREFERENCE:
        a = pop(operands);
        b = 0;
        if (!operands->failed && !read_word(walk, a, &b))
            operands->failed = true;
        push(operands, b);
        return true;
    case OP_CONSTANT_U1:
        push(operands, take_u8(reader));
        return true;
    case OP_CONSTANT_S1:
        push(operands, (uintptr_t)(intptr_t)(int8_t)take_u8(reader));
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
        push(operands, pop(operands) + (uintptr_t)take_uleb(reader));
        return true;
    default:
        if (code < OP_CONSTANT_U2 || code > OP_CONSTANT_SLEB)
            return false;
        push(operands, (uintptr_t)take_format(reader, constants[code - OP_CONSTANT_U2]));
        return true;
    }
}

/* Evaluates the expression at `where` in `module`, on a stack that holds `first` unless that is NULL. */
static bool evaluate(struct lg_walk *walk, const struct lg_module *module, int32_t where, const uintptr_t *first,
                     uintptr_t *result)
{
    struct reader reader = reader_make(&walk->peek, module->start + (uintptr_t)where, module->end);
    struct operands operands = {.count = 0};
    uint64_t size = take_uleb(&reader);
    struct span span = take_span(&reader, size);

    if (reader.failed || size > EXPRESSION_BYTES_MAX)
        return false;
    reader = reader_make(&walk->peek, span.start, span.end);
    if (first != NULL)
        push(&operands, *first);
    while (reader.at < reader.end && !reader.failed && !operands.failed) {
        uint8_t code = take_u8(&reader);

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

/* The canonical frame address: where the stack pointer will be after the return. */
static bool find_cfa(struct lg_walk *walk, const struct lg_module *module, const struct row *row, uintptr_t *cfa)
{
    if (row->cfa.place == IS_EXPRESSION)
        return evaluate(walk, module, row->cfa.operand, NULL, cfa);
    if (row->cfa.place != IN_REGISTER || !is_known(walk, (unsigned)row->cfa.operand))
        return false;
    *cfa = walk->value[row->cfa.operand] + (uintptr_t)(intptr_t)row->cfa_offset;
    return true;
}

/* The caller's value of register `i`. Returns false where it cannot be had. */
static bool find_value(struct lg_walk *walk, const struct lg_module *module, const struct row *row, uintptr_t cfa,
                       unsigned i, uintptr_t *value)
{
    const struct rule *rule = &row->rule[i];
    uintptr_t offset = (uintptr_t)(intptr_t)rule->operand;
    uintptr_t at;

    switch ((enum place)rule->place) {
    case UNCHANGED:
        if (i == SP)
            *value = cfa;
        else
            *value = walk->value[i];
        return i == SP || is_known(walk, i);
    case AT_OFFSET:
        return read_word(walk, cfa + offset, value);
    case IS_OFFSET:
        *value = cfa + offset;
        return true;
    case IN_REGISTER:
        if (!is_known(walk, (unsigned)rule->operand))
            return false;
        *value = walk->value[rule->operand];
        return true;
    case AT_EXPRESSION:
        return evaluate(walk, module, rule->operand, &cfa, &at) && read_word(walk, at, value);
    case IS_EXPRESSION:
        return evaluate(walk, module, rule->operand, &cfa, value);
    case LOST:
    default:
        return false;
    }
}

/* Up is where the callers are. A function that was interrupted before it touched the stack has no frame yet. */
static bool is_upwards(const struct lg_walk *walk, uintptr_t sp)
{
    if (sp % WORD_BYTES != 0)
        return false;
#if defined(__aarch64__)
    if (walk->is_interrupted && sp == walk->value[SP])
        return true;
#endif
    return sp > walk->value[SP];
}

static uintptr_t without_signature(uintptr_t address, bool is_signed)
{
#if defined(__aarch64__)
    if (is_signed) {
        register uintptr_t x30 __asm__("x30") = address;
        /* xpaclri, which is a no-operation where there are no signatures. */
        __asm__("hint 7" : "+r"(x30));
        return x30;
    }
#endif
    (void)is_signed;
    return address;
}

/* Replaces the registers in `walk` by those of the caller. */
static bool apply(struct lg_walk *walk, const struct lg_module *module, const struct row *row)
{
    uintptr_t value[COUNT];
    uint32_t known = 0;
    uintptr_t cfa;

#if !defined(__aarch64__)
    /* No register holds it: a table that does not say where it is has been cut short. */
    if (row->rule[RETURN].place == UNCHANGED)
        return false;
#endif
    if (!find_cfa(walk, module, row, &cfa))
        return false;
    for (unsigned i = 0; i < COUNT; i++) {
        bool kept = walk->left_signal || i == SP || i == RETURN || (LG_REGISTERS_PRESERVED & (1u << i)) != 0;

        if ((kept || row->rule[i].place != UNCHANGED) && find_value(walk, module, row, cfa, i, &value[i]))
            known |= 1u << i;
        else
            value[i] = 0;
    }
    if ((known & (1u << SP)) == 0 || (known & (1u << RETURN)) == 0 ||
        (!walk->left_signal && !is_upwards(walk, value[SP])))
        return false;
    memcpy(walk->value, value, sizeof value);
    walk->pc = without_signature(value[RETURN], row->return_is_signed);
    walk->is_interrupted = walk->left_signal;
    /* A function that has called another has saved its own return address, if it will return. */
    walk->known = walk->left_signal ? known : known & ~(1u << RETURN);
    return walk->pc != 0;
}

bool lg_walk_step(struct lg_walk *walk, const struct lg_module *module)
{
    struct description description;
    struct table table;
    /* A call may be the last instruction of its function. */
    uintptr_t address = walk->is_interrupted ? walk->pc : walk->pc - 1;

    walk->left_signal = false;
    if (!find_description(&walk->peek, module, address, &description))
        return false;
    walk->left_signal = description.common.is_signal;
    memset(&table.row, 0, sizeof table.row);
    table.common = &description.common;
    table.base = module->start;
    table.wanted = UINTPTR_MAX;
    table.location = description.code.start;
    table.remembered_count = 0;
    if (!interpret(&table, &walk->peek, description.common.instructions))
        return false;
    table.initial = table.row;
    table.location = description.code.start;
    table.wanted = address;
#if !defined(__aarch64__)
    /* Where the tables name the address of the instruction itself, as those of a PLT do. */
    walk->value[RETURN] = walk->pc;
    walk->known |= 1u << RETURN;
#endif
    return interpret(&table, &walk->peek, description.instructions) && apply(walk, module, &table.row);
}

#if defined(__aarch64__)
/* What the kernel puts on the stack of a signal handler, struct rt_sigframe of arch/arm64/kernel/signal.c. */
struct signal_frame {
    siginfo_t info;
    ucontext_t context;
};

/*
 * The trampoline that handlers return to, in the vdso, has no tables since Linux 5.8 (and those that
 * it had named the caller of the interrupted function): it is known by its two instructions.
 */
static bool leave_trampoline(struct lg_walk *walk)
{
    static const uint32_t trampoline[2] = {0xd2801168, 0xd4000001}; /* mov x8, #__NR_rt_sigreturn; svc #0 */
    uint32_t found[2];
    uintptr_t at = walk->value[SP] + offsetof(struct signal_frame, context.uc_mcontext.regs[19]);
    uintptr_t value[COUNT];
    uintptr_t pc;

    if (walk->is_interrupted || !lg_peek_copy(&walk->peek, found, walk->pc, sizeof found) ||
        memcmp(found, trampoline, sizeof found) != 0)
        return false;
    /* x19 to x30 and sp, in our order. */
    for (unsigned i = 0; i < COUNT; i++, at += WORD_BYTES) {
        if (!read_word(walk, at, &value[i]))
            return false;
    }
    if (!read_word(walk, at, &pc))
        return false;
    memcpy(walk->value, value, sizeof value);
    walk->known = (1u << COUNT) - 1;
    walk->pc = pc;
    walk->is_interrupted = true;
    walk->left_signal = true;
    return true;
}
#else
static bool leave_trampoline(struct lg_walk *walk)
{
    (void)walk;
    return false; /* it has tables like any function */
}
#endif

/* Finds the module that the walk is in, unless it is still the same one. */
static bool follow_module(struct lg_walk *walk, struct lg_module *module)
{
    uintptr_t address = walk->is_interrupted ? walk->pc : walk->pc - 1;

    if ((address < module->start || address >= module->end) && !lg_module_find(module, address))
        return false;
    return lg_module_is_code(module, &walk->peek, address);
}

static void collect(struct lg_frames *frames, unsigned wanted, struct lg_walk *walk)
{
    struct lg_module module = {0};
    uintptr_t first = frames->address[0];
    bool met_first = false, more = true;

    for (unsigned steps = 0; more && frames->count < wanted && steps < OWN_FRAMES_MAX + 2 * wanted; steps++) {
        uintptr_t address = walk->pc + (walk->is_interrupted ? 1 : 0);

        if (!leave_trampoline(walk)) {
            if (!follow_module(walk, &module))
                return;
            more = lg_walk_step(walk, &module);
        }
        if (met_first && !walk->left_signal)
            frames->address[frames->count++] = address;
        met_first |= address == first;
    }
}

void lg_unwind_collect(struct lg_frames *frames, unsigned wanted)
{
    struct lg_walk walk = {.stack_end = UINTPTR_MAX, .is_interrupted = true};

    if (!lg_module_can_find() || !lg_peek_works())
        return;
#if defined(__x86_64__)
    __asm__ volatile("movq %%rbx, 24(%1)\n\t"
                     "movq %%rbp, 48(%1)\n\t"
                     "movq %%rsp, 56(%1)\n\t"
                     "movq %%r12, 96(%1)\n\t"
                     "movq %%r13, 104(%1)\n\t"
                     "movq %%r14, 112(%1)\n\t"
                     "movq %%r15, 120(%1)\n\t"
                     "leaq 0f(%%rip), %0\n"
                     "0:"
                     : "=&r"(walk.pc)
                     : "r"(walk.value)
                     : "memory");
    walk.known = LG_REGISTERS_PRESERVED | 1u << SP;
#elif defined(__i386__)
    __asm__ volatile("movl %%ebx, 12(%1)\n\t"
                     "movl %%esp, 16(%1)\n\t"
                     "movl %%ebp, 20(%1)\n\t"
                     "movl %%esi, 24(%1)\n\t"
                     "movl %%edi, 28(%1)\n\t"
                     "call 0f\n"
                     "0:\n\t"
                     "popl %0"
                     : "=&r"(walk.pc)
                     : "r"(walk.value)
                     : "memory");
    walk.known = LG_REGISTERS_PRESERVED | 1u << SP;
#elif defined(__aarch64__)
    __asm__ volatile("stp x19, x20, [%1]\n\t"
                     "stp x21, x22, [%1, 16]\n\t"
                     "stp x23, x24, [%1, 32]\n\t"
                     "stp x25, x26, [%1, 48]\n\t"
                     "stp x27, x28, [%1, 64]\n\t"
                     "stp x29, x30, [%1, 80]\n\t"
                     "mov %0, sp\n\t"
                     "str %0, [%1, 96]\n\t"
                     "adr %0, 0f\n"
                     "0:"
                     : "=&r"(walk.pc)
                     : "r"(walk.value)
                     : "memory");
    walk.known = (1u << COUNT) - 1;
#endif
    collect(frames, wanted, &walk);
}
