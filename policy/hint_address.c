/* SPDX-License-Identifier: MIT */
/*
 * ADDR as other programs write it: each reading is tried, and suggested when it is an ADDR.
 */
#include "policy/address.h"
#include "policy/hint.h"
#include "policy/number.h"
#include "policy/text.h"

static struct lg_text until(struct lg_text text, size_t end)
{
    return lg_text_make(text.at, end);
}

static size_t last_colon(struct lg_text text)
{
    size_t i = text.length_bytes;

    while (i > 0 && text.at[i - 1] != ':')
        i--;
    return i > 0 ? i - 1 : text.length_bytes;
}

/* 8080, 8000-8999, 8000..8999: the colon is missing. */
static void try_port(struct lg_text text, struct lg_hint *hint)
{
    size_t dots = lg_text_find(text, '.');

    if (text.length_bytes == 0 || !lg_byte_is_digit(text.at[0]))
        return;
    lg_hint_add_word(hint, ":");
    lg_hint_add(hint, until(text, dots));
    if (dots == text.length_bytes)
        return;
    lg_hint_add_word(hint, "-");
    lg_hint_add(hint, dots + 2 < text.length_bytes ? lg_text_skip(text, dots + 2) : lg_text_make(NULL, 0));
}

/* :80-:90, 80-:90, 1024+, :1024-, >1024, <1024, :-1024, :80/tcp, tcp:80 */
static void try_ports(struct lg_text text, struct lg_hint *hint)
{
    bool is_above = false, is_below = false;
    uint32_t number = 0, exclusive = 0;

    if (text.length_bytes > 4 && (memcmp(text.at, "tcp:", 4) == 0 || memcmp(text.at, "tcp/", 4) == 0))
        text = lg_text_skip(text, 4);
    if (text.length_bytes > 4 && memcmp(lg_text_end(text) - 4, "/tcp", 4) == 0)
        text.length_bytes -= 4;
    if (text.length_bytes > 0 && text.at[0] == ':')
        text = lg_text_skip(text, 1);
    if (text.length_bytes > 1 && (text.at[0] == '>' || text.at[0] == '<')) {
        is_above = text.at[0] == '>';
        is_below = !is_above;
        exclusive = is_above ? 1 : (uint32_t)-1;
        text = lg_text_skip(text, 1);
    } else if (text.length_bytes > 1 && text.at[0] == '-') {
        is_below = true;
        text = lg_text_skip(text, 1);
    } else if (text.length_bytes > 1 &&
               (text.at[text.length_bytes - 1] == '-' || text.at[text.length_bytes - 1] == '+')) {
        is_above = true;
        text.length_bytes--;
    }
    lg_hint_add_word(hint, is_below ? ":1-" : ":");
    if (is_above || is_below) {
        hint->is_void |= !lg_number_parse(text, &number);
        lg_hint_add_number(hint, number + exclusive);
        lg_hint_add_word(hint, is_above ? "-65535" : "");
        return;
    }
    for (size_t i = 0; i < text.length_bytes; i++)
        if (text.at[i] != ':')
            lg_hint_add(hint, lg_text_make(text.at + i, 1));
        else
            hint->is_void |= i == 0 || text.at[i - 1] != '-';
}

/* http, :https, *:http */
static void try_service(struct lg_text text, struct lg_hint *hint)
{
    size_t colon = last_colon(text);
    const char *port = lg_hint_word(LG_HINT_PORT, colon < text.length_bytes ? lg_text_skip(text, colon + 1) : text);

    if (port != NULL)
        lg_hint_add_word(hint, port);
}

/* 10.0.0.5:* and 10.0.0.5: */
static void try_any_port(struct lg_text text, struct lg_hint *hint)
{
    if (text.length_bytes > 2 && text.at[text.length_bytes - 1] == '*')
        text.length_bytes--;
    if (text.length_bytes > 1 && text.at[text.length_bytes - 1] == ':')
        lg_hint_add(hint, until(text, text.length_bytes - 1));
}

/* 10.0.0.0-10.0.0.255, where that is a network */
static void try_range(struct lg_text text, struct lg_hint *hint)
{
    size_t dash = lg_text_find(text, '-');
    uint8_t first[16] = {0}, last[16] = {0}, masked[16] = {0};
    unsigned bits = 0;

    if (dash == text.length_bytes || lg_ipv4_parse(until(text, dash), first) != LG_PROBLEM_NONE ||
        lg_ipv4_parse(lg_text_skip(text, dash + 1), last) != LG_PROBLEM_NONE)
        return;
    while (bits < 32 && lg_prefix_equal(first, last, bits + 1))
        bits++;
    memcpy(masked, first, sizeof(masked));
    lg_prefix_mask(masked, 4, bits);
    hint->is_void |= memcmp(masked, first, 4) != 0;
    for (unsigned i = 0; i < 4; i++)
        last[i] = (uint8_t)~last[i];
    memcpy(masked, last, sizeof(masked));
    lg_prefix_mask(masked, 4, bits);
    hint->is_void |= memcmp(masked, last, 4) != 0;
    lg_hint_add(hint, until(text, dash));
    lg_hint_add_word(hint, "/");
    lg_hint_add_number(hint, bits);
}

/* *:80, any:80, :::80 and localhost */
static void try_host(struct lg_text text, struct lg_hint *hint)
{
    bool is_double = text.length_bytes > 3 && memcmp(text.at, ":::", 3) == 0; /* ss and netstat: [::]:80 */
    size_t colon = is_double ? 2 : lg_text_find(text, ':');
    struct lg_text host = until(text, colon);
    bool is_any =
        lg_text_is_word(host, "*") || lg_text_is_word(host, "any") || lg_text_is_word(host, "all") || is_double;

    if (!is_any && !lg_text_is_word(host, "localhost"))
        return;
    lg_hint_add_word(hint, is_any ? "" : "127.0.0.1");
    lg_hint_add(hint, lg_text_skip(text, colon));
}

/* 2001:db8::1, ::/0 */
static void try_brackets(struct lg_text text, struct lg_hint *hint)
{
    size_t slash = lg_text_find(text, '/');

    lg_hint_add_word(hint, "[");
    lg_hint_add(hint, until(text, slash));
    lg_hint_add_word(hint, "]");
    lg_hint_add(hint, lg_text_skip(text, slash));
}

/* [10.0.0.5]:80, [2001:db8::/32], [fe80::1%eth0] */
static void try_inside(struct lg_text text, struct lg_hint *hint)
{
    size_t end = lg_text_find(text, ']'), slash, zone;
    struct lg_text inside, address;
    bool is_ipv6;

    if (text.length_bytes == 0 || text.at[0] != '[' || end == text.length_bytes)
        return;
    inside = lg_text_make(text.at + 1, end - 1);
    slash = lg_text_find(inside, '/');
    zone = lg_text_find(inside, '%');
    address = until(inside, zone < slash ? zone : slash);
    is_ipv6 = lg_text_find(address, ':') < address.length_bytes;
    lg_hint_add_word(hint, is_ipv6 ? "[" : "");
    lg_hint_add(hint, address);
    lg_hint_add_word(hint, is_ipv6 ? "]" : "");
    lg_hint_add(hint, lg_text_skip(inside, slash));
    lg_hint_add(hint, lg_text_skip(text, end + 1));
}

/* 10.0.0.0:443/8: the prefix belongs to the address. */
static void try_prefix_last(struct lg_text text, struct lg_hint *hint)
{
    size_t slash = lg_text_find(text, '/'), colon = last_colon(until(text, slash));

    if (slash == text.length_bytes)
        return;
    lg_hint_add(hint, until(text, colon));
    lg_hint_add(hint, lg_text_skip(text, slash));
    lg_hint_add(hint, lg_text_make(text.at + colon, slash - colon));
}

/* 10.0.0.0/255.0.0.0 */
static void try_netmask(struct lg_text text, struct lg_hint *hint)
{
    size_t slash = lg_text_find(text, '/'), end;
    uint8_t mask[16] = {0}, whole[16];
    struct lg_text behind;
    unsigned bits = 0;

    if (slash == text.length_bytes)
        return;
    behind = lg_text_skip(text, slash + 1);
    end = lg_text_find(behind, ':');
    if (lg_ipv4_parse(until(behind, end), mask) != LG_PROBLEM_NONE)
        return;
    while (bits < 32 && mask[bits / 8] & 0x80u >> bits % 8)
        bits++;
    memset(whole, 0xff, sizeof(whole));
    lg_prefix_mask(whole, sizeof(whole), bits);
    if (!lg_prefix_equal(mask, whole, 32))
        return;
    lg_hint_add(hint, until(text, slash + 1));
    lg_hint_add_number(hint, bits);
    lg_hint_add(hint, lg_text_skip(behind, end));
}

/* 10.0.*, 10.0/16: the octets that are missing are zeros. */
static void try_octets(struct lg_text text, struct lg_hint *hint)
{
    struct lg_text rest = text;
    unsigned octets = 0;
    size_t end;

    while (octets < 4 && lg_digits_count(rest) > 0) {
        size_t digits = lg_digits_count(rest);

        lg_hint_add_word(hint, octets > 0 ? "." : "");
        lg_hint_add(hint, until(rest, digits));
        octets++;
        rest = lg_text_skip(rest, digits);
        if (rest.length_bytes == 0 || rest.at[0] != '.')
            break;
        rest = lg_text_skip(rest, 1);
    }
    hint->is_void |= octets == 0 || octets == 4 || rest.length_bytes == 0;
    for (unsigned i = octets; i < 4; i++)
        lg_hint_add_word(hint, ".0");
    for (end = 0; end < rest.length_bytes && (rest.at[end] == '*' || rest.at[end] == '.'); end++)
        continue;
    if (end > 0) {
        lg_hint_add_word(hint, "/");
        lg_hint_add_number(hint, 8 * octets);
    }
    lg_hint_add(hint, lg_text_skip(rest, end));
}

/* http://10.0.0.5:80/ */
static void try_url(struct lg_text text, struct lg_hint *hint)
{
    size_t colon = lg_text_find(text, ':');

    if (colon + 3 > text.length_bytes || text.at[colon + 1] != '/' || text.at[colon + 2] != '/')
        return;
    text = lg_text_skip(text, colon + 3);
    if (text.length_bytes > 0 && text.at[text.length_bytes - 1] == '/')
        text.length_bytes--;
    lg_hint_add(hint, text);
}

struct lg_hint lg_hint_address(struct lg_text text)
{
    void (*const tries[])(struct lg_text, struct lg_hint *) = {try_port,    try_ports,  try_service,  try_any_port,
                                                               try_range,   try_host,   try_brackets, try_inside,
                                                               try_netmask, try_octets, try_url,      try_prefix_last};
    struct lg_address_match match;

    for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
        struct lg_hint hint = {.length_bytes = 0};

        tries[i](text, &hint);
        if (lg_hint_shown(&hint) != NULL && lg_address_match_parse(lg_hint_text(&hint), &match) == LG_PROBLEM_NONE)
            return hint;
    }
    return (struct lg_hint){.is_void = true};
}
