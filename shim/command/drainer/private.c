/* SPDX-License-Identifier: MIT */
#include "shim/command/drainer/private.h"

#include "shim/base/syscall_numbers.h"
#include "shim/command/common/command.h"
#include "shim/command/common/output.h"
#include "shim/command/drainer/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define DIRECTORY "/lingerguard.XXXXXX"
#define SOCKET    "/drainer"

static char directory[108 - sizeof(SOCKET)];
static char socket_path[108];

static const char *failed(const char *what)
{
    lg_say_error("drainer: %s: %s", what, strerror(errno));
    return NULL;
}

static bool make_directory_below(const char *base)
{
    int length = base && base[0] == '/' ? snprintf(directory, sizeof(directory), "%s" DIRECTORY, base) : -1;

    return length > 0 && (size_t)length < sizeof(directory) && mkdtemp(directory);
}

/* Everything that the program was given but standard error, the two of ours apart. */
static void close_others(int a, int b)
{
    int low = a < b ? a : b, high = a < b ? b : a;

    if (low > 3)
        syscall(SYS_close_range, 3, low - 1, 0);
    if (high > low + 1)
        syscall(SYS_close_range, low + 1, high - 1, 0);
    syscall(SYS_close_range, high + 1, ~0u, 0);
}

static void leave_the_program(const struct lg_drainer_settings *settings)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    setsid();
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    close_others(settings->program, settings->ready_fd);
    prctl(PR_SET_NAME, "lg-drainer");
    if (chdir("/") != 0)
        lg_say_warning("drainer: /: %s", strerror(errno));
}

/* In a child of a child, which nobody waits for. */
static void serve_and_exit(const struct lg_drainer_settings *settings)
{
    pid_t child = fork();
    int status = LG_EXIT_RUN_FAILED;

    if (child != 0)
        _exit(child < 0 ? LG_EXIT_RUN_FAILED : 0);
    leave_the_program(settings);
    status = lg_drainer_run(settings);
    rmdir(directory);
    _exit(status);
}

static bool start(struct lg_drainer_settings *settings)
{
    int ready[2];
    char byte;
    bool listens;
    pid_t child;

    if (pipe2(ready, O_CLOEXEC) != 0)
        return failed("pipe");
    settings->ready_fd = ready[1];
    child = fork();
    if (child == 0)
        serve_and_exit(settings);
    close(ready[1]);
    listens = child > 0 && read(ready[0], &byte, 1) == 1;
    close(ready[0]);
    if (child > 0)
        waitpid(child, NULL, 0);
    return listens;
}

const char *lg_drainer_start(const char *log, const char *format)
{
    struct lg_drainer_settings settings;
    bool listens;

    lg_drainer_defaults(&settings);
    if ((log && lg_drainer_read_log(log, &settings) != 0) || (format && lg_drainer_read_format(format, &settings) != 0))
        return NULL;
    settings.program = (int)syscall(SYS_pidfd_open, getpid(), 0);
    if (settings.program < 0)
        return failed("pidfd_open");
    if (!make_directory_below(getenv("XDG_RUNTIME_DIR")) && !make_directory_below("/tmp"))
        return failed("/tmp");
    snprintf(socket_path, sizeof(socket_path), "%s" SOCKET, directory);
    settings.path = socket_path;
    listens = start(&settings);
    close(settings.program);
    if (!listens)
        rmdir(directory);
    return listens ? socket_path : NULL;
}
