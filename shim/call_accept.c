/* SPDX-License-Identifier: MIT */
#include <sys/socket.h>

#include "shim/calls.h"
#include "shim/facts.h"
#include "shim/guard.h"
#include "shim/known.h"
#include "shim/next.h"

void lg_note_opened(int fd, enum lg_role role)
{
    struct lg_socket socket;

    lg_known_opens();
    if (!lg_known_tracking())
        return;
    lg_facts_init(&socket, fd);
    lg_facts_identity(&socket);
    lg_known_opened(socket.cookie, role);
}

LG_EXPORT int accept(int fd, struct sockaddr *from, socklen_t *size)
{
    int result = lg_next.accept(fd, from, size);

    if (result >= 0)
        lg_note_opened(result, LG_ROLE_ACCEPTED);
    return result;
}

LG_EXPORT int accept4(int fd, struct sockaddr *from, socklen_t *size, int flags)
{
    int result = lg_next.accept4(fd, from, size, flags);

    if (result >= 0)
        lg_note_opened(result, LG_ROLE_ACCEPTED);
    return result;
}
