/* SPDX-License-Identifier: MIT */
/* The interposed calls that go on into libc and nowhere else: each must work wherever libc has it. */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    char name[] = "sh", option[] = "-c", script[] = "exit 7";
    char *const words[] = {name, option, script, NULL};
    char *const nothing[] = {NULL};
    FILE *stream = popen("echo popen", "r");
    char line[16] = "";
    int status = 0;
    pid_t child;

    if (stream == NULL || fgets(line, sizeof line, stream) == NULL || pclose(stream) != 0)
        puts("popen failed");
    else
        fputs(line, stdout);
    stream = fopen("/dev/null", "r");
    printf("freopen %d\n", stream != NULL && freopen("/dev/null", "w", stream) == stream);
    printf("fclose %d\n", fclose(stream));
    printf("system %d\n", WEXITSTATUS(system("exit 5")));
    if (posix_spawn(&child, "/bin/sh", NULL, NULL, words, nothing) == 0 && waitpid(child, &status, 0) == child)
        printf("posix_spawn %d\n", WEXITSTATUS(status));
    fflush(stdout);
    child = vfork();
    if (child == 0)
        _exit(6);
    printf("vfork %d\n", waitpid(child, &status, 0) == child ? WEXITSTATUS(status) : -1);
    return 0;
}
