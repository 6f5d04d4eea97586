/* SPDX-License-Identifier: MIT */
#include "shim/record/open_log.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "policy/text.h"
#include "shim/base/sys.h"

#define LOG_MODE 0644 /* the umask takes from it, as from any file that the program makes */

/* /dev/stderr and its like: links, and perhaps another user's terminal, but in a directory where nobody can put them.
 */
bool lg_log_is_device(const char *path)
{
    return lg_starts_with(path, "/dev/") || lg_starts_with(path, "/proc/");
}

/* O_NONBLOCK is for a FIFO: neither the open nor a write may wait for its reader. */
int lg_log_open_file(const char *path, bool secure)
{
    bool wary = !lg_log_is_device(path);
    bool root = wary && lg_sys_effective_user() == 0;
    int no_links = wary && (root || secure) ? O_NOFOLLOW : 0;
    int fd = lg_sys_open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | no_links, LOG_MODE);
    struct lg_file_id id;

    if (fd < 0 || !root)
        return fd;
    if (lg_sys_fstat(fd, &id) == 0 && id.user == 0)
        return fd;
    lg_sys_close(fd);
    return -EPERM;
}

int lg_log_connect_syslog(int fd)
{
    struct sockaddr_un to;

    memset(&to, 0, sizeof to);
    to.sun_family = AF_UNIX;
    memcpy(to.sun_path, LG_SYSLOG_PATH, sizeof LG_SYSLOG_PATH);
    return (int)lg_syscall3(SYS_connect, fd, (long)&to, sizeof to);
}

int lg_log_open_syslog(void)
{
    int fd = (int)lg_syscall3(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int result;

    if (fd < 0)
        return fd;
    result = lg_log_connect_syslog(fd);
    if (result == 0)
        return fd;
    lg_sys_close(fd);
    return result;
}

/* /dev/stderr and its like name a descriptor, which the program may use for something else later. */
bool lg_log_names_descriptor(const char *path)
{
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_MAGICLINKS};
    long result;

    if (!lg_log_is_device(path))
        return false;
    result = lg_syscall4(SYS_openat2, AT_FDCWD, (long)path, (long)&how, sizeof how);
    if (result >= 0)
        lg_sys_close((int)result);
    /* Before Linux 5.6, or in a sandbox: go by the name. */
    return result == -ENOSYS || result == -EPERM || result == -ELOOP;
}
