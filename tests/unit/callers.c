/* SPDX-License-Identifier: MIT */
/*
 * Calls `probe`, which stands for an interposed call, in a way that its first argument names, and
 * prints the frames found: `NUMBER MODULE+0xOFFSET`, or `NUMBER -` for an address without a name.
 * A line `expected FUNCTION:LINE` says where the first of them must be. Built by caller.t in many ways.
 *
 * links: shim/caller/caller.c shim/caller/maps.c shim/caller/module.c shim/caller/unwind.c shim/caller/eh_frame.c
 * links: shim/caller/cfi.c shim/caller/expression.c shim/caller/eh_reader.c shim/base/safe_read.c shim/base/sys.c
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <execinfo.h>
#endif

#include "shim/caller/caller.h"

#define NEVER_INLINE __attribute__((noinline))

/* What follows a call keeps it from being a tail call. */
static volatile int after;

static char exe[4096];
static size_t exe_bytes;
static unsigned wanted = LG_CALLERS_MAX;
static int silent, alone, failed;

void probe(void);
int inner(int depth);
int middle(int depth);
int outer(int depth);
int recursive(int depth);

static void print(const struct lg_frames *frames)
{
    char name[4096 + 32];

    for (unsigned i = 0; i < frames->count; i++) {
        size_t length = lg_caller_name(frames->address[i], (struct lg_text){exe, exe_bytes}, name, sizeof name);

        if (length == 0)
            printf("%u -\n", i);
        else
            printf("%u %.*s\n", i, (int)length, name);
    }
    fflush(stdout);
}

/* glibc's own unwinder finds the same, as far as we go; an interrupted function is at address + 1 here. */
static void compare(const struct lg_frames *frames)
{
#ifdef __GLIBC__
    void *known[64];
    int count = backtrace(known, 64), from = 0, found;

    while (from < count && (uintptr_t)known[from] != frames->address[0])
        from++;
    found = count - from;
    for (unsigned i = 0; i < frames->count && from < count; i++, from++) {
        /* It lists the trampoline of a signal, we do not. */
        if (i > 0 && from + 1 < count && frames->address[i] == (uintptr_t)known[from + 1] + 1)
            from++;
        if (frames->address[i] != (uintptr_t)known[from] && frames->address[i] != (uintptr_t)known[from] + 1)
            printf("backtrace differs at %u\n", i);
    }
    printf("backtrace %d\n", found);
#else
    (void)frames;
#endif
}

NEVER_INLINE void probe(void)
{
    struct lg_frames frames;

    lg_frames_collect(&frames, (uintptr_t)__builtin_return_address(0), wanted);
    if (silent)
        return;
    print(&frames);
    if (!alone)
        compare(&frames);
}

#define EXPECT() printf("expected %s:%d\n", __func__, __LINE__ + 1)

NEVER_INLINE int inner(int depth)
{
    EXPECT();
    probe();
    return ++after + depth;
}

NEVER_INLINE int middle(int depth)
{
    char room[200];

    memset(room, depth, sizeof room);
    after = inner(depth + 1) + room[depth & 127];
    return after;
}

NEVER_INLINE int outer(int depth)
{
    /* An array of variable size and an alignment: the frame pointer is not where it was. */
    _Alignas(64) volatile char aligned[64];
    volatile char *room = __builtin_alloca((size_t)depth + 100);

    aligned[0] = room[1] = 1;
    after = middle(depth) + aligned[0] + room[1];
    return after;
}

NEVER_INLINE int recursive(int depth)
{
    volatile char room[48];

    room[0] = (char)depth;
    if (depth == 0)
        probe();
    else
        after = recursive(depth - 1);
    return after + room[0];
}

static int by_qsort(const void *a, const void *b)
{
    static int done;

    if (!done) {
        done = 1;
        EXPECT();
        probe();
    }
    return *(const int *)a - *(const int *)b;
}

static void *in_thread(void *argument)
{
    after = outer(1);
    return argument;
}

static void in_handler(int number)
{
    (void)number;
    EXPECT();
    probe();
    after++;
}

static void on_handler(int flags, void *stack, size_t size)
{
    struct sigaction action = {.sa_handler = in_handler, .sa_flags = flags};
    stack_t other = {.ss_sp = stack, .ss_size = size};

    if (stack != NULL)
        sigaltstack(&other, NULL);
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    after++;
}

/* Overwrites the frames above it: whatever is found there, this one is. */
NEVER_INLINE static void smash(unsigned pattern)
{
    uintptr_t words[6] = {0,
                          0x4141414141414141u & UINTPTR_MAX,
                          UINTPTR_MAX,
                          (uintptr_t)&after,
                          (uintptr_t)&words,
                          (uintptr_t)&printf + 5};
    uintptr_t *frame = __builtin_frame_address(0);

    for (int i = 0; i < 64; i++)
        ((volatile uintptr_t *)frame)[i] = words[pattern];
    alone = 1; /* glibc's unwinder dies of some of these */
    probe();
    fflush(stdout);
    _exit(0);
}

/* Smashes its own frames, which are large: what lies above a thread's stack is the thread, as libc has it. */
static void *with_smashed_stack(void *argument)
{
    volatile char room[64 * sizeof(uintptr_t)];

    room[0] = room[sizeof room - 1] = 0;
    for (unsigned pattern = 0; pattern < 6; pattern++) {
        pid_t child = fork();
        int status;

        if (child == 0)
            smash(pattern);
        if (waitpid(child, &status, 0) != child || status != 0) {
            printf("pattern %u: status 0x%x\n", pattern, (unsigned)status);
            failed = 1;
        }
    }
    return argument;
}

static void start_thread(void *(*run)(void *))
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, run, NULL) == 0)
        pthread_join(thread, NULL);
}

/* Code that no module holds calls `probe`. */
static void from_new_code(void)
{
#ifdef __x86_64__
    /* sub $8, %rsp; call *%rdi; add $8, %rsp; ret */
    static const unsigned char code[] = {0x48, 0x83, 0xec, 8, 0xff, 0xd7, 0x48, 0x83, 0xc4, 8, 0xc3};
    void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    void (*call)(void (*)(void));

    if (at == MAP_FAILED)
        return;
    memcpy(at, code, sizeof code);
    memcpy(&call, &at, sizeof at);
    call(probe);
#endif
}

static void from_module(const char *path)
{
    void *module = dlopen(path, RTLD_NOW);
    void (*call)(void (*)(void));
    void *at = module == NULL ? NULL : dlsym(module, "calls_back");

    if (at == NULL) {
        printf("%s\n", dlerror());
        return;
    }
    memcpy(&call, &at, sizeof at);
    call(probe);
}

/* Nothing is returned to, and glibc's unwinder not asked: what called may be damaged. */
NEVER_INLINE static void probe_and_leave(void)
{
    struct lg_frames frames;

    lg_frames_collect(&frames, (uintptr_t)__builtin_return_address(0), wanted);
    print(&frames);
    _exit(0);
}

NEVER_INLINE static void call_at(char *start, const char *offset)
{
    char *at = start + strtoul(offset, NULL, 16);
    void (*call)(void (*)(void));

    memcpy(&call, &at, sizeof at);
    call(probe_and_leave);
}

/* A module whose symbols, headers or tables may lie: its function is called by its OFFSET in the file. */
static void from_damaged(const char *path, const char *offset, const char *how)
{
    struct link_map *module = dlopen(path, RTLD_NOW);
    char *start = module == NULL ? NULL : (char *)module->l_addr;

    if (start == NULL) {
        printf("%s\n", dlerror());
        return;
    }
    if (strcmp(how, "headers") == 0) {
        if (mprotect(start, 4096, PROT_READ | PROT_WRITE) != 0)
            return;
        memset(start, 0xff, 512);
    } else if (strcmp(how, "tables") == 0 && truncate(path, 0x2000) != 0) {
        return;
    }
    call_at(start, offset);
}

/* Code that is mapped from a file, but not by the loader. */
static void from_mapped(const char *path, const char *offset)
{
    int fd = open(path, O_RDONLY);
    void *start = mmap(NULL, 0x3000, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);

    if (start != MAP_FAILED)
        call_at(start, offset);
}

/* As a service that has dropped its privileges. */
static void as_nobody(void)
{
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
        abort();
    if (prctl(PR_SET_DUMPABLE, 0) != 0)
        abort();
    after = outer(1);
}

static void without_descriptors(void)
{
    struct rlimit none = {0, 0};

    if (setrlimit(RLIMIT_NOFILE, &none) != 0)
        abort();
    after = outer(1);
}

static void tick(int number)
{
    (void)number;
    probe();
}

/* Signals at any moment of dlopen and dlclose. */
static void during_dlopen(const char *path, int times)
{
    struct sigaction action = {.sa_handler = tick, .sa_flags = SA_RESTART};
    struct itimerspec every = {{0, 50000}, {0, 50000}};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    timer_t timer;

    silent = 1;
    sigaction(SIGUSR1, &action, NULL);
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 || timer_settime(timer, 0, &every, NULL) != 0)
        abort();
    for (int i = 0; i < times; i++) {
        void *module = dlopen(path, RTLD_NOW);

        if (module == NULL)
            abort();
        dlclose(module);
    }
    printf("done\n");
}

/* A real interposed call: linger zero on a connected socket, for the records of the library. */
NEVER_INLINE static int arm(int fd)
{
    struct linger zero = {1, 0};

    EXPECT();
    after = setsockopt(fd, SOL_SOCKET, SO_LINGER, &zero, sizeof zero);
    return after;
}

NEVER_INLINE static int arm_deeper(int fd)
{
    after = arm(fd) + 1;
    return after;
}

static void with_socket(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);

    if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 1) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0 ||
        connect(fd, (struct sockaddr *)&address, size) != 0)
        abort();
    after = arm_deeper(fd);
    close(fd);
}

static int run(int argc, char **argv)
{
    static char alternate[65536];
    int numbers[] = {3, 1, 2};
    const char *name = argv[1];

    if (strcmp(name, "chain") == 0)
        after = outer(argc);
    else if (strcmp(name, "one") == 0)
        wanted = 1, after = outer(argc);
    else if (strcmp(name, "recursion") == 0)
        after = recursive(40);
    else if (strcmp(name, "qsort") == 0)
        qsort(numbers, 3, sizeof *numbers, by_qsort);
    else if (strcmp(name, "thread") == 0)
        start_thread(in_thread);
    else if (strcmp(name, "signal") == 0)
        on_handler(0, NULL, 0);
    else if (strcmp(name, "altstack") == 0)
        on_handler(SA_ONSTACK, alternate, sizeof alternate);
    else if (strcmp(name, "smashed") == 0)
        with_smashed_stack(NULL);
    else if (strcmp(name, "smashed-thread") == 0)
        start_thread(with_smashed_stack);
    else if (strcmp(name, "new-code") == 0)
        from_new_code();
    else if (strcmp(name, "module") == 0 && argc > 2)
        from_module(argv[2]);
    else if (strcmp(name, "damaged") == 0 && argc > 4)
        from_damaged(argv[2], argv[3], argv[4]);
    else if (strcmp(name, "mapped") == 0 && argc > 3)
        from_mapped(argv[2], argv[3]);
    else if (strcmp(name, "nobody") == 0)
        as_nobody();
    else if (strcmp(name, "no-descriptors") == 0)
        without_descriptors();
    else if (strcmp(name, "during-dlopen") == 0 && argc > 2)
        during_dlopen(argv[2], 1000);
    else if (strcmp(name, "deleted") == 0)
        unlink(exe), after = outer(argc);
    else if (strcmp(name, "socket") == 0)
        with_socket();
    else
        return 2;
    return failed;
}

int main(int argc, char **argv)
{
    ssize_t length = readlink("/proc/self/exe", exe, sizeof exe);

    if (argc < 2)
        return 2;
    exe_bytes = length < 0 ? 0 : (size_t)length;
    lg_caller_load(getauxval(AT_PHDR), getauxval(AT_PHNUM), getauxval(AT_BASE), (const char *)getauxval(AT_EXECFN));
    return run(argc, argv);
}
