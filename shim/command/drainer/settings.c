/* SPDX-License-Identifier: MIT */
#include "shim/command/drainer/settings.h"

#include "policy/number.h"
#include "policy/parse.h"
#include "policy/text.h"
#include "policy/words.h"
#include "shim/command/common/command.h"
#include "shim/command/common/output.h"
#include "shim/command/drainer/serve.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define MAX_DEFAULT 4096u
#define MAX_MOST    1000000u
#define SPARE       64u /* descriptors that are no connections */
#define UNMAPPED    65534u

/* Values */

static uid_t unmapped_user(void)
{
    FILE *file = fopen("/proc/sys/kernel/overflowuid", "re");
    unsigned user = UNMAPPED;

    if (file) {
        if (fscanf(file, "%u", &user) != 1)
            user = UNMAPPED;
        fclose(file);
    }
    return user;
}

void lg_drainer_defaults(struct lg_drainer_settings *settings)
{
    *settings = (struct lg_drainer_settings){.max_time_ms = LG_DURATION_MS_MAX, .program = -1, .ready_fd = -1};
    settings->users.unmapped = unmapped_user();
    settings->users.users[settings->users.count++] = 0;
    settings->users.users[settings->users.count++] = geteuid();
}

int lg_drainer_read_max(const char *value, struct lg_drainer_settings *settings)
{
    if (lg_number_parse(lg_text_of(value), &settings->max) && settings->max >= 1 && settings->max <= MAX_MOST)
        return 0;
    return lg_usage_error("drainer", "max: '%s' is not a number from 1 to %u", value, MAX_MOST);
}

int lg_drainer_read_max_time(const char *value, struct lg_drainer_settings *settings)
{
    if (lg_duration_parse(lg_text_of(value), &settings->max_time_ms) == LG_PROBLEM_NONE)
        return 0;
    return lg_usage_error("drainer", "max-time: '%s' is not a duration from 1ms to 1h: 250ms, 5s, 2m", value);
}

int lg_drainer_read_user(const char *value, struct lg_drainer_settings *settings)
{
    struct lg_link_users *users = &settings->users;
    char *end;
    unsigned long long number = strtoull(value, &end, 10);

    if (strcmp(value, "any") == 0) {
        users->any = true;
        return 0;
    }
    if (value[0] < '0' || value[0] > '9' || *end != 0 || number >= UINT32_MAX)
        return lg_usage_error("drainer", "allow-user: '%s' is not a uid and not 'any'", value);
    if (number == users->unmapped)
        return lg_usage_error("drainer", "allow-user: %s stands for every user that is not known here", value);
    if (users->count == LG_LINK_USERS_MAX)
        return lg_usage_error("drainer", "allow-user: %u users at most", LG_LINK_USERS_MAX - 2);
    users->users[users->count++] = (uid_t)number;
    return 0;
}

int lg_drainer_read_log(const char *value, struct lg_drainer_settings *settings)
{
    struct lg_settings read;

    if (!lg_parse_log(lg_text_of(value), &read))
        return lg_usage_error("drainer", "log '%s' is not stderr, off or syslog; for a file, write './%s'", value,
                              value);
    settings->log = read.log;
    settings->log_path = value;
    return 0;
}

int lg_drainer_read_format(const char *value, struct lg_drainer_settings *settings)
{
    int word = lg_option_word("drainer", "format", value, lg_format_words, LG_FORMAT_COUNT);

    if (word < 0)
        return LG_EXIT_USAGE;
    settings->format = (enum lg_format)word;
    return 0;
}

/* What it needs */

/* As many descriptors as we may have; 0 when `max` connections do not fit. */
static uint32_t fit_descriptors(uint32_t max)
{
    struct rlimit limit = {0, 0};
    uint32_t count;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
        getrlimit(RLIMIT_NOFILE, &limit);
    }
    count = limit.rlim_cur < 2 * MAX_MOST ? (uint32_t)limit.rlim_cur : 2 * MAX_MOST;
    if (count >= SPARE + (max > 0 ? max : 1))
        return count;
    lg_say_error("drainer: the limit of descriptors is %u (ulimit -n, LimitNOFILE=): too few for %u connections and %u "
                 "others",
                 count, max > 0 ? max : 1, SPARE);
    return 0;
}

static uint32_t connections_for(uint32_t max, uint32_t descriptors)
{
    if (max > 0)
        return max;
    return descriptors - SPARE < MAX_DEFAULT ? descriptors - SPARE : MAX_DEFAULT;
}

static bool has_other_users(const struct lg_link_users *users)
{
    for (unsigned i = 0; i < users->count; i++) {
        if (users->users[i] != 0 && users->users[i] != geteuid())
            return true;
    }
    return users->any;
}

static int open_log(const struct lg_drainer_settings *settings, struct lg_drainer_log *log)
{
    int result = lg_drainer_log_open(log, settings->log, settings->log_path);

    if (result != 0)
        lg_say_error("drainer: log '%s': %s", settings->log_path, strerror(-result));
    return result == 0 ? 0 : LG_EXIT_USAGE;
}

static int open_listener(const struct lg_drainer_settings *settings, struct lg_listener *listener)
{
    int result = settings->path ? lg_listener_open(listener, settings->path, has_other_users(&settings->users))
                                : lg_listener_passed(listener);

    if (result == -ENOENT && !settings->path)
        return lg_usage_error("drainer", "missing PATH, and systemd passed no socket");
    return result == 0 ? 0 : LG_EXIT_USAGE;
}

static const char *own_path(void)
{
    static char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

    return length > 0 ? path : NULL;
}

static void say_ready(const struct lg_drainer_settings *settings)
{
    if (geteuid() == settings->users.unmapped)
        lg_say_warning("drainer: user %u stands for every user that is not known here: only root may send", geteuid());
    if (settings->ready_fd < 0)
        return;
    if (write(settings->ready_fd, "", 1) != 1)
        lg_say_warning("drainer: nobody waits for it");
    close(settings->ready_fd);
}

int lg_drainer_run(const struct lg_drainer_settings *settings)
{
    static struct lg_server server;
    uint32_t descriptors = fit_descriptors(settings->max);
    int result, status = descriptors > 0 ? open_log(settings, &server.drains.log) : LG_EXIT_USAGE;

    server.signals = lg_serve_signals();
    if (status == 0)
        status = open_listener(settings, &server.listener);
    if (status != 0)
        return status;
    server.program = settings->program;
    server.links.users = settings->users;
    server.drains.format = settings->format;
    server.drains.max_time_ms = settings->max_time_ms;
    server.drains.exe = own_path();
    say_ready(settings);
    result = lg_serve(&server, connections_for(settings->max, descriptors), descriptors);
    if (result != 0)
        lg_say_error("drainer: %s", strerror(-result));
    return result != 0 ? LG_EXIT_USAGE : LG_EXIT_OK;
}
