/* SPDX-License-Identifier: MIT */
/*
 * What is read of /proc and of another process's memory, on bytes that may be anybody's: no read outside, and what is
 * found lies in the input. The first byte only chooses the class of the auxiliary vector.
 *
 * links: shim/command/processes/lines.c shim/command/processes/visible.c
 */
#include <stdlib.h>
#include <string.h>

#include "policy/text.h"
#include "shim/command/processes/lines.h"
#include "shim/command/processes/mapped.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void require_inside(struct lg_text part, struct lg_text whole)
{
    require(part.at == NULL || (part.at >= whole.at && lg_text_end(part) <= lg_text_end(whole)));
}

static void read_maps(struct lg_text all)
{
    struct lg_text rest = all, line;
    struct lg_mapping mapping;

    while (lg_line_next(&rest, &line)) {
        require_inside(line, all);
        require(memchr(line.at, '\n', line.length_bytes) == NULL);
        if (!lg_mapping_parse(line, &mapping))
            continue;
        require(mapping.start <= mapping.end);
        require_inside(mapping.path, line);
    }
}

static void read_texts(struct lg_text all)
{
    struct lg_text unit = lg_cgroup_unit(all), value = lg_environ_value(all, "LD_PRELOAD");
    uint32_t numbers[4];
    uint64_t ticks;

    require_inside(unit, all);
    require(unit.at == NULL || (unit.length_bytes > 0 && memchr(unit.at, '/', unit.length_bytes) == NULL));
    require_inside(value, all);
    require(value.at == NULL || memchr(value.at, '\0', value.length_bytes) == NULL);
    lg_stat_start(all, &ticks);
    require(lg_status_numbers(all, "Uid:", numbers, 4) <= 4);
}

static void read_bytes(struct lg_text all)
{
    struct lg_visible visible;
    uint64_t value;

    if (all.length_bytes > 0)
        lg_auxv_value(all, all.at[0] & 1 ? 32 : 64, 23, &value);
    if (!lg_visible_find(all, &visible))
        return;
    require(strlen(visible.name) < sizeof visible.name && strlen(visible.log) < sizeof visible.log);
    require(strlen(visible.drainer) < sizeof visible.drainer);
    require(lg_byte_is_digit(lg_visible_version(&visible)[0]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct lg_text all = {(const char *)data, size};

    read_maps(all);
    read_texts(all);
    read_bytes(all);
    return 0;
}
