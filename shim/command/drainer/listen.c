/* SPDX-License-Identifier: MIT */
#include "shim/command/drainer/listen.h"

#include "shim/command/common/command.h"
#include "shim/command/common/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define BACKLOG      128
#define FIRST_PASSED 3 /* SD_LISTEN_FDS_START */
#define LOCK_TRIES   20u
#define LOCK_NS      50000000 /* between two of them */

static int say(const char *path, int error, const char *what)
{
    if (what)
        lg_say_error("drainer: '%s' %s", path, what);
    else
        lg_say_error("drainer: '%s': %s", path, strerror(error));
    return -error;
}

/* True when somebody listens there. */
static bool is_alive(const struct sockaddr_un *at)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool refused;

    if (fd < 0)
        return true;
    refused = connect(fd, (const struct sockaddr *)at, sizeof(*at)) != 0 && errno == ECONNREFUSED;
    close(fd);
    return !refused;
}

/* Makes the path free, or says why it is not. */
static int make_way(const struct sockaddr_un *at)
{
    const char *path = at->sun_path;
    struct stat status;

    if (lstat(path, &status) != 0)
        return errno == ENOENT ? 0 : say(path, errno, NULL);
    if (!S_ISSOCK(status.st_mode))
        return say(path, EEXIST, "is there already, and is no socket");
    if (status.st_uid != geteuid() && geteuid() != 0)
        return say(path, EACCES, "is there already, and another user's");
    if (is_alive(at))
        return say(path, EADDRINUSE, "is in use: a drainer listens there already");
    if (unlink(path) != 0 && errno != ENOENT)
        return say(path, errno, NULL);
    return 0;
}

static int bind_with_mode(int fd, const struct sockaddr_un *at, bool for_all)
{
    mode_t before = umask(for_all ? 0111 : 0177);
    int error = bind(fd, (const struct sockaddr *)at, sizeof(*at)) != 0 ? errno : 0;

    umask(before);
    return error;
}

static int make_socket(struct lg_listener *listener, const struct sockaddr_un *at, bool for_all)
{
    struct stat status;
    int error = make_way(at);

    if (error != 0)
        return error;
    listener->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener->fd < 0)
        return say(at->sun_path, errno, NULL);
    error = bind_with_mode(listener->fd, at, for_all);
    if (error == 0 && (listen(listener->fd, BACKLOG) != 0 || lstat(at->sun_path, &status) != 0))
        error = errno;
    if (error != 0)
        return say(at->sun_path, error, NULL);
    listener->device = status.st_dev;
    listener->inode = status.st_ino;
    return 0;
}

/* The directory of `path`, locked against another drainer that starts at this moment. Returns -errno, said. */
static int lock_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *name = !slash ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
    struct timespec wait = {0, LOCK_NS};
    struct stat status;
    int fd = name ? open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    int error = fd < 0 ? errno : 0;

    if (fd >= 0 && fstat(fd, &status) == 0 && (status.st_mode & (S_IWOTH | S_ISVTX)) == S_IWOTH)
        lg_say_warning("drainer: everybody may write to the directory '%s', and so replace the socket", name);
    free(name);
    if (fd < 0)
        return say(path, error, NULL);
    for (unsigned i = 0; i < LOCK_TRIES && flock(fd, LOCK_EX | LOCK_NB) != 0; i++)
        nanosleep(&wait, NULL);
    return fd;
}

int lg_listener_open(struct lg_listener *listener, const char *path, bool for_all)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int directory, result;

    *listener = (struct lg_listener){.fd = -1, .path = path};
    if (path[0] == 0)
        return say(path, ENOENT, NULL);
    if (strlen(path) >= sizeof(at.sun_path))
        return say(path, ENAMETOOLONG, "is too long for the name of a socket, 107 bytes at most");
    memcpy(at.sun_path, path, strlen(path));
    directory = lock_directory(path);
    if (directory < 0)
        return directory;
    result = make_socket(listener, &at, for_all);
    close(directory);
    return result;
}

static long number_of(const char *variable)
{
    const char *value = getenv(variable);
    char *end;
    long number = value ? strtol(value, &end, 10) : -1;

    return value && *value && *end == 0 ? number : -1;
}

static bool has_option(int fd, int name, int wanted)
{
    int value = -1;
    socklen_t size = sizeof(value);

    return getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 && value == wanted;
}

int lg_listener_passed(struct lg_listener *listener)
{
    long count = number_of("LISTEN_PID") == getpid() ? number_of("LISTEN_FDS") : -1;
    int fd = FIRST_PASSED;

    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    if (count < 1)
        return -ENOENT;
    if (count > 1 || !has_option(fd, SO_DOMAIN, AF_UNIX) || !has_option(fd, SO_TYPE, SOCK_SEQPACKET) ||
        !has_option(fd, SO_ACCEPTCONN, 1)) {
        lg_say_error("drainer: what was passed is not one listening unix socket (ListenSequentialPacket=)");
        return -EINVAL;
    }
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    *listener = (struct lg_listener){.fd = fd};
    return 0;
}

void lg_listener_unlink(struct lg_listener *listener)
{
    struct stat status;

    if (listener->path && lstat(listener->path, &status) == 0 && status.st_dev == listener->device &&
        status.st_ino == listener->inode)
        unlink(listener->path);
    listener->path = NULL;
}

void lg_notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t length_bytes = path ? strlen(path) : 0;
    int fd;

    if (length_bytes < 2 || length_bytes > sizeof(to.sun_path) || (path[0] != '/' && path[0] != '@'))
        return;
    memcpy(to.sun_path, path, length_bytes);
    if (path[0] == '@')
        to.sun_path[0] = 0;
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return;
    sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&to,
           (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length_bytes));
    close(fd);
}
