/* SPDX-License-Identifier: MIT */
#include "shim/command/preload/in_root.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *lg_root_trim(char *root)
{
    size_t length = strlen(root);

    while (length > 0 && root[length - 1] == '/')
        root[--length] = 0;
    return root;
}

char *lg_in_root(const char *root, const char *path, size_t *root_bytes, char *problem, size_t problem_bytes)
{
    char *whole = NULL, *real = NULL, *real_root = realpath(root[0] ? root : "/", NULL);
    size_t bytes = real_root && real_root[1] ? strlen(real_root) : 0;
    int error = 0;

    if (real_root && asprintf(&whole, "%s%s", root, path) >= 0)
        real = realpath(whole, NULL);
    if (!real) {
        error = errno;
        snprintf(problem, problem_bytes, "%s%s: %s", root, path, strerror(error));
    } else if (bytes && (strncmp(real, real_root, bytes) != 0 || real[bytes] != '/')) {
        error = EXDEV;
        snprintf(problem, problem_bytes, "%s leads out of %s", path, root);
        free(real);
        real = NULL;
    }
    if (root_bytes)
        *root_bytes = bytes;
    free(whole);
    free(real_root);
    errno = error;
    return real;
}
