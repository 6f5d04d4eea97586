/* SPDX-License-Identifier: MIT */
/* A preload that can be seen: tests of the harness ask whether it is there. */
#include <unistd.h>

int lg_marker_is_loaded(void);
int lg_marker_is_loaded(void)
{
    return 1;
}

/* No interpose: something that a program can ask through a call it has anyway. */
pid_t getppid(void)
{
    return 424242;
}
