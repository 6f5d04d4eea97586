/* SPDX-License-Identifier: MIT */
/*
 * Why the kernel sent a RST, from what a trace knows of it. Pure.
 *
 * Sources: net/ipv4/tcp.c (__tcp_close, tcp_disconnect: the state is CLOSE before the RST goes out),
 * net/ipv4/inet_connection_sock.c (inet_csk_listen_stop), include/net/rstreason.h.
 */
#ifndef LG_REPORT_CAUSE_H
#define LG_REPORT_CAUSE_H

#include "shim/command/report/resets/trace.h"

/* The causes of a policy, and what is none of them: */
enum lg_reset_cause {
    LG_RESET_LINGER_ZERO = 0,
    LG_RESET_UNREAD,
    LG_RESET_LATE,
    LG_RESET_DISCONNECT,
    LG_RESET_BACKLOG,
    LG_RESET_ABORT,   /* a call, and the trace does not say which of those */
    LG_RESET_STRAY,   /* a packet for a connection that is gone */
    LG_RESET_REFUSED, /* a packet that asks for a connection where nobody listens */
    LG_RESET_KERNEL,  /* keep-alive, too many orphans, and the like */
    LG_RESET_COUNT    /* always last */
};

const char *lg_reset_cause_name(enum lg_reset_cause cause);
enum lg_reset_cause lg_reset_cause(const struct lg_reset *reset);

#endif
