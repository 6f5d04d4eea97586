/* SPDX-License-Identifier: MIT */
/*
 * The subcommands and their exit statuses. argv[0] is the subcommand's name; each returns the exit
 * status, and leaves it to main to flush standard output and to check that all was written.
 */
#ifndef LG_COMMAND_H
#define LG_COMMAND_H

/* Exit statuses that all subcommands share; lingerguard(1) lists those of each. */
enum lg_exit {
    LG_EXIT_OK = 0,
    LG_EXIT_NO = 1,           /* a question was answered with no */
    LG_EXIT_USAGE = 2,        /* usage, an error in a policy, or input that cannot be read */
    LG_EXIT_RUN_FAILED = 125, /* run itself failed; these three are those of env(1) */
    LG_EXIT_CANNOT_EXEC = 126,
    LG_EXIT_NOT_FOUND = 127
};

int lg_cmd_run(int argc, char **argv);
int lg_cmd_check_policy(int argc, char **argv);
int lg_cmd_explain(int argc, char **argv);
int lg_cmd_check_program(int argc, char **argv);
int lg_cmd_report(int argc, char **argv);
int lg_cmd_enable(int argc, char **argv);
int lg_cmd_disable(int argc, char **argv);
int lg_cmd_status(int argc, char **argv);
int lg_cmd_off(int argc, char **argv);
int lg_cmd_on(int argc, char **argv);
int lg_cmd_drainer(int argc, char **argv);

/*
 * `status` without --processes: says what /etc/ld.so.preload and /etc/lingerguard/off are, below the directory `root`,
 * NULL for the system's (changed in place). Returns the exit status.
 */
int lg_preload_status(char *root);

#endif
