/* SPDX-License-Identifier: MIT */
/* What is kept of a trace while records are joined with it. For this folder alone. */
#ifndef LG_REPORT_ENTRIES_H
#define LG_REPORT_ENTRIES_H

#include "policy/text.h"

#define LG_RESETS_WALK_MAX 1024u /* entries of one chain, or listeners of one port, that are looked at */

/* A RST. The first one of a connection leads: it is in the chains, and has the record for all of them. */
struct lg_resets_entry {
    int64_t time_us, last_us; /* the second of those that it leads */
    uint64_t socket;          /* cookie; 0: not known, or never asked for */
    uint64_t pair;            /* hash of both addresses, 0 unless both are known */
    struct lg_address local;
    uint16_t peer_port;
    bool has_socket; /* the kernel had one: no record of another socket is meant */
    bool is_packet;
    uint8_t cause, library;
    uint32_t text; /* in texts */
    uint32_t leader;
    uint32_t next_socket, next_pair; /* 1 more than the index; 0 ends the chain */
    uint32_t record;                 /* in records, or LG_GROUP_NONE */
    bool record_ends;
    int64_t record_us;
};

struct lg_resets_listener {
    uint16_t port;
    int64_t time_us;
    struct lg_address local;
    uint32_t record;
};

/* Parts of a key (group.h), each terminated, cut to what the room of `size` bytes holds. */
struct lg_text lg_resets_key(char *room, size_t size, const struct lg_text *parts, unsigned count);

#endif
