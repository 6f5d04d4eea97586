/* SPDX-License-Identifier: MIT */
/*
 * An allocator that, as jemalloc and others, looks something up in a file when it is first used, and
 * here also sets a linger option: interposed calls from inside malloc, the loader's own included.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ARENA_BYTES (64u << 20)

static _Alignas(64) char arena[ARENA_BYTES];
static size_t used;
static unsigned calls;

int malloc_calls(void);

int malloc_calls(void)
{
    return (int)__atomic_load_n(&calls, __ATOMIC_RELAXED);
}

static void use_descriptors(void)
{
    struct linger linger = {1, 0};
    int before = errno;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    close(fd);
    fd = open("/proc/sys/vm/overcommit_memory", O_RDONLY);
    dup2(fd, 900);
    close(900);
    close(fd);
    errno = before;
}

void *malloc(size_t size)
{
    size_t whole = (size + 31) & ~(size_t)15;
    size_t at;

    if (__atomic_fetch_add(&calls, 1, __ATOMIC_RELAXED) < 50)
        use_descriptors();
    at = __atomic_fetch_add(&used, whole, __ATOMIC_RELAXED);
    if (at + whole > ARENA_BYTES) {
        errno = ENOMEM;
        return NULL;
    }
    memcpy(arena + at, &size, sizeof size);
    return arena + at + 16;
}

void free(void *memory)
{
    (void)memory;
}

void *calloc(size_t count, size_t size)
{
    return malloc(count * size); /* the arena is zero, and nothing is used twice */
}

void *realloc(void *memory, size_t size)
{
    void *larger = malloc(size);
    size_t before;

    if (memory != NULL && larger != NULL) {
        memcpy(&before, (char *)memory - 16, sizeof before);
        memcpy(larger, memory, before < size ? before : size);
    }
    return larger;
}
