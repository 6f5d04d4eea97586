/* SPDX-License-Identifier: MIT */
#include "shim/record/trouble.h"

#include <errno.h>
#include <string.h>

#include "policy/text.h"
#include "shim/base/large.h"
#include "shim/base/line.h"
#include "shim/record/sink.h"

/* Lines, a NUL behind each; theirs who has changed the state to WRITING or TELLING. */
enum { EMPTY = 0, WRITING, FULL, TELLING };
static unsigned state;
static char kept[2048] LG_LARGE;
static size_t kept_bytes;
static bool log_told;

#define LINE_BYTES_MIN 512 /* where less is left, the lines from before give way */

static bool change_state(unsigned from, unsigned to)
{
    return __atomic_compare_exchange_n(&state, &from, to, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static void put(const struct lg_text *parts, unsigned count)
{
    struct lg_line line;

    if (sizeof kept - kept_bytes < LINE_BYTES_MIN)
        kept_bytes = 0;
    lg_line_init(&line, kept + kept_bytes, sizeof kept - kept_bytes - 1);
    for (unsigned i = 0; i < count; i++)
        lg_line_bytes(&line, parts[i].at, parts[i].length_bytes);
    kept_bytes += line.used_bytes;
    kept[kept_bytes++] = '\0';
}

bool lg_trouble_note(const struct lg_text *parts, unsigned count)
{
    if (change_state(EMPTY, WRITING))
        kept_bytes = 0;
    else if (!change_state(FULL, WRITING))
        return false;
    put(parts, count);
    __atomic_store_n(&state, FULL, __ATOMIC_RELEASE);
    return true;
}

void lg_trouble_tell(lg_tell_fn *tell)
{
    struct lg_text line;

    if (__atomic_load_n(&state, __ATOMIC_RELAXED) != FULL || !change_state(FULL, TELLING))
        return;
    for (line.at = kept; line.at < kept + kept_bytes; line.at += line.length_bytes + 1) {
        line.length_bytes = strlen(line.at);
        tell(&line, 1);
    }
    __atomic_store_n(&state, EMPTY, __ATOMIC_RELEASE);
}

void lg_trouble_forked(void)
{
    if (__atomic_load_n(&state, __ATOMIC_RELAXED) != FULL)
        __atomic_store_n(&state, EMPTY, __ATOMIC_RELAXED);
}

static const char *reason(int error)
{
    const char *name = lg_errno_name(error);

    if (error == ESTALE)
        return "it was removed, and cannot be made anew";
    if (error == ELOOP)
        return "a symbolic link, which a process of root or with its user's rights raised does not follow";
    if (error == EPERM)
        return "another user's file, which a process of root does not write into";
    return name ? name : "error";
}

/* What to do is said only where it is safe to do. */
static void tell_of_log(lg_tell_fn *tell, int error, bool falls_back)
{
    const struct lg_text parts[] = {
        lg_text_of("cannot write records to "),
        lg_text_of(lg_sink_name()),
        lg_text_of(": "),
        lg_text_of(reason(error)),
        lg_text_of(falls_back ? "; they go to standard error" : "; they are dropped and counted"),
        lg_text_of("; log syslog takes those of every user"),
    };

    tell(parts, sizeof parts / sizeof parts[0]);
}

void lg_trouble_not_written(lg_tell_fn *tell)
{
    const struct lg_text parts[] = {
        lg_text_of(
            "cannot write records to standard error: the program has put something else there, or closed it; they "
            "are dropped and counted; log file PATH or log syslog takes them"),
    };

    if (lg_sink_is_replaced() && !__atomic_exchange_n(&log_told, true, __ATOMIC_RELAXED))
        tell(parts, sizeof parts / sizeof parts[0]);
}

/* A process that has no number free, or no memory, may have some later. */
static bool may_pass(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOMEM;
}

bool lg_trouble_log_is_ready(lg_tell_fn *tell)
{
    int result = lg_sink_ready();
    bool falls_back = false;

    if (result == -EAGAIN)
        return false;
    if (result < 0) {
        falls_back = !may_pass(-result) && lg_sink_fall_back();
        if (!__atomic_exchange_n(&log_told, true, __ATOMIC_RELAXED))
            tell_of_log(tell, -result, falls_back);
    }
    lg_trouble_tell(tell);
    return result == 0 || falls_back;
}
