/* SPDX-License-Identifier: MIT */
#include "shim/start/sources.h"

#include <errno.h>
#include <string.h>

#include "policy/parse.h"
#include "policy/text.h"
#include "shim/base/large.h"
#include "shim/base/sys.h"
#include "shim/start/note.h"

#define PATH_BYTES 4096

/* Untouched pages of these cost nothing. */
static struct lg_sources kept;
static char rules[LG_TEXT_BYTES_MAX + 1] LG_LARGE;
static char policy_path[PATH_BYTES] LG_LARGE;
static char log_path[PATH_BYTES] LG_LARGE;
static char drainer_path[LG_DRAINER_BYTES_MAX + 1];

/* A path that still means the same file when the program has changed its directory. */
static bool absolute_path(struct lg_text path, char *out, size_t size)
{
    size_t length = 0;

    if (path.length_bytes == 0 || path.at[0] != '/') {
        long got = lg_syscall3(SYS_getcwd, (long)out, (long)size, 0);

        if (got <= 0 || out[0] != '/')
            return false;
        length = (size_t)got; /* counts the NUL, which becomes the slash */
        out[length - 1] = '/';
    }
    if (path.length_bytes >= size - length)
        return false;
    memcpy(out + length, path.at, path.length_bytes);
    out[length + path.length_bytes] = '\0';
    return true;
}

bool lg_sources_is_yes(const char *value)
{
    return value && lg_text_is_word(lg_text_of(value), "1");
}

static void note_bad(const char *a, const char *b)
{
    kept.has_bad = true;
    lg_note(a, b, NULL, NULL);
}

static void keep_policy(const struct lg_environment *environment)
{
    struct lg_text text = lg_text_of(environment->rules);

    if (text.length_bytes < sizeof rules && text.at) {
        memcpy(rules, text.at, text.length_bytes);
        kept.rules = lg_text_make(rules, text.length_bytes);
    }
    kept.path_is_system = !environment->policy && !environment->rules;
    kept.name = kept.path_is_system ? LG_POLICY_PATH : environment->policy;
    if (kept.path_is_system) {
        kept.path = LG_POLICY_PATH;
    } else if (kept.name) {
        /* As it is shown it ends the absolute path: one copy of both. */
        if (absolute_path(lg_text_of(kept.name), policy_path, sizeof policy_path))
            kept.path = policy_path;
        kept.name = kept.path ? policy_path + strlen(policy_path) - strlen(kept.name) : "LINGERGUARD_POLICY";
    }
}

static void keep_log_path(struct lg_text path)
{
    kept.over.set |= LG_SET_LOG;
    if (absolute_path(path, log_path, sizeof log_path)) {
        kept.over.log = LG_LOG_FILE;
        kept.over.log_path = lg_text_of(log_path);
        return;
    }
    kept.over.log = kept.preloaded ? LG_LOG_STDERR : LG_LOG_SYSLOG;
    note_bad("the path of the log is too long, or its directory is gone", NULL);
}

static void keep_log(const struct lg_environment *environment)
{
    if (!environment->log)
        return;
    if (!lg_parse_log(lg_text_of(environment->log), &kept.over)) {
        note_bad("LINGERGUARD_LOG is not stderr, off, syslog or a path with a slash, and is ignored: ",
                 environment->log);
        return;
    }
    kept.over.set |= LG_SET_LOG;
    if (kept.over.log == LG_LOG_FILE)
        keep_log_path(kept.over.log_path);
}

static void keep_drainer_path(struct lg_text path)
{
    kept.over.set |= LG_SET_DRAINER;
    if (absolute_path(path, drainer_path, sizeof drainer_path))
        kept.over.drainer = lg_text_of(drainer_path);
    else
        note_bad("the path of the drainer is longer than that of a socket may be, and is ignored", NULL);
}

static void keep_drainer(const struct lg_environment *environment)
{
    if (!environment->drainer)
        return;
    if (lg_text_is_word(lg_text_of(environment->drainer), "none"))
        kept.over.set |= LG_SET_DRAINER;
    else
        keep_drainer_path(lg_text_of(environment->drainer));
}

void lg_sources_settle(struct lg_settings *settings)
{
    if (!(kept.over.set & LG_SET_LOG) && settings->log == LG_LOG_FILE && settings->log_path.at[0] != '/')
        keep_log_path(settings->log_path);
    if (!(kept.over.set & LG_SET_DRAINER) && settings->drainer.at && settings->drainer.at[0] != '/')
        keep_drainer_path(settings->drainer);
}

const struct lg_sources *lg_sources_keep(const struct lg_environment *environment, bool secure)
{
    kept.secure = secure;
    kept.preloaded = environment->preloaded;
    kept.strict = lg_sources_is_yes(environment->strict);
    keep_policy(environment);
    keep_log(environment);
    keep_drainer(environment);
    if (environment->format && lg_parse_format(lg_text_of(environment->format), &kept.over.format))
        kept.over.set |= LG_SET_FORMAT;
    else if (environment->format)
        note_bad("LINGERGUARD_FORMAT is not text or json, and is ignored: ", environment->format);
    return &kept;
}

void lg_sources_override(const struct lg_sources *sources, struct lg_settings *settings)
{
    const struct lg_settings *over = &sources->over;

    if (over->set & LG_SET_LOG) {
        settings->log = over->log;
        settings->log_path = over->log_path;
    }
    if (over->set & LG_SET_FORMAT)
        settings->format = over->format;
    if (over->set & LG_SET_DRAINER)
        settings->drainer = over->drainer;
}
