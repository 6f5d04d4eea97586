/* SPDX-License-Identifier: MIT */
#include "policy/address.h"
#include "policy/print.h"
#include "policy/put.h"

static void put_ipv4(const struct lg_out *out, const uint8_t *bytes)
{
    for (unsigned i = 0; i < 4; i++) {
        if (i > 0)
            lg_put_word(out, ".");
        lg_put_number(out, bytes[i]);
    }
}

static unsigned group_at(const uint8_t *bytes, unsigned i)
{
    return (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1];
}

static unsigned zeros_from(const uint8_t *bytes, unsigned start)
{
    unsigned count = 0;

    while (start + count < 8 && group_at(bytes, start + count) == 0)
        count++;
    return count;
}

/* RFC 5952 section 4.2: `::` for the longest run of two or more zero groups, the first of equals. */
static void put_ipv6(const struct lg_out *out, const uint8_t *bytes)
{
    unsigned gap = 8, gap_length = 1;

    for (unsigned i = 0; i < 8; i++) {
        if (zeros_from(bytes, i) > gap_length) {
            gap = i;
            gap_length = zeros_from(bytes, i);
        }
    }
    lg_put_word(out, "[");
    for (unsigned i = 0; i < 8;) {
        if (i == gap) {
            lg_put_word(out, "::");
            i += gap_length;
            continue;
        }
        if (i > 0 && i != gap + gap_length)
            lg_put_word(out, ":");
        lg_put_hex(out, group_at(bytes, i++));
    }
    lg_put_word(out, "]");
}

static void put_ip(const struct lg_out *out, unsigned family, const uint8_t *bytes)
{
    if (family == 4)
        put_ipv4(out, bytes);
    else if (family == 6)
        put_ipv6(out, bytes);
}

void lg_address_print(const struct lg_address *address, lg_put_fn *put, void *context)
{
    struct lg_out out = {put, context};
    struct lg_address shown = lg_address_unmapped(address);

    if (shown.family != 4 && shown.family != 6)
        return;
    put_ip(&out, shown.family, shown.bytes);
    if (shown.port == 0)
        return;
    lg_put_word(&out, ":");
    lg_put_number(&out, shown.port);
}

void lg_address_match_print(const struct lg_address_match *match, lg_put_fn *put, void *context)
{
    struct lg_out out = {put, context};

    put_ip(&out, match->family, match->bytes);
    if (match->family != 0 && match->prefix_bits != (match->family == 4 ? 32 : 128)) {
        lg_put_word(&out, "/");
        lg_put_number(&out, match->prefix_bits);
    }
    if (!match->has_port)
        return;
    lg_put_word(&out, ":");
    lg_put_number(&out, match->port_min);
    if (match->port_max == match->port_min)
        return;
    lg_put_word(&out, "-");
    lg_put_number(&out, match->port_max);
}
