/* SPDX-License-Identifier: MIT */
/* The floor that the library is held against: a wrapper that only jumps to the next definition. */
#include <dlfcn.h>
#include <sys/socket.h>
#include <unistd.h>

static int (*next_close)(int);
static int (*next_setsockopt)(int, int, int, const void *, socklen_t);

__attribute__((constructor)) static void resolve(void)
{
    *(void **)&next_close = dlsym(RTLD_NEXT, "close");
    *(void **)&next_setsockopt = dlsym(RTLD_NEXT, "setsockopt");
}

int close(int fd)
{
    return next_close(fd);
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
    return next_setsockopt(fd, level, name, value, size);
}
