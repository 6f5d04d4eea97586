/* SPDX-License-Identifier: MIT */
#include "shim/command/processes/reach.h"
#include "policy/text.h"
#include "shim/base/paths.h"
#include "shim/base/visible.h"
#include "shim/command/processes/lines.h"
#include "shim/command/processes/process.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#define GROUPS_MAX        64u
#define STATUS_BYTES      8192u
#define DESCRIPTORS_MAX   4096u /* of a process, that are looked through for its log */
#define SOCKETS_KEPT      64u   /* whose answer is kept */
#define NULL_DEVICE_MAJOR 1u
#define NULL_DEVICE_MINOR 3u

static void say(struct lg_reach *reach, enum lg_reach_answer answer, const char *why)
{
    reach->answer = answer;
    snprintf(reach->why, sizeof(reach->why), "%s", why);
}

static void say_error(struct lg_reach *reach, int error)
{
    bool ours = error == EACCES || error == EPERM; /* who asks may not look there */

    say(reach, ours ? LG_REACH_UNKNOWN : LG_REACH_NO, ours ? "no permission to look" : strerror(error));
}

/* As the kernel asks: its effective user, group and further groups; capabilities but root's are left out. */
struct user {
    uint32_t id;
    uint32_t groups[GROUPS_MAX + 1];
    unsigned group_count;
};

static bool read_user(int process, struct user *user)
{
    char text[STATUS_BYTES];
    ssize_t length = lg_process_read(process, "status", text, sizeof(text));
    struct lg_text status = {text, length > 0 ? (size_t)length : 0};
    uint32_t users[4], groups[4];

    if (lg_status_numbers(status, "Uid:", users, 4) != 4 || lg_status_numbers(status, "Gid:", groups, 4) != 4)
        return false;
    user->id = users[1];
    user->groups[0] = groups[1];
    user->group_count = 1 + lg_status_numbers(status, "Groups:", user->groups + 1, GROUPS_MAX);
    return true;
}

static bool may_write(const struct user *user, const struct stat *status)
{
    bool in_group = false;

    if (user->id == 0)
        return true;
    if (user->id == status->st_uid)
        return status->st_mode & S_IWUSR;
    for (unsigned i = 0; i < user->group_count && !in_group; i++)
        in_group = user->groups[i] == status->st_gid;
    return status->st_mode & (in_group ? S_IWGRP : S_IWOTH);
}

/* The link tells of a pipe, a socket or a deleted file without asking the file system. */
static void look_at_descriptor(int process, unsigned number, struct lg_reach *reach)
{
    char name[32], target[PATH_MAX];
    ssize_t length;
    struct stat status;

    snprintf(name, sizeof(name), "fd/%u", number);
    length = readlinkat(process, name, target, sizeof(target) - 1);
    if (length < 0) {
        if (errno == ENOENT)
            say(reach, LG_REACH_NO, "the descriptor is closed");
        else
            say_error(reach, errno);
        return;
    }
    target[length] = 0;
    say(reach, LG_REACH_YES, "");
    if (length >= 5 && strcmp(target + length - 5, "/null") == 0 && fstatat(process, name, &status, 0) == 0 &&
        S_ISCHR(status.st_mode) && status.st_rdev == makedev(NULL_DEVICE_MAJOR, NULL_DEVICE_MINOR))
        say(reach, LG_REACH_NO, "it is /dev/null");
    else if (length >= 10 && strcmp(target + length - 10, " (deleted)") == 0)
        say(reach, LG_REACH_NO, "the file is deleted");
}

/* A log that was opened as root stays when the rights go. */
static bool holds_open(int process, const struct stat *wanted)
{
    int fd = openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    struct stat status;
    bool found = false;

    if (!directory && fd >= 0)
        close(fd);
    for (unsigned i = 0; directory && !found && i < DESCRIPTORS_MAX && (entry = readdir(directory)) != NULL; i++)
        found = fstatat(dirfd(directory), entry->d_name, &status, 0) == 0 && status.st_dev == wanted->st_dev &&
                status.st_ino == wanted->st_ino;
    if (directory)
        closedir(directory);
    return found;
}

/* A log that is not there yet is made where its directory is. */
static void look_at_directory(int process, const char *path, const struct user *user, struct lg_reach *reach)
{
    char directory[PATH_MAX];
    struct stat status;
    int fd;

    snprintf(directory, sizeof(directory), "%s", path);
    *strrchr(directory, '/') = 0;
    fd = lg_process_find(process, directory[0] ? directory : "/", true);
    if (fd < 0 || fstat(fd, &status) != 0)
        say_error(reach, errno);
    else if (!may_write(user, &status))
        say(reach, LG_REACH_NO, "it is not there, and its user may not make it");
    else
        say(reach, LG_REACH_YES, "");
    if (fd >= 0)
        close(fd);
}

/*
 * What keeps the process from a log that is there, or NULL. Root follows no link at the end of a path and takes only a
 * file of its own (shim/record/open_log.h).
 */
static const char *find_problem(const struct user *user, const struct stat *status)
{
    if (S_ISDIR(status->st_mode) || S_ISSOCK(status->st_mode))
        return "it is no file";
    if (user->id == 0 && S_ISLNK(status->st_mode))
        return "it is a link, which root does not follow";
    if (user->id == 0 && status->st_uid != 0)
        return "root writes to no file of another user";
    return may_write(user, status) ? NULL : "its user may not write to it";
}

static void look_at_file(int process, const char *path, struct lg_reach *reach)
{
    const char *problem;
    struct user user;
    struct stat status;
    int fd;

    if (!read_user(process, &user)) {
        say(reach, LG_REACH_UNKNOWN, "its user is not known");
        return;
    }
    fd = lg_process_find(process, path, user.id != 0);
    if (fd < 0 && errno == ENOENT) {
        look_at_directory(process, path, &user, reach);
    } else if (fd < 0 || fstat(fd, &status) != 0) {
        say_error(reach, errno);
    } else {
        problem = find_problem(&user, &status);
        if (problem && !holds_open(process, &status))
            say(reach, LG_REACH_NO, problem);
        else
            say(reach, LG_REACH_YES, "");
    }
    if (fd >= 0)
        close(fd);
}

/* The errno of a connection that is closed again at once, 0 when somebody listens. */
static int ask_socket(int place, int type)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), error = 0;

    if (fd < 0)
        return errno;
    snprintf(to.sun_path, sizeof(to.sun_path), "/proc/self/fd/%d", place);
    if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) != 0)
        error = errno;
    close(fd);
    return error == EAGAIN ? 0 : error; /* it listens, and is busy */
}

/* The same, once for each socket of the system. */
static int ask_socket_once(int place, int type, const struct stat *status)
{
    static struct {
        dev_t device;
        ino_t inode;
        int type;
        int error;
    } kept[SOCKETS_KEPT];
    static unsigned count;
    int error;

    for (unsigned i = 0; i < count; i++) {
        if (kept[i].device == status->st_dev && kept[i].inode == status->st_ino && kept[i].type == type)
            return kept[i].error;
    }
    error = ask_socket(place, type);
    if (count < SOCKETS_KEPT) {
        kept[count].device = status->st_dev;
        kept[count].inode = status->st_ino;
        kept[count].type = type;
        kept[count++].error = error;
    }
    return error;
}

/* A process that has given up root may still hold the connection that it made before: then nothing is known. */
static void look_at_socket(int process, const char *path, int type, struct lg_reach *reach)
{
    int place = lg_process_find(process, path, true), error = place < 0 ? errno : 0;
    struct user user;
    struct stat status;

    if (place >= 0 && fstat(place, &status) != 0)
        error = errno;
    else if (place >= 0 && !S_ISSOCK(status.st_mode))
        error = ENOTSOCK;
    else if (place >= 0)
        error = ask_socket_once(place, type, &status);
    if (error == ECONNREFUSED)
        say(reach, LG_REACH_NO, "nobody listens");
    else if (error)
        say_error(reach, error);
    else if (!read_user(process, &user) || !may_write(&user, &status))
        say(reach, LG_REACH_UNKNOWN, "its user may not connect to it");
    else
        say(reach, LG_REACH_YES, "");
    if (place >= 0)
        close(place);
}

void lg_reach_log(int process, const char *log, struct lg_reach *reach)
{
    if (log[0] == 0 || strcmp(log, "off") == 0) /* no log where it is off from its start */
        say(reach, LG_REACH_NOTHING, "");
    else if (strcmp(log, "stderr") == 0 || strcmp(log, "/dev/stderr") == 0 || strcmp(log, "/proc/self/fd/2") == 0)
        look_at_descriptor(process, STDERR_FILENO, reach);
    else if (strcmp(log, "/dev/stdout") == 0 || strcmp(log, "/proc/self/fd/1") == 0)
        look_at_descriptor(process, STDOUT_FILENO, reach);
    else if (strcmp(log, "syslog") == 0)
        look_at_socket(process, LG_SYSLOG_PATH, SOCK_DGRAM, reach);
    else if (lg_starts_with(log, "/dev/") || lg_starts_with(log, "/proc/"))
        say(reach, LG_REACH_UNKNOWN, "it is a device");
    else if (log[0] == '/')
        look_at_file(process, log, reach);
    else
        say(reach, LG_REACH_UNKNOWN, "its path is not known");
}

void lg_reach_drainer(int process, const char *path, struct lg_reach *reach)
{
    if (path[0] == 0)
        say(reach, LG_REACH_NOTHING, "");
    else if (path[0] == '/')
        look_at_socket(process, path, SOCK_SEQPACKET, reach);
    else
        say(reach, LG_REACH_UNKNOWN, "its path is not known");
}
