/* SPDX-License-Identifier: MIT */
#include "shim/command/common/others.h"
#include "shim/command/common/output.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534

/* In a child. Without an answer it is yes: there is nothing to warn of. */
static bool nobody_can_open(const char *path, int flags)
{
    pid_t child = geteuid() == 0 ? fork() : -1;
    int status = 0;

    if (child == 0) {
        if (setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
            _exit(0);
        _exit(open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) < 0 && errno == EACCES);
    }
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return !WIFEXITED(status) || WEXITSTATUS(status) == 0;
}

void lg_others_warn(const char *path, const struct lg_policy *policy)
{
    char *log = NULL;

    if (!nobody_can_open(path, O_RDONLY))
        lg_say_warning("programs of other users cannot read %s: nothing is done for them but to observe linger-zero",
                       path);
    if (policy->settings.log == LG_LOG_FILE)
        log = strndup(policy->settings.log_path.at, policy->settings.log_path.length_bytes);
    if (log && !nobody_can_open(log, O_WRONLY | O_APPEND))
        lg_say_warning("programs of other users cannot write %s: their records are dropped", log);
    free(log);
}
