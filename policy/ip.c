/* SPDX-License-Identifier: MIT */
#include "policy/address.h"
#include "policy/number.h"
#include "policy/text.h"

enum lg_problem lg_ipv4_parse(struct lg_text text, uint8_t *bytes)
{
    for (unsigned i = 0; i < 4; i++) {
        size_t digits = lg_digits_count(text);
        uint32_t octet;

        if (digits > 1 && text.at[0] == '0')
            return LG_PROBLEM_ADDRESS_ZERO;
        if (!lg_number_parse(lg_text_make(text.at, digits), &octet) || octet > 255)
            return LG_PROBLEM_ADDRESS_IPV4;
        bytes[i] = (uint8_t)octet;
        text = lg_text_skip(text, digits);
        if (i == 3)
            break;
        if (text.length_bytes == 0 || text.at[0] != '.')
            return LG_PROBLEM_ADDRESS_IPV4;
        text = lg_text_skip(text, 1);
    }
    return text.length_bytes == 0 ? LG_PROBLEM_NONE : LG_PROBLEM_ADDRESS_IPV4;
}

/* An IPv6 address while it is read: what stands before and behind the `::`. */
struct ipv6 {
    uint8_t bytes[16];
    size_t count; /* bytes that were written out */
    size_t gap;   /* where the `::` stood, in bytes */
    bool has_gap;
};

static int hex_value(char byte)
{
    char lower = lg_byte_to_lower(byte);

    if (lg_byte_is_digit(byte))
        return byte - '0';
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Takes one group of at most four hex digits off the front of `text`. */
static bool take_group(struct lg_text *text, struct ipv6 *ipv6)
{
    unsigned group = 0;
    size_t digits = 0;

    while (digits < text->length_bytes && digits <= 4 && hex_value(text->at[digits]) >= 0)
        group = group << 4 | (unsigned)hex_value(text->at[digits++]);
    if (digits == 0 || digits > 4 || ipv6->count > 14)
        return false;
    ipv6->bytes[ipv6->count] = (uint8_t)(group >> 8);
    ipv6->bytes[ipv6->count + 1] = (uint8_t)(group & 0xff);
    ipv6->count += 2;
    *text = lg_text_skip(*text, digits);
    return true;
}

/* A dotted quad may stand for the last two groups, and is the rest of the text. */
static bool take_quad(struct lg_text *text, struct ipv6 *ipv6)
{
    if (ipv6->count > 12 || lg_ipv4_parse(*text, ipv6->bytes + ipv6->count) != LG_PROBLEM_NONE)
        return false;
    ipv6->count += 4;
    *text = lg_text_skip(*text, text->length_bytes);
    return true;
}

/* Takes the colons between two groups; they must not be the end of the text unless they are `::`. */
static bool take_colons(struct lg_text *text, struct ipv6 *ipv6)
{
    if (text->at[0] != ':')
        return false;
    *text = lg_text_skip(*text, 1);
    if (text->length_bytes == 0 || text->at[0] != ':')
        return text->length_bytes > 0;
    if (ipv6->has_gap)
        return false;
    ipv6->has_gap = true;
    ipv6->gap = ipv6->count;
    *text = lg_text_skip(*text, 1);
    return true;
}

static bool take_groups(struct lg_text text, struct ipv6 *ipv6)
{
    if (text.length_bytes > 0 && text.at[0] == ':' && (!take_colons(&text, ipv6) || !ipv6->has_gap))
        return false;
    while (text.length_bytes > 0) {
        bool is_quad = lg_digits_count(text) < text.length_bytes && text.at[lg_digits_count(text)] == '.';

        if (is_quad ? !take_quad(&text, ipv6) : !take_group(&text, ipv6))
            return false;
        if (text.length_bytes > 0 && !take_colons(&text, ipv6))
            return false;
    }
    /* RFC 4291 section 2.2: `::` is one or more groups of zeros. */
    return ipv6->has_gap ? ipv6->count <= 14 : ipv6->count == 16;
}

bool lg_ipv6_parse(struct lg_text text, uint8_t *bytes)
{
    struct ipv6 ipv6 = {.has_gap = false};
    size_t tail_bytes;

    if (!take_groups(text, &ipv6))
        return false;
    if (!ipv6.has_gap)
        ipv6.gap = ipv6.count;
    tail_bytes = ipv6.count - ipv6.gap;
    memset(bytes, 0, sizeof(ipv6.bytes));
    memcpy(bytes, ipv6.bytes, ipv6.gap);
    memcpy(bytes + sizeof(ipv6.bytes) - tail_bytes, ipv6.bytes + ipv6.gap, tail_bytes);
    return true;
}
