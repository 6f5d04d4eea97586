/* SPDX-License-Identifier: MIT */
/* What close_range and closefrom answer and leave open. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "tests/harness/old_libc.h"

static void show(const char *what, int result)
{
    printf("%s: %d %d, open:", what, result, result < 0 ? errno : 0);
    for (int fd = 100; fd < 106; fd++)
        printf(" %d", fcntl(fd, F_GETFD) != -1);
    printf("\n");
}

int main(void)
{
    for (int fd = 100; fd < 106; fd++)
        dup2(1, fd);
    show("close_range", close_range(104, 105, 0));
    show("close_range, wrong flags", close_range(104, 105, 77));
    closefrom(102);
    show("closefrom", 0);
    return 0;
}
