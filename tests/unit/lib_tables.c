/* SPDX-License-Identifier: MIT */
/*
 * Functions that are never run: their tables hold each instruction and operation that the walk
 * knows, laid out so that a test can say what must come of it. A label NAME_HERE is the address
 * that a walk is at. x86-64 alone; elsewhere the object is empty.
 */
#ifdef __x86_64__
/* clang-format off */
__asm__(
    ".text\n"
    ".macro function name\n"
    "    .globl \\name\n"
    "    .type \\name, @function\n"
    "    \\name: .cfi_startproc\n"
    ".endm\n"
    ".macro here name\n"
    "    .globl \\name\n"
    "    \\name: nop\n"
    ".endm\n"

    /* remember, restore, and an epilogue in the middle */
    "function plain\n"
    "    push %rbx\n"
    "    .cfi_def_cfa_offset 16\n"
    "    .cfi_offset rbx, -16\n"
    "    .cfi_remember_state\n"
    "    nop\n"
    "here plain_body\n"
    "    pop %rbx\n"
    "    .cfi_def_cfa_offset 8\n"
    "    .cfi_restore rbx\n"
    "    nop\n"
    "here plain_left\n"
    "    ret\n"
    "    .cfi_restore_state\n"
    "    nop\n"
    "here plain_again\n"
    "    nop\n"
    ".cfi_endproc\n"

    /* a frame pointer */
    "function framed\n"
    "    .cfi_def_cfa_offset 16\n"
    "    .cfi_offset rbp, -16\n"
    "    nop\n"
    "    .cfi_def_cfa_register rbp\n"
    "    nop\n"
    "here framed_body\n"
    "    nop\n"
    ".cfi_endproc\n"

    /* as compilers align a stack: the CFA is in memory, rbp is where rbp points */
    "function realigned\n"
    "    .cfi_escape 0x10, 6, 2, 0x76, 0\n"
    "    .cfi_escape 0x0f, 3, 0x76, 0x78, 0x06\n"
    "    nop\n"
    "here realigned_body\n"
    "    nop\n"
    ".cfi_endproc\n"

    /* CFA rsp + 32; rules of every other kind */
    "function others\n"
    "    nop\n"
    "    .cfi_escape 0x0c, 7, 32\n"               /* def_cfa rsp, 32 */
    "    .cfi_escape 0x11, 6, 3\n"                /* offset_extended_sf rbp at cfa - 24 */
    "    .cfi_escape 0x09, 14, 12\n"              /* register r14 = r12 */
    "    .cfi_escape 0x07, 15\n"                  /* undefined r15 */
    "    .cfi_escape 0x05, 13, 2\n"               /* offset_extended r13 at cfa - 16 */
    "    .cfi_escape 0x10, 3, 3, 0x18, 0x77, 0\n" /* expression rbx: an operation that is not known */
    "    .cfi_escape 0x2e, 16\n"                  /* GNU_args_size, of no meaning here */
    "    .cfi_escape 0x05, 17, 1\n"               /* offset_extended of a register that is not needed */
    "    nop\n"
    "here others_body\n"
    "    nop\n"
    "    .cfi_escape 0x10, 3, 2, 0x77, 8\n"       /* expression rbx at rsp + 8 */
    "    .cfi_escape 0x05, 6, 4\n"                /* offset_extended rbp at cfa - 32 */
    "    .cfi_escape 0x08, 14\n"                  /* same_value r14 */
    "    .cfi_escape 0x06, 13\n"                  /* restore_extended r13 */
    "    .cfi_escape 0x13, 0x7b\n"                /* def_cfa_offset_sf 40 */
    "    nop\n"
    "here others_more\n"
    "    .cfi_escape 0x13, 0x7c\n"                /* def_cfa_offset_sf 32 */
    "    nop\n"
    "here others_last\n"
    "    nop\n"
    "    .cfi_escape 0x02, 1, 0x0e, 8\n"          /* advance_loc1, def_cfa_offset 8 */
    "    .cfi_escape 0x03, 1, 0, 0x0e, 16\n"      /* advance_loc2 */
    "    .cfi_escape 0x04, 1, 0, 0, 0, 0x0e, 24\n" /* advance_loc4 */
    "here others_1\n"
    "here others_2\n"
    "here others_3\n"
    "here others_4\n"
    ".cfi_endproc\n"

    /* as hand-written code that saved the stack pointer on another stack: CFA *(rsp + 8) + 8 */
    "function switched\n"
    "    .cfi_escape 0x0f, 5, 0x77, 8, 0x06, 0x23, 8\n"
    "    nop\n"
    "here switched_body\n"
    "    nop\n"
    ".cfi_endproc\n"

    /* what linkers write for a PLT: rsp + 8, and 8 more once 11 bytes of its 16 have run */
    ".balign 16\n"
    "function table\n"
    "    .cfi_escape 0x0f, 11, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22\n"
    "here table_before\n"
    "    .skip 10, 0x90\n"
    "here table_after\n"
    "    .skip 4, 0x90\n"
    ".cfi_endproc\n"

    /* a signal's trampoline: the interrupted rsp, rbp and rip from what is on the stack */
    ".cfi_startproc\n"
    "    .cfi_signal_frame\n"
    "    .cfi_escape 0x0f, 3, 0x77, 24, 0x06\n"
    "    .cfi_escape 0x10, 6, 2, 0x77, 8\n"
    "    .cfi_escape 0x10, 10, 2, 0x77, 16\n"
    "    .cfi_escape 0x10, 16, 2, 0x77, 32\n"
    "    nop\n"
    ".globl trampoline\n"
    ".type trampoline, @function\n"
    "trampoline: nop\n"
    ".cfi_endproc\n"

    "function outermost\n"
    "    .cfi_undefined rip\n"
    "    nop\n"
    "here outermost_body\n"
    ".cfi_endproc\n"

    /* tables that must not be followed; the comment says why */
    "function downwards\n"                        /* the CFA below the stack pointer */
    "    .cfi_escape 0x13, 1, 0x11, 16, 0x7d\n"   /* and the return address at 24 above it */
    "    nop\n"
    "here downwards_body\n"
    ".cfi_endproc\n"
    "function askew\n"                            /* a CFA that is not aligned */
    "    .cfi_def_cfa_offset 9\n"
    "    .cfi_escape 0x10, 16, 2, 0x77, 0\n"     /* and a return address that is */
    "    nop\n"
    "here askew_body\n"
    ".cfi_endproc\n"
    "function unbalanced\n"                       /* restore_state without remember_state */
    "    .cfi_escape 0x0b\n"
    "    nop\n"
    "here unbalanced_body\n"
    ".cfi_endproc\n"
    "function remembers\n"                        /* more states than any compiler remembers */
    "    .cfi_escape 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a\n"
    "    nop\n"
    "here remembers_body\n"
    ".cfi_endproc\n"
    "function unknown_instruction\n"
    "    .cfi_escape 0x1d, 0, 0, 0, 0, 0, 0, 0, 0\n"
    "    nop\n"
    "here unknown_instruction_body\n"
    ".cfi_endproc\n"
    "function unknown_operation\n"
    "    .cfi_escape 0x0f, 1, 0xff\n"
    "    nop\n"
    "here unknown_operation_body\n"
    ".cfi_endproc\n"
    "function overlong\n"                         /* an expression longer than any that occurs */
    "    .cfi_escape 0x0f, 68, 0x77, 0\n"
    "    .rept 32\n"
    "    .cfi_escape 0x30, 0x22\n"
    "    .endr\n"
    "    .cfi_escape 0x23, 8\n"                   /* were it shorter, this would be rsp + 8 */
    "    nop\n"
    "here overlong_body\n"
    ".cfi_endproc\n"
    "function underflow\n"                        /* an expression that takes what is not there */
    "    .cfi_escape 0x0f, 2, 0x31, 0x22\n"
    "    nop\n"
    "here underflow_body\n"
    ".cfi_endproc\n"
    "function overflow\n"                         /* more operands than there is room for */
    "    .cfi_escape 0x0f, 12, 0x77, 0, 0x30, 0x30, 0x30, 0x30, 0x22, 0x22, 0x22, 0x22, 0x23, 8\n"
    "    nop\n"
    "here overflow_body\n"
    ".cfi_endproc\n"
    "function too_large\n"                        /* an offset of more than 32 bits */
    "    .cfi_escape 0x0e, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f\n"
    "    nop\n"
    "here too_large_body\n"
    ".cfi_endproc\n"
    "function elsewhere\n"                        /* a CFA from a register that is not known */
    "    .cfi_escape 0x0d, 0\n"
    "    nop\n"
    "here elsewhere_body\n"
    ".cfi_endproc\n"
    "function nowhere\n"                          /* the return address in the register that it is */
    "    .cfi_escape 0x08, 16\n"
    "    nop\n"
    "here nowhere_body\n"
    ".cfi_endproc\n"
    "function in_front\n"                         /* what comes next is no part of it */
    "    nop\n"
    ".cfi_endproc\n"
    "no_table: nop\n"
    ".globl no_table_body\n"
    "no_table_body: nop\n");
/* clang-format on */
#endif
