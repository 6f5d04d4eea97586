/* SPDX-License-Identifier: MIT */
#include "shim/caller/unwind.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <ucontext.h>

#include "shim/caller/cfi.h"
#include "shim/caller/eh_frame.h"
#include "shim/caller/expression.h"

/* How many frames may lie between our own and the interposed call: those of this library. */
#define OWN_FRAMES_MAX 32u

/* The canonical frame address (CFA): what the stack pointer was in the caller before the call, and LG_CFA_ABOVE_SP. */
static bool find_cfa(struct lg_walk *walk, const struct lg_module *module, const struct lg_cfi_row *row, uintptr_t *cfa)
{
    if (row->cfa.kind == LG_RULE_EXPRESSION)
        return lg_expression_evaluate(walk, module, row->cfa.operand, cfa);
    if (row->cfa.kind != LG_RULE_REGISTER || !lg_walk_knows(walk, (unsigned)row->cfa.operand))
        return false;
    *cfa = walk->value[row->cfa.operand] + (uintptr_t)(intptr_t)row->cfa_offset;
    return true;
}

/* The caller's value of a register. Returns false where the rule, or what it needs, is not known. */
static bool find_value(struct lg_walk *walk, const struct lg_module *module, struct lg_cfi_rule rule, uintptr_t cfa,
                       unsigned index, uintptr_t *value)
{
    uintptr_t at;

    switch ((enum lg_cfi_rule_kind)rule.kind) {
    case LG_RULE_SAME_VALUE:
        *value = index == LG_REGISTER_SP ? cfa - LG_CFA_ABOVE_SP : walk->value[index];
        return index == LG_REGISTER_SP || lg_walk_knows(walk, index);
    case LG_RULE_OFFSET:
        return lg_walk_read(walk, cfa + (uintptr_t)(intptr_t)rule.operand, value);
    case LG_RULE_REGISTER:
        *value = lg_walk_knows(walk, (unsigned)rule.operand) ? walk->value[rule.operand] : 0;
        return lg_walk_knows(walk, (unsigned)rule.operand);
    case LG_RULE_EXPRESSION:
        return lg_expression_evaluate(walk, module, rule.operand, &at) && lg_walk_read(walk, at, value);
    case LG_RULE_UNDEFINED:
    default:
        return false;
    }
}

/* The stack grows down, so callers are further up. */
static bool is_upwards(const struct lg_walk *walk, uintptr_t sp)
{
    if (sp % sizeof(uintptr_t) != 0)
        return false;
#if LG_RETURN_IN_REGISTER
    /* A function interrupted at its beginning still has the stack pointer of its caller. */
    if (walk->is_interrupted && sp == walk->value[LG_REGISTER_SP])
        return true;
#endif
    return sp > walk->value[LG_REGISTER_SP];
}

static uintptr_t strip_authentication(uintptr_t address, bool is_signed)
{
#if defined(__aarch64__)
    if (is_signed) {
        register uintptr_t x30 __asm__("x30") = address;
        /* xpaclri; processors without pointer authentication ignore it. */
        __asm__("hint 7" : "+r"(x30));
        return x30;
    }
#endif
    (void)is_signed;
    return address;
}

/*
 * Whether `rule` can be applied to a register. "Same value" is what a row begins with, and is true only of registers
 * that a function must preserve; a signal frame has saved all of them.
 */
static bool applies(const struct lg_walk *walk, struct lg_cfi_rule rule, unsigned index)
{
    return walk->left_signal_frame || rule.kind != LG_RULE_SAME_VALUE || index == LG_REGISTER_SP ||
           index == LG_REGISTER_RETURN || (LG_REGISTERS_PRESERVED & (1u << index)) != 0;
}

/* Replaces the registers in `walk` by those of the caller. */
static bool restore_registers(struct lg_walk *walk, const struct lg_module *module, const struct lg_cfi_row *row)
{
    const uint32_t needed = 1u << LG_REGISTER_SP | 1u << LG_REGISTER_RETURN;
    uintptr_t value[LG_REGISTER_COUNT] = {0};
    uint32_t known = 0;
    uintptr_t cfa;

#if !LG_RETURN_IN_REGISTER
    /* The call pushed the return address: a row that does not say where it is was not read from its beginning. */
    if (row->rule[LG_REGISTER_RETURN].kind == LG_RULE_SAME_VALUE)
        return false;
#endif
    if (!find_cfa(walk, module, row, &cfa))
        return false;
    for (unsigned i = 0; i < LG_REGISTER_COUNT; i++) {
        if (applies(walk, row->rule[i], i) && find_value(walk, module, row->rule[i], cfa, i, &value[i]))
            known |= 1u << i;
    }
    /* A signal handler may have a stack of its own, anywhere. */
    if ((known & needed) != needed || (!walk->left_signal_frame && !is_upwards(walk, value[LG_REGISTER_SP])))
        return false;
    memcpy(walk->value, value, sizeof value);
    walk->pc = strip_authentication(value[LG_REGISTER_RETURN], row->return_is_signed);
    walk->is_interrupted = walk->left_signal_frame;
    /* A caller's own return address is no longer in the register: the call that it made has overwritten it. */
    walk->known = walk->left_signal_frame ? known : known & ~(1u << LG_REGISTER_RETURN);
    return walk->pc != 0;
}

/* An address in the instruction that the function is at: a call may be its last one, and return behind its end. */
static uintptr_t lookup_address(const struct lg_walk *walk)
{
    return walk->is_interrupted ? walk->pc : walk->pc - 1;
}

bool lg_walk_step(struct lg_walk *walk, const struct lg_module *module)
{
    struct lg_fde fde;
    struct lg_cfi_row row;

    walk->left_signal_frame = false;
    if (!lg_fde_find(&walk->pages, module, lookup_address(walk), &fde))
        return false;
    walk->left_signal_frame = fde.cie.is_signal_frame;
    if (!lg_cfi_row_find(&walk->pages, module, &fde, lookup_address(walk), &row))
        return false;
#if !LG_RETURN_IN_REGISTER
    /* The CFA of a procedure linkage table depends on the instruction that it is at. */
    walk->value[LG_REGISTER_RETURN] = walk->pc;
    walk->known |= 1u << LG_REGISTER_RETURN;
#endif
    return restore_registers(walk, module, &row);
}

#if defined(__aarch64__)
/* What the kernel puts on the stack of a signal handler, struct rt_sigframe of arch/arm64/kernel/signal.c. */
struct signal_frame {
    siginfo_t info;
    ucontext_t context;
};

/*
 * The trampoline in the vdso has no FDE since Linux 5.8 (and the one it had named the caller of the
 * interrupted function): it is known by its two instructions. Returns false for any other code.
 */
static bool leave_trampoline(struct lg_walk *walk)
{
    static const uint32_t trampoline[2] = {0xd2801168, 0xd4000001}; /* mov x8, #__NR_rt_sigreturn; svc #0 */
    uint32_t found[2];
    uintptr_t at = walk->value[LG_REGISTER_SP] + offsetof(struct signal_frame, context.uc_mcontext.regs[19]);
    uintptr_t value[LG_REGISTER_COUNT + 1]; /* x19 to x30 and sp, as ours, and pc */

    if (walk->is_interrupted || !lg_safe_read(&walk->pages, found, walk->pc, sizeof found) ||
        memcmp(found, trampoline, sizeof found) != 0)
        return false;
    for (unsigned i = 0; i <= LG_REGISTER_COUNT; i++, at += sizeof(uintptr_t)) {
        if (!lg_walk_read(walk, at, &value[i]))
            return false;
    }
    memcpy(walk->value, value, sizeof walk->value);
    walk->known = (1u << LG_REGISTER_COUNT) - 1;
    walk->pc = value[LG_REGISTER_COUNT];
    walk->is_interrupted = true;
    walk->left_signal_frame = true;
    return true;
}
#else
static bool leave_trampoline(struct lg_walk *walk)
{
    (void)walk;
    return false; /* trampolines have an FDE; where they have none (s390x), the walk ends at the handler */
}
#endif

/* Finds the module that the walk is in, unless it is still the same one. Returns false outside of code. */
static bool follow_module(struct lg_walk *walk, struct lg_module *module)
{
    uintptr_t address = lookup_address(walk);

    if ((address < module->start || address >= module->end) && !lg_module_find(module, address))
        return false;
    return lg_module_is_code(module, &walk->pages, address);
}

/* Walks up to the frame of addresses[0], and from there on collects. */
static unsigned collect(struct lg_walk *walk, uintptr_t *addresses, unsigned wanted)
{
    struct lg_module module = {0};
    unsigned count = 1;
    bool met_first = false, more = true;

    for (unsigned steps = 0; more && count < wanted && steps < OWN_FRAMES_MAX + 2 * wanted; steps++) {
        uintptr_t address = lookup_address(walk) + 1;

        if (!leave_trampoline(walk)) {
            if (!follow_module(walk, &module))
                break;
            more = lg_walk_step(walk, &module);
        }
        if (met_first && !walk->left_signal_frame)
            addresses[count++] = address;
        met_first |= address == addresses[0];
    }
    return count;
}

unsigned lg_unwind(uintptr_t *addresses, unsigned wanted)
{
    struct lg_walk walk = {.stack_end = UINTPTR_MAX, .is_interrupted = true};

    if (!lg_module_can_find() || !lg_safe_read_works())
        return 1;
#if defined(__x86_64__)
    __asm__ volatile("movq %%rbx, 24(%1)\n\t"
                     "movq %%rbp, 48(%1)\n\t"
                     "movq %%rsp, 56(%1)\n\t"
                     "movq %%r12, 96(%1)\n\t"
                     "movq %%r13, 104(%1)\n\t"
                     "movq %%r14, 112(%1)\n\t"
                     "movq %%r15, 120(%1)\n\t"
                     "leaq 0f(%%rip), %0\n"
                     "0:"
                     : "=&r"(walk.pc)
                     : "r"(walk.value)
                     : "memory");
    walk.known = LG_REGISTERS_PRESERVED | 1u << LG_REGISTER_SP;
#elif defined(__i386__)
    __asm__ volatile("movl %%ebx, 12(%1)\n\t"
                     "movl %%esp, 16(%1)\n\t"
                     "movl %%ebp, 20(%1)\n\t"
                     "movl %%esi, 24(%1)\n\t"
                     "movl %%edi, 28(%1)\n\t"
                     "call 0f\n"
                     "0:\n\t"
                     "popl %0"
                     : "=&r"(walk.pc)
                     : "r"(walk.value)
                     : "memory");
    walk.known = LG_REGISTERS_PRESERVED | 1u << LG_REGISTER_SP;
#elif defined(__aarch64__)
    __asm__ volatile("stp x19, x20, [%1]\n\t"
                     "stp x21, x22, [%1, 16]\n\t"
                     "stp x23, x24, [%1, 32]\n\t"
                     "stp x25, x26, [%1, 48]\n\t"
                     "stp x27, x28, [%1, 64]\n\t"
                     "stp x29, x30, [%1, 80]\n\t"
                     "mov %0, sp\n\t"
                     "str %0, [%1, 96]\n\t"
                     "adr %0, 0f\n"
                     "0:"
                     : "=&r"(walk.pc)
                     : "r"(walk.value)
                     : "memory");
    walk.known = (1u << LG_REGISTER_COUNT) - 1;
#elif defined(__s390x__)
    __asm__ volatile("stmg %%r6, %%r15, 0(%1)\n\t"
                     "larl %0, 0f\n"
                     "0:"
                     : "=&d"(walk.pc)
                     : "a"(walk.value)
                     : "memory");
    walk.known = (1u << LG_REGISTER_COUNT) - 1;
#endif
    return collect(&walk, addresses, wanted);
}
