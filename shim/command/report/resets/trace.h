/* SPDX-License-Identifier: MIT */
/*
 * One line of a trace of the kernel's resets (examples/resets/, the format is in lingerguard(1)):
 *
 *   TIME from=call|packet [socket=N] [state=NAME] [reason=NAME] [local=ADDR] [peer=ADDR]
 *        [linger=ON,TICKS] [accepted=0|1] [syn=0|1] [pid=N] [library=0|1] [comm=THE REST OF THE LINE]
 *
 * Keys that this version does not know are ignored. Pure.
 */
#ifndef LG_REPORT_TRACE_H
#define LG_REPORT_TRACE_H

#include "policy/policy.h"

#define LG_TRACE_LINE_BYTES_MAX 1024u

enum lg_answer { LG_ANSWER_UNKNOWN = 0, LG_ANSWER_NO, LG_ANSWER_YES };

/* One RST that this host sent. Texts point into the line, {NULL, 0} when their key is absent. */
struct lg_reset {
    int64_t time_us;
    bool is_packet;  /* the answer to a packet; else sent by a call of a program, or by a timer */
    bool has_socket; /* the kernel had a socket for it, and the trace says which: */
    uint64_t socket; /* its cookie, 0 when nobody had ever asked for it */
    struct lg_text state;
    struct lg_text reason; /* Linux 6.10 */
    struct lg_text program;
    struct lg_address local; /* of family 0 when absent, as peer */
    struct lg_address peer;
    enum lg_answer linger_zero; /* SO_LINGER on, with no time */
    enum lg_answer accepted;    /* no: it waited in the queue of a listener */
    enum lg_answer syn;         /* the packet asked for a new connection */
    enum lg_answer library;     /* whether the process had the library */
};

/* NULL, or what is wrong with the line as the end of a sentence; `reset` is complete only with NULL. */
const char *lg_trace_read(struct lg_text line, struct lg_reset *reset);

/* Nothing but blanks, or a comment. */
bool lg_trace_is_blank(struct lg_text line);

#endif
