/* SPDX-License-Identifier: MIT */
#include "shim/base/threads.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "shim/base/proc_numbers.h"
#include "shim/base/line.h"
#include "shim/base/sys.h"

/* glibc 2.32 and later: not 0 while the process surely has one thread. */
extern char __libc_single_threaded __attribute__((weak));

struct search {
    int fd;
    unsigned self;
    bool in_doubt;
};

#define ARGUMENTS 3 /* as many as may be descriptors: splice has its second one third */

static bool parse_word(const char **at, const char *end, uint64_t *word)
{
    bool hex = end - *at > 2 && (*at)[0] == '0' && (*at)[1] == 'x';
    const char *start;

    if (hex)
        *at += 2;
    start = *at;
    for (*word = 0; *at < end && **at != ' ' && **at != '\n'; (*at)++) {
        unsigned digit = (unsigned)(**at >= 'a' ? **at - 'a' + 10 : **at - '0');

        if (digit >= (hex ? 16u : 10u))
            return false;
        *word = *word * (hex ? 16 : 10) + digit;
    }
    if (*at == start)
        return false;
    *at += *at < end;
    return true;
}

/* "NUMBER 0xARGUMENT ..." of proc_pid_syscall(5); "running" and "-1 ..." are threads outside a call. */
static bool is_inside(const char *text, long length, int fd)
{
    const char *end = text + (length > 0 ? length : 0);
    uint64_t number;

    if (!parse_word(&text, end, &number))
        return false;
    for (int i = 0; i < ARGUMENTS; i++) {
        uint64_t argument;

        if (!parse_word(&text, end, &argument))
            return false;
#ifdef SYS_socketcall
        if (number == SYS_socketcall)
            return true; /* 32-bit x86: the descriptor is in memory, behind the second argument */
#endif
        if ((int)argument == fd && (i == 0 || (i == 2 && (number == SYS_splice || number == SYS_tee))))
            return true;
    }
    return false;
}

/* True when the thread is gone meanwhile, and it is not that this kernel does not tell. */
static bool is_gone(unsigned thread)
{
    struct lg_file_id id;
    struct lg_line path;
    char text[64];

    lg_line_init(&path, text, sizeof text);
    lg_line_word(&path, "/proc/self/task/");
    lg_line_number(&path, thread);
    lg_line_bytes(&path, "", 1);
    return lg_sys_stat(text, &id) == -ENOENT;
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
        search->in_doubt = !is_gone(thread);
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
    return lg_proc_numbers("/proc/self/task", NULL, look_at, &search) != 0;
}
