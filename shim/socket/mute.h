/* SPDX-License-Identifier: MIT */
/*
 * Muting a socket that is about to be closed: a classic BPF filter (SO_ATTACH_FILTER, socket(7)) that
 * drops the payload of what still comes and lets everything else pass. tcp_filter (net/ipv4/tcp_ipv4.c)
 * runs before the state machine, for an orphan too, so that nothing is answered by RST while the
 * answer is on its way, and no descriptor, thread or wait is needed.
 *
 * The peer's data is not acknowledged: a peer that must finish sending before it reads stalls. A FIN
 * behind data that was dropped is still answered by RST, as it comes out of order: a peer that closes
 * has had what it wanted to read, one that half-closes may lose what is not delivered yet.
 *
 * Only for a socket that this process holds alone. Async-signal-safe, thread-safe, fork-safe; errno
 * untouched.
 */
#ifndef LG_MUTE_H
#define LG_MUTE_H

#include <stdbool.h>

/*
 * False, with nothing changed, where the kernel does not let this process (since 2026 it wants
 * CAP_NET_ADMIN for TCP), and where the program has a filter of its own. Two system calls.
 */
bool lg_mute(int fd);

#endif
