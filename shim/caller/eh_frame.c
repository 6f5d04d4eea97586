/* SPDX-License-Identifier: MIT */
#include "shim/caller/eh_frame.h"

#include "shim/caller/eh_reader.h"
#include "shim/caller/registers.h"

/* The longest that was found has 60,768 bytes. */
#define ENTRY_BYTES_MAX 65536u

/* .eh_frame_hdr as every linker writes it; `count` pairs of a function's start and its FDE follow. */
struct header {
    uint8_t version;
    uint8_t eh_frame_encoding;
    uint8_t count_encoding;
    uint8_t table_encoding;
    int32_t eh_frame;
    uint32_t count;
};

struct pair {
    int32_t code; /* both relative to the header */
    int32_t fde;
};

static bool find_header(struct lg_safe_pages *pages, const struct lg_module *module, struct header *header)
{
    uintptr_t at = module->eh_frame_hdr;

    return at >= module->tables_start && at < module->tables_end && module->tables_end - at >= sizeof *header &&
           lg_safe_read(pages, header, at, sizeof *header) && header->version == 1 &&
           header->eh_frame_encoding == (DW_EH_PE_pcrel | DW_EH_PE_sdata4) &&
           header->count_encoding == DW_EH_PE_udata4 &&
           header->table_encoding == (DW_EH_PE_datarel | DW_EH_PE_sdata4) &&
           header->count <= (module->tables_end - at - sizeof *header) / sizeof(struct pair);
}

/* The last FDE of the table whose function starts at or before `address`; 0: none. */
static uintptr_t search_table(struct lg_safe_pages *pages, const struct lg_module *module, uintptr_t address)
{
    uintptr_t base = module->eh_frame_hdr, fde = 0;
    struct header header;
    size_t low = 0, high;

    if (!find_header(pages, module, &header))
        return 0;
    high = header.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct pair pair;

        if (!lg_safe_read(pages, &pair, base + sizeof header + middle * sizeof pair, sizeof pair))
            return 0;
        if (address < base + (uintptr_t)(intptr_t)pair.code) {
            high = middle;
        } else {
            low = middle + 1;
            fde = base + (uintptr_t)(intptr_t)pair.fde;
        }
    }
    return fde;
}

/* Opens the CIE or FDE at `at`: what follows its length, up to its end. */
static struct lg_eh_reader open_entry(struct lg_safe_pages *pages, const struct lg_module *module, uintptr_t at)
{
    struct lg_eh_reader reader = lg_eh_reader_make(pages, at, module->tables_end);
    uint32_t size_bytes;

    reader.failed |= at < module->tables_start;
    size_bytes = lg_eh_read_u32(&reader);
    /* 0 ends the section; all ones announce the 64-bit format, which nobody writes. */
    if (size_bytes == 0 || size_bytes > ENTRY_BYTES_MAX || reader.failed || size_bytes > reader.end - reader.at)
        reader.failed = true;
    else
        reader.end = reader.at + size_bytes;
    return reader;
}

/* Skips the pointer to the personality routine. */
static void skip_pointer(struct lg_eh_reader *reader)
{
    switch (lg_eh_read_u8(reader) & 7) { /* without the sign */
    case DW_EH_PE_absptr:
        lg_eh_skip(reader, sizeof(uintptr_t));
        break;
    case DW_EH_PE_udata4:
        lg_eh_skip(reader, 4);
        break;
    case DW_EH_PE_udata8:
        lg_eh_skip(reader, 8);
        break;
    default:
        reader->failed = true;
    }
}

/* Reads the augmentation data, one field for each letter behind the z. */
static void read_augmentation(struct lg_eh_reader *reader, struct lg_eh_reader letters, struct lg_cie *cie)
{
    uint64_t size_bytes = lg_eh_read_uleb(reader);
    struct lg_eh_reader data = *reader;
    uint8_t letter;

    lg_eh_skip(reader, size_bytes);
    data.end = reader->at;
    while ((letter = lg_eh_read_u8(&letters)) != '\0' && !data.failed) {
        switch (letter) {
        case 'R':
            cie->pointer_encoding = lg_eh_read_u8(&data);
            break;
        case 'P':
            skip_pointer(&data);
            break;
        case 'L': /* the encoding of a pointer that unwinding does not need */
            lg_eh_read_u8(&data);
            break;
        case 'S':
            cie->is_signal_frame = true;
            break;
        case 'B': /* aarch64: return addresses are signed with the B key, which is stripped as the A key is */
            break;
        default:
            data.failed = true;
        }
    }
    reader->failed |= data.failed || letters.failed;
}

static bool read_cie(struct lg_safe_pages *pages, const struct lg_module *module, uintptr_t at, struct lg_cie *cie)
{
    struct lg_eh_reader reader = open_entry(pages, module, at), letters;
    uint32_t id = lg_eh_read_u32(&reader);
    uint8_t version = lg_eh_read_u8(&reader);
    uint64_t code_alignment, return_number;
    int64_t data_alignment;

    *cie = (struct lg_cie){.pointer_encoding = DW_EH_PE_absptr};
    if (id != 0 || (version != 1 && version != 3) || lg_eh_read_u8(&reader) != 'z')
        return false;
    letters = reader;
    while (lg_eh_read_u8(&reader) != '\0')
        ;
    code_alignment = lg_eh_read_uleb(&reader);
    data_alignment = lg_eh_read_sleb(&reader);
    return_number = version == 1 ? lg_eh_read_u8(&reader) : lg_eh_read_uleb(&reader);
    if (code_alignment > UINT8_MAX || data_alignment != (int32_t)data_alignment ||
        lg_register_index(return_number) != LG_REGISTER_RETURN)
        return false;
    cie->code_alignment = (uint8_t)code_alignment;
    cie->data_alignment = (int32_t)data_alignment;
    read_augmentation(&reader, letters, cie);
    cie->instructions = (struct lg_span){reader.at, reader.end};
    return !reader.failed;
}

/* A code address. All that occur have four bytes, and are relative to where they are or, in executables, absolute. */
static uintptr_t read_code_address(struct lg_eh_reader *reader, uint8_t encoding)
{
    uintptr_t here = reader->at;
    uint32_t value = lg_eh_read_u32(reader);

    if (encoding == (DW_EH_PE_pcrel | DW_EH_PE_sdata4))
        return here + (uintptr_t)(intptr_t)(int32_t)value;
    reader->failed |= encoding != DW_EH_PE_udata4;
    return value;
}

static bool read_fde(struct lg_safe_pages *pages, const struct lg_module *module, uintptr_t at, struct lg_fde *fde)
{
    struct lg_eh_reader reader = open_entry(pages, module, at);
    uintptr_t here = reader.at;
    uint32_t cie_distance = lg_eh_read_u32(&reader);

    if (reader.failed || cie_distance == 0 || !read_cie(pages, module, here - cie_distance, &fde->cie))
        return false;
    fde->code.start = read_code_address(&reader, fde->cie.pointer_encoding);
    fde->code.end = fde->code.start + lg_eh_read_u32(&reader);
    lg_eh_skip(&reader, lg_eh_read_uleb(&reader)); /* augmentation data */
    fde->instructions = (struct lg_span){reader.at, reader.end};
    return !reader.failed;
}

bool lg_fde_find(struct lg_safe_pages *pages, const struct lg_module *module, uintptr_t address, struct lg_fde *fde)
{
    uintptr_t at = search_table(pages, module, address);

    return at != 0 && read_fde(pages, module, at, fde) && address >= fde->code.start && address < fde->code.end;
}
