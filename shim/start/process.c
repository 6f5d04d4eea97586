/* SPDX-License-Identifier: MIT */
#include "shim/start/process.h"

#include <fcntl.h>

#include "policy/text.h"
#include "shim/base/large.h"
#include "shim/base/sys.h"

#define PATH_BYTES 4096

static char exe_path[PATH_BYTES] LG_BEGINNING;
static char cgroup_path[PATH_BYTES] LG_LARGE;

struct lg_text lg_process_exe(void)
{
    long length = lg_syscall4(SYS_readlinkat, AT_FDCWD, (long)"/proc/self/exe", (long)exe_path, sizeof exe_path);

    return length > 0 ? (struct lg_text){exe_path, (size_t)length} : (struct lg_text){NULL, 0};
}

struct lg_text lg_process_cgroup(void)
{
    static const char unified[] = "0::";
    int fd = lg_sys_open("/proc/self/cgroup", O_RDONLY, 0);
    long length = fd < 0 ? 0 : lg_sys_read(fd, cgroup_path, sizeof cgroup_path);
    struct lg_text rest = {cgroup_path, length > 0 ? (size_t)length : 0};

    if (fd >= 0)
        lg_sys_close(fd);
    while (rest.length_bytes > 0) {
        struct lg_text line = {rest.at, lg_text_find(rest, '\n')};

        if (line.length_bytes >= sizeof unified && memcmp(line.at, unified, sizeof unified - 1) == 0)
            return lg_text_skip(line, sizeof unified - 1);
        rest = lg_text_skip(rest, line.length_bytes + (line.length_bytes < rest.length_bytes));
    }
    return (struct lg_text){NULL, 0};
}
