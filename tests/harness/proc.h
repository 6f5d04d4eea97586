/* SPDX-License-Identifier: MIT */
/*
 * Programs that a test starts, with and without the library. The environment is a clean one, output
 * is captured in memory, every wait has a deadline, and what the program left behind is killed.
 *
 * A snippet is a function of the test program that runs as a program of its own, so that the same
 * code runs with the library and without it:
 *
 *     static void close_twice(int argc, char **argv) { printf("%d\n", close(99)); }
 *     static const struct proc_snippet snippets[] = {{"close twice", close_twice}};
 *
 *     int main(int argc, char **argv)
 *     {
 *         proc_snippet_main(argc, argv, snippets, TAP_COUNT(snippets));
 *         return tap_main(argc, argv, tests, TAP_COUNT(tests));
 *     }
 *
 * Every function here fails the test when the system fails it.
 */
#ifndef PROC_H
#define PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PROC_CLOSED      (-1)
#define PROC_INHERIT_MAX 4

/* How to start a program. All zero: without the library, stdin from /dev/null, output captured. */
struct proc_options {
    bool with_library;
    const char *preload_before;         /* another library, in front of ours (or alone); may be NULL */
    const char *preload_after;          /* another one behind ours; may be NULL */
    const char *const *environment;     /* NAME=VALUE, NULL at the end; what the program gets beyond the clean one */
    const char *directory;              /* where to start it; NULL: here */
    const char *input;                  /* text for its stdin; NULL: /dev/null */
    bool input_pipe;                    /* its stdin is a pipe, written to at proc.stdin_fd */
    int stdin_fd, stdout_fd, stderr_fd; /* a descriptor of ours to use instead, or PROC_CLOSED; 0: as above */
    int inherit_fd[PROC_INHERIT_MAX];   /* it gets these as its descriptors 3, 4 and so on, up to the first 0 */
    void (*before_exec)(void *context); /* runs in the child; may be NULL */
    void *context;
    unsigned deadline_ms; /* of the wait for its end; 0: 10 seconds */
};

struct proc {
    pid_t pid;
    int stdin_fd; /* with input_pipe; the caller may close it and then sets it to -1 */
    int out_fd, err_fd;
    unsigned deadline_ms;
};

/* What became of it. Owns its texts: proc_result_free. */
struct proc_result {
    bool timed_out;  /* then it was killed */
    int exit_status; /* -1 when it was killed */
    int signal;      /* that killed it; 0 when it ended by itself */
    char *out, *err; /* what it wrote, terminated; empty where it was not captured */
    size_t out_bytes, err_bytes;
};

/* `argv` ends in NULL; a name without a slash is looked up in PATH. */
struct proc proc_start(const char *const *argv, const struct proc_options *options);

/* Waits for the end, at most for the deadline. */
struct proc_result proc_wait(struct proc *process);

/* Sends `signal_number`, then waits; a process that does not end is killed at the deadline. */
struct proc_result proc_end(struct proc *process, int signal_number);

/* proc_start and proc_wait. */
struct proc_result proc_run(const char *const *argv, const struct proc_options *options);

void proc_result_free(struct proc_result *result);

/* What it wrote so far; the caller frees it. */
char *proc_output_so_far(const struct proc *process);
char *proc_errors_so_far(const struct proc *process);

/* Waits until its stdout contains `part`; returns whether it came. */
bool proc_wait_output(const struct proc *process, const char *part, unsigned deadline_ms);

struct proc_snippet {
    const char *name;
    void (*run)(int argc, char **argv); /* arguments behind the name */
};

/* In a process that was started for a snippet, runs it and exits: 1 when a CHECK of it failed. */
void proc_snippet_main(int argc, char **argv, const struct proc_snippet *snippets, size_t count);

/* `arguments` ends in NULL, or is NULL. */
struct proc proc_snippet_start(const char *name, const char *const *arguments, const struct proc_options *options);
struct proc_result proc_snippet_run(const char *name, const char *const *arguments, const struct proc_options *options);

/*
 * Runs a snippet without the library and then with it, both with `options` (its with_library is not
 * looked at), and checks that stdout, exit status and signal are the same, and that it ended by itself.
 */
void proc_snippet_compare(const char *name, const char *const *arguments, const struct proc_options *options);

/* Absolute paths: the library and the command under test, a program or shared object of tests/. */
const char *proc_library(void);
const char *proc_command(void);
const char *proc_helper(const char *name); /* "interpose/sleeper", "interpose/lib_early.so" */

#endif
