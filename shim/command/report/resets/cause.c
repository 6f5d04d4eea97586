/* SPDX-License-Identifier: MIT */
#include "shim/command/report/resets/cause.h"
#include "policy/text.h"

const char *lg_reset_cause_name(enum lg_reset_cause cause)
{
    static const char *const names[LG_RESET_COUNT] = {
        [LG_RESET_LINGER_ZERO] = "linger-zero",
        [LG_RESET_UNREAD] = "unread",
        [LG_RESET_LATE] = "late",
        [LG_RESET_DISCONNECT] = "disconnect",
        [LG_RESET_BACKLOG] = "backlog",
        [LG_RESET_ABORT] = "abort",
        [LG_RESET_STRAY] = "stray",
        [LG_RESET_REFUSED] = "refused",
        [LG_RESET_KERNEL] = "kernel",
    };
    return names[cause];
}

static bool is_one_of(struct lg_text text, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (lg_text_is_word(text, *words))
            return true;
    }
    return false;
}

static enum lg_reset_cause cause_of_packet(const struct lg_reset *reset)
{
    static const char *const late[] = {"TCP_ABORT_ON_DATA", "TCP_TIMEWAIT_SOCKET", NULL};

    if (reset->syn == LG_ANSWER_YES)
        return LG_RESET_REFUSED;
    return is_one_of(reset->reason, late) ? LG_RESET_LATE : LG_RESET_STRAY;
}

enum lg_reset_cause lg_reset_cause(const struct lg_reset *reset)
{
    static const char *const timers[] = {"TCP_KEEPALIVE_TIMEOUT", "TCP_ABORT_ON_MEMORY", NULL};

    if (reset->is_packet)
        return cause_of_packet(reset);
    if (is_one_of(reset->reason, timers) || (reset->state.at != NULL && !lg_text_is_word(reset->state, "CLOSE")))
        return LG_RESET_KERNEL;
    if (reset->accepted == LG_ANSWER_NO)
        return LG_RESET_BACKLOG;
    /* TCP_ABORT_ON_LINGER is TCP_LINGER2 below 0, which is that cause too, and SO_LINGER never. */
    if (reset->linger_zero == LG_ANSWER_YES || lg_text_is_word(reset->reason, "TCP_ABORT_ON_LINGER"))
        return LG_RESET_LINGER_ZERO;
    if (lg_text_is_word(reset->reason, "TCP_ABORT_ON_CLOSE"))
        return LG_RESET_UNREAD;
    return reset->linger_zero == LG_ANSWER_NO && lg_text_is_word(reset->reason, "TCP_STATE") ? LG_RESET_DISCONNECT
                                                                                             : LG_RESET_ABORT;
}
