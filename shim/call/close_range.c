/* SPDX-License-Identifier: MIT */
/* close_range and closefrom: many closes in one, and our own descriptors are not among them. */
#include <errno.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include "shim/base/gate.h"
#include "shim/base/proc_numbers.h"
#include "shim/base/sys.h"
#include "shim/call/calls.h"
#include "shim/call/export.h"
#include "shim/call/next.h"
#include "shim/holder/holder.h"
#include "shim/record/sink.h"
#include "shim/release/closing.h"
#include "shim/release/hand_off.h"

/* <linux/close_range.h> is younger than some of the systems that this is built on. */
#define RANGE_UNSHARE 2
#define RANGE_CLOEXEC 4

#define NUMBERS_WITHOUT_PROC 65536u /* as far as a range is walked where /proc is not mounted */

/* Younger than some libcs that this is built with. */
int close_range(unsigned first, unsigned last, int flags);
void closefrom(int first);

struct range {
    unsigned first; /* moves up with what is done */
    unsigned last;
    enum lg_call call;
    uintptr_t caller;
    int directory; /* the descriptor through which /proc is read */
};

/* At once, each number once: behind a close of ours another thread may have it again before the kernel's range. */
static bool close_one(void *context, unsigned fd)
{
    struct range *range = context;
    struct lg_closing closing;
    enum lg_close_way way;

    if (fd < range->first || fd > range->last || (int)fd == range->directory)
        return true;
    range->first = fd + 1;
    if (lg_sink_owns((int)fd) || lg_hand_off_owns((int)fd))
        return true;
    way = lg_closing_begin(&closing, range->call, (int)fd, range->caller);
    if (way != LG_CLOSE_NOT_AT_ALL) /* a number whose close waits in another thread is in the range all the same */
        lg_sys_close((int)fd);
    lg_closing_finish(&closing);
    return true;
}

static void close_each(struct range *range)
{
    unsigned limit = range->last < NUMBERS_WITHOUT_PROC ? range->last : NUMBERS_WITHOUT_PROC;

    range->directory = -1;
    if (lg_proc_numbers("/proc/self/fd", &range->directory, close_one, range) >= 0)
        return;
    for (unsigned fd = range->first; fd <= limit; fd++)
        close_one(range, fd);
}

static int range_next(unsigned first, unsigned last, int flags, enum lg_call call)
{
    return call == LG_CALL_SYSCALL ? (int)lg_next.syscall(SYS_close_range, (long)first, (long)last, (long)flags)
                                   : lg_next.close_range(first, last, flags);
}

/* The lowest descriptor of our own that lies in the range, -1 when there is none. */
static int own_in(unsigned first, unsigned last)
{
    const int own[] = {lg_sink_fd(), lg_hand_off_fd()};
    int lowest = -1;

    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        if (own[i] >= 0 && (unsigned)own[i] >= first && (unsigned)own[i] <= last && (lowest < 0 || own[i] < lowest))
            lowest = own[i];
    }
    return lowest;
}

/* The range without the descriptors that are ours. */
static int range_around_own(unsigned first, unsigned last, int flags, enum lg_call call)
{
    int result = 0;
    int own;

    if (own_in(first, last) < 0)
        return range_next(first, last, flags, call);
    if (flags & RANGE_UNSHARE) /* once, also where nothing but our own is in the range */
        result = (int)lg_next_result(lg_syscall3(SYS_unshare, CLONE_FILES, 0, 0));
    for (; result == 0 && first <= last && (own = own_in(first, last)) >= 0; first = (unsigned)own + 1) {
        if ((unsigned)own > first)
            result = range_next(first, (unsigned)own - 1, flags & ~RANGE_UNSHARE, call);
    }
    return result == 0 && first <= last ? range_next(first, last, flags & ~RANGE_UNSHARE, call) : result;
}

LG_SLOW_PATH int lg_close_range_slowly(unsigned first, unsigned last, int flags, enum lg_call call, uintptr_t caller)
{
    struct range range = {first, last, call, caller, -1};

    if (flags & RANGE_UNSHARE)
        lg_epoch_split();
    if (first > last || flags & ~(RANGE_UNSHARE | RANGE_CLOEXEC) || flags & RANGE_CLOEXEC)
        return range_next(first, last, flags, call);
    /* With a table of its own the thread gives up only its copies: no connection ends. */
    if (!(flags & RANGE_UNSHARE) && lg_gate_inspects())
        close_each(&range);
    else if (!(flags & RANGE_UNSHARE))
        lg_holder_forget_range(first, last);
    return range.first > last ? 0 : range_around_own(range.first, last, flags, call);
}

LG_EXPORT int close_range(unsigned first, unsigned last, int flags)
{
    if (lg_gate_can_skip_all() && !(flags & RANGE_UNSHARE))
        return lg_next.close_range(first, last, flags);
    return lg_close_range_slowly(first, last, flags, LG_CALL_CLOSE_RANGE, LG_CALLER());
}

static void closefrom_slowly(unsigned first, uintptr_t caller)
{
    struct range range = {first, ~0u, LG_CALL_CLOSEFROM, caller, -1};
    int before = errno;

    if (lg_close_range_slowly(first, ~0u, 0, LG_CALL_CLOSEFROM, caller) < 0)
        close_each(&range); /* a kernel before 5.9 */
    errno = before;
}

LG_EXPORT void closefrom(int first)
{
    if (lg_gate_can_skip_all() && lg_next.closefrom)
        lg_next.closefrom(first);
    else
        closefrom_slowly(first < 0 ? 0 : (unsigned)first, LG_CALLER());
}
