/* SPDX-License-Identifier: MIT */
/*
 * What was on the wire: TCP segments of one device of this network namespace, seen through
 * AF_PACKET, IPv4 and IPv6. Open it before the connection, ask afterwards; the kernel fills the
 * ring meanwhile, so nothing is lost as long as a test sends fewer than WIRE_SEGMENTS_MAX segments.
 */
#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stdint.h>

#define WIRE_SEGMENTS_MAX 32768u

/* Flags of TCP (RFC 9293 section 3.1), and what MPTCP (RFC 8684) says by options. */
#define WIRE_FIN       0x01u
#define WIRE_SYN       0x02u
#define WIRE_RST       0x04u
#define WIRE_ACK       0x10u
#define WIRE_FASTCLOSE 0x100u /* MP_FASTCLOSE */
#define WIRE_DATA_FIN  0x200u /* the FIN of the MPTCP connection, in a DSS option */

struct wire;

struct wire_segment {
    uint8_t family; /* 4 or 6 */
    uint16_t from_port, to_port;
    unsigned flags; /* WIRE_* */
    uint32_t sequence, acknowledged;
    uint32_t payload_bytes;
    long long at_us; /* since wire_open */
};

/* What one port sent, all its connections together. */
struct wire_seen {
    unsigned segments;
    unsigned syn, fin, rst, fastclose; /* how many segments had it */
    uint64_t payload_bytes;            /* each byte of the stream once, however often it was sent */
    uint64_t sent_bytes;               /* with those that were sent again */
};

/* `device` is "lo" or one of the relay. Skips the test (group netns) without the right to. */
struct wire *wire_open(const char *device);
void wire_close(struct wire *wire);

/* `from_port` to `to_port`; 0 is any. Bytes of the stream are right for one connection only. */
struct wire_seen wire_seen(struct wire *wire, uint16_t from_port, uint16_t to_port);

/* Waits for a segment with one of these flags; returns whether it came. */
bool wire_wait(struct wire *wire, uint16_t from_port, uint16_t to_port, unsigned flags, unsigned deadline_ms);

/* All segments so far, in order; valid until the next call with this wire. */
const struct wire_segment *wire_segments(struct wire *wire, unsigned *count);

/* Shows every segment as a diagnostic of the test. */
void wire_note(struct wire *wire);

#endif
