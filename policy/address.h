/* SPDX-License-Identifier: MIT */
/*
 * Addresses of the language: IPv4 as a strict dotted quad, IPv6 in brackets (RFC 4291 section 2.2),
 * prefixes and ports. IPv4-mapped IPv6 (RFC 4291 section 2.5.5.2) becomes IPv4 everywhere, because
 * a dual-stack socket shows its IPv4 peers so.
 */
#ifndef LG_ADDRESS_H
#define LG_ADDRESS_H

#include <string.h>

#include "policy/policy.h"
#include "policy/problem.h"

#define LG_MAPPED_PREFIX_BITS 96u

/* ADDR of a rule; LG_PROBLEM_NONE or what is wrong with it. */
enum lg_problem lg_address_match_parse(struct lg_text text, struct lg_address_match *match);

/* `bytes` is a whole IPv4 address of 4 bytes, or an IPv6 one of 16. */
enum lg_problem lg_ipv4_parse(struct lg_text text, uint8_t *bytes);
bool lg_ipv6_parse(struct lg_text text, uint8_t *bytes);

/* Whether 16 bytes are IPv4-mapped. */
bool lg_ipv6_is_mapped(const uint8_t *bytes);

/* `address`, or the IPv4 address that it maps. */
struct lg_address lg_address_unmapped(const struct lg_address *address);

/* 8 bytes in network order, as a number. */
static inline uint64_t lg_word_at(const uint8_t *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof(word));
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap64(word) : word;
}

/* Whether two addresses, of 16 bytes each, are equal in their first `bits` bits. */
static inline bool lg_prefix_equal(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    uint64_t high = lg_word_at(a) ^ lg_word_at(b);

    if (bits <= 64)
        return bits == 0 || high >> (64 - bits) == 0;
    return high == 0 && (lg_word_at(a + 8) ^ lg_word_at(b + 8)) >> (128 - bits) == 0;
}

/* Clears all bits of `bytes` behind the first `prefix_bits`. */
void lg_prefix_mask(uint8_t *bytes, size_t count, unsigned prefix_bits);

#endif
