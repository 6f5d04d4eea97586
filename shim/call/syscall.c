/* SPDX-License-Identifier: MIT */
/*
 * syscall(2) as a function: libuv and others close through it. The numbers that concern us go the
 * way of the call they stand for, and the record says `syscall`; every other number goes on with all
 * its arguments untouched, by a jump: no frame of ours may be on the stack when the number is that of
 * vfork, and no argument may be added or dropped whatever the number is.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shim/base/gate.h"
#include "shim/base/syscall_numbers.h"
#include "shim/call/calls.h"
#include "shim/call/export.h"
#include "shim/call/next.h"
#include "shim/holder/epolls.h"
#include "shim/holder/holder.h"
#include "shim/release/abort_request.h"

#define ANSWERED 1 /* by lg_syscall_slowly */
#define FORKS    2 /* the epoch changes, then on */

/* Read by the assembly below, which takes a number from 512 on as none of ours. */
extern const uint8_t lg_syscall_kinds[512] __attribute__((visibility("hidden")));
const uint8_t lg_syscall_kinds[512] = {
    [SYS_close] = ANSWERED,
    [SYS_close_range] = ANSWERED,
    [SYS_setsockopt] = ANSWERED,
    [SYS_shutdown] = ANSWERED,
    [SYS_connect] = ANSWERED,
    [SYS_accept4] = ANSWERED,
    [SYS_dup] = ANSWERED,
    [SYS_dup3] = ANSWERED,
    [SYS_fcntl] = ANSWERED,
    [SYS_sendmsg] = ANSWERED,
    [SYS_sendmmsg] = ANSWERED,
    [SYS_recvmsg] = ANSWERED,
    [SYS_recvmmsg] = ANSWERED,
    [SYS_socket] = ANSWERED,
    [SYS_unshare] = ANSWERED,
    [SYS_prctl] = ANSWERED,
    [SYS_seccomp] = ANSWERED,
    [SYS_epoll_create1] = ANSWERED,
#ifdef SYS_epoll_create
    [SYS_epoll_create] = ANSWERED,
#endif
    [SYS_io_uring_setup] = ANSWERED,
    [SYS_pidfd_getfd] = ANSWERED,
#ifdef SYS_accept
    [SYS_accept] = ANSWERED,
#endif
#ifdef SYS_dup2
    [SYS_dup2] = ANSWERED,
#endif
#ifdef SYS_fcntl64
    [SYS_fcntl64] = ANSWERED,
#endif
#ifdef SYS_fork
    [SYS_fork] = FORKS,
#endif
#ifdef SYS_vfork
    [SYS_vfork] = FORKS,
#endif
    [SYS_clone] = FORKS,
    [SYS_clone3] = FORKS,
};

struct arguments {
    long at[6];
};

static long go_on(long number, const struct arguments *with)
{
    return lg_next.syscall(number, with->at[0], with->at[1], with->at[2], with->at[3], with->at[4], with->at[5]);
}

static long setsockopt_by_number(const struct arguments *with, uintptr_t caller)
{
    struct lg_abort_request request;
    long result;
    int error;

    if (!lg_abort_request_concerns((int)with->at[1], (int)with->at[2]))
        return go_on(SYS_setsockopt, with);
    lg_abort_request_begin(&request, LG_CALL_SYSCALL, (int)with->at[0], (int)with->at[1], caller);
    result = go_on(SYS_setsockopt, with);
    if (result != 0)
        return result;
    error = lg_abort_request_finish(&request, (const void *)with->at[3]);
    if (error == 0)
        return 0;
    errno = error;
    return -1;
}

/* socket and accept; pidfd_getfd, whose descriptor another process has too. */
static long opened_by_number(long number, const struct arguments *with)
{
    unsigned long epoch = lg_epoch_now();
    long result = go_on(number, with);

    if (result < 0)
        return result;
    if (number == SYS_socket)
        lg_note_made((int)result, epoch, (int)with->at[0], (int)with->at[1], (int)with->at[2]);
    else if (number == SYS_pidfd_getfd) {
        lg_holder_forget((int)result);
        lg_epolls_received((int)result);
    } else
        lg_holder_accepted((int)with->at[0], (int)result, epoch);
    return result;
}

/* A ring of io_uring may poll a socket, and nothing takes it out again. */
static long polled_by_number(long number, const struct arguments *with)
{
    long result = go_on(number, with);

    if (result >= 0 && number == SYS_io_uring_setup)
        lg_epolls_unknown();
    else if (result >= 0)
        lg_holder_made_epoll((int)result);
    return result;
}

static long duplicated_by_number(long number, const struct arguments *with)
{
    long result = go_on(number, with);

    if (result >= 0)
        lg_holder_duplicated((int)with->at[0], (int)result);
    return result;
}

static long messages_by_number(long number, const struct arguments *with)
{
    long result = go_on(number, with);

    if (number == SYS_sendmsg && result >= 0)
        lg_note_sent((const struct msghdr *)with->at[1]);
    if (number == SYS_recvmsg && result >= 0)
        lg_note_received((struct msghdr *)with->at[1]);
    for (long i = 0; number == SYS_sendmmsg && i < result; i++)
        lg_note_sent(&((const struct mmsghdr *)with->at[1])[i].msg_hdr);
    for (long i = 0; number == SYS_recvmmsg && i < result; i++)
        lg_note_received(&((struct mmsghdr *)with->at[1])[i].msg_hdr);
    return result;
}

static long unshare_by_number(const struct arguments *with)
{
    if (with->at[0] & CLONE_FILES)
        lg_epoch_split();
    return go_on(SYS_unshare, with);
}

/* libseccomp installs a filter this way. */
static long sandboxed_by_number(long number, const struct arguments *with)
{
    bool first, sandboxes = number == SYS_prctl ? lg_prctl_sandboxes(with->at[0]) : lg_seccomp_sandboxes(with->at[0]);
    long result;

    if (!sandboxes)
        return go_on(number, with);
    first = lg_sandbox_begin();
    result = go_on(number, with);
    lg_sandbox_end(first, result);
    return result;
}

static long fcntl_by_number(long number, const struct arguments *with)
{
    bool duplicates = with->at[1] == F_DUPFD || with->at[1] == F_DUPFD_CLOEXEC;

    return duplicates ? duplicated_by_number(number, with) : go_on(number, with);
}

/*
 * Entered by a jump from syscall, so the return address is the program's. Variadic, since a function owns the stack of
 * its named arguments and may write there, and a program that passes fewer has its own variables in that place.
 */
long lg_syscall_slowly(long number, ...) __attribute__((visibility("hidden"), used));
long lg_syscall_slowly(long number, ...)
{
    struct arguments with;
    va_list more;
    long a, b, c;
    uintptr_t caller = LG_CALLER();

    va_start(more, number);
    for (unsigned i = 0; i < 6; i++)
        with.at[i] = va_arg(more, long);
    va_end(more);
    a = with.at[0];
    b = with.at[1];
    c = with.at[2];
    switch (number) {
    case SYS_close:
        return lg_gate_can_skip((int)a) ? go_on(number, &with) : lg_close_slowly((int)a, LG_CALL_SYSCALL, caller);
    case SYS_close_range:
        return lg_gate_can_skip_all() && c == 0
                   ? go_on(number, &with)
                   : lg_close_range_slowly((unsigned)a, (unsigned)b, (int)c, LG_CALL_SYSCALL, caller);
    case SYS_setsockopt:
        return setsockopt_by_number(&with, caller);
    case SYS_shutdown:
        return lg_shutdown_slowly((int)a, (int)b, LG_CALL_SYSCALL, caller);
    case SYS_connect:
        return lg_connect_slowly((int)a, (const struct sockaddr *)b, (socklen_t)c, LG_CALL_SYSCALL, caller);
#ifdef SYS_accept
    case SYS_accept:
#endif
    case SYS_accept4:
    case SYS_socket:
    case SYS_pidfd_getfd:
        return opened_by_number(number, &with);
    case SYS_epoll_create1:
#ifdef SYS_epoll_create
    case SYS_epoll_create:
#endif
    case SYS_io_uring_setup:
        return polled_by_number(number, &with);
    case SYS_dup:
        return duplicated_by_number(number, &with);
#ifdef SYS_dup2
    case SYS_dup2:
        return lg_dup_onto_slowly(LG_DUP2, (int)a, (int)b, 0, LG_CALL_SYSCALL, caller);
#endif
    case SYS_dup3:
        return lg_dup_onto_slowly(LG_DUP3, (int)a, (int)b, (int)c, LG_CALL_SYSCALL, caller);
    case SYS_unshare:
        return unshare_by_number(&with);
    case SYS_fcntl:
#ifdef SYS_fcntl64
    case SYS_fcntl64:
#endif
        return fcntl_by_number(number, &with);
    case SYS_prctl:
    case SYS_seccomp:
        return sandboxed_by_number(number, &with);
    default:
        return messages_by_number(number, &with);
    }
}

#if defined(__x86_64__)
__asm__(".text\n"
        ".globl syscall\n.type syscall, @function\n"
        "syscall:\n\t.cfi_startproc\n\tendbr64\n"
        "\tcmpq $511, %rdi\n"
        "\tja 1f\n"
        "\tleaq lg_syscall_kinds(%rip), %rax\n"
        "\tmovzbl (%rax,%rdi), %eax\n"
        "\tcmpl $1, %eax\n"
        "\tje lg_syscall_slowly\n"
        "\tjb 1f\n"
        "\tlock incq lg_epoch(%rip)\n"
        "1:\tjmp *lg_next+8(%rip)\n"
        "\t.cfi_endproc\n"
        ".size syscall, .-syscall\n");
#elif defined(__i386__)
__asm__(".text\n"
        ".globl syscall\n.type syscall, @function\n"
        "syscall:\n\t.cfi_startproc\n"
        "\tcall 2f\n"
        "2:\tpopl %ecx\n"
        "\taddl $_GLOBAL_OFFSET_TABLE_+(.-2b), %ecx\n"
        "\tmovl 4(%esp), %eax\n"
        "\tcmpl $511, %eax\n"
        "\tja 1f\n"
        "\tmovzbl lg_syscall_kinds@GOTOFF(%ecx,%eax), %eax\n"
        "\tcmpl $1, %eax\n"
        "\tje lg_syscall_slowly\n"
        "\tjb 1f\n"
        "\tlock incl lg_epoch@GOTOFF(%ecx)\n"
        "1:\tjmp *lg_next+4@GOTOFF(%ecx)\n"
        "\t.cfi_endproc\n"
        ".size syscall, .-syscall\n");
#elif defined(__aarch64__)
__asm__(".text\n"
        ".globl syscall\n.type syscall, %function\n"
        "syscall:\n\t.cfi_startproc\n\thint #34\n"
        "\tcmp x0, #511\n"
        "\tb.hi 1f\n"
        "\tadrp x16, lg_syscall_kinds\n\tadd x16, x16, :lo12:lg_syscall_kinds\n"
        "\tldrb w16, [x16, x0]\n"
        "\tcmp w16, #1\n"
        "\tb.eq lg_syscall_slowly\n"
        "\tb.lo 1f\n"
        "\tadrp x16, lg_epoch\n\tadd x16, x16, :lo12:lg_epoch\n"
        "2:\tldxr x17, [x16]\n\tadd x17, x17, #1\n\tstxr w9, x17, [x16]\n\tcbnz w9, 2b\n"
        "1:\tadrp x16, lg_next\n\tadd x16, x16, :lo12:lg_next\n\tldr x16, [x16, #8]\n"
        "\tbr x16\n"
        "\t.cfi_endproc\n"
        ".size syscall, .-syscall\n");
#elif defined(__s390x__)
__asm__(".text\n"
        ".globl syscall\n.type syscall, @function\n"
        "syscall:\n\t.cfi_startproc\n"
        "\tclgfi %r2, 511\n"
        "\tjh 1f\n"
        "\tlarl %r1, lg_syscall_kinds\n\tllgc %r0, 0(%r2, %r1)\n"
        "\tcghi %r0, 1\n"
        "\tjge lg_syscall_slowly\n"
        "\tjl 1f\n"
        "\tstg %r5, 40(%r15)\n" /* into the area that the caller gives for it */
        "\tlarl %r1, lg_epoch\n\tlg %r0, 0(%r1)\n"
        "2:\tlgr %r5, %r0\n\taghi %r5, 1\n\tcsg %r0, %r5, 0(%r1)\n\tjl 2b\n"
        "\tlg %r5, 40(%r15)\n"
        "1:\tlarl %r1, lg_next\n\tlg %r1, 8(%r1)\n"
        "\tbr %r1\n"
        "\t.cfi_endproc\n"
        ".size syscall, .-syscall\n");
#endif

_Static_assert(__builtin_offsetof(struct lg_next, syscall) == sizeof(void *), "syscall jumps through the second entry");
