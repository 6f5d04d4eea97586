/* SPDX-License-Identifier: MIT */
#include "shim/caller/eh_frame.h"

#include <string.h>

#include "shim/caller/eh_reader.h"

/* Each is some times what was found in the 60 largest libraries and programs of a Debian system. */
#define DESCRIPTION_BYTES_MAX 65536u
#define REMEMBERED_MAX        2u
#define AUGMENTATION_MAX      8u

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

/* A common information entry. */
struct common {
    uint64_t code_align;
    int64_t data_align;
    struct lg_span instructions;
    uint8_t encoding; /* of the addresses in the description */
    bool has_sizes;   /* augmentation data are preceded by their size */
    bool is_signal;
};

/* What the tables say of one function. */
struct description {
    struct common common;
    struct lg_span code;
    struct lg_span instructions;
};

/* The state of the interpretation of a description. */
struct table {
    const struct common *common;
    uintptr_t base;   /* of the range that the tables are in */
    uintptr_t wanted; /* the address whose row is wanted */
    uintptr_t location;
    struct lg_eh_row *row;
    struct lg_eh_row initial;
    struct lg_eh_row remembered[REMEMBERED_MAX];
    unsigned remembered_count;
};

/* The letters behind the `z` of an augmentation, and the data that they announce. */
static void take_augmentation(struct lg_reader *reader, struct common *common, const char *letters)
{
    uint64_t size = lg_take_uleb(reader);
    struct lg_reader data = *reader;

    lg_take_skip(reader, size);
    if (reader->failed)
        return;
    data.end = reader->at;
    for (; *letters != '\0'; letters++) {
        switch (*letters) {
        case 'R':
            common->encoding = lg_take_u8(&data);
            break;
        case 'P': /* the personality: of no interest, and its value may be relative to anything */
            lg_take_format(&data, lg_take_u8(&data) & LG_FORMAT_MASK);
            break;
        case 'L':
            lg_take_u8(&data);
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

static bool take_letters(struct lg_reader *reader, char letters[AUGMENTATION_MAX])
{
    for (unsigned i = 0; i < AUGMENTATION_MAX; i++) {
        letters[i] = (char)lg_take_u8(reader);
        if (letters[i] == '\0')
            return !reader->failed;
    }
    return false;
}

/* Opens the entry at `at`: what follows its length, up to its end. */
static struct lg_reader open_entry(struct lg_safe_pages *peek, const struct lg_module *module, uintptr_t at)
{
    struct lg_reader reader = lg_reader_make(peek, at, module->tables_end);
    uint32_t size;

    reader.failed |= at < module->tables_start;
    size = lg_take_u32(&reader);
    /* 0 ends the section; all ones announce the 64-bit form, which nobody writes. */
    if (size == 0 || size > DESCRIPTION_BYTES_MAX || reader.failed || size > reader.end - reader.at)
        reader.failed = true;
    else
        reader.end = reader.at + size;
    return reader;
}

static bool read_common(struct lg_safe_pages *peek, const struct lg_module *module, uintptr_t at, struct common *common)
{
    struct lg_reader reader = open_entry(peek, module, at);
    char letters[AUGMENTATION_MAX];
    uint64_t return_number;
    uint8_t version;

    *common = (struct common){.encoding = LG_FORMAT_WORD};
    if (lg_take_u32(&reader) != 0)
        return false; /* a description, not a common entry */
    version = lg_take_u8(&reader);
    if ((version != 1 && version != 3) || !take_letters(&reader, letters))
        return false;
    common->code_align = lg_take_uleb(&reader);
    common->data_align = lg_take_sleb(&reader);
    return_number = version == 1 ? lg_take_u8(&reader) : lg_take_uleb(&reader);
    if (lg_register_of(return_number) != LG_REGISTER_RETURN)
        return false;
    if (letters[0] == 'z') {
        common->has_sizes = true;
        take_augmentation(&reader, common, letters + 1);
    } else if (letters[0] != '\0') {
        return false;
    }
    common->instructions = (struct lg_span){reader.at, reader.end};
    return !reader.failed;
}

static bool read_description(struct lg_safe_pages *peek, const struct lg_module *module, uintptr_t at,
                             struct description *description)
{
    struct lg_reader reader = open_entry(peek, module, at);
    uintptr_t here = reader.at;
    uint32_t distance = lg_take_u32(&reader);
    uint8_t encoding;

    if (reader.failed || distance == 0 || !read_common(peek, module, here - distance, &description->common))
        return false;
    encoding = description->common.encoding;
    description->code.start = lg_take_pointer(&reader, encoding, 0);
    description->code.end = description->code.start + (uintptr_t)lg_take_format(&reader, encoding & LG_FORMAT_MASK);
    if (description->common.has_sizes)
        lg_take_skip(&reader, lg_take_uleb(&reader));
    description->instructions = (struct lg_span){reader.at, reader.end};
    return !reader.failed;
}

/* The sorted table of .eh_frame_hdr: pairs of a function's start and its description, from the header on. */
struct index {
    uintptr_t header;
    uintptr_t entries;
    size_t count;
};

static bool open_index(struct lg_safe_pages *peek, const struct lg_module *module, struct index *index)
{
    struct lg_reader reader = lg_reader_make(peek, module->eh_frame_hdr, module->tables_end);
    uint8_t version, frame_encoding, count_encoding, table_encoding;

    if (module->eh_frame_hdr < module->tables_start)
        return false;
    version = lg_take_u8(&reader);
    frame_encoding = lg_take_u8(&reader);
    count_encoding = lg_take_u8(&reader);
    table_encoding = lg_take_u8(&reader);
    if (reader.failed || version != 1 || count_encoding == LG_OMITTED ||
        table_encoding != (LG_RELATION_HEADER | LG_FORMAT_S4))
        return false;
    if (frame_encoding != LG_OMITTED)
        lg_take_format(&reader, frame_encoding & LG_FORMAT_MASK);
    index->header = module->eh_frame_hdr;
    index->count = (size_t)lg_take_pointer(&reader, count_encoding, module->eh_frame_hdr);
    index->entries = reader.at;
    return !reader.failed && index->count <= (reader.end - reader.at) / (2 * sizeof(int32_t));
}

/* Reads entry `i`; both addresses at once. */
static bool read_entry(struct lg_safe_pages *peek, const struct index *index, size_t i, struct lg_span *entry)
{
    int32_t pair[2];

    if (!lg_safe_read(peek, pair, index->entries + i * sizeof pair, sizeof pair))
        return false;
    entry->start = index->header + (uintptr_t)(intptr_t)pair[0];
    entry->end = index->header + (uintptr_t)(intptr_t)pair[1];
    return true;
}

/* The description of the function that `address` is in. */
static bool find_description(struct lg_safe_pages *peek, const struct lg_module *module, uintptr_t address,
                             struct description *description)
{
    struct index index;
    struct lg_span entry;
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
static int32_t narrow(struct lg_reader *reader, int64_t value)
{
    if (value < INT32_MIN || value > INT32_MAX)
        reader->failed = true;
    return (int32_t)value;
}

static int32_t narrow_unsigned(struct lg_reader *reader, uint64_t value)
{
    if (value > INT32_MAX)
        reader->failed = true;
    return (int32_t)value;
}

static int32_t factored(struct lg_reader *reader, const struct table *table, int64_t value)
{
    int64_t product;

    if (__builtin_mul_overflow(value, table->common->data_align, &product))
        reader->failed = true;
    return narrow(reader, product);
}

static int32_t factored_unsigned(struct lg_reader *reader, const struct table *table, uint64_t value)
{
    return factored(reader, table, narrow_unsigned(reader, value));
}

static void set_rule(struct table *table, uint64_t number, enum lg_eh_place place, int32_t operand)
{
    unsigned i = lg_register_of(number);

    if (i < LG_REGISTER_COUNT)
        table->row->rule[i] = (struct lg_eh_rule){.operand = operand, .place = (uint8_t)place};
}

static void restore_rule(struct table *table, uint64_t number)
{
    unsigned i = lg_register_of(number);

    if (i < LG_REGISTER_COUNT)
        table->row->rule[i] = table->initial.rule[i];
}

static void set_cfa_register(struct lg_reader *reader, struct table *table, uint64_t number)
{
    unsigned i = lg_register_of(number);

    if (i == LG_REGISTER_COUNT)
        reader->failed = true;
    table->row->cfa = (struct lg_eh_rule){.operand = (int32_t)i, .place = LG_IN_REGISTER};
}

/* Skips an expression and returns where it is, its size in front. */
static int32_t take_expression(struct lg_reader *reader, const struct table *table)
{
    int32_t where = narrow_unsigned(reader, reader->at - table->base);

    lg_take_skip(reader, lg_take_uleb(reader));
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

static bool advance_by(struct lg_reader *reader, struct table *table, uint64_t delta)
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

static void remember_row(struct lg_reader *reader, struct table *table)
{
    if (table->remembered_count == REMEMBERED_MAX)
        reader->failed = true;
    else
        table->remembered[table->remembered_count++] = *table->row;
}

static void restore_row(struct lg_reader *reader, struct table *table)
{
    if (table->remembered_count == 0)
        reader->failed = true;
    else
        *table->row = table->remembered[--table->remembered_count];
}

/* An instruction without an operand in its low bits. Returns false when the row is complete. */
static bool interpret_extended(struct lg_reader *reader, struct table *table, uint8_t code)
{
    struct lg_eh_row *row = table->row;
    uint64_t number;

    switch ((enum instruction)code) {
    case NOP:
        break;
    case SET_LOCATION:
        return advance_to(table, lg_take_pointer(reader, table->common->encoding, 0));
    case ADVANCE_1:
        return advance_by(reader, table, lg_take_u8(reader));
    case ADVANCE_2:
        return advance_by(reader, table, lg_take_u16(reader));
    case ADVANCE_4:
        return advance_by(reader, table, lg_take_u32(reader));
    case OFFSET_EXTENDED:
        number = lg_take_uleb(reader);
        set_rule(table, number, LG_AT_OFFSET, factored_unsigned(reader, table, lg_take_uleb(reader)));
        break;
    case OFFSET_EXTENDED_SIGNED:
        number = lg_take_uleb(reader);
        set_rule(table, number, LG_AT_OFFSET, factored(reader, table, lg_take_sleb(reader)));
        break;
    case NEGATIVE_OFFSET_EXTENDED:
        number = lg_take_uleb(reader);
        set_rule(table, number, LG_AT_OFFSET,
                 factored(reader, table, -(int64_t)narrow_unsigned(reader, lg_take_uleb(reader))));
        break;
    case VALUE_OFFSET:
        number = lg_take_uleb(reader);
        set_rule(table, number, LG_IS_OFFSET, factored_unsigned(reader, table, lg_take_uleb(reader)));
        break;
    case VALUE_OFFSET_SIGNED:
        number = lg_take_uleb(reader);
        set_rule(table, number, LG_IS_OFFSET, factored(reader, table, lg_take_sleb(reader)));
        break;
    case RESTORE_EXTENDED:
        restore_rule(table, lg_take_uleb(reader));
        break;
    case UNDEFINED:
        set_rule(table, lg_take_uleb(reader), LG_LOST, 0);
        break;
    case SAME_VALUE:
        set_rule(table, lg_take_uleb(reader), LG_UNCHANGED, 0);
        break;
    case REGISTER:
        number = lg_take_uleb(reader);
        set_rule(table, number, LG_IN_REGISTER, (int32_t)lg_register_of(lg_take_uleb(reader)));
        break;
    case EXPRESSION:
        number = lg_take_uleb(reader);
        set_rule(table, number, LG_AT_EXPRESSION, take_expression(reader, table));
        break;
    case VALUE_EXPRESSION:
        number = lg_take_uleb(reader);
        set_rule(table, number, LG_IS_EXPRESSION, take_expression(reader, table));
        break;
    case REMEMBER_STATE:
        remember_row(reader, table);
        break;
    case RESTORE_STATE:
        restore_row(reader, table);
        break;
    case DEFINE_CFA:
        set_cfa_register(reader, table, lg_take_uleb(reader));
        row->cfa_offset = narrow_unsigned(reader, lg_take_uleb(reader));
        break;
    case DEFINE_CFA_SIGNED:
        set_cfa_register(reader, table, lg_take_uleb(reader));
        row->cfa_offset = factored(reader, table, lg_take_sleb(reader));
        break;
    case DEFINE_CFA_REGISTER:
        set_cfa_register(reader, table, lg_take_uleb(reader));
        break;
    case DEFINE_CFA_OFFSET:
        row->cfa_offset = narrow_unsigned(reader, lg_take_uleb(reader));
        break;
    case DEFINE_CFA_OFFSET_SIGNED:
        row->cfa_offset = factored(reader, table, lg_take_sleb(reader));
        break;
    case DEFINE_CFA_EXPRESSION:
        row->cfa = (struct lg_eh_rule){.operand = take_expression(reader, table), .place = LG_IS_EXPRESSION};
        break;
    case NEGATE_RETURN_STATE:
        row->return_is_signed = !row->return_is_signed;
        break;
    case ARGUMENTS_SIZE:
        lg_take_uleb(reader);
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
static bool interpret(struct table *table, struct lg_safe_pages *peek, struct lg_span instructions)
{
    struct lg_reader reader = lg_reader_make(peek, instructions.start, instructions.end);
    bool more = true;

    while (more && !reader.failed && reader.at < reader.end) {
        uint8_t code = lg_take_u8(&reader);
        uint8_t operand = code & 0x3f;

        switch (code & 0xc0) {
        case ADVANCE:
            more = advance_by(&reader, table, operand);
            break;
        case OFFSET:
            set_rule(table, operand, LG_AT_OFFSET, factored_unsigned(&reader, table, lg_take_uleb(&reader)));
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

bool lg_eh_frame_row(struct lg_safe_pages *peek, const struct lg_module *module, uintptr_t address,
                     struct lg_eh_row *row, bool *is_signal)
{
    struct description description;
    struct table table;

    *is_signal = false;
    if (!find_description(peek, module, address, &description))
        return false;
    *is_signal = description.common.is_signal;
    memset(row, 0, sizeof *row);
    table.row = row;
    table.common = &description.common;
    table.base = module->tables_start;
    table.wanted = UINTPTR_MAX;
    table.location = description.code.start;
    table.remembered_count = 0;
    if (!interpret(&table, peek, description.common.instructions))
        return false;
    table.initial = *row;
    table.location = description.code.start;
    table.wanted = address;
    return interpret(&table, peek, description.instructions);
}
