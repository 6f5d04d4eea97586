/* SPDX-License-Identifier: MIT */
#include "shim/command/common/plain_file.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

FILE *lg_plain_file_open(const char *path)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat status;
    FILE *file = NULL;

    if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
        file = fdopen(fd, "r");
    if (!file && fd >= 0)
        close(fd);
    return file;
}
