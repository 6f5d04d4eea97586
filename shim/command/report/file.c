/* SPDX-License-Identifier: MIT */
/* -o FILE: whoever reads FILE meanwhile sees the old report or the new one, never half of one. */
#include "shim/command/report/file.h"
#include "shim/command/common/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fail(const char *path)
{
    lg_say_error("%s: %s", path, strerror(errno));
    return false;
}

/* DIR/.NAME.XXXXXX: on the same file system, and of no suffix that a collector would pick up. */
static char *temporary_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    char *temporary;

    if (asprintf(&temporary, "%.*s.%s.XXXXXX", (int)(name - path), path, name) < 0)
        return NULL;
    return temporary;
}

/* mkstemp makes a file that nobody else reads; a report has the mode of the one before, or a usual one. */
static int set_mode(int fd, const struct stat *before)
{
    mode_t mask = umask(0);

    umask(mask);
    return fchmod(fd, before != NULL ? before->st_mode & 0777 : 0666 & ~mask);
}

static bool open_temporary(struct lg_report_file *file, const struct stat *before)
{
    int fd;

    file->temporary = temporary_name(file->path);
    if (file->temporary == NULL)
        return fail(file->path);
    fd = mkostemp(file->temporary, O_CLOEXEC);
    if (fd < 0) {
        fail(file->temporary);
        free(file->temporary);
        file->temporary = NULL;
        return false;
    }
    if (set_mode(fd, before) == 0)
        file->out = fdopen(fd, "w");
    if (file->out != NULL)
        return true;
    fail(file->temporary);
    close(fd);
    lg_report_file_drop(file);
    return false;
}

bool lg_report_file_open(struct lg_report_file *file, const char *path)
{
    struct stat before;
    bool exists;

    *file = (struct lg_report_file){.path = path};
    if (path == NULL) {
        file->out = stdout;
        return true;
    }
    exists = stat(path, &before) == 0;
    if (!exists && errno != ENOENT)
        return fail(path);
    if (!exists || S_ISREG(before.st_mode))
        return open_temporary(file, exists ? &before : NULL);
    file->out = fopen(path, "we");
    return file->out != NULL || fail(path);
}

void lg_report_file_drop(struct lg_report_file *file)
{
    if (file->out != NULL && file->path != NULL)
        fclose(file->out);
    if (file->temporary != NULL)
        unlink(file->temporary);
    free(file->temporary);
    *file = (struct lg_report_file){0};
}

/* An earlier write failed, and its reason is gone: one byte more fails for the same one. */
static int reason_again(FILE *out)
{
    clearerr(out);
    errno = 0;
    if (fputc('\n', out) == EOF || fflush(out) != 0)
        return errno != 0 ? errno : EIO;
    return EIO;
}

bool lg_report_file_finish(struct lg_report_file *file)
{
    bool failed;

    if (file->path == NULL)
        return true; /* main flushes standard output and looks for errors */
    errno = 0;
    failed = fflush(file->out) != 0 || ferror(file->out);
    if (!failed && file->temporary != NULL)
        failed = fsync(fileno(file->out)) != 0;
    if (!failed && file->temporary != NULL && rename(file->temporary, file->path) == 0) {
        free(file->temporary);
        file->temporary = NULL;
    }
    if (failed || file->temporary != NULL) {
        if (errno == 0)
            errno = reason_again(file->out);
        fail(file->path);
        lg_report_file_drop(file);
        return false;
    }
    lg_report_file_drop(file);
    return true;
}
