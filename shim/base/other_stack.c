/* SPDX-License-Identifier: MIT */
#include "shim/base/other_stack.h"

#if defined(__x86_64__)
__asm__(".text\n"
        ".hidden lg_other_stack_call\n.globl lg_other_stack_call\n.type lg_other_stack_call, @function\n"
        "lg_other_stack_call:\n\t.cfi_startproc\n\tendbr64\n"
        "\tpushq %rbp\n\t.cfi_def_cfa_offset 16\n\t.cfi_offset %rbp, -16\n"
        "\tmovq %rsp, %rbp\n\t.cfi_def_cfa_register %rbp\n"
        "\tmovq %rdi, %rsp\n"
        "\tmovq %rdx, %rdi\n"
        "\tcall *%rsi\n"
        "\tmovq %rbp, %rsp\n"
        "\tpopq %rbp\n\t.cfi_def_cfa %rsp, 8\n"
        "\tret\n"
        "\t.cfi_endproc\n"
        ".size lg_other_stack_call, .-lg_other_stack_call\n");
#elif defined(__i386__)
__asm__(".text\n"
        ".hidden lg_other_stack_call\n.globl lg_other_stack_call\n.type lg_other_stack_call, @function\n"
        "lg_other_stack_call:\n\t.cfi_startproc\n"
        "\tpushl %ebp\n\t.cfi_def_cfa_offset 8\n\t.cfi_offset %ebp, -8\n"
        "\tmovl %esp, %ebp\n\t.cfi_def_cfa_register %ebp\n"
        "\tmovl 8(%ebp), %esp\n"
        "\tsubl $12, %esp\n"
        "\tpushl 16(%ebp)\n"
        "\tcall *12(%ebp)\n"
        "\tmovl %ebp, %esp\n"
        "\tpopl %ebp\n\t.cfi_def_cfa %esp, 4\n"
        "\tret\n"
        "\t.cfi_endproc\n"
        ".size lg_other_stack_call, .-lg_other_stack_call\n");
#elif defined(__aarch64__)
__asm__(".text\n"
        ".hidden lg_other_stack_call\n.globl lg_other_stack_call\n.type lg_other_stack_call, %function\n"
        "lg_other_stack_call:\n\t.cfi_startproc\n\thint #34\n"
        "\tstp x29, x30, [sp, #-16]!\n\t.cfi_def_cfa_offset 16\n\t.cfi_offset 29, -16\n\t.cfi_offset 30, -8\n"
        "\tmov x29, sp\n\t.cfi_def_cfa_register 29\n"
        "\tmov sp, x0\n"
        "\tmov x0, x2\n"
        "\tblr x1\n"
        "\tmov sp, x29\n"
        "\tldp x29, x30, [sp], #16\n\t.cfi_def_cfa 31, 0\n\t.cfi_restore 29\n\t.cfi_restore 30\n"
        "\tret\n"
        "\t.cfi_endproc\n"
        ".size lg_other_stack_call, .-lg_other_stack_call\n");
#elif defined(__s390x__)
__asm__(".text\n"
        ".hidden lg_other_stack_call\n.globl lg_other_stack_call\n.type lg_other_stack_call, @function\n"
        "lg_other_stack_call:\n\t.cfi_startproc\n"
        "\tstmg %r11, %r15, 88(%r15)\n\t.cfi_offset %r11, -72\n\t.cfi_offset %r14, -48\n\t.cfi_offset %r15, -40\n"
        "\tlgr %r11, %r15\n\t.cfi_def_cfa_register %r11\n"
        "\tlgr %r15, %r2\n"
        "\taghi %r15, -160\n" /* where the called function saves its registers */
        "\tlgr %r2, %r4\n"
        "\tbasr %r14, %r3\n"
        "\tlmg %r11, %r15, 88(%r11)\n\t.cfi_def_cfa_register %r15\n"
        "\t.cfi_restore %r11\n\t.cfi_restore %r14\n\t.cfi_restore %r15\n"
        "\tbr %r14\n"
        "\t.cfi_endproc\n"
        ".size lg_other_stack_call, .-lg_other_stack_call\n");
#endif
