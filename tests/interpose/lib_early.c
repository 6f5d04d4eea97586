/* SPDX-License-Identifier: MIT */
/*
 * A library whose constructor makes every interposed call on real descriptors. Preloaded behind
 * lingerguard it is initialised first, when lingerguard has not been yet. Says what each answered.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/old_libc.h"

static char said[4096];

static void say(const char *what, long result)
{
    size_t used = strlen(said);

    snprintf(said + used, sizeof said - used, "early %s: %ld %d\n", what, result, result < 0 ? errno : 0);
}

static void open_pair(int pair[2])
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    bind(listener, (struct sockaddr *)&at, sizeof at);
    listen(listener, 1);
    getsockname(listener, (struct sockaddr *)&at, &size);
    pair[0] = socket(AF_INET, SOCK_STREAM, 0);
    say("connect", connect(pair[0], (struct sockaddr *)&at, size));
    pair[1] = accept(listener, NULL, NULL);
    say("accept", pair[1] >= 0);
    say("close of the listener", close(listener));
}

static void use_sockets(void)
{
    struct linger linger = {1, 0};
    int pair[2], other;

    open_pair(pair);
    say("setsockopt", setsockopt(pair[0], SOL_SOCKET, SO_LINGER, &linger, sizeof linger));
    say("setsockopt NULL", setsockopt(pair[0], SOL_SOCKET, SO_LINGER, NULL, sizeof linger));
    say("shutdown", shutdown(pair[0], SHUT_WR));
    say("close", close(pair[0]));
    say("close again", close(pair[0]));
    other = dup(pair[1]);
    say("dup", other >= 0);
    say("dup2", dup2(pair[1], other) == other);
    say("dup3", dup3(pair[1], other, O_CLOEXEC) == other);
    say("dup3 onto itself", dup3(other, other, 0));
    say("fcntl", fcntl(other, F_GETFD));
    say("fcntl F_DUPFD", fcntl(other, F_DUPFD, 700));
    say("syscall close", syscall(SYS_close, 700));
    say("syscall unknown", syscall(99999, 1, 2, 3, 4, 5, 6));
    say("close_range", close_range(700, 800, 0));
    closefrom(700);
    say("sendmsg", sendmsg(-1, NULL, 0));
}

static void use_streams(void)
{
    FILE *file = fopen("/dev/null", "w");

    say("freopen", freopen("/dev/null", "r", file) == file);
    say("freopen64", freopen64("/dev/null", "r", file) == file);
    say("fclose", fclose(file));
}

static void use_processes(void)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0)
        _exit(3);
    say("fork", waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 3);
    child = vfork();
    if (child == 0)
        _exit(4);
    say("vfork", waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 4);
    unsetenv("EARLY_PROCESSES"); /* the shell has this library too */
    say("system", system("exit 5") == 5 << 8);
}

__attribute__((constructor)) static void early(void)
{
    use_sockets();
    use_streams();
    if (getenv("EARLY_PROCESSES"))
        use_processes();
    if (write(1, said, strlen(said)) < 0)
        _exit(99);
}
