/* SPDX-License-Identifier: MIT */
/*
 * What the compiler and the headers call on their own, and errno. The library has them itself,
 * hidden: a strong reference to libc's keeps a program that has no libc from starting, and the
 * memory functions of glibc are IFUNCs, whose resolvers cannot run yet where libc.so.6 is itself the
 * program. Whatever else comes from libc is referenced weakly, and looked at before it is used.
 *
 * Async-signal-safe, thread-safe, fork-safe.
 */
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

/*
 * A compiler that knows these names makes a loop that copies into a call of memcpy, in memcpy too.
 * The empty statement in each loop keeps it from seeing one, whatever the flags are.
 */

#define NOT_AN_IDIOM() __asm__ volatile("" ::: "memory")

/* A word at any address, in memory of any type. */
typedef unsigned long word __attribute__((may_alias, aligned(1)));

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    unsigned char *out = to;
    const unsigned char *in = from;

    for (; size >= sizeof(word); size -= sizeof(word), out += sizeof(word), in += sizeof(word)) {
        *(word *)(void *)out = *(const word *)(const void *)in;
        NOT_AN_IDIOM();
    }
    for (; size > 0; size--) {
        *out++ = *in++;
        NOT_AN_IDIOM();
    }
    return to;
}

void *memmove(void *to, const void *from, size_t size)
{
    unsigned char *out = to;
    const unsigned char *in = from;

    if ((uintptr_t)out - (uintptr_t)in >= size) /* forwards never overwrites what is still to be read */
        return memcpy(to, from, size);
    while (size > 0) {
        size--;
        out[size] = in[size];
        NOT_AN_IDIOM();
    }
    return to;
}

void *memset(void *to, int byte, size_t size)
{
    word pattern = (~0ul / 255) * (unsigned char)byte;
    unsigned char *out = to;

    for (; size >= sizeof pattern; size -= sizeof pattern, out += sizeof pattern) {
        *(word *)(void *)out = pattern;
        NOT_AN_IDIOM();
    }
    for (; size > 0; size--) {
        *out++ = (unsigned char)byte;
        NOT_AN_IDIOM();
    }
    return to;
}

int memcmp(const void *left, const void *right, size_t size)
{
    const unsigned char *a = left, *b = right;

    for (; size > 0; size--, a++, b++) {
        if (*a != *b)
            return *a - *b;
        NOT_AN_IDIOM();
    }
    return 0;
}

/* What clang makes of a memcmp that is only compared with 0. */
int bcmp(const void *left, const void *right, size_t size)
{
    return memcmp(left, right, size);
}

/* In parentheses: glibc 2.43 has a macro of this name too. */
void *(memchr)(const void *in, int byte, size_t size)
{
    const unsigned char *at = in;

    for (; size > 0; size--, at++) {
        if (*at == (unsigned char)byte)
            return (void *)(uintptr_t)at;
        NOT_AN_IDIOM();
    }
    return NULL;
}

size_t strlen(const char *text)
{
    const char *end = text;

    while (*end) {
        end++;
        NOT_AN_IDIOM();
    }
    return (size_t)(end - text);
}

/* Functions in musl's headers, and in glibc's without optimisation. */
uint16_t htons(uint16_t number);
uint16_t ntohs(uint16_t number);

uint16_t htons(uint16_t number)
{
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap16(number) : number;
}

uint16_t ntohs(uint16_t number)
{
    return htons(number);
}

/* Behind CMSG_NXTHDR in glibc's headers, where the compiler does not put it in line (cmsg(3)). */
struct cmsghdr *__cmsg_nxthdr(struct msghdr *message, struct cmsghdr *part);

struct cmsghdr *__cmsg_nxthdr(struct msghdr *message, struct cmsghdr *part)
{
    size_t left = (size_t)((unsigned char *)message->msg_control + message->msg_controllen - (unsigned char *)part);
    size_t whole;

    if (part->cmsg_len < sizeof *part || part->cmsg_len > left)
        return NULL;
    whole = CMSG_ALIGN(part->cmsg_len);
    if (whole > left || left - whole < sizeof *part)
        return NULL;
    return (struct cmsghdr *)(void *)((unsigned char *)part + whole);
}

/*
 * <errno.h> calls this one (Makefile: LIB_CFLAGS). Where no libc is there to have an errno nobody
 * reads what is stored in ours.
 */
#undef __errno_location
extern int *__errno_location(void) __attribute__((weak));
int *lg_errno_location(void);

int *lg_errno_location(void)
{
    static int nobody_reads;

    return __errno_location ? __errno_location() : &nobody_reads;
}
