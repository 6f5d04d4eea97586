/* SPDX-License-Identifier: MIT */
/*
 * What is found behind this program is what dlsym finds there, and what is not plain is left to it.
 * links: shim/call/lookup.c -ldl
 */
#include "shim/call/lookup.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

#include "tests/harness/tap.h"

/* Those that the library hides, some with several versions or in several objects, and some that nobody has. */
static const char *const names[] = {
    "close",
    "close_range",
    "dup",
    "dup2",
    "dup3",
    "fcntl",
    "fcntl64",
    "setsockopt",
    "shutdown",
    "connect",
    "accept",
    "accept4",
    "sendmsg",
    "sendmmsg",
    "recvmsg",
    "recvmmsg",
    "socket",
    "epoll_create",
    "epoll_create1",
    "syscall",
    "prctl",
    "fork",
    "vfork",
    "fflush",
    "fileno",
    "freopen64",
    "clone",
    "unshare",
    "posix_spawn",
    "posix_spawnp",
    "popen",
    "system",
    "daemon",
    "forkpty",
    "fclose",
    "freopen",
    "pthread_create",
    "regexec",
    "glob",
    "fopen",
    "realpath",
    "nftw",
    "qsort",
    "dlsym",
    "pthread_mutex_lock",
    "sched_setaffinity",
};

/* Before glibc 2.36 dlsym(RTLD_NEXT) finds the oldest version of a function (bug 14932), and here the newest counts. */
static bool is_newest_of_libc(const char *name, const void *ours)
{
    void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);

    return libc != NULL && dlsym(libc, name) == ours;
}

static void test_same(void)
{
    struct lg_lookup lookup;
    unsigned found = 0;

    lg_lookup_start(&lookup);
    CHECK(lookup.count > 0);
    for (size_t i = 0; i < TAP_COUNT(names); i++) {
        void *theirs = dlsym(RTLD_NEXT, names[i]), *ours = lg_lookup(&lookup, names[i]);

        found += ours != NULL;
        if (ours != NULL && ours != theirs && !is_newest_of_libc(names[i], ours))
            tap_fail(__FILE__, __LINE__, "%s is %p, and not %p", names[i], ours, theirs);
        if (ours == NULL && theirs != NULL && i < 36)
            tap_fail(__FILE__, __LINE__, "%s is not found", names[i]);
    }
    tap_note("%u of %zu", found, TAP_COUNT(names));
}

static void test_not_plain(void)
{
    static const char *const absent[] = {"", "lg_nobody_has_this", "clos", "closee", "environ", "stdout"};
    struct lg_lookup lookup;

    lg_lookup_start(&lookup);
    for (size_t i = 0; i < TAP_COUNT(absent); i++)
        CHECK(lg_lookup(&lookup, absent[i]) == NULL);
    lookup.count = 0;
    CHECK(lg_lookup(&lookup, "close") == NULL);
}

static const struct tap_test tests[] = {
    {"what it finds is what dlsym finds", test_same, 0},
    {"what is not there, or no function, is not found", test_not_plain, 0},
};

int main(int argc, char **argv)
{
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
