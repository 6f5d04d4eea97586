/* SPDX-License-Identifier: MIT */
/*
 * Asks the kernel about a socket whose descriptor is closed already (sock_diag(7)): is it an orphan,
 * or does somebody else still hold it, and how much of it is not acknowledged yet?
 *
 * Four system calls, for a record and nothing else. Async-signal-safe, thread-safe, fork-safe; errno
 * untouched.
 */
#ifndef LG_SOCK_DIAG_H
#define LG_SOCK_DIAG_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/socket/facts.h"

struct lg_orphan {
    bool is_held;         /* no orphan: the socket still belongs to a descriptor somewhere */
    int64_t unsent_bytes; /* FIN not counted */
};

/*
 * True when the kernel still has the socket with this pair of addresses, this cookie and this device
 * that it is bound to. False when it is gone (TIME-WAIT included), when it is an MPTCP socket, or when
 * the kernel does not tell.
 */
bool lg_sock_diag_find(const struct lg_socket *socket, struct lg_orphan *orphan);

#endif
