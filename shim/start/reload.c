/* SPDX-License-Identifier: MIT */
#include "shim/start/reload.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "policy/pack.h"
#include "policy/text.h"
#include "shim/base/copied.h"
#include "shim/base/other_stack.h"
#include "shim/base/visible.h"
#include "shim/record/sink.h"
#include "shim/start/block.h"
#include "shim/start/note.h"
#include "shim/start/trusted.h"

#define AGAIN_MS       1000 /* between two looks */
#define SOON_MS        100  /* where something is in the middle of a change */
#define SETTLED_MS     50   /* a file that was written in place so shortly ago may still be written */
#define STACK_BYTES    65536
#define ALIGNMENT      16u
#define ALIGNED(n)     (((n) + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1))
#define WHOLE_PAGES(n) (((n) + 4095) & ~(size_t)4095)
#define ALL_SIGNALS    UINT64_MAX
#define SET_MASK       2 /* SIG_SETMASK of the kernel */

static const struct lg_sources *sources;
static struct lg_process_facts process;

/* What was there at the last look; all zero: nothing. Changed by who has the turn. */
static struct {
    struct lg_file_id root; /* at load */
    struct lg_file_id main;
    struct lg_file_id directory;
    bool off;
    bool read; /* a policy was read at all */
} seen;

static size_t kept_bytes; /* of the policies that came into force here */

/* ---- What is there now ---- */

bool lg_reload_is_off(const struct lg_sources *from)
{
    int fd;

    if (!lg_sys_is_there(LG_OFF_PATH))
        return false;
    if (!from->secure)
        return true;
    fd = lg_trusted_open(LG_OFF_PATH, O_PATH);
    if (fd >= 0)
        lg_sys_close(fd);
    return fd >= 0;
}

static bool is_nothing(const struct lg_file_id *id)
{
    return id->device == 0 && id->inode == 0;
}

/* A file that is not to be seen from here, after a chroot or by another user, is no change. */
static bool has_main_changed(struct lg_file_id *now)
{
    return sources->path && lg_sys_stat(sources->path, now) == 0 && !lg_file_id_unchanged(now, &seen.main);
}

/* One that is gone has no rules, as one that is empty. */
static bool has_directory_changed(struct lg_file_id *now)
{
    int result;

    if (is_nothing(&seen.directory) && !lg_sys_is_there(LG_POLICY_D))
        return false;
    result = lg_sys_stat(LG_POLICY_D, now);
    return result == 0 ? !lg_file_id_unchanged(now, &seen.directory)
                       : result == -ENOENT && lg_sys_names("/", &seen.root);
}

/* Written in place, and perhaps not to its end. */
static bool is_being_written(const struct lg_file_id *now)
{
    int64_t seconds, nanoseconds, age_ms;

    if (now->inode != seen.main.inode || now->device != seen.main.device)
        return false;
    lg_sys_realtime(&seconds, &nanoseconds);
    age_ms = (seconds - now->written_s) * 1000 + (nanoseconds - (int64_t)now->written_ns) / 1000000;
    return age_ms >= 0 && age_ms < SETTLED_MS;
}

/* ---- Another policy ---- */

static void note_unusable(const struct lg_reading *reading)
{
    lg_visible_flag(LG_VISIBLE_KEPT, true);
    lg_note("the policy has changed and cannot be used, so the one from before stays in force: ", reading->first,
            "; lingerguard check-policy shows every error with its line", NULL);
}

/* The log's path in the memory behind the block, terminated. */
static char *path_of_log(struct lg_block *block, const struct lg_settings *settings)
{
    char *path = (char *)block + ALIGNED(sizeof *block);

    memcpy(path, settings->log_path.at, settings->log_path.length_bytes);
    return path;
}

/* Another log is no reason to do without the rules. */
static int change_log(struct lg_block *block, const struct lg_settings *settings)
{
    int result = lg_sink_change(settings->log, settings->log == LG_LOG_FILE ? path_of_log(block, settings) : NULL);
    const char *name = result < 0 ? lg_errno_name(-result) : NULL;

    if (result < 0 && result != -EAGAIN)
        lg_note("the log of the changed policy cannot be used (", name ? name : "error",
                "), so records go where they went", NULL);
    return result;
}

/* In memory that is never given back. Returns 0, or a negative errno when it is to be tried again. */
static int take_over(struct lg_policy *policy, bool is_fallback)
{
    size_t path_bytes = policy->settings.log == LG_LOG_FILE ? policy->settings.log_path.length_bytes + 1 : 0;
    size_t head_bytes = ALIGNED(sizeof(struct lg_block)) + ALIGNED(path_bytes);
    size_t bytes = WHOLE_PAGES(head_bytes + lg_policy_packed_bytes(policy));
    struct lg_block *block;

    if (kept_bytes + bytes > LG_RELOAD_BYTES_MAX) {
        lg_visible_flag(LG_VISIBLE_KEPT, true);
        lg_note("the policy has changed too often for this process, so the one from before stays in force until it "
                "is started anew",
                NULL, NULL, NULL);
        return 0;
    }
    block = lg_sys_map(bytes);
    if (!block)
        return -ENOMEM;
    if (change_log(block, &policy->settings) == -EAGAIN) {
        lg_sys_unmap(block, bytes);
        return -EAGAIN;
    }
    kept_bytes += bytes;
    lg_block_put_in_force(block, lg_policy_pack(policy, (char *)block + head_bytes), &process);
    lg_visible_flag(LG_VISIBLE_KEPT, false);
    lg_visible_flag(LG_VISIBLE_UNUSABLE, is_fallback);
    return 0;
}

/* What was read is what was seen, also where it has an error: that is told once. */
static void remember(const struct lg_reading *reading, const struct lg_file_id *main)
{
    if (!is_nothing(&reading->main_id))
        seen.main = reading->main_id;
    else if (!is_nothing(main))
        seen.main = *main;
    seen.directory = reading->directory_id;
    seen.read = true;
}

/* It may have been written while it was read. */
static bool has_settled(const struct lg_reading *reading)
{
    struct lg_file_id now;

    return is_nothing(&reading->main_id) ||
           (!is_being_written(&reading->main_id) && lg_sys_stat(sources->path, &now) == 0 &&
            lg_file_id_unchanged(&now, &reading->main_id));
}

static int read_anew(struct lg_reading *reading, const struct lg_file_id *main)
{
    bool is_usable = lg_policy_read(reading, sources);
    bool falls_back = !is_usable && !seen.read; /* it was off before: no other is in force */
    bool is_gone = is_nothing(&reading->main_id) && !is_nothing(&seen.main);
    int result = 0;

    if (!has_settled(reading))
        return -EAGAIN;
    if (falls_back)
        lg_policy_fall_back(reading, sources);
    if (falls_back || (is_usable && !is_gone)) {
        lg_sources_override(sources, &reading->policy.settings);
        lg_block_prepare(&reading->policy, &process);
        result = take_over(&reading->policy, falls_back);
    } else if (!is_usable) {
        note_unusable(reading);
    }
    if (result == 0)
        remember(reading, main);
    return result;
}

/* All that a reload needs for a while, its stack among it: the present one may be a signal's. */
struct room {
    struct lg_reading reading;
    const struct lg_file_id *main;
    int result;
    char stack[STACK_BYTES] __attribute__((aligned(16)));
};

static void read_in(void *context)
{
    struct room *room = context;

    room->result = read_anew(&room->reading, room->main);
}

static unsigned reload(const struct lg_file_id *main)
{
    struct room *room;
    int result;

    if (sources->name &&
        !lg_sys_names("/", &seen.root)) { /* another root's files are not ours: what is there is looked at no more */
        seen.main = *main;
        return AGAIN_MS;
    }
    room = lg_sys_map(sizeof *room);
    if (!room)
        return AGAIN_MS;
    room->main = main;
    lg_other_stack_call(room->stack + STACK_BYTES, read_in, room);
    result = room->result;
    lg_sys_unmap(room, sizeof *room);
    return result == -EAGAIN ? SOON_MS : AGAIN_MS;
}

static void set_off(bool off)
{
    if (off == seen.off)
        return;
    seen.off = off;
    lg_visible_flag(LG_VISIBLE_OFF_FILE, off);
    lg_in_force_stand_aside(off);
}

/* What a look finds. */
struct news {
    bool off;
    bool main_changed;
    bool directory_changed;
    struct lg_file_id main; /* all zero: not to be seen from here */
};

static bool find(struct news *news)
{
    struct lg_file_id directory;

    *news = (struct news){.off = lg_reload_is_off(sources)};
    if (news->off)
        return !seen.off;
    if (sources->name) {
        news->main_changed = has_main_changed(&news->main);
        news->directory_changed = has_directory_changed(&directory);
    }
    return seen.off || !seen.read || news->main_changed || news->directory_changed;
}

static unsigned act(const struct news *news)
{
    unsigned again_ms = AGAIN_MS;

    if (!news->off && news->main_changed && is_being_written(&news->main))
        again_ms = SOON_MS;
    else if (!news->off && (news->main_changed || news->directory_changed || !seen.read))
        again_ms = reload(&news->main);
    set_off(news->off);
    return again_ms;
}

/* One at a time, and not by a handler of the program that may leave by siglongjmp, and take the turn with it. */
static unsigned act_alone(const struct news *news)
{
    uint64_t all = ALL_SIGNALS, before = 0;
    unsigned again_ms = AGAIN_MS;

    lg_syscall4(SYS_rt_sigprocmask, SET_MASK, (long)&all, (long)&before, sizeof all);
    if (!lg_memory_is_lent() && lg_memory_take_turn()) {
        again_ms = act(news);
        lg_memory_end_turn();
    }
    lg_syscall4(SYS_rt_sigprocmask, SET_MASK, (long)&before, 0, sizeof before);
    return again_ms;
}

static unsigned look(void)
{
    struct news news;

    return find(&news) ? act_alone(&news) : AGAIN_MS;
}

void lg_reload_watch(const struct lg_sources *from, const struct lg_process_facts *of, const struct lg_reading *reading)
{
    sources = from;
    process = *of;
    if (reading) {
        seen.main = reading->main_id;
        seen.directory = reading->directory_id;
        seen.read = true;
    }
    seen.off = !reading;
    if (!from->name || lg_sys_stat("/", &seen.root) == 0) /* else there is no file to be looked at */
        lg_in_force_watch(look);
}
