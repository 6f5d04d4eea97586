/* SPDX-License-Identifier: MIT */
/*
 * One step of a walk, table by table: lib_tables.c holds functions whose tables are written by hand,
 * the test makes a stack, stands in such a function and looks where it comes out.
 *
 * links: shim/caller/module.c shim/caller/unwind.c shim/caller/eh_frame.c shim/caller/cfi.c
 * links: shim/caller/expression.c shim/caller/eh_reader.c shim/base/safe_read.c
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shim/caller/unwind.h"
#include "tests/harness/tap.h"

#ifdef __x86_64__

#define STACK_WORDS 64
#define SP_WORD     16
#define RBX         3
#define RBP         6
#define RSP         7
#define R12         12
#define R13         13
#define R14         14
#define R15         15

static void *library;
static struct lg_module module;
static uintptr_t stack[STACK_WORDS + 8]; /* and what is no part of it */
static struct lg_walk walk;

static uintptr_t sp_at(int words)
{
    return (uintptr_t)&stack[SP_WORD + words];
}

static uintptr_t label(const char *name)
{
    void *at = dlsym(library, name);

    if (at == NULL)
        tap_fail(__FILE__, __LINE__, "no label %s", name);
    REQUIRE(at != NULL);
    return (uintptr_t)at;
}

static void open_library(void)
{
    const char *tests = getenv("LG_TESTS");
    char path[4096];

    if (library != NULL)
        return;
    snprintf(path, sizeof path, "%s/unit/lib_tables.so", tests == NULL ? "build/tests" : tests);
    library = dlopen(path, RTLD_NOW);
    if (library == NULL)
        tap_fail(__FILE__, __LINE__, "%s", dlerror());
    REQUIRE(library != NULL);
    if (!lg_module_can_find())
        tap_skip("unwind", "the loader has no _dl_find_object");
    REQUIRE(lg_module_find(&module, label("plain")));
    REQUIRE(module.eh_frame_hdr != 0);
}

/* Stands at `pc` as if a signal had come there, or as if a call were to return there. */
static void stand(uintptr_t pc, bool is_interrupted)
{
    for (unsigned i = 0; i < TAP_COUNT(stack); i++)
        stack[i] = 0x1000 + i;
    walk = (struct lg_walk){.pc = pc, .is_interrupted = is_interrupted};
    walk.known = LG_REGISTERS_PRESERVED | 1u << RSP;
    for (unsigned i = 0; i < LG_REGISTER_COUNT; i++)
        walk.value[i] = 0x2000 + i;
    walk.value[RSP] = sp_at(0);
    walk.stack_start = (uintptr_t)stack;
    walk.stack_end = (uintptr_t)(stack + STACK_WORDS);
}

static void stand_at(const char *name)
{
    open_library();
    stand(label(name), true);
}

/* The caller: its stack pointer `words` above ours, and the return address in the word below that. */
#define CHECK_CALLER(words)                                                                                            \
    do {                                                                                                               \
        REQUIRE(lg_walk_step(&walk, &module));                                                                         \
        CHECK_INT((intptr_t)(walk.value[RSP] - sp_at(0)) / 8, (words));                                                \
        CHECK_INT((long long)walk.pc, 0x1000 + SP_WORD + (words)-1);                                                   \
        CHECK(!walk.is_interrupted);                                                                                   \
    } while (0)

static int is_known(unsigned i)
{
    return (walk.known & 1u << i) != 0;
}

static void follows_rows(void)
{
    stand_at("plain");
    CHECK_CALLER(1);
    CHECK_INT((long long)walk.value[RBX], 0x2000 + RBX);

    stand_at("plain_body");
    CHECK_CALLER(2);
    CHECK_INT((long long)walk.value[RBX], 0x1000 + SP_WORD);

    stand_at("plain_left");
    CHECK_CALLER(1);
    CHECK_INT((long long)walk.value[RBX], 0x2000 + RBX);

    stand_at("plain_again");
    CHECK_CALLER(2);
    CHECK_INT((long long)walk.value[RBX], 0x1000 + SP_WORD);
}

static void return_address_is_looked_up_in_the_call(void)
{
    /* The row of plain_body begins at this very address: a call that returns there was made before it. */
    open_library();
    stand(label("plain") + 1, true);
    CHECK_CALLER(2);
    stand(label("plain") + 1, false);
    CHECK_CALLER(1);
    /* The call may be the last instruction: here of `plain`, and the address is `framed` already. */
    stand(label("framed"), false);
    CHECK_CALLER(2);
    CHECK_INT((long long)walk.value[RBX], 0x1000 + SP_WORD);
}

static void uses_frame_pointer(void)
{
    stand_at("framed_body");
    walk.value[RBP] = sp_at(10);
    walk.known |= 1u; /* rax: a call may change it */
    CHECK_CALLER(12);
    CHECK_INT((long long)walk.value[RBP], 0x1000 + SP_WORD + 10);
    CHECK(!is_known(0));
}

static void cfa_from_memory(void)
{
    stand_at("realigned_body");
    walk.value[RBP] = sp_at(4);
    stack[SP_WORD + 3] = sp_at(20);
    CHECK_CALLER(20);
    CHECK_INT((long long)walk.value[RBP], 0x1000 + SP_WORD + 4);
}

static void rules_of_every_kind(void)
{
    stand_at("others_body");
    CHECK_CALLER(4);
    CHECK_INT((long long)walk.value[R13], 0x1000 + SP_WORD + 4 - 2);
    CHECK_INT((long long)walk.value[R14], 0x2000 + R12);
    CHECK(!is_known(R15));
    CHECK(!is_known(RBX));
    CHECK_INT((long long)walk.value[RBP], 0x1000 + SP_WORD + 4 - 3);

    stand_at("others_more");
    CHECK_CALLER(5);
    CHECK_INT((long long)walk.value[RBX], 0x1000 + SP_WORD + 1);
    CHECK_INT((long long)walk.value[RBP], 0x1000 + SP_WORD + 5 - 4);
    CHECK_INT((long long)walk.value[R14], 0x2000 + R14);
    CHECK_INT((long long)walk.value[R13], 0x2000 + R13);

    stand_at("others_last");
    CHECK_CALLER(4);
}

static void advances_of_every_size(void)
{
    open_library();
    /* Behind others_last and a nop, one row a byte. */
    for (int i = 0; i < 3; i++) {
        stand(label("others_last") + 3 + (uintptr_t)i, true);
        CHECK_CALLER(1 + i);
    }
}

static void cfa_on_another_stack(void)
{
    stand_at("switched_body");
    stack[SP_WORD + 1] = sp_at(9);
    CHECK_CALLER(10);
}

static void table_of_a_linker(void)
{
    stand_at("table_before");
    CHECK_CALLER(1);
    stand_at("table_after");
    CHECK_CALLER(2);
    open_library();
    stand(label("table") + 11, true);
    CHECK_CALLER(2);
    stand(label("table") + 10, true);
    CHECK_CALLER(1);
}

static void signal_goes_anywhere(void)
{
    open_library();
    stand(label("trampoline"), false);
    /* The interrupted stack is another one: its pointer may be lower. */
    stack[SP_WORD + 3] = sp_at(-8);
    stack[SP_WORD + 4] = label("plain_body");
    REQUIRE(lg_walk_step(&walk, &module));
    CHECK(walk.left_signal_frame);
    CHECK(walk.is_interrupted);
    CHECK_INT((long long)walk.value[RSP], (long long)sp_at(-8));
    CHECK_INT((long long)walk.value[RBP], 0x1000 + SP_WORD + 1);
    CHECK_INT((long long)walk.value[10], 0x1000 + SP_WORD + 2);
    CHECK_INT((long long)walk.pc, (long long)label("plain_body"));
    REQUIRE(lg_walk_step(&walk, &module));
    CHECK(!walk.left_signal_frame);
    CHECK_INT((long long)walk.value[RSP], (long long)sp_at(-6));
}

static void ends_where_it_must(void)
{
    static const char *const names[] = {
        "outermost_body",           "downwards_body",         "askew_body",    "unbalanced_body", "remembers_body",
        "unknown_instruction_body", "unknown_operation_body", "overlong_body", "underflow_body",  "overflow_body",
        "too_large_body",           "elsewhere_body",         "nowhere_body",  "no_table_body",
    };

    for (unsigned i = 0; i < TAP_COUNT(names); i++) {
        stand_at(names[i]);
        if (lg_walk_step(&walk, &module))
            tap_fail(__FILE__, __LINE__, "%s was left", names[i]);
    }
}

static void stack_is_not_left(void)
{
    stand_at("framed_body");
    walk.value[RBP] = (uintptr_t)(stack + STACK_WORDS - 1); /* the return address is the word behind */
    CHECK(!lg_walk_step(&walk, &module));
    stand_at("framed_body");
    walk.value[RBP] = sp_at(-2); /* a frame below the stack pointer */
    CHECK(!lg_walk_step(&walk, &module));
    stand_at("framed_body");
    walk.value[RBP] = sp_at(-1); /* what it saved there is gone */
    CHECK_CALLER(1);
    CHECK(!is_known(RBP));
    stand_at("framed_body");
    walk.value[RBP] = sp_at(3) + 4;
    CHECK(!lg_walk_step(&walk, &module));
    stand_at("plain");
    stack[SP_WORD] = 0;
    CHECK(!lg_walk_step(&walk, &module));
}

static void memory_that_is_not_there(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct lg_safe_pages known = {0};
    char got[16];

    REQUIRE(pages != MAP_FAILED);
    memset(pages, 'x', 3 * page);
    REQUIRE(mprotect(pages + page, page, PROT_NONE) == 0);
    CHECK(lg_safe_read_works());
    CHECK(lg_safe_read(&known, got, (uintptr_t)pages + page - 16, 16));
    CHECK_INT(got[15], 'x');
    CHECK(!lg_safe_read(&known, got, (uintptr_t)pages + page - 15, 16));
    CHECK(!lg_safe_read(&known, got, (uintptr_t)pages + page, 1));
    CHECK(!lg_safe_read(&known, got, (uintptr_t)pages + 2 * page - 1, 2));
    CHECK(lg_safe_read(&known, got, (uintptr_t)pages + 2 * page, 16));
    CHECK(!lg_safe_read(&known, got, 0, 1));
    CHECK(!lg_safe_read(&known, got, 1, 1));
    CHECK(!lg_safe_read(&known, got, UINTPTR_MAX, 1));
    CHECK(!lg_safe_read(&known, got, UINTPTR_MAX - 3, 16));
    /* More pages than are remembered, each of them twice. */
    for (int i = 0; i < 4 * (int)LG_SAFE_PAGES; i++) {
        char *one = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        REQUIRE(one != MAP_FAILED);
        one[0] = (char)i;
        CHECK(lg_safe_read(&known, got, (uintptr_t)one, 1));
        CHECK(lg_safe_read(&known, got, (uintptr_t)one, 1));
        CHECK_INT(got[0], i);
    }

    /* A stack with a hole: the frame is above it, the return address in it. */
    open_library();
    stand(label("framed_body"), true);
    walk.value[RSP] = (uintptr_t)pages;
    walk.value[RBP] = (uintptr_t)pages + page;
    walk.stack_start = (uintptr_t)pages;
    walk.stack_end = (uintptr_t)pages + 3 * page;
    CHECK(!lg_walk_step(&walk, &module));
    stand(label("framed_body"), true);
    walk.value[RSP] = (uintptr_t)pages;
    walk.value[RBP] = (uintptr_t)pages + 2 * page;
    walk.stack_start = (uintptr_t)pages;
    walk.stack_end = (uintptr_t)pages + 3 * page;
    CHECK(lg_walk_step(&walk, &module));
}

/* The tables with one byte changed, every byte and some values, and cut off at every length. */
static void damaged_tables(void)
{
    static const char *const names[] = {"plain_body",  "framed_body",   "realigned_body", "others_more",
                                        "others_body", "switched_body", "table_after",    "trampoline"};
    static const uint8_t masks[] = {0x01, 0x80, 0x40, 0xff};
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uintptr_t at, first_page;
    unsigned long left = 0, ended = 0;
    size_t size;

    open_library();
    /* The tables end before the next page boundary; .dynamic lies behind. */
    at = module.eh_frame_hdr;
    first_page = at & ~(page - 1);
    size = first_page + page - at;
    REQUIRE(mprotect((void *)first_page, page, PROT_READ | PROT_WRITE) == 0);
    for (size_t i = 0; i < size; i++) {
        uint8_t *byte = (uint8_t *)at + i;

        for (unsigned n = 0; n < TAP_COUNT(names) * TAP_COUNT(masks); n++) {
            uint8_t mask = masks[n % TAP_COUNT(masks)];

            stand(label(names[n / TAP_COUNT(masks)]), true);
            *byte ^= mask;
            if (lg_walk_step(&walk, &module))
                left++;
            else
                ended++;
            *byte ^= mask;
        }
    }
    for (uintptr_t end = at; end < at + size; end++) {
        struct lg_module cut = module;

        cut.tables_end = end;
        for (unsigned n = 0; n < TAP_COUNT(names); n++) {
            stand(label(names[n]), true);
            ended += !lg_walk_step(&walk, &cut);
        }
    }
    tap_note("%lu left, %lu ended", left, ended);
    CHECK(left > 0 && ended > 0);
    stand(label("plain_body"), true);
    CHECK_CALLER(2);
}

static void code_is_what_is_executable(void)
{
    struct lg_safe_pages pages = {0};

    open_library();
    CHECK(lg_module_is_code(&module, &pages, label("plain")));
    CHECK(!lg_module_is_code(&module, &pages, module.start));
    CHECK(!lg_module_is_code(&module, &pages, module.eh_frame_hdr));
    CHECK(!lg_module_is_code(&module, &pages, (uintptr_t)stack));
}

static const struct tap_test tests[] = {
    {"the rows of a table are followed", follows_rows, 0},
    {"a return address belongs to the call before it", return_address_is_looked_up_in_the_call, 0},
    {"a frame pointer is used", uses_frame_pointer, 0},
    {"a frame address may lie in memory", cfa_from_memory, 0},
    {"rules of every kind", rules_of_every_kind, 0},
    {"advances of every size", advances_of_every_size, 0},
    {"a frame address may be computed from memory", cfa_on_another_stack, 0},
    {"the table of a PLT", table_of_a_linker, 0},
    {"a signal's trampoline leads to any stack", signal_goes_anywhere, 0},
    {"the walk ends where a table is not sound", ends_where_it_must, 0},
    {"the stack is not left", stack_is_not_left, 0},
    {"memory that is not there is not read", memory_that_is_not_there, 0},
    {"damaged tables", damaged_tables, 120000},
    {"only what is executable is code", code_is_what_is_executable, 0},
};

#else

static void other_machine(void)
{
    tap_skip("unwind", "the tables are those of x86-64");
}

static const struct tap_test tests[] = {{"tables", other_machine, 0}};

#endif

int main(int argc, char **argv)
{
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
