/* SPDX-License-Identifier: MIT */
/*
 * The constructor: environment and files to a policy in force. Everything is read here, once. What is
 * wrong is kept for the first record and the program starts all the same, unless LINGERGUARD_STRICT says no.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/parse.h"
#include "policy/print.h"
#include "policy/text.h"
#include "shim/base/line.h"
#include "shim/base/sys.h"
#include "shim/call/next.h"
#include "shim/caller/caller.h"
#include "shim/record/record.h"
#include "shim/record/sink.h"
#include "shim/record/trouble.h"
#include "shim/release/hand_off.h"
#include "shim/release/in_force.h"
#include "shim/start/environment.h"
#include "shim/start/process.h"
#include "shim/start/trusted.h"

#define SYSTEM_POLICY "/etc/lingerguard/policy"
#define EXIT_CONFIG   78 /* EX_CONFIG of sysexits.h */

/*
 * Instead of a policy that cannot be used: less intervention than any policy may have asked for. What
 * becomes of its log is not known either; nobody has asked for records on every program's standard error.
 */
#define FALLBACK        "observe on linger-zero"
#define FALLBACK_SILENT "log syslog; " FALLBACK
#define PATH_BYTES      4096

extern char **environ __attribute__((weak));
extern unsigned long getauxval(unsigned long) __attribute__((weak));

/* Untouched pages of these cost nothing: a process without a policy has none of them. */
static struct lg_policy policy;
static struct lg_in_force in_force = {.policy = &policy, .process = {.user = LG_USER_UNKNOWN}};
static char policy_text[LG_TEXT_BYTES_MAX + 1];
static char rules_text[LG_TEXT_BYTES_MAX + 1];
static char log_path[PATH_BYTES];
static char policy_path[PATH_BYTES];

/* What went wrong while the policy was read. */
struct trouble {
    unsigned errors;     /* of the policy's text */
    char first[1024];    /* the first of them */
    struct lg_line line; /* over `first` */
    bool unusable;       /* what STRICT ends the program for */
};

static void note(const char *a, const char *b, const char *c, const char *d)
{
    const struct lg_text parts[] = {lg_text_of(a), lg_text_of(b), lg_text_of(c), lg_text_of(d)};

    lg_trouble_note(parts, sizeof parts / sizeof parts[0]);
}

static void note_error(void *context, const struct lg_policy_error *error)
{
    struct trouble *trouble = context;

    if (trouble->errors++ == 0)
        lg_policy_error_print(error, false, lg_line_put, &trouble->line);
}

/* An error of the file itself takes the place of an error in its text. */
static void note_file_error(struct trouble *trouble, const char *path, const char *problem)
{
    if (trouble->errors++ > 0)
        return;
    lg_line_word(&trouble->line, path);
    lg_line_word(&trouble->line, ": ");
    lg_line_word(&trouble->line, problem);
    lg_line_word(&trouble->line, "\n");
}

static const char *error_word(int error)
{
    const char *name = lg_errno_name(error);

    return name ? name : "error";
}

/*
 * Reads a whole file and closes it; `fd` may be an error of its opening. Returns its length, or a
 * negative errno: -EFBIG when it is too long for a policy.
 */
static long read_file(int fd, char *text, size_t size)
{
    struct lg_file_id id;
    size_t length = 0;
    long got = 1;

    if (fd < 0)
        return fd;
    if (lg_sys_fstat(fd, &id) == 0 && !S_ISREG(id.mode))
        got = S_ISDIR(id.mode) ? -EISDIR : -EINVAL;
    while (got > 0 && length < size) {
        got = lg_sys_read(fd, text + length, size - length);
        if (got > 0)
            length += (size_t)got;
        else if (got == -EINTR)
            got = 1;
    }
    lg_sys_close(fd);
    if (got < 0)
        return got;
    return length == size ? -EFBIG : (long)length;
}

static void parse(enum lg_source_kind kind, const char *name, struct lg_text text, struct trouble *trouble)
{
    const struct lg_source source = {kind, lg_text_of(name)};

    lg_policy_parse(&policy, &source, text, note_error, trouble);
}

static const char *file_problem(int error)
{
    if (error == EFBIG)
        return "the policy is longer than 1 MiB";
    if (error == EINVAL)
        return "not a regular file";
    if (error == EPERM)
        return "not root's alone: for a process with more rights than its user's root must own the file and its "
               "directories, and nobody else may write to them";
    return error_word(error);
}

static void load_file(const char *path, int fd, struct trouble *trouble)
{
    long length = read_file(fd, policy_text, sizeof policy_text);

    if (length < 0)
        note_file_error(trouble, path, file_problem((int)-length));
    else
        parse(LG_SOURCE_FILE, path, (struct lg_text){policy_text, (size_t)length}, trouble);
}

/* The program may overwrite its environment: keep a copy. False when it does not fit. */
static bool keep(char *copy, size_t size, const char *from)
{
    size_t length = strlen(from);

    if (length >= size)
        return false;
    memcpy(copy, from, length + 1);
    return true;
}

/* A FIFO must not hold the program up. */
static int open_policy(const char *path)
{
    return lg_sys_open(path, O_RDONLY | O_NONBLOCK, 0);
}

static void load_system_policy(bool secure, struct trouble *trouble)
{
    int fd = secure ? lg_trusted_open(SYSTEM_POLICY) : open_policy(SYSTEM_POLICY);

    if (fd != -ENOENT)
        load_file(SYSTEM_POLICY, fd, trouble);
}

static void load_policy(const struct lg_environment *settings, bool secure, struct trouble *trouble)
{
    lg_policy_init(&policy);
    if (settings->rules && keep(rules_text, sizeof rules_text, settings->rules))
        parse(LG_SOURCE_RULES, "rules", lg_text_of(rules_text), trouble);
    if (settings->policy && keep(policy_path, sizeof policy_path, settings->policy))
        load_file(policy_path, open_policy(policy_path), trouble);
    else if (settings->policy)
        note_file_error(trouble, "LINGERGUARD_POLICY", error_word(ENAMETOOLONG));
    else if (!settings->rules)
        load_system_policy(secure, trouble);
    if (trouble->errors == 0)
        return;
    lg_policy_init(&policy); /* all or nothing: half a policy is another policy */
    parse(LG_SOURCE_FILE, "fallback", lg_text_of(settings->preloaded ? FALLBACK : FALLBACK_SILENT), trouble);
    trouble->unusable = true;
}

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

static void note_policy_errors(struct trouble *trouble)
{
    struct lg_line *first = &trouble->line;
    char more[64];
    struct lg_line count;

    if (trouble->errors == 0)
        return;
    if (first->used_bytes > 0 && first->at[first->used_bytes - 1] == '\n')
        first->used_bytes--;
    first->at[first->used_bytes] = '\0';
    lg_line_init(&count, more, sizeof more - 1);
    if (trouble->errors > 1) {
        lg_line_word(&count, " (and ");
        lg_line_number(&count, (int64_t)trouble->errors - 1);
        lg_line_word(&count, " more)");
    }
    more[count.used_bytes] = '\0';
    note("the policy cannot be used, so linger-zero is observed and the rest allowed: ", trouble->first, more,
         "; lingerguard check-policy shows every error with its line");
}

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
    note("unknown variable ", name, environment->unknown_suggestion ? "; did you mean " : "",
         environment->unknown_suggestion ? environment->unknown_suggestion : "");
}

/* Anything but "1", which is yes, and "0" is taken for no, and noted. */
static bool is_yes(const char *value)
{
    return value && lg_text_is_word(lg_text_of(value), "1");
}

static void note_bad_switch(const char *name, const char *value)
{
    if (value && !is_yes(value) && !lg_text_is_word(lg_text_of(value), "0"))
        note(name, " is not 1 or 0 and is ignored: ", value, "");
}

/* LINGERGUARD_LOG, LINGERGUARD_FORMAT and LINGERGUARD_DRAINER over what the policy says. */
static void override(const struct lg_environment *environment, struct lg_settings *settings, struct trouble *trouble)
{
    if (environment->log && !lg_parse_log(lg_text_of(environment->log), settings)) {
        trouble->unusable = true;
        note("LINGERGUARD_LOG is not stderr, off, syslog or a path with a slash, and is ignored: ", environment->log,
             NULL, NULL);
    }
    if (environment->format && !lg_parse_format(lg_text_of(environment->format), &settings->format)) {
        trouble->unusable = true;
        note("LINGERGUARD_FORMAT is not text or json, and is ignored: ", environment->format, NULL, NULL);
    }
    if (environment->drainer) {
        settings->drainer = lg_text_of(environment->drainer);
        if (lg_text_is_word(settings->drainer, "none"))
            settings->drainer = (struct lg_text){NULL, 0};
        if (settings->drainer.length_bytes > LG_DRAINER_BYTES_MAX) {
            settings->drainer = (struct lg_text){NULL, 0};
            trouble->unusable = true;
            note("LINGERGUARD_DRAINER is longer than the path of a socket may be, and is ignored", NULL, NULL, NULL);
        }
    }
    if (settings->log == LG_LOG_FILE && !absolute_path(settings->log_path, log_path, sizeof log_path)) {
        trouble->unusable = true;
        settings->log = environment->preloaded ? LG_LOG_STDERR : LG_LOG_SYSLOG;
        note("the path of the log is too long, or its directory is gone", NULL, NULL, NULL);
    }
}

static void start_log(const struct lg_environment *environment, const struct lg_settings *settings, bool secure)
{
    const struct lg_sink_settings sink = {
        .log = settings->log,
        .path = settings->log == LG_LOG_FILE ? log_path : NULL,
        .journal_stream = environment->journal_stream,
        .root = getauxval && getauxval(AT_EUID) == 0,
        .secure = secure,
        .speaks = environment->preloaded || is_yes(environment->strict),
    };

    lg_record_start(settings, in_force.process.exe);
    lg_sink_start(&sink);
}

static bool asks_for_cgroup(void)
{
    for (uint32_t i = 0; i < policy.rule_count; i++) {
        if (policy.rules[i].matches & LG_MATCH_CGROUP)
            return true;
    }
    return false;
}

static void put_in_force(void)
{
    if (asks_for_cgroup())
        in_force.process.cgroup = lg_process_cgroup();
    lg_policy_keep_possible(&policy, &in_force.process);
    in_force.needs = lg_policy_needs(&policy, &in_force.process);
    if (in_force.needs.hand)
        lg_hand_off_start(policy.settings.drainer);
    lg_in_force_start(&in_force);
}

/* Whatever the log is: who started the program must see why it did not start. */
static void be_strict(const struct trouble *trouble)
{
    if (lg_sink_ready() == 0 && !trouble->unusable)
        return;
    lg_trouble_log_is_ready(lg_record_problem); /* which tells why not */
    note("LINGERGUARD_STRICT is set: the program is not started", NULL, NULL, NULL);
    lg_trouble_tell(lg_record_problem);
    lg_syscall3(SYS_exit_group, EXIT_CONFIG, 0, 0);
}

static void start(const struct lg_environment *environment, bool secure)
{
    struct trouble trouble = {0};

    lg_line_init(&trouble.line, trouble.first, sizeof trouble.first - 1);
    lg_caller_load(getauxval(AT_PHDR), getauxval(AT_PHNUM), getauxval(AT_BASE), (const char *)getauxval(AT_EXECFN));
    in_force.process.exe = lg_process_exe();
    load_policy(environment, secure, &trouble);
    if (lg_policy_skips(&policy, in_force.process.exe))
        return;
    note_policy_errors(&trouble);
    override(environment, &policy.settings, &trouble);
    note_unknown_variable(environment);
    note_bad_switch("LINGERGUARD_OFF", environment->off);
    note_bad_switch("LINGERGUARD_STRICT", environment->strict);
    start_log(environment, &policy.settings, secure);
    if (is_yes(environment->strict))
        be_strict(&trouble);
    put_in_force();
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
    lg_environment_read(&settings, &environ && environ ? environ : environment, secure);
    if (!is_yes(settings.off))
        start(&settings, secure);
}
