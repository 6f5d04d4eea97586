/* SPDX-License-Identifier: MIT */
/* socket, accept and accept4: how a process comes by a socket of its own. */
#include <sys/socket.h>

#include "shim/call/calls.h"
#include "shim/socket/facts.h"
#include "shim/release/guard.h"
#include "shim/holder/by_cookie.h"
#include "shim/holder/by_descriptor.h"
#include "shim/call/next.h"

void lg_note_opened(int fd, enum lg_role role, bool alone)
{
    struct lg_socket opened;

    if (!lg_known_tracking())
        return;
    lg_facts_init(&opened, fd);
    lg_facts_identity(&opened);
    lg_known_opened(opened.cookie, role, alone);
}

void lg_note_accepted(int fd)
{
    lg_made(fd);
    lg_note_opened(fd, LG_ROLE_ACCEPTED, true);
}

LG_EXPORT int socket(int family, int type, int protocol)
{
    int result = lg_next.socket(family, type, protocol);

    lg_made(result);
    return result;
}

LG_EXPORT int accept(int fd, struct sockaddr *from, socklen_t *size)
{
    int result = lg_next.accept(fd, from, size);

    if (result >= 0)
        lg_note_accepted(result);
    return result;
}

LG_EXPORT int accept4(int fd, struct sockaddr *from, socklen_t *size, int flags)
{
    int result = lg_next.accept4(fd, from, size, flags);

    if (result >= 0)
        lg_note_accepted(result);
    return result;
}
