/* SPDX-License-Identifier: MIT */
/* socket, accept and accept4: how a process comes by a socket of its own. pidfd_getfd: by somebody else's. */
#include <netinet/in.h>
#include <sys/socket.h>

#include "shim/call/calls.h"
#include "shim/call/export.h"
#include "shim/call/next.h"
#include "shim/holder/epolls.h"
#include "shim/holder/holder.h"

#define TYPE_MASK 0xf /* the rest of a type are flags */

void lg_note_made(int fd, unsigned long epoch, int family, int type, int protocol)
{
    if ((family == AF_INET || family == AF_INET6) && (type & TYPE_MASK) == SOCK_STREAM &&
        (protocol == 0 || protocol == IPPROTO_TCP))
        lg_holder_made_tcp(fd, epoch);
    else
        lg_holder_made(fd, epoch);
}

LG_EXPORT int socket(int family, int type, int protocol)
{
    unsigned long epoch = lg_epoch_now();
    int result = lg_next.socket(family, type, protocol);

    if (result >= 0)
        lg_note_made(result, epoch, family, type, protocol);
    return result;
}

LG_EXPORT int accept(int fd, struct sockaddr *from, socklen_t *size)
{
    unsigned long epoch = lg_epoch_now();
    int result = lg_next.accept(fd, from, size);

    if (result >= 0)
        lg_holder_accepted(fd, result, epoch);
    return result;
}

LG_EXPORT int accept4(int fd, struct sockaddr *from, socklen_t *size, int flags)
{
    unsigned long epoch = lg_epoch_now();
    int result = lg_next.accept4(fd, from, size, flags);

    if (result >= 0)
        lg_holder_accepted(fd, result, epoch);
    return result;
}

/* <sys/pidfd.h> is younger than some of the systems that this is built on. */
int pidfd_getfd(int pidfd, int target, unsigned flags);

LG_EXPORT int pidfd_getfd(int pidfd, int target, unsigned flags)
{
    int result = lg_next.pidfd_getfd(pidfd, target, flags);

    if (result >= 0) {
        lg_holder_forget(result);
        lg_epolls_received(result);
    }
    return result;
}
