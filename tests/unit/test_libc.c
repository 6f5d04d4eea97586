/* SPDX-License-Identifier: MIT */
/* The library's own memory functions, under other names beside libc's. */
#include "tests/harness/tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#undef htons
#undef memchr
#undef ntohs
#define memcpy            own_memcpy
#define memmove           own_memmove
#define memset            own_memset
#define memcmp            own_memcmp
#define bcmp              own_bcmp
#define memchr            own_memchr
#define strlen            own_strlen
#define htons             own_htons
#define ntohs             own_ntohs
#define __cmsg_nxthdr     own_cmsg_nxthdr
#define lg_errno_location own_errno_location
void *memcpy(void *restrict, const void *restrict, size_t);
void *memmove(void *, const void *, size_t);
void *memset(void *, int, size_t);
int memcmp(const void *, const void *, size_t);
int bcmp(const void *, const void *, size_t);
void *memchr(const void *, int, size_t);
size_t strlen(const char *);
#include "shim/base/libc.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef bcmp
#undef memchr
#undef strlen
#undef htons
#undef ntohs

#define BYTES 80

static void fill(unsigned char *at)
{
    for (size_t i = 0; i < BYTES; i++)
        at[i] = (unsigned char)(i * 7 + 1);
}

/* Every start and length in a small buffer: nothing else changes. */
static void test_copies(void)
{
    unsigned char from[BYTES], ours[BYTES], theirs[BYTES];

    fill(from);
    for (size_t start = 0; start < 17; start++) {
        for (size_t size = 0; size < 40; size++) {
            fill(ours);
            fill(theirs);
            CHECK(own_memcpy(ours + start, from + 11, size) == ours + start);
            memcpy(theirs + start, from + 11, size);
            CHECK(memcmp(ours, theirs, BYTES) == 0);
            own_memset(ours + start, 0xa5, size);
            memset(theirs + start, 0xa5, size);
            CHECK(memcmp(ours, theirs, BYTES) == 0);
        }
    }
}

static void test_overlap(void)
{
    unsigned char ours[BYTES], theirs[BYTES];

    for (size_t to = 0; to < 34; to++) {
        for (size_t size = 0; size < 40; size++) {
            fill(ours);
            fill(theirs);
            CHECK(own_memmove(ours + to, ours + 17, size) == ours + to);
            memmove(theirs + to, theirs + 17, size);
            CHECK(memcmp(ours, theirs, BYTES) == 0);
        }
    }
}

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

static void test_comparisons(void)
{
    char text[] = "abcabc\xff", other[] = "abcabd\x01";

    for (size_t a = 0; a < 4; a++) {
        for (size_t size = 0; size < 5; size++) {
            CHECK_INT(sign(own_memcmp(text + a, other, size)), sign(memcmp(text + a, other, size)));
            CHECK_INT(own_bcmp(text + a, other, size) == 0, memcmp(text + a, other, size) == 0);
        }
    }
    CHECK(own_memcmp("\xff", "\x01", 1) > 0);
    CHECK(own_memchr(text, 'c', 7) == text + 2);
    CHECK(own_memchr(text, 0xff, 7) == text + 6);
    CHECK(own_memchr(text, 'c', 2) == NULL);
    CHECK_INT((long long)own_strlen(""), 0);
    CHECK_INT((long long)own_strlen(text), 7);
}

static void test_headers(void)
{
    char room[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(3) + 8];
    struct msghdr message = {.msg_control = room, .msg_controllen = sizeof room};
    struct cmsghdr *first = CMSG_FIRSTHDR(&message), *second;

    memset(room, 0, sizeof room);
    CHECK(own_cmsg_nxthdr(&message, first) == NULL); /* shorter than itself */
    first->cmsg_len = CMSG_LEN(sizeof(int));
    second = own_cmsg_nxthdr(&message, first);
    CHECK((char *)second == room + CMSG_SPACE(sizeof(int)));
    second->cmsg_len = CMSG_LEN(3);
    CHECK(own_cmsg_nxthdr(&message, second) == NULL); /* 8 bytes are no header */
    second->cmsg_len = (size_t)-1;
    CHECK(own_cmsg_nxthdr(&message, second) == NULL);
    CHECK_INT(own_htons(0x0102), __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 0x0201 : 0x0102);
    CHECK_INT(own_ntohs(own_htons(443)), 443);
    CHECK(own_errno_location() == &errno);
}

static const struct tap_test tests[] = {
    {"memcpy and memset, every start and length", test_copies, 0},
    {"memmove, every overlap", test_overlap, 0},
    {"memcmp, bcmp, memchr and strlen", test_comparisons, 0},
    {"what headers call", test_headers, 0},
};

int main(int argc, char **argv)
{
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
