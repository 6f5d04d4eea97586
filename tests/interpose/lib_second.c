/* SPDX-License-Identifier: MIT */
/* Another library that interposes the same calls, and counts those that reach it. */
#include <dlfcn.h>
#include <sys/socket.h>
#include <unistd.h>

static unsigned setsockopts, closes;

unsigned second_setsockopts(void);
unsigned second_closes(void);

unsigned second_setsockopts(void)
{
    return setsockopts;
}

unsigned second_closes(void)
{
    return closes;
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
    static int (*next)(int, int, int, const void *, socklen_t);

    if (!next)
        next = (int (*)(int, int, int, const void *, socklen_t))dlsym(RTLD_NEXT, "setsockopt");
    __atomic_add_fetch(&setsockopts, 1, __ATOMIC_RELAXED);
    return next(fd, level, name, value, size);
}

int close(int fd)
{
    static int (*next)(int);

    if (!next)
        next = (int (*)(int))dlsym(RTLD_NEXT, "close");
    __atomic_add_fetch(&closes, 1, __ATOMIC_RELAXED);
    return next(fd);
}
