/* SPDX-License-Identifier: MIT */
/*
 * The parts of naming a caller: /proc/self/maps read in pieces, room that does not suffice, what may
 * be asked of the kernel and what happens when it refuses. The frames themselves: caller.t.
 *
 * links: shim/caller/caller.c shim/caller/maps.c shim/caller/module.c shim/caller/unwind.c shim/caller/eh_frame.c
 * links: shim/caller/cfi.c shim/caller/expression.c shim/caller/eh_reader.c shim/base/safe_read.c shim/base/sys.c
 */
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim/caller/caller.h"
#include "shim/caller/maps.h"
#include "shim/caller/module.h"
#include "tests/harness/tap.h"

#define NEVER_INLINE __attribute__((noinline))

static const char text[] = "00400000-00452000 r--p 00000000 08:02 173521      /usr/bin/first one\n"
                           "00452000-00453000 r-xp 00052000 08:02 173521      /usr/bin/first one\n"
                           "00e03000-00e24000 rw-p 00000000 00:00 0           [heap]\n"
                           "35b1800000-35b1820000 r--p 00000000 fe:10 135522  /lib/a\\012b\\01\\0123\\\\012 (deleted)\n"
                           "35b1820000-35b1830000 r-xp 00020000 fe:10 135522  /lib/a\\012b\\01\\0123\\\\012 (deleted)\n"
                           "35b1830000-35b1831000 r-xp 00020000 fe:11 135522  /lib/other device\n"
                           "7f0000000000-7f0000001000 rwxp 00000000 00:00 0 \n"
                           "7f0000001000-7f0000002000 r-xp 00000000 00:00 0                          [vdso]\n"
                           "7f0000002000-7f0000003000 r-xp 00000000 08:02 7\n"
                           "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n";

struct expected {
    uintptr_t address;
    const char *path; /* "": none */
    uintptr_t file_start;
    int found;
};

static const struct expected expected[] = {
    {0x400000, "/usr/bin/first one", 0x400000, 1},
    {0x452fff, "/usr/bin/first one", 0x400000, 1},
    {0x453000, "", 0, 0},
    {0xe03000, "", 0, 1},
#if UINTPTR_MAX > 0xffffffffu
    {0x35b182ffff, "/lib/a\nb\\01\n3\\\n (deleted)", 0x35b1800000, 1},
    {0x35b1830000, "/lib/other device", 0, 1},
    {0x7f0000000000, "", 0, 1},
    {0x7f0000001000, "", 0, 1},
    {0x7f0000002000, "", 0x7f0000002000, 1},
    {0xffffffffff600fff, "", 0, 1},
#endif
    {0, "", 0, 0},
    {UINTPTR_MAX, "", 0, 0},
};

static void check_maps(const struct expected *want, size_t piece)
{
    struct lg_maps maps;
    char path[64];
    int more = 1;

    lg_maps_init(&maps, want->address, path, sizeof path);
    for (size_t at = 0; at < sizeof text - 1 && more; at += piece)
        more = lg_maps_feed(&maps, text + at, sizeof text - 1 - at < piece ? sizeof text - 1 - at : piece);
    CHECK_INT(maps.found, want->found);
    CHECK_INT(more, !want->found);
    if (!want->found)
        return;
    REQUIRE(maps.path_bytes < sizeof path);
    path[maps.path_bytes] = '\0';
    CHECK_TEXT(path, want->path);
    CHECK_INT((long long)maps.file.number[LG_MAPS_START], (long long)want->file_start);
}

static void maps_in_pieces(void)
{
    if (sizeof(void *) < 8)
        tap_skip("i386", "the map of this test is one of 64-bit addresses");
    for (unsigned i = 0; i < TAP_COUNT(expected); i++) {
        for (size_t piece = 1; piece <= 200; piece++)
            check_maps(&expected[i], piece);
        check_maps(&expected[i], sizeof text);
    }
}

static void maps_without_room(void)
{
    struct lg_maps maps;
    char path[18];

    lg_maps_init(&maps, 0x400000, path, sizeof path);
    CHECK(!lg_maps_feed(&maps, text, sizeof text - 1));
    CHECK_INT((long long)maps.path_bytes, 18);
    lg_maps_init(&maps, 0x400000, path, sizeof path - 1);
    CHECK(!lg_maps_feed(&maps, text, sizeof text - 1));
    CHECK_INT((long long)maps.path_bytes, 0);
}

static uintptr_t here(void);
NEVER_INLINE static uintptr_t here(void)
{
    return (uintptr_t)__builtin_return_address(0);
}

/* What a wrapper of an interposed call does. */
NEVER_INLINE static void call(struct lg_frames *frames, unsigned wanted)
{
    lg_frames_collect(frames, (uintptr_t)__builtin_return_address(0), wanted);
}

static const struct lg_text exe = {"/some/program", 13};

static void room_of_a_name(void)
{
    char whole[128], out[128];
    uintptr_t address = here();
    size_t length;

    if (!lg_module_can_find())
        tap_skip("caller", "the loader has no _dl_find_object");
    length = lg_caller_name(address, exe, whole, sizeof whole);
    REQUIRE(length > 16 && length < sizeof whole);
    CHECK(memcmp(whole, "/some/program+0x", 16) == 0);
    for (size_t size = 0; size <= sizeof out; size++) {
        memset(out, '#', sizeof out);
        CHECK_INT((long long)lg_caller_name(address, exe, out, size), size < length ? 0 : (long long)length);
        for (size_t i = size; i < sizeof out; i++)
            CHECK_INT(out[i], '#');
        if (size >= length)
            CHECK(memcmp(out, whole, length) == 0 && (length == sizeof out || out[length] == '#'));
    }
}

static void unknown_is_absent(void)
{
    char out[128];

    CHECK_INT((long long)lg_caller_name((uintptr_t)out, exe, out, sizeof out), 0);
    CHECK_INT((long long)lg_caller_name(0, exe, out, sizeof out), 0);
    CHECK_INT((long long)lg_caller_name(1, exe, out, sizeof out), 0);
    CHECK_INT((long long)lg_caller_name(UINTPTR_MAX, exe, out, sizeof out), 0);
    if (lg_module_can_find()) /* the maps know the name */
        CHECK_INT((long long)lg_caller_name(here(), (struct lg_text){NULL, 0}, out, sizeof out), 0);
}

static void module_as_the_loader_has_it(void)
{
#ifdef DLFO_EH_SEGMENT_TYPE
    const void *const addresses[] = {(void *)here, (void *)printf, (void *)dlsym, (void *)prctl};

    for (unsigned i = 0; i < TAP_COUNT(addresses); i++) {
        struct dl_find_object object;
        struct lg_module module;

        REQUIRE(_dl_find_object((void *)addresses[i], &object) == 0);
        REQUIRE(lg_module_find(&module, (uintptr_t)addresses[i]));
        CHECK_INT((long long)module.start, (long long)(uintptr_t)object.dlfo_map_start);
        CHECK_INT((long long)module.end, (long long)(uintptr_t)object.dlfo_map_end);
        CHECK_INT((long long)module.bias, (long long)object.dlfo_link_map->l_addr);
        CHECK_INT((long long)module.eh_frame_hdr, (long long)(uintptr_t)object.dlfo_eh_frame);
        CHECK(module.name == object.dlfo_link_map->l_name);
    }
#else
    tap_skip("caller", "this libc has no _dl_find_object");
#endif
}

static void wanted_none(void)
{
    struct lg_frames frames = {.count = 9};

    call(&frames, 0);
    CHECK_INT(frames.count, 0);
    call(&frames, 100);
    CHECK(frames.count >= (lg_module_can_find() ? 2u : 1u) && frames.count <= LG_CALLERS_MAX);
}

/* Runs in a child; its end must be exit status 0. */
static void in_child(void (*run)(void))
{
    pid_t child = fork();
    int status = -1;

    if (child == 0) {
        run();
        syscall(SYS_exit, 1);
    }
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK_INT(status, 0);
}

static void one_frame_in_strict_mode(void)
{
    struct lg_frames frames;
    char out[256];
    size_t length;

    /* From here on every system call but read, write and exit kills. */
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0)
        syscall(SYS_exit, 2);
    lg_caller_load(getauxval(AT_PHDR), getauxval(AT_PHNUM), getauxval(AT_BASE), (const char *)getauxval(AT_EXECFN));
    call(&frames, 1);
    length = lg_caller_name(frames.address[0], exe, out, sizeof out);
    syscall(SYS_exit, frames.count == 1 && length > 16 ? 0 : 3);
}

static void no_system_call(void)
{
    if (!lg_module_can_find())
        tap_skip("caller", "the loader has no _dl_find_object");
    in_child(one_frame_in_strict_mode);
}

/* No frame may be had without a way to ask; `answer` is what the kernel then says. */
static void refuse(unsigned answer)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigprocmask, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | answer),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof code[0], code};
    struct lg_frames frames;

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        syscall(SYS_exit, 2);
    call(&frames, 8);
    syscall(SYS_exit, frames.count == 1 ? 0 : 3);
}

static void refuse_eperm(void)
{
    refuse(EPERM);
}

static void refuse_enosys(void)
{
    refuse(ENOSYS);
}

/* An emulation that looks at the other arguments first: it says of any address that it can be read. */
static void refuse_einval(void)
{
    refuse(EINVAL);
}

static void sandbox_means_fewer_frames(void)
{
    in_child(refuse_eperm);
    in_child(refuse_enosys);
    in_child(refuse_einval);
}

static const struct tap_test tests[] = {
    {"maps are read in pieces of any size", maps_in_pieces, 0},
    {"a path that does not fit is no path", maps_without_room, 0},
    {"a name that does not fit is not written", room_of_a_name, 0},
    {"what is not known is absent", unknown_is_absent, 0},
    {"a module is what the loader says", module_as_the_loader_has_it, 0},
    {"no frame is wanted, or more than there is room for", wanted_none, 0},
    {"one frame takes no system call", no_system_call, 0},
    {"a sandbox that refuses gives one frame", sandbox_means_fewer_frames, 0},
};

int main(int argc, char **argv)
{
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
