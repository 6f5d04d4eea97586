/* SPDX-License-Identifier: MIT */
#include "shim/command/preload/preload_file.h"
#include "shim/command/common/output.h"
#include "shim/command/common/preload_text.h"
#include "shim/command/preload/in_root.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define NAME           "ld.so.preload"
#define FILE_BYTES_MAX (1u << 20)

static bool complain(const struct lg_preload_file *file, const char *problem)
{
    lg_say_error("%s: %s", file->path, problem);
    return false;
}

static bool read_text(struct lg_preload_file *file, int fd)
{
    size_t size_bytes, length_bytes = 0;
    ssize_t got_bytes = 1;
    char *bytes;

    if (fstat(fd, &file->status) != 0)
        return complain(file, strerror(errno));
    if (!S_ISREG(file->status.st_mode))
        return complain(file, "is not a regular file");
    if (file->status.st_size > FILE_BYTES_MAX)
        return complain(file, strerror(EFBIG));
    size_bytes = (size_t)file->status.st_size;
    bytes = malloc(size_bytes + 1);
    if (!bytes)
        return complain(file, strerror(ENOMEM));
    file->text.at = bytes;
    while (got_bytes > 0 && length_bytes < size_bytes) {
        got_bytes = read(fd, bytes + length_bytes, size_bytes - length_bytes);
        if (got_bytes < 0)
            return complain(file, strerror(errno));
        length_bytes += (size_t)got_bytes;
    }
    file->text.length_bytes = length_bytes;
    file->exists = true;
    return true;
}

bool lg_preload_file_open(struct lg_preload_file *file, const char *root, bool lock)
{
    char problem[1024], *real;
    bool is_read;
    int fd;

    *file = (struct lg_preload_file){.directory_fd = -1};
    if (asprintf(&file->path, "%s" LG_PRELOAD_FILE, root) < 0) {
        file->path = NULL;
        lg_say_error("%s", strerror(ENOMEM));
        return false;
    }
    *strrchr(file->path, '/') = 0;
    real = lg_in_root(root, "/etc", NULL, problem, sizeof(problem));
    if (!real) {
        lg_say_error("%s", problem);
        return false;
    }
    free(real);
    file->directory_fd = open(file->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file->directory_fd < 0)
        return complain(file, strerror(errno));
    file->path[strlen(file->path)] = '/';
    /* a file system without locks is no reason to refuse: the rename keeps the file whole */
    if (lock)
        (void)flock(file->directory_fd, LOCK_EX);
    fd = openat(file->directory_fd, NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return true;
    if (fd < 0)
        return complain(file, errno == ELOOP ? "is a symbolic link; edit what it points to by hand" : strerror(errno));
    is_read = read_text(file, fd);
    close(fd);
    return is_read;
}

void lg_preload_file_close(struct lg_preload_file *file)
{
    if (file->directory_fd >= 0)
        close(file->directory_fd);
    free(file->path);
    free((char *)file->text.at);
}

static bool write_all(int fd, struct lg_text text)
{
    while (text.length_bytes > 0) {
        ssize_t put_bytes = write(fd, text.at, text.length_bytes);

        if (put_bytes < 0)
            return false;
        text.at += put_bytes;
        text.length_bytes -= (size_t)put_bytes;
    }
    return true;
}

/* Content, owner, mode, all on the disk before the name is. */
static bool fill(const struct lg_preload_file *file, int fd, struct lg_text text)
{
    if (!write_all(fd, text))
        return false;
    if (file->exists && fchown(fd, file->status.st_uid, file->status.st_gid) != 0)
        return false;
    return fchmod(fd, file->exists ? file->status.st_mode & 07777 : 0644) == 0 && fsync(fd) == 0;
}

/* 0 or an errno value. */
static int replace(const struct lg_preload_file *file, struct lg_text text)
{
    char *temporary = NULL;
    int fd, error = 0;

    if (asprintf(&temporary, "%.*s/." NAME ".XXXXXX", (int)(strrchr(file->path, '/') - file->path), file->path) < 0)
        return ENOMEM;
    fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) {
        error = errno;
        free(temporary);
        return error;
    }
    if (!fill(file, fd, text))
        error = errno;
    if (close(fd) != 0 && !error)
        error = errno;
    if (!error && renameat(AT_FDCWD, temporary, file->directory_fd, NAME) != 0)
        error = errno;
    if (error)
        unlink(temporary);
    free(temporary);
    return error;
}

bool lg_preload_file_replace(struct lg_preload_file *file, struct lg_text text)
{
    sigset_t all, before;
    int error = 0;

    /* an interrupt would leave the temporary file behind */
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    if (!lg_preload_text_is_blank(text))
        error = replace(file, text);
    else if (unlinkat(file->directory_fd, NAME, 0) != 0 && errno != ENOENT)
        error = errno;
    if (!error && fsync(file->directory_fd) != 0 && errno != EINVAL)
        error = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    return error ? complain(file, strerror(error)) : true;
}
