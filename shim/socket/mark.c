/* SPDX-License-Identifier: MIT */
#include "shim/socket/mark.h"

#include "shim/base/sys.h"

/* "lg" and "lh" in ASCII, seconds: nobody's linger time, and far below the limit of every HZ. */
#define MARK_LINGER_ZERO 0x6c67
#define MARK_LINGER2     0x6c68

/* What a removed mark leaves to read back; any time that is no mark and, if a close came in between, is short. */
#define NO_MARK 1

enum lg_mark lg_mark_read(const struct linger *linger)
{
    if (linger->l_onoff)
        return LG_MARK_NONE;
    if (linger->l_linger == MARK_LINGER_ZERO)
        return LG_MARK_LINGER_ZERO;
    return linger->l_linger == MARK_LINGER2 ? LG_MARK_LINGER2 : LG_MARK_NONE;
}

/* A program that reads the option, turns it on and writes it back means what it asked for first. */
bool lg_linger_aborts(const struct linger *linger)
{
    return linger->l_onoff != 0 &&
           (linger->l_linger == 0 || linger->l_linger == MARK_LINGER_ZERO || linger->l_linger == MARK_LINGER2);
}

static int leave_time(int fd, int seconds)
{
    struct linger on = {1, seconds};
    struct linger off = {0, 0};
    int result = lg_sys_setsockopt(fd, SOL_SOCKET, SO_LINGER, &on, sizeof on);

    return result < 0 ? result : lg_sys_setsockopt(fd, SOL_SOCKET, SO_LINGER, &off, sizeof off);
}

int lg_mark_leave(int fd, enum lg_mark mark)
{
    return leave_time(fd, mark == LG_MARK_LINGER2 ? MARK_LINGER2 : MARK_LINGER_ZERO);
}

void lg_mark_remove(int fd)
{
    leave_time(fd, NO_MARK);
}
