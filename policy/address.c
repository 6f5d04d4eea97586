/* SPDX-License-Identifier: MIT */
#include "policy/address.h"

#include "policy/number.h"
#include "policy/pieces.h"
#include "policy/text.h"

#define IPV4_BITS 32u
#define IPV6_BITS 128u
#define PORT_MAX  65535u

bool lg_ipv6_is_mapped(const uint8_t *bytes)
{
    static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};

    return memcmp(bytes, prefix, sizeof(prefix)) == 0;
}

struct lg_address lg_address_unmapped(const struct lg_address *address)
{
    struct lg_address unmapped = {.family = 4, .port = address->port};

    if (address->family != 6 || !lg_ipv6_is_mapped(address->bytes))
        return *address;
    memcpy(unmapped.bytes, address->bytes + 12, 4);
    return unmapped;
}

void lg_prefix_mask(uint8_t *bytes, size_t count, unsigned prefix_bits)
{
    for (size_t i = 0; i < count; i++) {
        unsigned keep_bits = prefix_bits > 8 * i ? prefix_bits - 8 * (unsigned)i : 0;

        if (keep_bits < 8)
            bytes[i] &= (uint8_t)(0xff00u >> keep_bits);
    }
}

/* Takes the host off the front of `text`; what is left starts with `/` or `:`, or is empty. */
static enum lg_problem take_ipv6(struct lg_text *text, struct lg_address_match *match)
{
    size_t end = lg_text_find(*text, ']');
    struct lg_text inside;

    if (end == text->length_bytes)
        return LG_PROBLEM_ADDRESS_BRACKET;
    inside = lg_text_make(text->at + 1, end - 1);
    if (lg_text_find(inside, '%') != inside.length_bytes)
        return LG_PROBLEM_ADDRESS_ZONE;
    if (!lg_ipv6_parse(inside, match->bytes))
        return LG_PROBLEM_ADDRESS_IPV6;
    match->family = 6;
    match->prefix_bits = IPV6_BITS;
    *text = lg_text_skip(*text, end + 1);
    return LG_PROBLEM_NONE;
}

static bool has_letter(struct lg_text text)
{
    for (size_t i = 0; i < text.length_bytes; i++)
        if (lg_byte_is_letter(text.at[i]))
            return true;
    return false;
}

static enum lg_problem take_ipv4(struct lg_text *text, struct lg_address_match *match)
{
    struct lg_text host = lg_text_make(text->at, lg_text_find(*text, ':'));
    enum lg_problem problem;

    host.length_bytes = lg_text_find(host, '/');
    if (has_letter(host))
        return LG_PROBLEM_ADDRESS_NAME;
    if (host.length_bytes == 0 || !lg_byte_is_digit(host.at[0]))
        return LG_PROBLEM_ADDRESS;
    problem = lg_ipv4_parse(host, match->bytes);
    if (problem != LG_PROBLEM_NONE)
        return problem;
    match->family = 4;
    match->prefix_bits = IPV4_BITS;
    *text = lg_text_skip(*text, host.length_bytes);
    return LG_PROBLEM_NONE;
}

static bool looks_like_bare_ipv6(struct lg_text text)
{
    size_t colons = 0;

    for (size_t i = 0; i < text.length_bytes; i++)
        colons += text.at[i] == ':';
    return colons > 1;
}

/* No IPv6 address starts with one colon. */
static bool starts_with_port(struct lg_text text)
{
    return text.length_bytes > 1 && text.at[0] == ':' && lg_byte_is_digit(text.at[1]);
}

static enum lg_problem take_prefix(struct lg_text *text, struct lg_address_match *match)
{
    struct lg_text digits = lg_text_skip(*text, 1);
    uint32_t bits;

    digits.length_bytes = lg_text_find(digits, ':');
    if (!lg_number_parse(digits, &bits) || bits > match->prefix_bits)
        return match->family == 4 ? LG_PROBLEM_ADDRESS_PREFIX4 : LG_PROBLEM_ADDRESS_PREFIX6;
    match->prefix_bits = (uint8_t)bits;
    *text = lg_text_skip(*text, 1 + digits.length_bytes);
    return LG_PROBLEM_NONE;
}

static bool parse_port(struct lg_text text, uint16_t *port)
{
    uint32_t number;

    if (!lg_number_parse(text, &number) || number < 1 || number > PORT_MAX)
        return false;
    *port = (uint16_t)number;
    return true;
}

/* PORT or PORT-PORT, the whole of `text`. */
static enum lg_problem parse_ports(struct lg_text text, struct lg_address_match *match)
{
    size_t dash = lg_text_find(text, '-');

    if (!parse_port(lg_text_make(text.at, dash), &match->port_min))
        return LG_PROBLEM_PORT;
    match->port_max = match->port_min;
    match->has_port = true;
    if (dash == text.length_bytes)
        return LG_PROBLEM_NONE;
    if (!parse_port(lg_text_skip(text, dash + 1), &match->port_max))
        return LG_PROBLEM_PORT;
    return match->port_min <= match->port_max ? LG_PROBLEM_NONE : LG_PROBLEM_PORT_ORDER;
}

/* Clears host bits, and makes an IPv4-mapped network the IPv4 network that it stands for. */
static void normalise(struct lg_address_match *match)
{
    lg_prefix_mask(match->bytes, sizeof(match->bytes), match->prefix_bits);
    /* A shorter prefix has cleared part of what makes an address mapped. */
    if (match->family != 6 || !lg_ipv6_is_mapped(match->bytes))
        return;
    match->family = 4;
    match->prefix_bits = (uint8_t)(match->prefix_bits - LG_MAPPED_PREFIX_BITS);
    memmove(match->bytes, match->bytes + 12, 4);
    memset(match->bytes + 4, 0, sizeof(match->bytes) - 4);
}

/* 443 and 8000-8999 */
static bool is_port_alone(struct lg_text text)
{
    size_t digits = lg_digits_count(text);

    if (digits > 0 && digits < text.length_bytes && text.at[digits] == '-')
        digits += 1 + lg_digits_count(lg_text_skip(text, digits + 1));
    return digits == text.length_bytes;
}

enum lg_problem lg_address_match_parse(struct lg_text text, struct lg_address_match *match)
{
    enum lg_problem problem = LG_PROBLEM_NONE;

    *match = (struct lg_address_match){0};
    if (text.length_bytes == 0)
        return LG_PROBLEM_ADDRESS;
    if (is_port_alone(text))
        return LG_PROBLEM_ADDRESS_COLON;
    if (text.at[0] == '[')
        problem = take_ipv6(&text, match);
    else if (looks_like_bare_ipv6(text) && !starts_with_port(text))
        problem = LG_PROBLEM_ADDRESS_BARE_IPV6;
    else if (text.at[0] != ':')
        problem = take_ipv4(&text, match);
    if (problem == LG_PROBLEM_NONE && text.length_bytes > 0 && text.at[0] == '/')
        problem = take_prefix(&text, match);
    if (problem == LG_PROBLEM_NONE && text.length_bytes > 0)
        problem = text.at[0] == ':' ? parse_ports(lg_text_skip(text, 1), match) : LG_PROBLEM_ADDRESS;
    if (problem == LG_PROBLEM_NONE)
        normalise(match);
    return problem;
}

bool lg_parse_address(struct lg_text text, struct lg_address *address)
{
    struct lg_address_match match;

    if (text.length_bytes == 0 || lg_text_find(text, '/') != text.length_bytes ||
        lg_text_find(text, '-') != text.length_bytes)
        return false;
    if (lg_address_match_parse(text, &match) != LG_PROBLEM_NONE)
        return false;
    if (match.family == 0 || match.port_min != match.port_max)
        return false;
    *address = (struct lg_address){.family = match.family, .port = match.port_min};
    memcpy(address->bytes, match.bytes, sizeof(address->bytes));
    return true;
}
