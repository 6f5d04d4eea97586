/* SPDX-License-Identifier: MIT */
#include "shim/record/quiet_signal.h"

#include <errno.h>
#include <signal.h>

#include "shim/base/sys.h"

#define BIT(number) ((uint64_t)1 << ((number)-1)) /* the kernel's signal set, not libc's */
#define BOTH        (BIT(SIGPIPE) | BIT(SIGXFSZ))
/* Blocked, a terminal with `stty tostop` takes the line; else it would stop a program in the background. */
#define QUIET (BOTH | BIT(SIGTTOU))

void lg_quiet_signal_begin(struct lg_quiet_signal *quiet)
{
    uint64_t quieted = QUIET;

    quiet->mask_before = 0;
    quiet->pending_before = 0;
    lg_syscall4(SYS_rt_sigprocmask, SIG_BLOCK, (long)&quieted, (long)&quiet->mask_before, sizeof quieted);
    /* Only a signal that was blocked before us can have been pending before us. */
    if (quiet->mask_before & BOTH)
        lg_syscall3(SYS_rt_sigpending, (long)&quiet->pending_before, sizeof quiet->pending_before, 0);
}

static void take_back(uint64_t raised)
{
    struct {
        long seconds;
        long nanoseconds;
    } at_once = {0, 0};

    while (lg_syscall4(SYS_rt_sigtimedwait, (long)&raised, 0, (long)&at_once, sizeof raised) == -EINTR)
        ;
}

void lg_quiet_signal_end(const struct lg_quiet_signal *quiet, long result)
{
    uint64_t raised = 0;

    if (result == -EPIPE)
        raised = BIT(SIGPIPE);
    else if (result == -EFBIG)
        raised = BIT(SIGXFSZ);
    if (raised & ~quiet->pending_before)
        take_back(raised);
    lg_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, (long)&quiet->mask_before, 0, sizeof quiet->mask_before);
}
