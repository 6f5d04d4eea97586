/* SPDX-License-Identifier: MIT */
/* Every way to a second process, which then holds every descriptor that we hold: the epoch changes, and nothing else.
 */
#include <sched.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "shim/base/copied.h"
#include "shim/call/export.h"
#include "shim/call/next.h"
#include "shim/holder/epolls.h"
#include "shim/holder/holder.h"
#include "shim/holder/pending_close.h"
#include "shim/release/waiting.h"

/*
 * The epoch changes before the call, since both sides inherit it, and after it, since another thread may
 * have opened a socket in between. Only vfork and syscall, which are jumps, leave out the second.
 */
static pid_t forked(pid_t child)
{
    lg_epoch_advance();
    lg_memory_keep_pid();
    if (child == 0) {
        lg_memory_forked();
        lg_waiting_forked();
        lg_pending_close_forked();
        lg_epolls_forked();
    }
    return child;
}

static int spawned(int result)
{
    lg_epoch_advance();
    lg_memory_keep_pid();
    return result;
}

static pid_t fork_by(pid_t (*next)(void))
{
    lg_epoch_advance();
    return forked(next());
}

LG_EXPORT pid_t fork(void)
{
    return fork_by(lg_next.fork);
}

LG_EXPORT_ALIAS(__fork, fork);

/* Younger than some libcs that this is built with. */
pid_t _Fork(void);

LG_EXPORT pid_t _Fork(void)
{
    return fork_by(lg_next._Fork ? lg_next._Fork : lg_next.fork);
}

LG_EXPORT int unshare(int flags)
{
    lg_next_need(unshare);
    if (flags & CLONE_FILES)
        lg_epoch_split();
    return lg_next.unshare(flags);
}

/*
 * True for what uses this library beside us and is no thread: our memory without our table, where a number means two
 * things (a vfork child does so too, but is soon gone), or our table without being a thread that libc knows of.
 */
static bool is_half_a_thread(int flags)
{
    if (flags & CLONE_FILES)
        return !(flags & CLONE_THREAD);
    return flags & CLONE_VM && !(flags & CLONE_VFORK);
}

/* A thread shares the table of descriptors; anything else has a copy of it. */
LG_EXPORT int clone(int (*function)(void *), void *stack, int flags, void *argument, ...)
{
    va_list more;
    void *rest[3];
    int result;

    va_start(more, argument);
    for (int i = 0; i < 3; i++)
        rest[i] = va_arg(more, void *);
    va_end(more);
    lg_next_need(clone);
    if (is_half_a_thread(flags))
        lg_epoch_end();
    if (flags & CLONE_VM && !(flags & CLONE_THREAD))
        lg_memory_lend();
    if (flags & CLONE_FILES)
        return lg_next.clone(function, stack, flags, argument, rest[0], rest[1], rest[2]);
    lg_epoch_advance();
    result = lg_next.clone(function, stack, flags, argument, rest[0], rest[1], rest[2]);
    if (flags & CLONE_VM)
        lg_epoch_advance();
    return flags & CLONE_VM ? result : spawned(result);
}

LG_EXPORT int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                          const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[])
{
    lg_next_need(posix_spawn);
    lg_epoch_advance();
    return spawned(lg_next.posix_spawn(pid, path, actions, attributes, arguments, environment));
}

LG_EXPORT int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                           const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[])
{
    lg_next_need(posix_spawnp);
    lg_epoch_advance();
    return spawned(lg_next.posix_spawnp(pid, file, actions, attributes, arguments, environment));
}

LG_EXPORT FILE *popen(const char *command, const char *mode)
{
    FILE *result;

    lg_next_need(popen);
    lg_epoch_advance();
    result = lg_next.popen(command, mode);
    spawned(0);
    return result;
}

LG_EXPORT int system(const char *command)
{
    lg_next_need(system);
    lg_epoch_advance();
    return spawned(lg_next.system(command));
}

LG_EXPORT int daemon(int stay, int keep)
{
    lg_next_need(daemon);
    lg_epoch_advance();
    return forked(lg_next.daemon(stay, keep)); /* only the child returns, with 0 */
}

struct termios;
struct winsize;
int forkpty(int *terminal, char *name, const struct termios *modes, const struct winsize *size);

LG_EXPORT int forkpty(int *terminal, char *name, const struct termios *modes, const struct winsize *size)
{
    lg_next_need(forkpty);
    lg_epoch_advance();
    return forked(lg_next.forkpty(terminal, name, modes, size));
}

/* Called by the assembly below alone. */
void lg_before_vfork(void) __attribute__((visibility("hidden")));

void lg_before_vfork(void)
{
    lg_epoch_advance();
    lg_memory_lend();
}

/*
 * vfork returns twice on one stack, so no frame of ours may be there: count, and jump. The address
 * is the first entry of lg_next (held by an assertion below).
 */
#if defined(__x86_64__)
__asm__(".text\n"
        ".globl vfork\n.type vfork, @function\n"
        ".globl __vfork\n.type __vfork, @function\n"
        "vfork:\n__vfork:\n\t.cfi_startproc\n\tendbr64\n"
        "\tsubq $8, %rsp\n\t.cfi_adjust_cfa_offset 8\n"
        "\tcall lg_before_vfork\n"
        "\taddq $8, %rsp\n\t.cfi_adjust_cfa_offset -8\n"
        "\tjmp *lg_next(%rip)\n"
        "\t.cfi_endproc\n"
        ".size vfork, .-vfork\n.size __vfork, .-__vfork\n");
#elif defined(__i386__)
__asm__(".text\n"
        ".globl vfork\n.type vfork, @function\n"
        ".globl __vfork\n.type __vfork, @function\n"
        "vfork:\n__vfork:\n\t.cfi_startproc\n"
        "\tsubl $12, %esp\n\t.cfi_adjust_cfa_offset 12\n"
        "\tcall lg_before_vfork\n"
        "\taddl $12, %esp\n\t.cfi_adjust_cfa_offset -12\n"
        "\tcall 1f\n"
        "1:\tpopl %ecx\n"
        "\taddl $_GLOBAL_OFFSET_TABLE_+(.-1b), %ecx\n"
        "\tjmp *lg_next@GOTOFF(%ecx)\n"
        "\t.cfi_endproc\n"
        ".size vfork, .-vfork\n.size __vfork, .-__vfork\n");
#elif defined(__aarch64__)
__asm__(".text\n"
        ".globl vfork\n.type vfork, %function\n"
        ".globl __vfork\n.type __vfork, %function\n"
        "vfork:\n__vfork:\n\t.cfi_startproc\n\thint #34\n"
        "\tstp x29, x30, [sp, #-16]!\n\t.cfi_def_cfa_offset 16\n\t.cfi_offset 29, -16\n\t.cfi_offset 30, -8\n"
        "\tbl lg_before_vfork\n"
        "\tldp x29, x30, [sp], #16\n\t.cfi_restore 29\n\t.cfi_restore 30\n\t.cfi_def_cfa_offset 0\n"
        "\tadrp x16, lg_next\n\tldr x16, [x16, :lo12:lg_next]\n"
        "\tbr x16\n"
        "\t.cfi_endproc\n"
        ".size vfork, .-vfork\n.size __vfork, .-__vfork\n");
#elif defined(__s390x__)
__asm__(".text\n"
        ".globl vfork\n.type vfork, @function\n"
        ".globl __vfork\n.type __vfork, @function\n"
        "vfork:\n__vfork:\n\t.cfi_startproc\n"
        "\tstg %r14, 112(%r15)\n\t.cfi_offset %r14, -48\n"
        "\tlay %r15, -160(%r15)\n\t.cfi_adjust_cfa_offset 160\n"
        "\tbrasl %r14, lg_before_vfork\n"
        "\tlay %r15, 160(%r15)\n\t.cfi_adjust_cfa_offset -160\n"
        "\tlg %r14, 112(%r15)\n\t.cfi_restore %r14\n"
        "\tlarl %r1, lg_next\n\tlg %r1, 0(%r1)\n"
        "\tbr %r1\n"
        "\t.cfi_endproc\n"
        ".size vfork, .-vfork\n.size __vfork, .-__vfork\n");
#endif

_Static_assert(__builtin_offsetof(struct lg_next, vfork) == 0, "vfork jumps through the first entry");
