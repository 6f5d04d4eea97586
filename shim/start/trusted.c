/* SPDX-License-Identifier: MIT */
#include "shim/start/trusted.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "shim/base/sys.h"

#define NAME_BYTES 256 /* NAME_MAX, and a NUL */

static int open_in(int directory, const char *name, int flags)
{
    return (int)lg_syscall4(SYS_openat, directory, (long)name, flags | O_NOFOLLOW | O_CLOEXEC, 0);
}

/* Root's alone. A symbolic link is none of these: its mode says that all may write. */
static bool is_roots(int fd)
{
    struct lg_file_id id;

    return lg_sys_fstat(fd, &id) == 0 && id.user == 0 && !(id.mode & (S_IWGRP | S_IWOTH));
}

/* Takes the first name off a path. Returns 0, or a negative errno. */
static int next_name(const char **path, char *name)
{
    size_t length = 0;

    while (**path == '/')
        (*path)++;
    while ((*path)[length] && (*path)[length] != '/')
        length++;
    if (length >= NAME_BYTES)
        return -ENAMETOOLONG;
    memcpy(name, *path, length);
    name[length] = '\0';
    *path += length;
    return 0;
}

static int if_roots(int fd)
{
    if (fd < 0 || is_roots(fd))
        return fd;
    lg_sys_close(fd);
    return -EPERM;
}

int lg_trusted_open(const char *path, int flags)
{
    int at = open_in(AT_FDCWD, "/", O_PATH | O_DIRECTORY);
    char name[NAME_BYTES];

    while (at >= 0 && *path) {
        int above = at;
        int result = is_roots(above) ? next_name(&path, name) : -EPERM;

        at = result < 0 ? result : open_in(above, name, *path ? O_PATH : flags | O_NONBLOCK | O_NOCTTY);
        lg_sys_close(above);
    }
    return if_roots(at);
}

int lg_trusted_open_in(int directory, const char *name)
{
    return if_roots(open_in(directory, name, O_RDONLY | O_NONBLOCK | O_NOCTTY));
}
