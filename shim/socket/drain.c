/* SPDX-License-Identifier: MIT */
#include "shim/socket/drain.h"

#include <errno.h>
#include <sys/socket.h>

#include "shim/base/sys.h"
#include "shim/socket/facts.h"

#define DISCARD_BYTES (1 << 20) /* at a time; MSG_TRUNC copies nothing (tcp(7)) */
#define COPY_BYTES    1024      /* for an MPTCP of a kernel that does not know MSG_TRUNC */

void lg_drain_half_close(int fd)
{
    lg_syscall3(SYS_shutdown, fd, SHUT_WR, 0);
}

static long receive(int fd, void *buffer, long size, int flags)
{
    return lg_syscall6(SYS_recvfrom, fd, (long)buffer, size, flags | MSG_DONTWAIT, 0, 0);
}

static long read_at_most(int fd, int64_t size)
{
    char copy[COPY_BYTES];
    long got = receive(fd, 0, size < DISCARD_BYTES ? (long)size : DISCARD_BYTES, MSG_TRUNC);

    if (got == -EINTR) /* not a wait: MSG_DONTWAIT */
        return -EAGAIN;
    return got == -EFAULT ? receive(fd, copy, size < COPY_BYTES ? (long)size : COPY_BYTES, 0) : got;
}

long lg_drain_read(int fd)
{
    return read_at_most(fd, DISCARD_BYTES);
}

/* As many bytes as SIOCINQ tells of, but one at least: a read steps over an urgent byte, and tells of FIN and RST. */
static long discard_counted(int fd, uint64_t *bytes)
{
    int64_t queued = lg_facts_readable_bytes(fd);
    long got;

    do {
        got = read_at_most(fd, queued > 0 ? queued : 1);
        if (got <= 0)
            break;
        *bytes += (uint64_t)got;
        queued -= got;
    } while (queued > 0);
    return got;
}

long lg_drain_discard(int fd, bool is_urgent, uint64_t *bytes)
{
    long got = discard_counted(fd, bytes);

    /* What was queued behind the urgent byte. */
    return is_urgent && got >= 0 ? discard_counted(fd, bytes) : got;
}
