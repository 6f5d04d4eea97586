/* SPDX-License-Identifier: MIT */
#include "shim/command/drainer/closer.h"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim/base/syscall_numbers.h"

#define CHILD_MS 1000u
#define AGAIN_MS 100u
#define MANY     32u /* that wait */

static pid_t start_child(int fd)
{
    pid_t pid = (pid_t)syscall(SYS_clone, LG_CLONE_FLAGS(CLONE_FILES | SIGCHLD), 0, 0, 0);

    if (pid == 0) {
        syscall(SYS_close, fd);
        syscall(SYS_exit_group, 0);
    }
    return pid;
}

/* False when no child is to be had. */
static bool close_in_child(struct lg_closer *closer, int fd, uint64_t now_ms)
{
    struct lg_closer_child *child = closer->children;

    if (closer->child_count == LG_CLOSER_CHILDREN)
        return false;
    while (child->pid != 0)
        child++;
    child->pid = start_child(fd);
    if (child->pid < 0) {
        child->pid = 0;
        return false;
    }
    child->kill_ms = now_ms + CHILD_MS;
    closer->child_count++;
    return true;
}

void lg_closer_close(struct lg_closer *closer, int fd, uint64_t now_ms)
{
    if (close_in_child(closer, fd, now_ms))
        return;
    if (closer->waiting_count < LG_CLOSER_WAITING)
        closer->waiting[closer->waiting_count++] = fd;
    else
        closer->left_count++;
}

static void look_after(struct lg_closer *closer, struct lg_closer_child *child, uint64_t now_ms)
{
    if (child->pid == 0)
        return;
    if (waitpid(child->pid, NULL, WNOHANG) != 0) {
        child->pid = 0;
        closer->child_count--;
    } else if (now_ms >= child->kill_ms) {
        kill(child->pid, SIGKILL);
    }
}

uint64_t lg_closer_tick(struct lg_closer *closer, uint64_t now_ms)
{
    if (closer->child_count == 0 && closer->waiting_count == 0)
        return UINT64_MAX;
    for (unsigned i = 0; i < LG_CLOSER_CHILDREN; i++)
        look_after(closer, &closer->children[i], now_ms);
    while (closer->waiting_count > 0 && close_in_child(closer, closer->waiting[closer->waiting_count - 1], now_ms))
        closer->waiting_count--;
    return closer->child_count > 0 || closer->waiting_count > 0 ? now_ms + AGAIN_MS : UINT64_MAX;
}

bool lg_closer_is_busy(const struct lg_closer *closer, uint64_t now_ms)
{
    for (unsigned i = 0; closer->waiting_count >= MANY && i < LG_CLOSER_CHILDREN; i++) {
        if (closer->children[i].pid != 0 && now_ms < closer->children[i].kill_ms)
            return true;
    }
    return false;
}

unsigned lg_closer_held(const struct lg_closer *closer)
{
    return closer->waiting_count + closer->left_count;
}
