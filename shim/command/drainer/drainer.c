/* SPDX-License-Identifier: MIT */
/* lingerguard drainer: its options. */
#include "shim/command/common/command.h"
#include "shim/command/common/output.h"
#include "shim/command/drainer/settings.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "Usage: lingerguard drainer [OPTION]... [PATH]\n"
    "Closes connections gracefully for programs that must not wait: takes them over, discards what their\n"
    "peers still send, until these are done, and closes.\n\n"
    "PATH is the unix socket to make, which programs find by 'drainer PATH' in their policy or by\n"
    "LINGERGUARD_DRAINER. Without it, the socket is the one that systemd passed.\n\n"
    "      --max N            connections at a time; the default is 4096, or the descriptor limit less 64\n"
    "      --max-time D       no longer than D for a connection, whatever its rule says\n"
    "      --allow-user USER  a uid that may send, or 'any'; may be given more than once. Its own user\n"
    "                         and root always may\n"
    "  -l, --log LOG          stderr, off, syslog, or a file whose name has a '/'\n"
    "  -f, --format FORMAT    of the records: text or json\n"
    "  -h, --help             show this text\n\n"
    "SIGUSR1 writes counts to the log; SIGTERM ends it within a second. Exit status: 0; 2 if it could\n"
    "not begin.\n";

enum { OPTION_MAX = 256, OPTION_MAX_TIME, OPTION_ALLOW_USER };

static const struct option longs[] = {
    {"max", required_argument, NULL, OPTION_MAX},
    {"max-time", required_argument, NULL, OPTION_MAX_TIME},
    {"allow-user", required_argument, NULL, OPTION_ALLOW_USER},
    {"log", required_argument, NULL, 'l'},
    {"format", required_argument, NULL, 'f'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static int read_option(int option, char **argv, struct lg_drainer_settings *settings)
{
    switch (option) {
    case OPTION_MAX:
        return lg_drainer_read_max(optarg, settings);
    case OPTION_MAX_TIME:
        return lg_drainer_read_max_time(optarg, settings);
    case OPTION_ALLOW_USER:
        return lg_drainer_read_user(optarg, settings);
    case 'l':
        return lg_drainer_read_log(optarg, settings);
    case 'f':
        return lg_drainer_read_format(optarg, settings);
    default:
        return lg_option_error("drainer", option, argv, longs);
    }
}

int lg_cmd_drainer(int argc, char **argv)
{
    struct lg_drainer_settings settings;
    int option, status = 0;

    lg_drainer_defaults(&settings);
    while (status == 0 && (option = getopt_long(argc, argv, ":l:f:h", longs, NULL)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return LG_EXIT_OK;
        }
        status = read_option(option, argv, &settings);
    }
    if (status == 0 && optind + 1 < argc)
        status = lg_usage_error("drainer", "one PATH at most, not '%s' too", argv[optind + 1]);
    settings.path = argv[optind];
    return status != 0 ? status : lg_drainer_run(&settings);
}
