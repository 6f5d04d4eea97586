/* SPDX-License-Identifier: MIT */
/* Addresses as people and records write them. Pure. */
#ifndef LG_COMMAND_ADDRESS_H
#define LG_COMMAND_ADDRESS_H

#include "policy/policy.h"

/*
 * The whole of `text` as one address: A.B.C.D, A.B.C.D:PORT, [V6], [V6]:PORT, or V6 alone, which needs
 * its brackets only where a port follows. Port 0 is one that is not known. IPv4-mapped IPv6 becomes
 * IPv4. False when it is none.
 */
bool lg_address_read(struct lg_text text, struct lg_address *address);

#endif
