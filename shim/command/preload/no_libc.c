/* SPDX-License-Identifier: MIT */
/*
 * A program that has a dynamic linker and no libc, as Go makes them: what `enable` tries the library on. It is built
 * apart, and put into the command by programs.c.
 */
__asm__(".text\n.globl _start\n_start:\n"
#if defined(__x86_64__)
        "\tmovl $231, %eax\n\txorl %edi, %edi\n\tsyscall\n"
#elif defined(__i386__)
        "\tmovl $252, %eax\n\txorl %ebx, %ebx\n\tint $0x80\n"
#elif defined(__aarch64__)
        "\tmov x8, #94\n\tmov x0, #0\n\tsvc #0\n"
#elif defined(__s390x__)
        "\tlghi %r2, 0\n\tsvc 248\n"
#else
#error "add exit_group(0) for this machine"
#endif
);
