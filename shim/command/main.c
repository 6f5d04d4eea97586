/* SPDX-License-Identifier: MIT */
/* lingerguard: the table of subcommands. */
#include "shim/command/common/command.h"
#include "shim/command/common/output.h"
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} commands[] = {
    {"run", lg_cmd_run, "run a program whose TCP closes a policy decides"},
    {"check-policy", lg_cmd_check_policy, "find every error in a policy; print its canonical form"},
    {"explain", lg_cmd_explain, "show which rule decides, and why the others do not"},
    {"check-program", lg_cmd_check_program, "say whether the library will see a program's closes"},
    {"report", lg_cmd_report, "sum up json records: who aborts, where, to whom"},
    {"enable", lg_cmd_enable, "put the library into /etc/ld.so.preload"},
    {"disable", lg_cmd_disable, "take the library out of /etc/ld.so.preload"},
    {"status", lg_cmd_status, "say where the library is loaded, under which policy, and where not"},
    {"off", lg_cmd_off, "make every process stand aside"},
    {"on", lg_cmd_on, "take back 'off'"},
    {"drainer", lg_cmd_drainer, "take connections over from programs and close them gracefully"},
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static int show_help(void)
{
    fputs("Usage: lingerguard COMMAND [ARG...]\n"
          "Decides by policy how a program may close its TCP connections.\n\n"
          "Commands:\n",
          stdout);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        printf("  %-14s %s\n", commands[i].name, commands[i].summary);
    fputs("\nOptions:\n"
          "  -h, --help     show this text; after a command, or 'help COMMAND', the help of that command\n"
          "  -V, --version  show the version\n\n"
          "The manual is lingerguard(1); the language of policies is lingerguard.policy(5).\n",
          stdout);
    return LG_EXIT_OK;
}

static int unknown_command(const char *name)
{
    const char *words[COMMAND_COUNT];
    const char *near;

    for (size_t i = 0; i < COMMAND_COUNT; i++)
        words[i] = commands[i].name;
    if (name[0] == '-')
        return lg_usage_error(NULL, "unknown option '%s'", name);
    near = lg_word_near(name, words, COMMAND_COUNT);
    if (near)
        return lg_usage_error(NULL, "unknown command '%s'; did you mean '%s'?", name, near);
    return lg_usage_error(NULL, "unknown command '%s'", name);
}

static int run_command(int argc, char **argv)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(argv[0], commands[i].name) != 0)
            continue;
        opterr = 0;
        return commands[i].run(argc, argv);
    }
    return unknown_command(argv[0]);
}

/* `help` and `help COMMAND` */
static int help(int argc, char **argv)
{
    static char option[] = "--help";
    char *arguments[] = {argv[1], option, NULL};

    if (argc > 2)
        return lg_usage_error(NULL, "help: one command at a time");
    return argc < 2 ? show_help() : run_command(2, arguments);
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2)
        return lg_usage_error(NULL, "missing command");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return show_help();
    if (strcmp(argv[1], "help") == 0)
        return help(argc - 1, argv + 1);
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        puts("lingerguard " LG_VERSION);
        return LG_EXIT_OK;
    }
    return run_command(argc - 1, argv + 1);
}

/*
 * Started with 0, 1 or 2 closed, the next file opened would become one of them. Open the wrong way
 * round, so that to use it still fails and is noticed; close-on-exec, so that `run` hands on what it
 * was given.
 */
static void fill_standard_descriptors(void)
{
    int fd;

    for (fd = 0; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", (fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) | O_CLOEXEC) < 0)
            return;
    }
}

int main(int argc, char **argv)
{
    fill_standard_descriptors();
    return lg_output_finish(dispatch(argc, argv));
}
