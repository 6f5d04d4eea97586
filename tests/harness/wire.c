/* SPDX-License-Identifier: MIT */
#include "tests/harness/wire.h"

#include "tests/harness/net.h"
#include "tests/harness/tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define FRAME_BYTES 256u /* headers with all options fit; of the payload only the length matters */
#define BLOCK_BYTES (64u * 1024u)
#define RING_BYTES  (WIRE_SEGMENTS_MAX * FRAME_BYTES)

#define OPTION_END         0
#define OPTION_NOP         1
#define OPTION_MPTCP       30
#define MPTCP_DSS          2
#define MPTCP_FASTCLOSE    7
#define MPTCP_DSS_DATA_FIN 0x10u

struct wire {
    int fd;
    bool loopback;
    uint8_t *ring;
    unsigned next_frame;
    unsigned count;
    bool started;
    long long start_us;
    struct wire_segment segments[WIRE_SEGMENTS_MAX];
};

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    tap_fail(__FILE__, __LINE__, "%s: %s", what, strerror(errno));
    tap_end_failed();
}

struct wire *wire_open(const char *device)
{
    struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
    struct tpacket_req ring = {BLOCK_BYTES, RING_BYTES / BLOCK_BYTES, FRAME_BYTES, WIRE_SEGMENTS_MAX};
    int version = TPACKET_V2;
    struct wire *wire = calloc(1, sizeof *wire);

    must(wire != NULL, "calloc");
    /* Protocol 0: nothing is received before it is bound to its device. */
    wire->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (wire->fd < 0 && (errno == EPERM || errno == EAFNOSUPPORT))
        tap_skip("netns", "packet sockets: %s", strerror(errno));
    must(wire->fd >= 0, "packet socket");
    must(setsockopt(wire->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) == 0, "PACKET_VERSION");
    must(setsockopt(wire->fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring) == 0, "PACKET_RX_RING");
    wire->ring = mmap(NULL, RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, wire->fd, 0);
    must(wire->ring != MAP_FAILED, "mmap of the ring");
    address.sll_ifindex = (int)if_nametoindex(device);
    must(address.sll_ifindex != 0, device);
    must(bind(wire->fd, (struct sockaddr *)&address, sizeof address) == 0, "bind of the packet socket");
    wire->loopback = strcmp(device, "lo") == 0;
    return wire;
}

void wire_close(struct wire *wire)
{
    munmap(wire->ring, RING_BYTES);
    close(wire->fd);
    free(wire);
}

static unsigned mptcp_flags(const uint8_t *option, size_t length)
{
    unsigned subtype = option[2] >> 4;

    if (subtype == MPTCP_FASTCLOSE)
        return WIRE_FASTCLOSE;
    if (subtype == MPTCP_DSS && length >= 4 && (option[3] & MPTCP_DSS_DATA_FIN) != 0)
        return WIRE_DATA_FIN;
    return 0;
}

static unsigned option_flags(const uint8_t *options, size_t bytes)
{
    unsigned flags = 0;

    for (size_t at = 0; at < bytes && options[at] != OPTION_END;) {
        size_t length;

        if (options[at] == OPTION_NOP) {
            at++;
            continue;
        }
        if (at + 1 >= bytes)
            break;
        length = options[at + 1];
        if (length < 2 || at + length > bytes)
            break;
        if (options[at] == OPTION_MPTCP && length >= 3)
            flags |= mptcp_flags(&options[at], length);
        at += length;
    }
    return flags;
}

/* Returns false for what is no TCP. */
static bool read_tcp(struct wire_segment *segment, const uint8_t *header, size_t captured, size_t tcp_bytes)
{
    struct tcphdr tcp;
    size_t header_bytes;

    if (captured < sizeof tcp)
        return false;
    memcpy(&tcp, header, sizeof tcp);
    header_bytes = tcp.doff * 4u;
    if (header_bytes < sizeof tcp || header_bytes > tcp_bytes)
        return false;
    segment->from_port = ntohs(tcp.source);
    segment->to_port = ntohs(tcp.dest);
    segment->sequence = ntohl(tcp.seq);
    segment->acknowledged = ntohl(tcp.ack_seq);
    segment->flags =
        (tcp.fin ? WIRE_FIN : 0) | (tcp.syn ? WIRE_SYN : 0) | (tcp.rst ? WIRE_RST : 0) | (tcp.ack ? WIRE_ACK : 0);
    segment->payload_bytes = (uint32_t)(tcp_bytes - header_bytes);
    if (header_bytes <= captured)
        segment->flags |= option_flags(header + sizeof tcp, header_bytes - sizeof tcp);
    return true;
}

static bool read_packet(struct wire_segment *segment, const uint8_t *packet, size_t captured)
{
    struct iphdr v4;
    struct ip6_hdr v6;
    size_t header_bytes;

    if (captured >= sizeof v4 && packet[0] >> 4 == 4) {
        memcpy(&v4, packet, sizeof v4);
        header_bytes = v4.ihl * 4u;
        segment->family = 4;
        return v4.protocol == IPPROTO_TCP && header_bytes <= captured && ntohs(v4.tot_len) >= header_bytes &&
               read_tcp(segment, packet + header_bytes, captured - header_bytes, ntohs(v4.tot_len) - header_bytes);
    }
    if (captured >= sizeof v6 && packet[0] >> 4 == 6) {
        memcpy(&v6, packet, sizeof v6);
        segment->family = 6;
        return v6.ip6_nxt == IPPROTO_TCP &&
               read_tcp(segment, packet + sizeof v6, captured - sizeof v6, ntohs(v6.ip6_plen));
    }
    return false;
}

static void take_frame(struct wire *wire, const struct tpacket2_hdr *frame)
{
    const uint8_t *start = (const uint8_t *)frame;
    const struct sockaddr_ll *link = (const struct sockaddr_ll *)(start + TPACKET_ALIGN((int)sizeof *frame));
    long long at_us = (long long)frame->tp_sec * 1000000 + frame->tp_nsec / 1000;
    struct wire_segment segment = {0};

    if (!wire->started) {
        wire->started = true;
        wire->start_us = at_us;
    }
    /* Loopback shows each packet twice, on its way out and on its way in. */
    if (wire->loopback && link->sll_pkttype == PACKET_OUTGOING)
        return;
    if (!read_packet(&segment, start + frame->tp_net, frame->tp_snaplen))
        return;
    segment.at_us = at_us - wire->start_us;
    must(wire->count < WIRE_SEGMENTS_MAX, "more segments than a wire holds");
    wire->segments[wire->count++] = segment;
}

static void take_frames(struct wire *wire)
{
    for (;;) {
        struct tpacket2_hdr *frame = (void *)(wire->ring + (size_t)wire->next_frame * FRAME_BYTES);

        if ((__atomic_load_n(&frame->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER) == 0)
            return;
        take_frame(wire, frame);
        __atomic_store_n(&frame->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
        wire->next_frame = (wire->next_frame + 1) % WIRE_SEGMENTS_MAX;
    }
}

/* A full ring drops; a test that trusted what is left would be wrong. */
static void check_drops(struct wire *wire)
{
    struct tpacket_stats stats = {0, 0};
    socklen_t length = sizeof stats;

    must(getsockopt(wire->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &length) == 0, "PACKET_STATISTICS");
    if (stats.tp_drops > 0) {
        tap_fail(__FILE__, __LINE__, "the capture lost %u packets", stats.tp_drops);
        tap_end_failed();
    }
}

static bool is_between(const struct wire_segment *segment, uint16_t from_port, uint16_t to_port)
{
    return (from_port == 0 || segment->from_port == from_port) && (to_port == 0 || segment->to_port == to_port);
}

struct wire_seen wire_seen(struct wire *wire, uint16_t from_port, uint16_t to_port)
{
    struct wire_seen seen = {0};
    uint32_t first = 0, end = 0;
    bool has_first = false;

    take_frames(wire);
    check_drops(wire);
    for (unsigned i = 0; i < wire->count; i++) {
        const struct wire_segment *segment = &wire->segments[i];
        uint32_t start = segment->sequence + ((segment->flags & WIRE_SYN) != 0);

        if (!is_between(segment, from_port, to_port))
            continue;
        seen.segments++;
        seen.syn += (segment->flags & WIRE_SYN) != 0;
        seen.fin += (segment->flags & WIRE_FIN) != 0;
        seen.rst += (segment->flags & WIRE_RST) != 0;
        seen.fastclose += (segment->flags & WIRE_FASTCLOSE) != 0;
        seen.sent_bytes += segment->payload_bytes;
        if (segment->payload_bytes == 0 && (segment->flags & WIRE_SYN) == 0)
            continue; /* a RST may carry any sequence number */
        if (!has_first) {
            first = end = start;
            has_first = true;
        }
        if ((int32_t)(start + segment->payload_bytes - end) > 0)
            end = start + segment->payload_bytes;
    }
    seen.payload_bytes = end - first;
    return seen;
}

struct awaited_segment {
    struct wire *wire;
    uint16_t from_port, to_port;
    unsigned flags;
};

static bool has_segment(void *context)
{
    const struct awaited_segment *awaited = context;

    take_frames(awaited->wire);
    for (unsigned i = 0; i < awaited->wire->count; i++) {
        const struct wire_segment *segment = &awaited->wire->segments[i];

        if (is_between(segment, awaited->from_port, awaited->to_port) && (segment->flags & awaited->flags) != 0)
            return true;
    }
    return false;
}

bool wire_wait(struct wire *wire, uint16_t from_port, uint16_t to_port, unsigned flags, unsigned deadline_ms)
{
    struct awaited_segment awaited = {wire, from_port, to_port, flags};

    return net_wait_for(has_segment, &awaited, deadline_ms);
}

const struct wire_segment *wire_segments(struct wire *wire, unsigned *count)
{
    take_frames(wire);
    check_drops(wire);
    *count = wire->count;
    return wire->segments;
}

void wire_note(struct wire *wire)
{
    unsigned count;
    const struct wire_segment *segments = wire_segments(wire, &count);

    for (unsigned i = 0; i < count; i++) {
        const struct wire_segment *segment = &segments[i];

        tap_note("%9.3f ms  IPv%u %5u > %5u %s%s%s%s%s%s seq %u ack %u, %u bytes", (double)segment->at_us / 1000.0,
                 segment->family, segment->from_port, segment->to_port, segment->flags & WIRE_SYN ? "S" : "",
                 segment->flags & WIRE_FIN ? "F" : "", segment->flags & WIRE_RST ? "R" : "",
                 segment->flags & WIRE_ACK ? "A" : "", segment->flags & WIRE_FASTCLOSE ? " fastclose" : "",
                 segment->flags & WIRE_DATA_FIN ? " data-fin" : "", segment->sequence, segment->acknowledged,
                 segment->payload_bytes);
    }
}
