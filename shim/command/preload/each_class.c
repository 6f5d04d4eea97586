/* SPDX-License-Identifier: MIT */
#include "shim/command/preload/each_class.h"
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN "$LIB"

/* Every directory that some dynamic linker puts in the token's place, more than one of them would. */
#define DIRECTORIES "{lib*,lib/*-linux-*}"

bool lg_each_class(lg_library_check *check, const char *root, const char *library, char *problem, size_t problem_bytes)
{
    const char *token = strstr(library, TOKEN);
    char *pattern = NULL;
    bool good = true;
    glob_t found;

    if (!token)
        return check(root, library, problem, problem_bytes);
    if (asprintf(&pattern, "%s%.*s" DIRECTORIES "%s", root, (int)(token - library), library, token + strlen(TOKEN)) <
        0) {
        snprintf(problem, problem_bytes, "%s", strerror(ENOMEM));
        return false;
    }
    if (glob(pattern, GLOB_BRACE, NULL, &found) != 0) {
        snprintf(problem, problem_bytes, "no such file in any directory that " TOKEN " stands for");
        free(pattern);
        return false;
    }
    free(pattern);
    for (size_t i = 0; i < found.gl_pathc && good; i++)
        good = check(root, found.gl_pathv[i] + strlen(root), problem, problem_bytes);
    globfree(&found);
    return good;
}
