/* SPDX-License-Identifier: MIT */
/* sendmsg, recvmsg and their plurals: the way in which a descriptor goes from one process to another. */
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "shim/call/calls.h"
#include "shim/call/export.h"
#include "shim/call/next.h"
#include "shim/holder/epolls.h"
#include "shim/holder/holder.h"

static bool is_rights(const struct cmsghdr *part)
{
    return part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_RIGHTS;
}

static void for_each_descriptor(const struct cmsghdr *part, void (*note)(int fd))
{
    const unsigned char *at = CMSG_DATA(part);
    size_t left = part->cmsg_len - CMSG_LEN(0);
    int fd;

    for (; left >= sizeof fd; left -= sizeof fd, at += sizeof fd) {
        memcpy(&fd, at, sizeof fd);
        note(fd);
    }
}

/* The kernel has read this message, so it can be read. */
void lg_note_sent(const struct msghdr *message)
{
    struct msghdr *readable = (struct msghdr *)(uintptr_t)message; /* CMSG_NXTHDR is not const-correct */

    for (struct cmsghdr *part = CMSG_FIRSTHDR(readable); part; part = CMSG_NXTHDR(readable, part)) {
        if (!is_rights(part))
            continue;
        lg_epoch_advance();
        for_each_descriptor(part, lg_epolls_shared);
    }
}

/* The sender has it too. */
static void note_received(int fd)
{
    lg_holder_forget(fd);
    lg_epolls_received(fd);
}

void lg_note_received(struct msghdr *message)
{
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
        if (is_rights(part))
            for_each_descriptor(part, note_received);
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

LG_EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    ssize_t result = lg_next.recvmsg(fd, message, flags);

    if (result >= 0)
        lg_note_received(message);
    return result;
}

LG_EXPORT int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout)
{
    int result = lg_next.recvmmsg(fd, messages, count, flags, timeout);

    for (int i = 0; i < result; i++)
        lg_note_received(&messages[i].msg_hdr);
    return result;
}
