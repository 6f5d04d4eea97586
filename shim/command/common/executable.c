/* SPDX-License-Identifier: MIT */
#include "shim/command/common/executable.h"
#include "shim/command/common/script.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int try_program(const char *path)
{
    struct stat status;

    if (stat(path, &status) != 0)
        return errno;
    if (!S_ISREG(status.st_mode))
        return EACCES; /* what execve answers for a directory */
    return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

int lg_search_program(const char *name, char *path, size_t path_bytes)
{
    const char *list = getenv("PATH");
    char standard[256];
    int found = ENOENT;

    if (name[0] == '\0')
        return ENOENT;
    if (strchr(name, '/'))
        return snprintf(path, path_bytes, "%s", name) < (int)path_bytes ? 0 : ENAMETOOLONG;
    if (!list) {
        size_t length = confstr(_CS_PATH, standard, sizeof(standard));

        list = length > 0 && length <= sizeof(standard) ? standard : "/bin:/usr/bin";
    }
    for (const char *at = list;; at++) {
        int length = (int)strcspn(at, ":");
        int needed = snprintf(path, path_bytes, "%.*s%s%s", length, at, length ? "/" : "./", name);

        if (needed > 0 && (size_t)needed < path_bytes) {
            int result = try_program(path);

            if (result == 0)
                return 0;
            if (result == EACCES)
                found = EACCES;
        }
        at += length;
        if (*at == '\0')
            return found;
    }
}

static bool add_link(struct lg_executable *executable, const char *name)
{
    if (executable->link_count == LG_EXECUTABLE_LINKS_MAX || strlen(name) >= PATH_MAX)
        return false;
    strcpy(executable->links[executable->link_count++], name);
    return true;
}

/* The first bytes of a file; none where it cannot be read. */
static size_t read_head(const char *path, char bytes[LG_SCRIPT_LINE_BYTES])
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    ssize_t got = fd < 0 ? 0 : pread(fd, bytes, LG_SCRIPT_LINE_BYTES, 0);

    if (fd >= 0)
        close(fd);
    return got > 0 ? (size_t)got : 0;
}

/* The name of the program that runs the script at `path`; false when it is none. */
static bool find_interpreter(const char *path, char name[LG_SCRIPT_LINE_BYTES])
{
    char bytes[LG_SCRIPT_LINE_BYTES];
    struct lg_script script;
    struct lg_script_env env;
    const char *last;

    if (!lg_script_parse(&script, bytes, read_head(path, bytes)))
        return false;
    last = strrchr(script.interpreter, '/');
    strcpy(name, script.interpreter);
    if (strcmp(last ? last + 1 : script.interpreter, "env") != 0)
        return true;
    lg_script_env(&env, script.argument);
    if (env.program[0])
        strcpy(name, env.program);
    return true;
}

bool lg_executable_find(struct lg_executable *executable, const char *name)
{
    char found[PATH_MAX], interpreter[LG_SCRIPT_LINE_BYTES];

    executable->link_count = 0;
    while (add_link(executable, name)) {
        if (lg_search_program(name, found, sizeof(found)) != 0 || try_program(found) != 0 ||
            !realpath(found, executable->path))
            return false;
        if (strcmp(found, name) != 0 && !add_link(executable, found))
            return false;
        if (!find_interpreter(executable->path, interpreter))
            return true;
        name = interpreter;
    }
    return false;
}
