/* SPDX-License-Identifier: MIT */
#include "shim/command/processes/process.h"
#include "policy/text.h"
#include "shim/base/syscall_numbers.h"
#include "shim/command/common/output.h"
#include "shim/command/processes/lines.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <unistd.h>

static bool is_number(const char *name)
{
    return name[0] != 0 && name[strspn(name, "0123456789")] == 0;
}

static int compare_pids(const void *a, const void *b)
{
    pid_t left = *(const pid_t *)a, right = *(const pid_t *)b;

    return (left > right) - (left < right);
}

static bool add_pid(pid_t **pids, size_t *count, size_t *room, pid_t pid)
{
    if (*count == *room) {
        size_t wanted = *room ? *room * 2 : 1024;
        pid_t *grown = realloc(*pids, wanted * sizeof(*grown));

        if (!grown)
            return false;
        *pids = grown;
        *room = wanted;
    }
    (*pids)[(*count)++] = pid;
    return true;
}

pid_t *lg_process_list(size_t *count)
{
    DIR *directory = opendir("/proc");
    struct dirent *entry;
    pid_t *pids = NULL;
    size_t room = 0;

    *count = 0;
    errno = directory ? 0 : errno;
    while (directory && (entry = readdir(directory)) != NULL) {
        pid_t pid = is_number(entry->d_name) ? (pid_t)strtol(entry->d_name, NULL, 10) : getpid();

        if (pid != getpid() && !add_pid(&pids, count, &room, pid))
            break;
    }
    if (errno || *count == 0) {
        lg_say_error("/proc: %s", errno ? strerror(errno) : "no processes are there");
        free(pids);
        pids = NULL;
    } else {
        qsort(pids, *count, sizeof(*pids), compare_pids);
    }
    if (directory)
        closedir(directory);
    return pids;
}

int lg_process_open(pid_t pid)
{
    char path[32];

    snprintf(path, sizeof(path), "/proc/%d", (int)pid);
    return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int lg_process_other_thread(int process)
{
    int fd = openat(process, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC), found = -1;
    DIR *threads = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    unsigned seen = 0;

    if (!threads && fd >= 0)
        close(fd);
    while (threads && found < 0 && (entry = readdir(threads)) != NULL) {
        if (is_number(entry->d_name) && seen++ > 0) /* the first comes first */
            found = openat(dirfd(threads), entry->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    }
    if (threads)
        closedir(threads);
    return found;
}

/* What is there, up to size_bytes; closes the descriptor. */
static ssize_t read_whole(int fd, char *text, size_t size_bytes)
{
    size_t length_bytes = 0;
    ssize_t got_bytes = 1;
    int error;

    while (got_bytes > 0 && length_bytes < size_bytes) {
        got_bytes = read(fd, text + length_bytes, size_bytes - length_bytes);
        if (got_bytes > 0)
            length_bytes += (size_t)got_bytes;
    }
    error = errno;
    close(fd);
    errno = error;
    return got_bytes < 0 && length_bytes == 0 ? -1 : (ssize_t)length_bytes;
}

ssize_t lg_process_read(int process, const char *name, char *text, size_t size_bytes)
{
    int fd = openat(process, name, O_RDONLY | O_CLOEXEC);

    return fd < 0 ? -1 : read_whole(fd, text, size_bytes);
}

bool lg_process_exe(int process, char path[PATH_MAX])
{
    ssize_t length = readlinkat(process, "exe", path, PATH_MAX - 1);
    bool deleted;

    if (length <= 0)
        return false;
    path[lg_path_without_deleted((struct lg_text){path, (size_t)length}, &deleted).length_bytes] = 0;
    return true;
}

int lg_process_find(int process, const char *path, bool follow)
{
    struct open_how how = {
        .flags = O_PATH | O_CLOEXEC | (follow ? 0u : (unsigned)O_NOFOLLOW),
        .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
    };
    int root = openat(process, "root", O_PATH | O_DIRECTORY | O_CLOEXEC), fd, error;

    if (root < 0)
        return -1;
    fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
    error = errno;
    /* before Linux 5.6: a link in the path that starts with a slash is then one of our own root */
    if (fd < 0 && (error == ENOSYS || error == EPERM)) {
        fd = openat(root, path + strspn(path, "/"), (int)how.flags);
        error = errno;
    }
    close(root);
    errno = error;
    return fd;
}

ssize_t lg_process_read_file(int process, const char *path, char *text, size_t size_bytes, struct stat *status)
{
    int place = lg_process_find(process, path, true), fd = -1, error = EINVAL;
    char name[32];

    if (place < 0)
        return -1;
    snprintf(name, sizeof(name), "/proc/self/fd/%d", place);
    if (fstat(place, status) != 0)
        error = errno;
    else if (S_ISREG(status->st_mode) && (fd = open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)) < 0)
        error = errno;
    close(place);
    errno = error;
    return fd < 0 ? -1 : read_whole(fd, text, size_bytes);
}
