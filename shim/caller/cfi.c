/* SPDX-License-Identifier: MIT */
#include "shim/caller/cfi.h"

#include "shim/caller/eh_reader.h"

/* The call frame instructions that occur, DWARF 5 section 7.24. The first three have an operand in their low six bits.
 */
enum {
    DW_CFA_advance_loc = 0x40,
    DW_CFA_offset = 0x80,
    DW_CFA_restore = 0xc0,
    DW_CFA_nop = 0x00,
    DW_CFA_advance_loc1 = 0x02,
    DW_CFA_advance_loc2 = 0x03,
    DW_CFA_advance_loc4 = 0x04,
    DW_CFA_offset_extended = 0x05,
    DW_CFA_restore_extended = 0x06,
    DW_CFA_undefined = 0x07,
    DW_CFA_same_value = 0x08,
    DW_CFA_register = 0x09,
    DW_CFA_remember_state = 0x0a,
    DW_CFA_restore_state = 0x0b,
    DW_CFA_def_cfa = 0x0c,
    DW_CFA_def_cfa_register = 0x0d,
    DW_CFA_def_cfa_offset = 0x0e,
    DW_CFA_def_cfa_expression = 0x0f,
    DW_CFA_expression = 0x10,
    DW_CFA_offset_extended_sf = 0x11,
    DW_CFA_def_cfa_offset_sf = 0x13,
    DW_CFA_AARCH64_negate_ra_state = 0x2d,
    DW_CFA_GNU_args_size = 0x2e
};

/* The state of the machine that runs the instructions. */
struct table {
    const struct lg_cie *cie;
    uintptr_t tables_start;
    uint64_t wanted;   /* the address whose row is wanted, and the one that the row is for so far, */
    uint64_t location; /* both in bytes from the start of the function */
    struct lg_cfi_row *row;
    struct lg_cfi_row initial;    /* the row that the CIE's instructions make */
    struct lg_cfi_row remembered; /* one is enough: no compiler remembers a second before it restores the first */
    bool has_remembered;
};

/* Reads an offset in units of `factor`. What does not fit into 32 bits is no frame of a real program. */
static int32_t read_offset(struct lg_eh_reader *reader, bool is_signed, int32_t factor)
{
    int64_t value = is_signed ? lg_eh_read_sleb(reader) : (int64_t)lg_eh_read_uleb(reader);
    int32_t offset = 0;

    if (value != (int32_t)value || __builtin_mul_overflow((int32_t)value, factor, &offset))
        reader->failed = true;
    return offset;
}

static void set_rule(struct table *table, uint64_t number, enum lg_cfi_rule_kind kind, int32_t operand)
{
    unsigned i = lg_register_index(number);

    if (i < LG_REGISTER_COUNT)
        table->row->rule[i] = (struct lg_cfi_rule){.operand = operand, .kind = (uint8_t)kind};
}

static void restore_rule(struct table *table, uint64_t number)
{
    unsigned i = lg_register_index(number);

    if (i < LG_REGISTER_COUNT)
        table->row->rule[i] = table->initial.rule[i];
}

/* A register that is not among ours is accepted here: it is not known when the CFA is computed. */
static void set_cfa_register(struct table *table, uint64_t number)
{
    table->row->cfa = (struct lg_cfi_rule){.operand = (int32_t)lg_register_index(number), .kind = LG_RULE_REGISTER};
}

/* Skips an expression. Returns where it is, its length in front, from the start of the tables. */
static int32_t read_expression(struct lg_eh_reader *reader, const struct table *table)
{
    uintptr_t distance = reader->at - table->tables_start;

    lg_eh_skip(reader, lg_eh_read_uleb(reader));
    reader->failed |= distance > INT32_MAX;
    return (int32_t)distance;
}

/* Moves on in the function. Returns false when the row is complete, because the next one is behind what is wanted. */
static bool advance(struct table *table, uint32_t delta)
{
    table->location += (uint64_t)delta * table->cie->code_alignment;
    return table->location <= table->wanted;
}

static void remember_state(struct lg_eh_reader *reader, struct table *table)
{
    reader->failed |= table->has_remembered;
    table->remembered = *table->row;
    table->has_remembered = true;
}

static void restore_state(struct lg_eh_reader *reader, struct table *table)
{
    reader->failed |= !table->has_remembered;
    *table->row = table->remembered;
    table->has_remembered = false;
}

/* Executes an instruction that has no operand in its low bits. Returns false when the row is complete. */
static bool execute_extended(struct lg_eh_reader *reader, struct table *table, uint8_t instruction)
{
    struct lg_cfi_row *row = table->row;
    uint64_t number;

    switch (instruction) {
    case DW_CFA_nop:
        break;
    case DW_CFA_advance_loc1:
        return advance(table, lg_eh_read_u8(reader));
    case DW_CFA_advance_loc2:
        return advance(table, lg_eh_read_u16(reader));
    case DW_CFA_advance_loc4:
        return advance(table, lg_eh_read_u32(reader));
    case DW_CFA_offset_extended:
    case DW_CFA_offset_extended_sf:
        number = lg_eh_read_uleb(reader);
        set_rule(table, number, LG_RULE_OFFSET,
                 read_offset(reader, instruction == DW_CFA_offset_extended_sf, table->cie->data_alignment));
        break;
    case DW_CFA_restore_extended:
        restore_rule(table, lg_eh_read_uleb(reader));
        break;
    case DW_CFA_undefined:
        set_rule(table, lg_eh_read_uleb(reader), LG_RULE_UNDEFINED, 0);
        break;
    case DW_CFA_same_value:
        set_rule(table, lg_eh_read_uleb(reader), LG_RULE_SAME_VALUE, 0);
        break;
    case DW_CFA_register:
        number = lg_eh_read_uleb(reader);
        set_rule(table, number, LG_RULE_REGISTER, (int32_t)lg_register_index(lg_eh_read_uleb(reader)));
        break;
    case DW_CFA_expression:
        number = lg_eh_read_uleb(reader);
        set_rule(table, number, LG_RULE_EXPRESSION, read_expression(reader, table));
        break;
    case DW_CFA_remember_state:
        remember_state(reader, table);
        break;
    case DW_CFA_restore_state:
        restore_state(reader, table);
        break;
    case DW_CFA_def_cfa:
        set_cfa_register(table, lg_eh_read_uleb(reader));
        row->cfa_offset = read_offset(reader, false, 1);
        break;
    case DW_CFA_def_cfa_register:
        set_cfa_register(table, lg_eh_read_uleb(reader));
        break;
    case DW_CFA_def_cfa_offset:
        row->cfa_offset = read_offset(reader, false, 1);
        break;
    case DW_CFA_def_cfa_offset_sf:
        row->cfa_offset = read_offset(reader, true, table->cie->data_alignment);
        break;
    case DW_CFA_def_cfa_expression:
        row->cfa = (struct lg_cfi_rule){.operand = read_expression(reader, table), .kind = LG_RULE_EXPRESSION};
        break;
    case DW_CFA_AARCH64_negate_ra_state:
        row->return_is_signed = !row->return_is_signed;
        break;
    case DW_CFA_GNU_args_size:
        lg_eh_read_uleb(reader);
        break;
    default:
        reader->failed = true;
    }
    return true;
}

/* Executes instructions up to the wanted row. Returns false when one is not understood. */
static bool execute(struct table *table, struct lg_safe_pages *pages, struct lg_span instructions)
{
    struct lg_eh_reader reader = lg_eh_reader_make(pages, instructions.start, instructions.end);
    bool more = true;

    table->location = 0;
    while (more && !reader.failed && reader.at < reader.end) {
        uint8_t instruction = lg_eh_read_u8(&reader);
        uint8_t operand = instruction & 0x3f;

        switch (instruction & 0xc0) {
        case DW_CFA_advance_loc:
            more = advance(table, operand);
            break;
        case DW_CFA_offset:
            set_rule(table, operand, LG_RULE_OFFSET, read_offset(&reader, false, table->cie->data_alignment));
            break;
        case DW_CFA_restore:
            restore_rule(table, operand);
            break;
        default:
            more = execute_extended(&reader, table, instruction);
        }
    }
    return !reader.failed;
}

bool lg_cfi_row_find(struct lg_safe_pages *pages, const struct lg_module *module, const struct lg_fde *fde,
                     uintptr_t address, struct lg_cfi_row *row)
{
    struct table table = {.cie = &fde->cie, .tables_start = module->tables_start, .wanted = UINT64_MAX, .row = row};

    *row = (struct lg_cfi_row){.cfa_offset = 0};
    if (!execute(&table, pages, fde->cie.instructions))
        return false;
    table.initial = *row;
    table.wanted = address - fde->code.start;
    return execute(&table, pages, fde->instructions);
}
