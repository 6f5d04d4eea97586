/* SPDX-License-Identifier: MIT */
/* sendmsg and sendmmsg: the way in which a descriptor reaches another process. */
#include <sys/socket.h>

#include "shim/calls.h"
#include "shim/guard.h"
#include "shim/known.h"
#include "shim/next.h"

/* The kernel has read this message, so it can be read. */
void lg_note_sent(const struct msghdr *message)
{
    struct msghdr *readable = (struct msghdr *)(uintptr_t)message; /* CMSG_NXTHDR is not const-correct */

    for (struct cmsghdr *part = CMSG_FIRSTHDR(readable); part; part = CMSG_NXTHDR(readable, part)) {
        if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_RIGHTS)
            lg_epoch_advance();
    }
}

LG_EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    ssize_t result = lg_next.sendmsg(fd, message, flags);

    if (result >= 0)
        lg_note_sent(message);
    return result;
}

LG_EXPORT int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    int result = lg_next.sendmmsg(fd, messages, count, flags);

    for (int i = 0; i < result; i++)
        lg_note_sent(&messages[i].msg_hdr);
    return result;
}
