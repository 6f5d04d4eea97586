/* SPDX-License-Identifier: MIT */
#include "shim/record/record.h"

#include "shim/base/copied.h"
#include "shim/base/line.h"
#include "shim/base/sys.h"
#include "shim/caller/caller.h"
#include "shim/record/format.h"
#include "shim/record/limit.h"
#include "shim/record/sink.h"
#include "shim/record/trouble.h"

#define PROBLEM_BYTES 2560 /* the text is kept in less, and the stack may be a signal's */

static const struct lg_settings defaults = {.limit_per_s = LG_LIMIT_DEFAULT, .callers = LG_CALLERS_DEFAULT};

static struct {
    const struct lg_settings *settings; /* of the policy in force */
    struct lg_text exe;
    struct lg_limit limit;
} recorder = {.settings = &defaults};

void lg_record_start(const struct lg_settings *settings, struct lg_text exe)
{
    recorder.exe = exe;
    __atomic_store_n(&recorder.settings, settings, __ATOMIC_RELEASE);
}

static const struct lg_settings *settings_now(void)
{
    return __atomic_load_n(&recorder.settings, __ATOMIC_ACQUIRE);
}

bool lg_record_possible(const struct lg_decision *decision)
{
    return !decision->quiet && decision->verdict.kind != LG_VERDICT_ALLOW && lg_sink_is_on();
}

bool lg_record_take(void)
{
    if (lg_memory_is_copied())
        lg_record_forked();
    return lg_limit_take(&recorder.limit, settings_now()->limit_per_s, lg_sys_now_ms());
}

bool lg_record_wanted(const struct lg_decision *decision)
{
    return lg_record_possible(decision) && lg_record_take();
}

void lg_record_withdraw(void)
{
    lg_limit_give_back(&recorder.limit);
}

static void stamp_now(struct lg_stamp *stamp, const struct lg_settings *settings)
{
    lg_sys_realtime(&stamp->seconds, &stamp->nanoseconds);
    stamp->pid = lg_memory_pid();
    stamp->tid = lg_sys_is_single_threaded() ? stamp->pid : lg_sys_tid();
    stamp->exe = recorder.exe;
    stamp->tag = settings->tag;
    stamp->suppressed = 0;
}

/* Apart, so that its room on the stack, which may be a signal's, is not taken while the log is made ready. */
static __attribute__((noinline)) bool write_record(const struct lg_event *event)
{
    const struct lg_settings *settings = &event->policy->settings;
    char buffer[LG_RECORD_BYTES_MAX];
    struct lg_frames frames = {0};
    struct lg_stamp stamp;
    struct lg_line line;

    if (settings->callers > 0 && event->caller != 0)
        lg_frames_collect(&frames, event->caller, settings->callers);
    stamp_now(&stamp, settings);
    stamp.suppressed = lg_limit_dropped(&recorder.limit);
    lg_line_init(&line, buffer, sizeof buffer);
    lg_format_event(&line, settings->format, &stamp, event, &frames);
    if (lg_sink_write(line.at, line.used_bytes))
        return true;
    lg_limit_drop(&recorder.limit, stamp.suppressed);
    return false;
}

void lg_record_write(const struct lg_event *event)
{
    for (unsigned tries = 0; tries < 2 && lg_trouble_log_is_ready(lg_record_problem); tries++) {
        if (write_record(event))
            return;
        if (!lg_sink_is_lost())
            break;
    }
    lg_limit_drop(&recorder.limit, 1);
    lg_trouble_not_written(lg_record_problem);
}

__attribute__((noinline)) void lg_record_problem(const struct lg_text *parts, unsigned count)
{
    const struct lg_settings *settings = settings_now();
    char buffer[PROBLEM_BYTES];
    struct lg_stamp stamp;
    struct lg_line line;

    stamp_now(&stamp, settings);
    lg_line_init(&line, buffer, sizeof buffer);
    lg_format_problem(&line, settings->format, &stamp, parts, count);
    lg_sink_tell(line.at, line.used_bytes);
}

static __attribute__((noinline)) bool write_dropped(void)
{
    const struct lg_settings *settings = settings_now();
    char buffer[LG_RECORD_BYTES_MAX];
    struct lg_stamp stamp;
    struct lg_line line;

    stamp_now(&stamp, settings);
    stamp.suppressed = lg_limit_dropped(&recorder.limit);
    lg_line_init(&line, buffer, sizeof buffer);
    lg_format_dropped(&line, settings->format, &stamp);
    if (stamp.suppressed == 0 || lg_sink_write(line.at, line.used_bytes))
        return true;
    lg_limit_drop(&recorder.limit, stamp.suppressed);
    return false;
}

void lg_record_dropped(void)
{
    if (!lg_limit_has_dropped(&recorder.limit) || !lg_sink_is_on())
        return;
    if (lg_memory_is_copied()) { /* they are the parent's to tell */
        lg_record_forked();
        return;
    }
    for (unsigned tries = 0; tries < 2 && lg_trouble_log_is_ready(lg_record_problem); tries++) {
        if (write_dropped() || !lg_sink_is_lost())
            return;
    }
}

void lg_record_dropped_before(void)
{
    if (lg_limit_has_dropped(&recorder.limit) && lg_limit_is_over(&recorder.limit, lg_sys_now_ms()) &&
        lg_limit_take(&recorder.limit, settings_now()->limit_per_s, lg_sys_now_ms()))
        lg_record_dropped();
}

void lg_record_forked(void)
{
    recorder.limit = (struct lg_limit){0};
    lg_sink_forked();
    lg_trouble_forked();
}
