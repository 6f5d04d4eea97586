/* SPDX-License-Identifier: MIT */
/* lingerguard run: the environment that the library reads, and then the program in our place. */
#include "policy/parse.h"
#include "policy/text.h"
#include "policy/words.h"
#include "shim/command/common/command.h"
#include "shim/command/common/library.h"
#include "shim/command/common/output.h"
#include "shim/command/common/policy_source.h"
#include "shim/command/common/preload_text.h"
#include "shim/command/drainer/private.h"
#include "shim/command/program/program.h"
#include "shim/command/program/search.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help[] =
    "Usage: lingerguard run [OPTION]... [--] COMMAND [ARG...]\n"
    "Runs COMMAND with the library preloaded, in place of this process.\n\n"
    "  -p, --policy FILE    the policy (LINGERGUARD_POLICY)\n"
    "  -r, --rules RULES    a policy as text, before that of -p; ';' ends a rule (LINGERGUARD_RULES)\n"
    "  -l, --log LOG        stderr, off, syslog, or a file whose name has a '/' (LINGERGUARD_LOG)\n"
    "  -f, --format FORMAT  of the records: text or json (LINGERGUARD_FORMAT)\n"
    "      --drainer        starts a drainer for COMMAND, which ends after it (LINGERGUARD_DRAINER)\n"
    "      --strict         a policy that cannot be used ends COMMAND with status 78 (LINGERGUARD_STRICT)\n"
    "  -h, --help           show this text\n\n"
    "What no option sets is taken from the environment. An error in a policy given here exits 2 and\n"
    "starts nothing. Otherwise the exit status is that of COMMAND; 125 if the library cannot be used,\n"
    "126 if COMMAND cannot be run, 127 if it is not found.\n";

struct run_options {
    const char *policy;
    const char *rules;
    const char *log;
    const char *format;
    bool strict;
    bool drainer;
    bool help;
};

enum { OPTION_STRICT = 256, OPTION_DRAINER };

static const struct option longs[] = {
    {"policy", required_argument, NULL, 'p'},
    {"rules", required_argument, NULL, 'r'},
    {"log", required_argument, NULL, 'l'},
    {"format", required_argument, NULL, 'f'},
    {"strict", no_argument, NULL, OPTION_STRICT},
    {"drainer", no_argument, NULL, OPTION_DRAINER},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* Returns 0, or the exit status after a usage error. */
static int read_options(int argc, char **argv, struct run_options *options)
{
    int option;

    while ((option = getopt_long(argc, argv, "+:p:r:l:f:h", longs, NULL)) != -1) {
        switch (option) {
        case 'p':
            options->policy = optarg;
            break;
        case 'r':
            options->rules = optarg;
            break;
        case 'l':
            options->log = optarg;
            break;
        case 'f':
            options->format = optarg;
            break;
        case OPTION_STRICT:
            options->strict = true;
            break;
        case OPTION_DRAINER:
            options->drainer = true;
            break;
        case 'h':
            options->help = true;
            return 0;
        default:
            return lg_option_error("run", option, argv, longs);
        }
    }
    if (optind >= argc)
        return lg_usage_error("run", "missing COMMAND");
    return 0;
}

static void *needed(void *memory)
{
    if (!memory) {
        lg_say_error("%s", strerror(ENOMEM));
        exit(LG_EXIT_RUN_FAILED);
    }
    return memory;
}

/* Without a change of symbolic links: whoever replaces one means the programs to see it. */
static char *absolute_path(const char *path)
{
    char *directory, *whole = NULL;

    if (path[0] == '/')
        return needed(strdup(path));
    directory = getcwd(NULL, 0);
    if (!directory) {
        lg_say_error("current directory: %s", strerror(errno));
        exit(LG_EXIT_RUN_FAILED);
    }
    if (asprintf(&whole, "%s/%s", strcmp(directory, "/") == 0 ? "" : directory, path) < 0)
        whole = NULL;
    free(directory);
    return needed(whole);
}

/* Removes first: of two entries with one name, setenv would change only one. */
static void set_variable(const char *name, const char *value)
{
    unsetenv(name);
    if (setenv(name, value, 1) != 0)
        needed(NULL);
}

/* The library appends to it, and creates it where it is missing; 0 or an errno value. */
static int log_problem(const char *path)
{
    struct stat status;
    char *directory;
    int error = 0;

    if (stat(path, &status) == 0) {
        if (S_ISDIR(status.st_mode))
            return EISDIR;
        return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0 ? 0 : errno;
    }
    if (errno != ENOENT)
        return errno;
    directory = needed(strdup(path));
    strrchr(directory, '/')[1] = 0;
    if (faccessat(AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS) != 0)
        error = errno;
    free(directory);
    return error;
}

static int set_log(const char *log)
{
    const char *near = lg_word_near(log, lg_log_words, LG_LOG_FILE);
    struct lg_settings settings;
    char *path;
    int error;

    if (!lg_parse_log(lg_text_of(log), &settings))
        return lg_usage_error("run", "log '%s' is not stderr, off or syslog; %s%s%sfor a file, write './%s'", log,
                              near ? "did you mean '" : "", near ? near : "", near ? "'? " : "", log);
    if (settings.log != LG_LOG_FILE) {
        set_variable("LINGERGUARD_LOG", log);
        return 0;
    }
    path = absolute_path(log);
    error = log_problem(path);
    if (error)
        lg_say_error("log '%s': %s", log, strerror(error));
    else
        set_variable("LINGERGUARD_LOG", path);
    free(path);
    return error ? LG_EXIT_USAGE : 0;
}

static int set_format(const char *format)
{
    if (lg_option_word("run", "format", format, lg_format_words, LG_FORMAT_COUNT) < 0)
        return LG_EXIT_USAGE;
    set_variable("LINGERGUARD_FORMAT", format);
    return 0;
}

/* Here, where somebody reads the errors, and not in every process that starts. */
static int set_policy(const char *rules, const char *path)
{
    static struct lg_policy policy;
    char *whole;

    if (path && !lg_policy_path_is_lasting(path))
        return LG_EXIT_USAGE;
    if (!lg_policy_load(&policy, rules, path))
        return LG_EXIT_USAGE;
    if (rules)
        set_variable("LINGERGUARD_RULES", rules);
    if (path) {
        whole = absolute_path(path);
        set_variable("LINGERGUARD_POLICY", whole);
        free(whole);
    }
    return 0;
}

static int set_preload(void)
{
    char *library = lg_library_find(false), *value;
    const char *problem;

    if (!library)
        return LG_EXIT_RUN_FAILED;
    problem = lg_preload_path_problem(library);
    if (problem) {
        lg_say_error("library '%s' %s", library, problem);
        free(library);
        return LG_EXIT_RUN_FAILED;
    }
    value = needed(lg_preload_variable(library, getenv("LD_PRELOAD")));
    set_variable("LD_PRELOAD", value);
    free(value);
    free(library);
    return 0;
}

/* The end of process 1 ends everything in its namespace, the drainer and what it drains with it. */
static int set_drainer(void)
{
    const char *path;

    if (getpid() == 1)
        return lg_usage_error("run", "--drainer is not for process 1, whose end would end the drainer");
    path = lg_drainer_start(getenv("LINGERGUARD_LOG"), getenv("LINGERGUARD_FORMAT"));
    if (!path)
        return LG_EXIT_RUN_FAILED;
    set_variable("LINGERGUARD_DRAINER", path);
    return 0;
}

static void warn_what_is_not_seen(const char *name)
{
    const char *off = getenv("LINGERGUARD_OFF");
    char program[PATH_MAX];

    if (off && strcmp(off, "1") == 0) {
        lg_say_warning("LINGERGUARD_OFF=1 is set: the library will do nothing");
        return;
    }
    if (lg_search_program(name, program, sizeof(program)) == 0)
        lg_program_warn(program);
}

int lg_cmd_run(int argc, char **argv)
{
    struct run_options options = {0};
    int status = read_options(argc, argv, &options);

    if (status == 0 && options.help) {
        fputs(help, stdout);
        return LG_EXIT_OK;
    }
    if (status == 0 && options.format)
        status = set_format(options.format);
    if (status == 0 && options.log)
        status = set_log(options.log);
    if (status == 0 && (options.rules || options.policy))
        status = set_policy(options.rules, options.policy);
    if (status == 0)
        status = set_preload();
    if (status == 0 && options.drainer)
        status = set_drainer();
    if (status != 0)
        return status;
    if (options.strict)
        set_variable("LINGERGUARD_STRICT", "1");
    warn_what_is_not_seen(argv[optind]);
    execvp(argv[optind], argv + optind);
    status = errno == ENOENT ? LG_EXIT_NOT_FOUND : LG_EXIT_CANNOT_EXEC;
    lg_say_error("'%s': %s", argv[optind], strerror(errno));
    return status;
}
