/* SPDX-License-Identifier: MIT */
#include "shim/threads.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "shim/directory.h"
#include "shim/line.h"
#include "shim/sys.h"

/* glibc 2.32 and later: not 0 while the process surely has one thread. */
extern char __libc_single_threaded __attribute__((weak));

struct search {
    int fd;
    unsigned self;
    bool in_doubt;
};

/* "NUMBER 0xARGUMENT ..." of proc_pid_syscall(5); "running" and "-1 ..." are threads outside a call. */
static bool is_inside(const char *text, long length, int fd)
{
    const char *end = text + length;
    uint64_t argument = 0;

    if (length <= 0 || *text < '0' || *text > '9')
        return false;
    while (text < end && *text != ' ')
        text++;
    if (end - text < 4)
        return false;
    for (text += 3; text < end && *text != ' '; text++) {
        unsigned digit = (unsigned)(*text >= 'a' ? *text - 'a' + 10 : *text - '0');

        argument = argument << 4 | digit;
    }
    return (int)argument == fd;
}

static bool look_at(void *context, unsigned thread)
{
    struct search *search = context;
    char text[192];
    struct lg_line path;
    long length;
    int file;

    if (thread == search->self)
        return true;
    lg_line_init(&path, text, sizeof text);
    lg_line_word(&path, "/proc/self/task/");
    lg_line_number(&path, thread);
    lg_line_bytes(&path, "/syscall", sizeof "/syscall");
    file = lg_sys_open(text, O_RDONLY, 0);
    if (file < 0) {
        search->in_doubt = file != -ENOENT && file != -ESRCH; /* gone meanwhile is no doubt */
        return !search->in_doubt;
    }
    length = lg_sys_read(file, text, sizeof text);
    lg_sys_close(file);
    search->in_doubt = is_inside(text, length, search->fd);
    return !search->in_doubt;
}

bool lg_threads_single(void)
{
    return &__libc_single_threaded && __libc_single_threaded;
}

bool lg_threads_use(int fd)
{
    struct search search = {fd, 0, false};

    if (lg_threads_single())
        return false;
    search.self = (unsigned)lg_sys_tid();
    return lg_directory_numbers("/proc/self/task", NULL, look_at, &search) != 0;
}
