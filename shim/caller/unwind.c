/* SPDX-License-Identifier: MIT */
#include "shim/caller/unwind.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <ucontext.h>

#include "shim/caller/eh_expression.h"

/* From our own frame to the interposed call, and then through trampolines. */
#define OWN_FRAMES_MAX 32u

bool lg_walk_knows(const struct lg_walk *walk, unsigned i)
{
    return i < LG_REGISTER_COUNT && (walk->known & (1u << i)) != 0;
}

/* A word of the stack: aligned, and not below the frame that it is said to be part of. */
bool lg_walk_read(struct lg_walk *walk, uintptr_t at, uintptr_t *word)
{
    return at % sizeof(uintptr_t) == 0 && at >= walk->value[LG_REGISTER_SP] && at >= walk->stack_start &&
           at < walk->stack_end && walk->stack_end - at >= sizeof(uintptr_t) &&
           lg_safe_read(&walk->peek, word, at, sizeof(uintptr_t));
}

/* The canonical frame address: where the stack pointer will be after the return. */
static bool find_cfa(struct lg_walk *walk, const struct lg_module *module, const struct lg_eh_row *row, uintptr_t *cfa)
{
    if (row->cfa.place == LG_IS_EXPRESSION)
        return lg_expression_evaluate(walk, module, row->cfa.operand, NULL, cfa);
    if (row->cfa.place != LG_IN_REGISTER || !lg_walk_knows(walk, (unsigned)row->cfa.operand))
        return false;
    *cfa = walk->value[row->cfa.operand] + (uintptr_t)(intptr_t)row->cfa_offset;
    return true;
}

/* The caller's value of register `i`. Returns false where it cannot be had. */
static bool find_value(struct lg_walk *walk, const struct lg_module *module, const struct lg_eh_row *row, uintptr_t cfa,
                       unsigned i, uintptr_t *value)
{
    const struct lg_eh_rule *rule = &row->rule[i];
    uintptr_t offset = (uintptr_t)(intptr_t)rule->operand;
    uintptr_t at;

    switch ((enum lg_eh_place)rule->place) {
    case LG_UNCHANGED:
        if (i == LG_REGISTER_SP)
            *value = cfa;
        else
            *value = walk->value[i];
        return i == LG_REGISTER_SP || lg_walk_knows(walk, i);
    case LG_AT_OFFSET:
        return lg_walk_read(walk, cfa + offset, value);
    case LG_IS_OFFSET:
        *value = cfa + offset;
        return true;
    case LG_IN_REGISTER:
        if (!lg_walk_knows(walk, (unsigned)rule->operand))
            return false;
        *value = walk->value[rule->operand];
        return true;
    case LG_AT_EXPRESSION:
        return lg_expression_evaluate(walk, module, rule->operand, &cfa, &at) && lg_walk_read(walk, at, value);
    case LG_IS_EXPRESSION:
        return lg_expression_evaluate(walk, module, rule->operand, &cfa, value);
    case LG_LOST:
    default:
        return false;
    }
}

/* Up is where the callers are. A function that was interrupted before it touched the stack has no frame yet. */
static bool is_upwards(const struct lg_walk *walk, uintptr_t sp)
{
    if (sp % sizeof(uintptr_t) != 0)
        return false;
#if defined(__aarch64__)
    if (walk->is_interrupted && sp == walk->value[LG_REGISTER_SP])
        return true;
#endif
    return sp > walk->value[LG_REGISTER_SP];
}

static uintptr_t without_signature(uintptr_t address, bool is_signed)
{
#if defined(__aarch64__)
    if (is_signed) {
        register uintptr_t x30 __asm__("x30") = address;
        /* xpaclri, which is a no-operation where there are no signatures. */
        __asm__("hint 7" : "+r"(x30));
        return x30;
    }
#endif
    (void)is_signed;
    return address;
}

/* Replaces the registers in `walk` by those of the caller. */
static bool apply(struct lg_walk *walk, const struct lg_module *module, const struct lg_eh_row *row)
{
    uintptr_t value[LG_REGISTER_COUNT];
    uint32_t known = 0;
    uintptr_t cfa;

#if !defined(__aarch64__)
    /* No register holds it: a table that does not say where it is has been cut short. */
    if (row->rule[LG_REGISTER_RETURN].place == LG_UNCHANGED)
        return false;
#endif
    if (!find_cfa(walk, module, row, &cfa))
        return false;
    for (unsigned i = 0; i < LG_REGISTER_COUNT; i++) {
        bool kept = walk->left_signal || i == LG_REGISTER_SP || i == LG_REGISTER_RETURN ||
                    (LG_REGISTERS_PRESERVED & (1u << i)) != 0;

        if ((kept || row->rule[i].place != LG_UNCHANGED) && find_value(walk, module, row, cfa, i, &value[i]))
            known |= 1u << i;
        else
            value[i] = 0;
    }
    if ((known & (1u << LG_REGISTER_SP)) == 0 || (known & (1u << LG_REGISTER_RETURN)) == 0 ||
        (!walk->left_signal && !is_upwards(walk, value[LG_REGISTER_SP])))
        return false;
    memcpy(walk->value, value, sizeof value);
    walk->pc = without_signature(value[LG_REGISTER_RETURN], row->return_is_signed);
    walk->is_interrupted = walk->left_signal;
    /* A function that has called another has saved its own return address, if it will return. */
    walk->known = walk->left_signal ? known : known & ~(1u << LG_REGISTER_RETURN);
    return walk->pc != 0;
}

bool lg_walk_step(struct lg_walk *walk, const struct lg_module *module)
{
    struct lg_eh_row row;
    /* A call may be the last instruction of its function. */
    uintptr_t address = walk->is_interrupted ? walk->pc : walk->pc - 1;

    if (!lg_eh_frame_row(&walk->peek, module, address, &row, &walk->left_signal))
        return false;
#if !defined(__aarch64__)
    /* Where the tables name the address of the instruction itself, as those of a PLT do. */
    walk->value[LG_REGISTER_RETURN] = walk->pc;
    walk->known |= 1u << LG_REGISTER_RETURN;
#endif
    return apply(walk, module, &row);
}

#if defined(__aarch64__)
/* What the kernel puts on the stack of a signal handler, struct rt_sigframe of arch/arm64/kernel/signal.c. */
struct signal_frame {
    siginfo_t info;
    ucontext_t context;
};

/*
 * The trampoline that handlers return to, in the vdso, has no tables since Linux 5.8 (and those that
 * it had named the caller of the interrupted function): it is known by its two instructions.
 */
static bool leave_trampoline(struct lg_walk *walk)
{
    static const uint32_t trampoline[2] = {0xd2801168, 0xd4000001}; /* mov x8, #__NR_rt_sigreturn; svc #0 */
    uint32_t found[2];
    uintptr_t at = walk->value[LG_REGISTER_SP] + offsetof(struct signal_frame, context.uc_mcontext.regs[19]);
    uintptr_t value[LG_REGISTER_COUNT];
    uintptr_t pc;

    if (walk->is_interrupted || !lg_safe_read(&walk->peek, found, walk->pc, sizeof found) ||
        memcmp(found, trampoline, sizeof found) != 0)
        return false;
    /* x19 to x30 and sp, in our order. */
    for (unsigned i = 0; i < LG_REGISTER_COUNT; i++, at += sizeof(uintptr_t)) {
        if (!lg_walk_read(walk, at, &value[i]))
            return false;
    }
    if (!lg_walk_read(walk, at, &pc))
        return false;
    memcpy(walk->value, value, sizeof value);
    walk->known = (1u << LG_REGISTER_COUNT) - 1;
    walk->pc = pc;
    walk->is_interrupted = true;
    walk->left_signal = true;
    return true;
}
#else
static bool leave_trampoline(struct lg_walk *walk)
{
    (void)walk;
    return false; /* it has tables like any function */
}
#endif

/* Finds the module that the walk is in, unless it is still the same one. */
static bool follow_module(struct lg_walk *walk, struct lg_module *module)
{
    uintptr_t address = walk->is_interrupted ? walk->pc : walk->pc - 1;

    if ((address < module->start || address >= module->end) && !lg_module_find(module, address))
        return false;
    return lg_module_is_code(module, &walk->peek, address);
}

static void collect(struct lg_frames *frames, unsigned wanted, struct lg_walk *walk)
{
    struct lg_module module = {0};
    uintptr_t first = frames->address[0];
    bool met_first = false, more = true;

    for (unsigned steps = 0; more && frames->count < wanted && steps < OWN_FRAMES_MAX + 2 * wanted; steps++) {
        uintptr_t address = walk->pc + (walk->is_interrupted ? 1 : 0);

        if (!leave_trampoline(walk)) {
            if (!follow_module(walk, &module))
                return;
            more = lg_walk_step(walk, &module);
        }
        if (met_first && !walk->left_signal)
            frames->address[frames->count++] = address;
        met_first |= address == first;
    }
}

void lg_unwind_collect(struct lg_frames *frames, unsigned wanted)
{
    struct lg_walk walk = {.stack_end = UINTPTR_MAX, .is_interrupted = true};

    if (!lg_module_can_find() || !lg_safe_read_works())
        return;
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
#endif
    collect(frames, wanted, &walk);
}
