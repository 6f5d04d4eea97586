/* SPDX-License-Identifier: MIT */
/*
 * The constructor: environment and files to a policy in force. What is wrong is kept for the first record and the
 * program starts all the same, unless LINGERGUARD_STRICT says no.
 */
#include <stdbool.h>
#include <string.h>
#include <sys/auxv.h>

#include "policy/text.h"
#include "shim/base/large.h"
#include "shim/base/visible.h"
#include "shim/call/next.h"
#include "shim/caller/caller.h"
#include "shim/record/record.h"
#include "shim/record/sink.h"
#include "shim/record/trouble.h"
#include "shim/start/block.h"
#include "shim/start/note.h"
#include "shim/start/process.h"
#include "shim/start/reload.h"

#define EXIT_CONFIG 78 /* EX_CONFIG of sysexits.h */
#define PATH_BYTES  4096

extern char **environ __attribute__((weak));
extern unsigned long getauxval(unsigned long) __attribute__((weak));

/* Untouched pages of these cost nothing: a process without a policy has none of them. */
static struct lg_reading reading LG_LARGE;
static struct lg_block block;
static struct lg_process_facts process = {.user = LG_USER_UNKNOWN};
static char log_path[PATH_BYTES] LG_LARGE;

static void note_unknown_variable(const struct lg_environment *environment)
{
    char name[64];
    size_t length = 0;

    if (!environment->unknown)
        return;
    while (environment->unknown[length] && environment->unknown[length] != '=' && length < sizeof name - 1)
        length++;
    memcpy(name, environment->unknown, length);
    name[length] = '\0';
    lg_note("unknown variable ", name, environment->unknown_suggestion ? "; did you mean " : "",
            environment->unknown_suggestion ? environment->unknown_suggestion : "");
}

/* Anything but "1", which is yes, and "0" is taken for no, and noted. */
static void note_bad_switch(const char *name, const char *value)
{
    if (value && !lg_sources_is_yes(value) && !lg_text_is_word(lg_text_of(value), "0"))
        lg_note(name, " is not 1 or 0 and is ignored: ", value, "");
}

static const char *keep_log_path(const struct lg_settings *settings)
{
    struct lg_text path = settings->log_path;

    if (settings->log != LG_LOG_FILE || path.length_bytes >= sizeof log_path)
        return NULL;
    memcpy(log_path, path.at, path.length_bytes);
    return log_path;
}

static void start_log(const struct lg_environment *environment, const struct lg_sources *sources,
                      const struct lg_settings *settings)
{
    const char *path = keep_log_path(settings);
    const struct lg_sink_settings sink = {
        .log = settings->log == LG_LOG_FILE && !path ? LG_LOG_OFF : settings->log,
        .path = path,
        .journal_stream = environment->journal_stream,
        .root = getauxval && getauxval(AT_EUID) == 0,
        .secure = sources->secure,
        .speaks = sources->preloaded || sources->strict,
    };

    lg_record_start(settings, process.exe);
    lg_sink_start(&sink);
}

/* Whatever the log is: who started the program must see why it did not start. */
static void be_strict(bool is_unusable)
{
    if (lg_sink_ready() == 0 && !is_unusable)
        return;
    lg_trouble_log_is_ready(lg_record_problem); /* which tells why not */
    lg_note("LINGERGUARD_STRICT is set: the program is not started", NULL, NULL, NULL);
    lg_trouble_tell(lg_record_problem);
    lg_syscall3(SYS_exit_group, EXIT_CONFIG, 0, 0);
}

/*
 * While /etc/lingerguard/off is there nothing is opened. But what is known only now is kept: what standard error is,
 * and which directory relative paths of LINGERGUARD_RULES mean.
 */
static void stand_aside(const struct lg_environment *environment, const struct lg_sources *sources)
{
    const struct lg_settings off = {
        .log = LG_LOG_STDERR, .limit_per_s = LG_LIMIT_DEFAULT, .callers = LG_CALLERS_DEFAULT};
    const struct lg_sources rules_alone = {.rules = sources->rules};

    if (lg_policy_read(&reading, &rules_alone))
        lg_sources_settle(&reading.policy.settings);
    lg_visible_flag(LG_VISIBLE_OFF_FILE, true);
    start_log(environment, sources, &off);
    lg_in_force_stand_aside(true);
    lg_reload_watch(sources, &process, NULL);
}

static void start_under_policy(const struct lg_environment *environment, const struct lg_sources *sources)
{
    bool is_usable = lg_policy_read(&reading, sources);
    struct lg_settings *settings = &reading.policy.settings;

    if (!is_usable) {
        lg_visible_flag(LG_VISIBLE_UNUSABLE, true);
        lg_policy_fall_back(&reading, sources);
    }
    if (lg_policy_skips(&reading.policy, process.exe)) {
        lg_visible_flag(LG_VISIBLE_OFF, true);
        return;
    }
    lg_sources_settle(settings);
    lg_sources_override(sources, settings);
    start_log(environment, sources, settings);
    if (sources->strict)
        be_strict(!is_usable || reading.skipped_part || sources->has_bad);
    lg_block_prepare(&reading.policy, &process);
    lg_block_put_in_force(&block, &reading.policy, &process);
    lg_reload_watch(sources, &process, &reading);
}

static void start(const struct lg_environment *environment, bool secure)
{
    const struct lg_sources *sources = lg_sources_keep(environment, secure);

    lg_caller_load(getauxval(AT_PHDR), getauxval(AT_PHNUM), getauxval(AT_BASE), (const char *)getauxval(AT_EXECFN));
    process.exe = lg_process_exe();
    note_unknown_variable(environment);
    note_bad_switch("LINGERGUARD_OFF", environment->off);
    note_bad_switch("LINGERGUARD_STRICT", environment->strict);
    if (lg_reload_is_off(sources))
        stand_aside(environment, sources);
    else
        start_under_policy(environment, sources);
}

/* glibc hands the environment to a constructor and may not have set environ yet; musl does it the other way round. */
__attribute__((constructor)) static void load(int count, char **arguments, char **environment)
{
    bool secure = !getauxval || getauxval(AT_SECURE) != 0;
    struct lg_environment settings;

    (void)count;
    (void)arguments;
    if (!lg_next_resolve()) /* nothing there whose calls we could stand in front of */
        return;
    lg_visible_flag(LG_VISIBLE_LOADED, true);
    lg_environment_read(&settings, &environ && environ ? environ : environment, secure);
    if (lg_sources_is_yes(settings.off))
        lg_visible_flag(LG_VISIBLE_OFF, true);
    else
        start(&settings, secure);
}
