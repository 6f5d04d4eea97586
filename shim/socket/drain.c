/* SPDX-License-Identifier: MIT */
#include "shim/socket/drain.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "shim/base/sys.h"

#define DISCARD_BYTES (1u << 20) /* at a time; MSG_TRUNC copies nothing (tcp(7)) */
#define COPY_BYTES    1024       /* for an MPTCP of a kernel that does not know MSG_TRUNC */

void lg_graceful_half_close(int fd)
{
    lg_syscall3(SYS_shutdown, fd, SHUT_WR, 0);
}

static long receive(int fd, void *buffer, long size, int flags)
{
    return lg_syscall6(SYS_recvfrom, fd, (long)buffer, size, flags | MSG_DONTWAIT, 0, 0);
}

static long discard_some(int fd)
{
    char copy[COPY_BYTES];
    long got = receive(fd, 0, DISCARD_BYTES, MSG_TRUNC);

    return got == -EFAULT ? receive(fd, copy, sizeof copy, 0) : got;
}

enum lg_drain_end lg_graceful_discard(int fd, uint64_t *bytes)
{
    for (;;) {
        long got = discard_some(fd);

        if (got == 0)
            return LG_DRAIN_FIN;
        if (got == -EAGAIN)
            return LG_DRAIN_EMPTY;
        if (got == -EINTR)
            continue; /* not a wait: MSG_DONTWAIT */
        if (got < 0)
            return LG_DRAIN_RESET;
        *bytes += (uint64_t)got;
        if (*bytes >= LG_DRAIN_BYTES_MAX)
            return LG_DRAIN_TOO_MUCH;
    }
}

/* Waits for input; LG_DRAIN_EMPTY when there is some. */
static enum lg_drain_end wait_input(int fd, uint64_t deadline_ms)
{
    uint64_t now = lg_sys_now_ms();
    int ready;

    if (now >= deadline_ms)
        return LG_DRAIN_DEADLINE;
    ready = lg_sys_poll(fd, POLLIN, (int)(deadline_ms - now));
    if (ready == -EINTR)
        return LG_DRAIN_INTERRUPTED;
    return ready == 0 ? LG_DRAIN_DEADLINE : LG_DRAIN_EMPTY;
}

enum lg_drain_end lg_graceful_drain(int fd, uint32_t limit_ms, uint64_t *bytes)
{
    uint64_t deadline_ms = lg_sys_now_ms() + limit_ms;
    enum lg_drain_end end;

    lg_graceful_half_close(fd);
    do {
        end = wait_input(fd, deadline_ms);
        if (end == LG_DRAIN_EMPTY) {
            long got = discard_some(fd);

            if (got > 0)
                *bytes += (uint64_t)got;
            if (got == 0)
                end = LG_DRAIN_FIN;
            else if (got < 0 && got != -EAGAIN && got != -EINTR)
                end = LG_DRAIN_RESET;
            else if (*bytes >= LG_DRAIN_BYTES_MAX)
                end = LG_DRAIN_TOO_MUCH;
        }
    } while (end == LG_DRAIN_EMPTY);
    return end;
}
