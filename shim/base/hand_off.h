/* SPDX-License-Identifier: MIT */
/*
 * What the library says to the drainer (lingerguard(1)) when it hands a connection over: one message
 * for each connection, with the descriptor in it, and never an answer. Pure; the command uses this
 * file too.
 *
 * The link is a unix socket, SOCK_SEQPACKET, that the drainer listens on. Both sides keep it for as
 * long as they live, children of the sender share it, and whoever finds it ended may connect anew.
 *
 *   sender     sends MSG_DONTWAIT | MSG_NOSIGNAL, with exactly one descriptor (SCM_RIGHTS), of a
 *              connection whose FIN it has sent. On any error the connection is still its own.
 *   drainer    ends the link at the first message that it does not take, whatever the reason: so the
 *              sender learns by EPIPE that here is nobody for it. What it took, it closes in order,
 *              also when it has no room. What waits in a link that ends is closed by the kernel.
 *
 * Other versions. What is new goes behind the end of the struct or into a flag that nobody needs to
 * know, and `version` stays: the drainer fills with zeros what a shorter message lacks, which must
 * mean "not known", and does not look at what a longer one has more. A message that an older drainer
 * must not act upon has another `version`; the link ends, and the sender does what it would do
 * without a drainer.
 *
 * Words and not numbers for call, cause and rule, so that a drainer passes on what it never heard of.
 */
#ifndef LG_HAND_OFF_H
#define LG_HAND_OFF_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LG_HAND_OFF_MAGIC   0x4c47484fu /* as a number, so that another byte order is refused */
#define LG_HAND_OFF_VERSION 1u

/*
 * The descriptor was blocking in a process with several threads, so one of them may be inside a read.
 * The drainer leaves the first bytes for a moment; where they vanish it lets go.
 */
#define LG_HAND_OFF_OTHER_READER 1u
#define LG_HAND_OFF_QUIET        2u /* the rule writes no record, so the drainer writes none */

/*
 * In the byte order and alignment of the machine, without padding and the same for 32 and 64 bits. A
 * text fills its field up with NULs, and has none when it is as long as the field; one that is too
 * long has lost its beginning. 192 bytes: one more, and a link holds 167 messages instead of 278.
 */
struct lg_hand_off {
    uint32_t magic;
    uint16_t version;
    uint16_t size_bytes; /* of this struct, as the sender knows it; the message has so many */
    uint32_t flags;      /* LG_HAND_OFF_*; the drainer ignores those that it does not know */
    uint32_t limit_ms;   /* D, from now on; 1 to 3,600,000 */
    uint32_t idle_ms;    /* I; 0 without one */
    int32_t pid;         /* as the sender sees itself, in its namespace */
    int32_t tid;
    uint32_t policy;      /* digest of the policy in force; 0: not known */
    uint64_t cookie;      /* SO_COOKIE; 0: not known */
    int64_t unsent_bytes; /* not acknowledged when it was handed over; -1: not known */
    char call[12];        /* "close", lg_call_name */
    char cause[12];       /* "unread", lg_cause_name */
    char rule[56];        /* "/etc/lingerguard/policy:3", "default" */
    char exe[64];         /* "/usr/sbin/nginx" */
};

#define LG_HAND_OFF_SIZE_MIN 192u /* of the first version: the least that a drainer takes */

_Static_assert(sizeof(struct lg_hand_off) == LG_HAND_OFF_SIZE_MIN, "no padding");
_Static_assert(offsetof(struct lg_hand_off, cookie) == 32, "aligned on every machine alike");

/* Fills a field of the message with a text; of one that is too long, "..." and the end of it. */
static inline void lg_hand_off_text(char *field, size_t field_bytes, const char *at, size_t length_bytes)
{
    memset(field, 0, field_bytes);
    if (length_bytes <= field_bytes) {
        if (length_bytes > 0)
            memcpy(field, at, length_bytes);
        return;
    }
    memcpy(field, "...", 3);
    memcpy(field + 3, at + length_bytes - (field_bytes - 3), field_bytes - 3);
}

#endif
