/* SPDX-License-Identifier: MIT */
/* The parts of a program that preload libraries were seen to break, each by its name; see conflicts.t. */
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

/* What the peer sees of an abort that `close_it` ends. */
static const char *abort_by(int (*close_it)(int))
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct linger linger = {1, 0};
    socklen_t size = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0), server;
    const char *end;
    char byte;

    if (bind(listener, (struct sockaddr *)&at, size) != 0 || listen(listener, 1) != 0 ||
        getsockname(listener, (struct sockaddr *)&at, &size) != 0 || connect(client, (struct sockaddr *)&at, size) != 0)
        fail("connect");
    server = accept(listener, NULL, NULL);
    close(listener);
    if (setsockopt(server, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) != 0 || close_it(server) != 0)
        fail("close");
    end = read(client, &byte, 1) == 0 ? "EOF" : errno == ECONNRESET ? "RST" : "neither";
    close(client);
    return end;
}

/* The executable has its own copy of environ, and libc's is another variable. */
static void copied_environ(void)
{
    printf("%d %s\n", environ != NULL && environ[0] != NULL, abort_by(close));
}

static void not_dumpable(void)
{
    if (prctl(PR_SET_DUMPABLE, 0) != 0)
        fail("prctl");
    puts(abort_by(close));
}

/* As a runtime that loads libc again, to go around those who stand in front of it. */
static void around(void)
{
    void *libc = dlopen("libc.so.6", RTLD_NOW);

    puts(abort_by((int (*)(int))dlsym(libc, "close")));
}

/* The library's file loses its content while it is mapped. */
static void truncated(const char *library)
{
    if (truncate(library, 0) != 0)
        fail("truncate");
    puts(abort_by(close));
}

static void many(int count)
{
    const char *end = "";

    for (int i = 0; i < count; i++) {
        end = abort_by(close);
        if (strcmp(end, "EOF") != 0)
            break;
    }
    puts(end);
}

/* Children that abort and fork themselves. */
static void fork_storm(void)
{
    int failed = 0, status;

    for (int i = 0; i < 200; i++) {
        pid_t child = fork();

        if (child == 0)
            _exit(fork() == 0 ? 0 : strcmp(abort_by(close), "EOF") != 0);
        failed += waitpid(child, &status, 0) != child || status != 0;
    }
    printf("%d failed\n", failed);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (strcmp(what, "environ") == 0)
        copied_environ();
    else if (strcmp(what, "not-dumpable") == 0)
        not_dumpable();
    else if (strcmp(what, "around") == 0)
        around();
    else if (strcmp(what, "truncated") == 0 && argc > 2)
        truncated(argv[2]);
    else if (strcmp(what, "many") == 0 && argc > 2)
        many(atoi(argv[2]));
    else if (strcmp(what, "fork-storm") == 0)
        fork_storm();
    else
        return 2;
    return 0;
}
