/* SPDX-License-Identifier: MIT */
/*
 * From the name of a program to the executable that the kernel runs for it, which is what rules match:
 * `python3` is a link, and a script is run by another program. Nothing is executed. Single-threaded.
 *
 * Sources: execvp(3); execve(2) on interpreter scripts; env(1).
 */
#ifndef LG_COMMAND_EXECUTABLE_H
#define LG_COMMAND_EXECUTABLE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Looks `name` up as execvp does: with a slash it is a path, otherwise the directories of PATH are
 * tried. Returns 0 with the path, or an errno value: ENOENT, or EACCES when all that was found may
 * not be executed.
 */
int lg_search_program(const char *name, char *path, size_t path_bytes);

#define LG_EXECUTABLE_LINKS_MAX 12u /* the kernel gives up behind five scripts, each of which may go through env */

struct lg_executable {
    char path[PATH_MAX];                           /* without symbolic links, as /proc/PID/exe has it */
    char links[LG_EXECUTABLE_LINKS_MAX][PATH_MAX]; /* by what names it was found, that of the call first */
    unsigned link_count;
};

/* False where `name` is no program that is here, or a script whose interpreter is not. Large: not for a stack. */
bool lg_executable_find(struct lg_executable *executable, const char *name);

#endif
