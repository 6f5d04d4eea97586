/* SPDX-License-Identifier: MIT */
/* lingerguard status: what is enabled, which processes have the library, and which should have it and have not. */
#include "policy/glob.h"
#include "policy/text.h"
#include "policy/words.h"
#include "shim/command/common/command.h"
#include "shim/command/common/output.h"
#include "shim/command/processes/processes.h"

static const char command[] = "status";

static const char help[] =
    "Usage: lingerguard status [--root DIR]\n"
    "       lingerguard status --processes [-f FORMAT]\n"
    "       lingerguard status --missing GLOB [-f FORMAT]\n"
    "Says whether the library is in /etc/ld.so.preload and still loads, and whether everything is off.\n"
    "Or looks at every process that runs, without disturbing it.\n\n"
    "      --root DIR       look at DIR/etc/ld.so.preload and DIR/etc/lingerguard/off\n"
    "      --processes      the processes with the library: its version, the policy in force (from the\n"
    "                       process, not from the file), whether log and drainer can be reached\n"
    "      --missing GLOB   the programs that run without it, and why; GLOB as in a rule's exe\n"
    "  -f, --format FORMAT  table (default) or json, of --processes and --missing\n"
    "  -h, --help           show this text\n\n"
    "Exit status: 0 when it is enabled, 1 when it is not, 2 when that cannot be told or it does not load.\n"
    "With --processes 0, or 1 when some could not be looked at; with --missing 0 when none is missing,\n"
    "1 when one is, 2 when that cannot be told of all.\n";

enum { OPTION_ROOT = 256, OPTION_PROCESSES, OPTION_MISSING };

static const struct option longs[] = {
    {"root", required_argument, NULL, OPTION_ROOT},
    {"processes", no_argument, NULL, OPTION_PROCESSES},
    {"missing", required_argument, NULL, OPTION_MISSING},
    {"format", required_argument, NULL, 'f'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

enum format { FORMAT_NONE = -1, FORMAT_TABLE = 0, FORMAT_JSON, FORMAT_COUNT };

static const char *const format_names[FORMAT_COUNT] = {"table", "json"};

struct options {
    char *root;
    const char *missing;
    bool processes;
    bool help;
    int format;
};

static int read_glob(const char *glob)
{
    enum lg_problem problem = lg_glob_check(lg_text_of(glob));

    if (glob[0] == 0)
        return lg_usage_error(command, "--missing: empty; '*' is for every program");
    return problem == LG_PROBLEM_NONE
               ? LG_EXIT_OK
               : lg_usage_error(command, "--missing '%s': %s", glob, lg_problem_texts[problem].problem);
}

/* Returns LG_EXIT_OK, or an exit status after the message. */
static int read_option(int option, char **argv, struct options *options)
{
    switch (option) {
    case OPTION_ROOT:
        options->root = optarg;
        return optarg[0] ? LG_EXIT_OK : lg_usage_error(command, "--root: empty path");
    case OPTION_PROCESSES:
        options->processes = true;
        return LG_EXIT_OK;
    case OPTION_MISSING:
        options->missing = optarg;
        return read_glob(optarg);
    case 'f':
        options->format = lg_option_word(command, "--format", optarg, format_names, FORMAT_COUNT);
        return options->format < 0 ? LG_EXIT_USAGE : LG_EXIT_OK;
    case 'h':
        options->help = true;
        return LG_EXIT_OK;
    default:
        return lg_option_error(command, option, argv, longs);
    }
}

static int read_options(int argc, char **argv, struct options *options)
{
    int option, status;

    *options = (struct options){.format = FORMAT_NONE};
    while (!options->help && (option = getopt_long(argc, argv, ":f:h", longs, NULL)) != -1) {
        status = read_option(option, argv, options);
        if (status != LG_EXIT_OK)
            return status;
    }
    if (options->help)
        return LG_EXIT_OK;
    if (optind < argc)
        return lg_usage_error(command, "unexpected argument '%s'", argv[optind]);
    if ((options->root != NULL) + options->processes + (options->missing != NULL) > 1)
        return lg_usage_error(command, "one of --root, --processes and --missing");
    if (options->format != FORMAT_NONE && !options->processes && !options->missing)
        return lg_usage_error(command, "--format is for --processes and --missing");
    return LG_EXIT_OK;
}

int lg_cmd_status(int argc, char **argv)
{
    struct options options;
    int status = read_options(argc, argv, &options);

    if (status != LG_EXIT_OK)
        return status;
    if (options.help) {
        fputs(help, stdout);
        return LG_EXIT_OK;
    }
    if (options.processes)
        return lg_processes_show(options.format == FORMAT_JSON);
    if (options.missing)
        return lg_processes_missing(lg_text_of(options.missing), options.format == FORMAT_JSON);
    return lg_preload_status(options.root);
}
