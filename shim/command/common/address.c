/* SPDX-License-Identifier: MIT */
#include "shim/command/common/address.h"
#include "policy/parse.h"
#include "policy/text.h"

bool lg_address_read(struct lg_text text, struct lg_address *address)
{
    size_t host_bytes = text.length_bytes > 2 ? text.length_bytes - 2 : 0;
    char bracketed[64];

    if (host_bytes > 0 && memcmp(text.at + host_bytes, ":0", 2) == 0 &&
        (text.at[host_bytes - 1] == ']' || lg_text_find(text, ':') == host_bytes))
        text.length_bytes = host_bytes;
    if (lg_parse_address(text, address))
        return true;
    if (text.length_bytes > sizeof(bracketed) - 2)
        return false;
    bracketed[0] = '[';
    memcpy(bracketed + 1, text.at, text.length_bytes);
    bracketed[1 + text.length_bytes] = ']';
    return lg_parse_address(lg_text_make(bracketed, text.length_bytes + 2), address);
}
