/* SPDX-License-Identifier: MIT */
/*
 * A policy that changes under running processes. Each of them does what it is told, a word a line: so the test knows
 * what was in force when. What has to come is waited for; what must not come is looked at once a sign of the look at
 * the files is there.
 */
#include "tests/interpose/edits.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "policy/parse.h"
#include "shim/base/visible.h"

#define DEADLINE_MS 20000
#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif
#define LOOK_MS 1100 /* after that the next abort looks */
#define NOBODY  65534

#define DISARMED "0 EOF"
#define ABORTED  "0 RST"
#define EACCES_  "EACCES EOF"
#define EPERM_   "EPERM EOF"

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- The program under test ---- */

static const char *answer_of(int result)
{
    return result == 0 ? "0" : errno == EACCES ? "EACCES" : errno == EPERM ? "EPERM" : "?";
}

/* "0 EOF": what the setsockopt said, and what the peer saw. */
static void do_abort(void)
{
    struct net_pair pair = net_pair(AF_INET, NULL);
    const char *said = answer_of(set_linger(pair.client, 1, 0));
    int seconds;

    if (strcmp(said, "0") != 0) /* rejected: nothing has changed */
        REQUIRE(net_get_linger(pair.client, &seconds) == 0);
    close(pair.client);
    printf("%s %s", said, end_of(pair.server));
    close(pair.server);
}

static void do_unread(void)
{
    struct net_pair pair = net_pair(AF_INET, NULL);

    REQUIRE(write(pair.server, "x", 1) == 1 && net_wait_unread(pair.client, 1, 5000));
    close(pair.client);
    printf("0 %s", end_of(pair.server));
    close(pair.server);
}

static struct net_pair handler_pair;
static int handler_result;

static void in_handler(int number)
{
    (void)number;
    handler_result = set_linger(handler_pair.client, 1, 0);
    close(handler_pair.client);
}

/* On a stack of that size whose other end faults. */
static void do_signal(size_t size)
{
    struct sigaction action = {.sa_handler = in_handler, .sa_flags = SA_ONSTACK};
    char *memory = mmap(NULL, 4096 + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack_t stack = {.ss_sp = memory + 4096, .ss_size = size};

    REQUIRE(memory != MAP_FAILED && mprotect(memory, 4096, PROT_NONE) == 0);
    if (sigaltstack(&stack, NULL) != 0) {
        printf("none");
        return;
    }
    handler_pair = net_pair(AF_INET, NULL);
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    printf("%s %s", answer_of(handler_result), end_of(handler_pair.server));
    close(handler_pair.server);
}

/* For the next, which must not close anything before: a close that is inspected looks too. */
static struct net_pair made_pair;

static void do_vfork(void)
{
    struct net_pair pair = made_pair;
    volatile int result = 0;
    int status;
    pid_t child = vfork();

    if (child == 0) {
        result = set_linger(pair.client, 1, 0) == 0 ? 0 : errno;
        _exit(0);
    }
    REQUIRE(waitpid(child, &status, 0) == child);
    errno = result;
    printf("%s", answer_of(result));
    close(pair.client);
    close(pair.server);
}

static void do_fork(void)
{
    pid_t child;
    int status;

    fflush(stdout);
    child = fork();
    if (child == 0) {
        do_abort();
        fflush(stdout);
        _exit(0);
    }
    REQUIRE(waitpid(child, &status, 0) == child && status == 0);
}

/* From now on what looks at a file kills. */
static void do_sandbox(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_faccessat, 3, 0),
#ifdef SYS_newfstatat
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_newfstatat, 2, 0),
#else
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fstatat64, 2, 0),
#endif
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    struct sock_fprog program = {TAP_COUNT(filter), filter};

    REQUIRE(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    REQUIRE(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

/* What the library shows of itself, found as the command finds it. */
static void do_visible(void)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[512];
    const struct lg_visible *found = NULL;

    while (found == NULL && fgets(line, sizeof line, maps) != NULL) {
        unsigned long from, to;

        if (strstr(line, "lingerguard") != NULL && sscanf(line, "%lx-%lx rw", &from, &to) == 2 &&
            strstr(line, " rw") != NULL)
            found = memmem((void *)from, to - from, LG_VISIBLE_MAGIC, sizeof LG_VISIBLE_MAGIC - 1);
    }
    fclose(maps);
    REQUIRE(found != NULL);
    printf("%u %08x %s %s", found->flags, found->digest, found->log, found->drainer[0] != '\0' ? found->drainer : "-");
}

static void become_nobody_for_good(void)
{
    REQUIRE(setgid(NOBODY) == 0 && setuid(NOBODY) == 0);
}

static void obey(const char *word)
{
    if (strcmp(word, "abort") == 0)
        do_abort();
    else if (strcmp(word, "unread") == 0)
        do_unread();
    else if (strcmp(word, "signal") == 0)
        do_signal(8192);
    else if (strcmp(word, "small") == 0) /* what the kernel needs itself, and three kilobytes: without a record */
        do_signal((getauxval(AT_MINSIGSTKSZ) != 0 ? getauxval(AT_MINSIGSTKSZ) : 2048) + 3072);
    else if (strcmp(word, "vfork") == 0)
        do_vfork();
    else if (strcmp(word, "pair") == 0)
        made_pair = net_pair(AF_INET, NULL);
    else if (strcmp(word, "fork") == 0)
        do_fork();
    else if (strcmp(word, "sandbox") == 0)
        do_sandbox();
    else if (strcmp(word, "visible") == 0)
        do_visible();
    else if (strcmp(word, "nobody") == 0)
        become_nobody_for_good();
    else if (strncmp(word, "chroot ", 7) == 0)
        REQUIRE(chroot(word + 7) == 0 && chdir("/") == 0);
    else if (strncmp(word, "chdir ", 6) == 0)
        REQUIRE(chdir(word + 6) == 0);
    else
        tap_fail(__FILE__, __LINE__, "%s", word);
}

static void snippet_obey(int argc, char **argv)
{
    char word[256];

    (void)argc, (void)argv;
    while (fgets(word, sizeof word, stdin) != NULL) {
        word[strcspn(word, "\n")] = '\0';
        printf("<");
        obey(word);
        printf(">\n");
        fflush(stdout);
    }
}

/* ---- Telling it ---- */

struct subject {
    struct proc process;
    unsigned asked;
};

static struct subject start(const char *const *variables)
{
    struct under under = {.start.input_pipe = true, .start.deadline_ms = 60000};
    struct subject subject = {.asked = 0};

    for (int i = 0; variables != NULL && variables[i] != NULL; i++)
        under.variable[i] = variables[i];
    subject.process = start_under("obey", NULL, &under);
    return subject;
}

static struct subject start_with_policy(const char *path)
{
    char variable[256];
    const char *const variables[] = {variable, NULL};

    snprintf(variable, sizeof variable, "LINGERGUARD_POLICY=%s", path);
    return start(variables);
}

/* The text of the answer with this number, from 0. */
static bool find_answer(const char *out, unsigned number, char *answer, size_t size)
{
    const char *at = out;

    for (unsigned i = 0;; i++) {
        const char *end;

        at = strchr(at, '<');
        end = at != NULL ? strchr(at, '>') : NULL;
        if (end == NULL)
            return false;
        if (i == number) {
            snprintf(answer, size, "%.*s", (int)(end - at - 1), at + 1);
            return true;
        }
        at = end;
    }
}

static const char *tell(struct subject *subject, const char *word)
{
    static char answer[1024];
    uint64_t until = now_ms() + DEADLINE_MS;
    char line[300];
    int length = snprintf(line, sizeof line, "%s\n", word);
    bool found = false;

    REQUIRE(write(subject->process.stdin_fd, line, (size_t)length) == length);
    while (!found && now_ms() < until) {
        char *out = proc_output_so_far(&subject->process);

        found = find_answer(out, subject->asked, answer, sizeof answer);
        free(out);
        if (!found)
            sleep_ms(1);
    }
    if (!found) {
        char *err = proc_errors_so_far(&subject->process);

        tap_fail(__FILE__, __LINE__, "no answer to %s\n%s", word, err);
        free(err);
        tap_end_failed();
    }
    subject->asked++;
    return answer;
}

/* Tells it again and again until that is the answer. */
static void comes(struct subject *subject, const char *word, const char *wanted, int line)
{
    uint64_t until = now_ms() + DEADLINE_MS;
    const char *answer = tell(subject, word);

    while (strcmp(answer, wanted) != 0 && now_ms() < until) {
        sleep_ms(20);
        answer = tell(subject, word);
    }
    if (strcmp(answer, wanted) != 0) {
        char *err = proc_errors_so_far(&subject->process);

        tap_fail(__FILE__, line, "%s answers %s, not %s\n%s", word, answer, wanted, err);
        free(err);
    }
}

#define COMES(subject, word, wanted) comes(subject, word, wanted, __LINE__)

/* Twice, and the second time it has looked: what was found at the first counts for the second at the latest. */
static void stays(struct subject *subject, const char *word, const char *wanted, int line)
{
    for (int i = 0; i < 2; i++) {
        sleep_ms(LOOK_MS);
        tap_check_text(__FILE__, line, word, tell(subject, word), wanted);
    }
}

#define STAYS(subject, word, wanted) stays(subject, word, wanted, __LINE__)

static int count_words(const char *text, const char *words)
{
    int count = 0;

    for (; (text = strstr(text, words)) != NULL; text++)
        count++;
    return count;
}

/* How often it was said so far. */
static int said(struct subject *subject, const char *words)
{
    char *err = proc_errors_so_far(&subject->process);
    int count = count_words(err, words);

    free(err);
    return count;
}

/* Returns what it wrote to standard error, to be freed. */
static char *end(struct subject *subject)
{
    struct proc_result result;
    char *err;

    close(subject->process.stdin_fd);
    subject->process.stdin_fd = -1;
    result = proc_wait(&subject->process);
    check_ended(&result, "obey");
    err = strdup(result.err);
    proc_result_free(&result);
    return err;
}

static void end_quietly(struct subject *subject)
{
    free(end(subject));
}

/* ---- The tests ---- */

static uint32_t digest_of(const char *text)
{
    static struct lg_policy policy;
    const struct lg_source source = {LG_SOURCE_FILE, {"x", 1}};

    lg_policy_init(&policy);
    REQUIRE(lg_policy_parse(&policy, &source, (struct lg_text){text, strlen(text)}, NULL, NULL) == 0);
    return lg_policy_digest(&policy);
}

static void test_edits(void)
{
    static const char last[] = "tag last\n\n\nreject EACCES\n";
    const char *path = in_directory("policy");
    struct subject subject;
    struct records records;
    char *err, wanted[256];

    write_file(path, "orderly\n");
    subject = start_with_policy(path);
    CHECK_TEXT(tell(&subject, "abort"), DISARMED);
    write_file(path, "reject EACCES\n");
    COMES(&subject, "abort", EACCES_);
    replace_file(path, "allow\n");
    COMES(&subject, "abort", ABORTED);
    replace_file(path, "allow exe /nowhere\nreject EPERM\n");
    COMES(&subject, "abort", EPERM_);
    replace_file(path, last);
    COMES(&subject, "abort", EACCES_);
    err = end(&subject);
    records = records_parse(err, false);
    snprintf(wanted, sizeof wanted, "rule=%s:4 policy=%08x tag=last", path, digest_of(last));
    if (records_find(&records, wanted) == NULL)
        tap_fail(__FILE__, __LINE__, "no record has %s\n%s", wanted, err);
    records_free(&records);
    free(err);
    remove_directory();
}

/* The path leads over a link that another one takes the place of (Kubernetes' ConfigMap). */
static void test_config_map(void)
{
    const char *path = in_directory("policy");
    struct subject subject;

    REQUIRE(mkdir(in_directory("..1"), 0755) == 0 && mkdir(in_directory("..2"), 0755) == 0);
    write_file(in_directory("..1/policy"), "orderly\n");
    write_file(in_directory("..2/policy"), "reject EACCES\n");
    REQUIRE(symlink("..1", in_directory("..data")) == 0);
    REQUIRE(symlink("..data/policy", path) == 0);
    subject = start_with_policy(path);
    CHECK_TEXT(tell(&subject, "abort"), DISARMED);
    REQUIRE(symlink("..2", in_directory("..data_tmp")) == 0);
    REQUIRE(rename(in_directory("..data_tmp"), in_directory("..data")) == 0);
    COMES(&subject, "abort", EACCES_);
    end_quietly(&subject);
    remove_directory();
}

static void test_relative(void)
{
    const char *const variables[] = {"LINGERGUARD_POLICY=here", NULL};
    struct under under = {.variable = {variables[0]}, .start.input_pipe = true};
    struct subject subject = {.asked = 0};

    write_file(in_directory("here"), "orderly\n");
    under.start.directory = directory;
    subject.process = start_under("obey", NULL, &under);
    CHECK_TEXT(tell(&subject, "abort"), DISARMED);
    tell(&subject, "chdir /");
    replace_file(in_directory("here"), "reject EACCES\n");
    COMES(&subject, "abort", EACCES_);
    end_quietly(&subject);
    remove_directory();
}

/* An error keeps what is in force, and is told once; what is mended counts. */
static void test_bad_edit(void)
{
    const char *path = in_directory("policy");
    struct subject subject;

    write_file(path, "reject EACCES\n");
    subject = start_with_policy(path);
    CHECK_TEXT(tell(&subject, "abort"), EACCES_);
    replace_file(path, "orderly\nrejekt\n");
    STAYS(&subject, "abort", EACCES_);
    CHECK_INT(said(&subject, "the one from before stays in force"), 1);
    CHECK_INT(said(&subject, "policy:2:1: error"), 1);
    STAYS(&subject, "abort", EACCES_);
    CHECK_INT(said(&subject, "the one from before stays in force"), 1);
    CHECK_CONTAINS(tell(&subject, "visible"), "17 ");
    replace_file(path, "orderly within\n");
    STAYS(&subject, "abort", EACCES_);
    CHECK_INT(said(&subject, "the one from before stays in force"), 2);
    replace_file(path, "reject EPERM\n");
    COMES(&subject, "abort", EPERM_);
    CHECK_CONTAINS(tell(&subject, "visible"), "1 ");
    end_quietly(&subject);
    remove_directory();
}

/* An error at the start, and a file that is there only later. */
static void test_mended(void)
{
    const char *path = in_directory("policy");
    struct subject subject;

    write_file(path, "rejekt\n");
    subject = start_with_policy(path);
    CHECK_TEXT(tell(&subject, "abort"), ABORTED);
    CHECK_CONTAINS(tell(&subject, "visible"), "9 ");
    replace_file(path, "reject EACCES\n");
    COMES(&subject, "abort", EACCES_);
    CHECK_CONTAINS(tell(&subject, "visible"), "1 ");
    end_quietly(&subject);
    REQUIRE(unlink(path) == 0);
    subject = start_with_policy(path);
    CHECK_TEXT(tell(&subject, "abort"), ABORTED);
    write_file(path, "reject EACCES\n");
    COMES(&subject, "abort", EACCES_);
    end_quietly(&subject);
    remove_directory();
}

static void test_gone(void)
{
    const char *path = in_directory("policy");
    struct subject subject;

    write_file(path, "reject EACCES\n");
    subject = start_with_policy(path);
    CHECK_TEXT(tell(&subject, "abort"), EACCES_);
    REQUIRE(unlink(path) == 0);
    STAYS(&subject, "abort", EACCES_);
    CHECK_INT(said(&subject, "error"), 0);
    write_file(path, "orderly\n");
    COMES(&subject, "abort", DISARMED);
    end_quietly(&subject);
    remove_directory();
}

static void needs_root(void)
{
    if (getuid() != 0 || getenv("LG_RUNNER") != NULL)
        tap_skip("root", "the test needs root, and no emulator");
}

/* Another root has a file of that name too; and without a right to read it the policy stays, which is told once. */
static void test_chroot(void)
{
    const char *root, *path;
    struct subject subject;
    char inside[256], word[160];

    needs_root();
    path = in_directory("policy");
    root = in_directory("root");
    write_file(path, "reject EACCES\n");
    snprintf(inside, sizeof inside, "mkdir -p %s%s", root, directory);
    REQUIRE(system(inside) == 0);
    snprintf(inside, sizeof inside, "%s%s/policy", root, directory);
    write_file(inside, "reject EPERM\n");
    subject = start_with_policy(path);
    CHECK_TEXT(tell(&subject, "abort"), EACCES_);
    snprintf(word, sizeof word, "chroot %s", root);
    tell(&subject, word);
    STAYS(&subject, "abort", EACCES_);
    replace_file(inside, "orderly\n");
    STAYS(&subject, "abort", EACCES_);
    CHECK_INT(said(&subject, "error"), 0);
    end_quietly(&subject);
    remove_directory();
}

static void test_dropped(void)
{
    const char *path;
    struct subject subject;

    needs_root();
    path = in_directory("policy");
    write_file(path, "reject EACCES\n");
    REQUIRE(chmod(directory, 0755) == 0);
    subject = start_with_policy(path);
    CHECK_TEXT(tell(&subject, "abort"), EACCES_);
    tell(&subject, "nobody");
    write_file(in_directory("new"), "reject EPERM\n");
    REQUIRE(chmod(in_directory("new"), 0600) == 0);
    REQUIRE(rename(in_directory("new"), path) == 0);
    STAYS(&subject, "abort", EACCES_);
    CHECK_INT(said(&subject, "policy: EACCES"), 1);
    REQUIRE(chmod(path, 0644) == 0);
    COMES(&subject, "abort", EPERM_);
    end_quietly(&subject);
    remove_directory();
}

static void test_vfork(void)
{
    const char *path = in_directory("policy");
    struct subject subject;

    write_file(path, "reject EACCES\n");
    subject = start_with_policy(path);
    tell(&subject, "pair");
    replace_file(path, "reject EPERM\n");
    CHECK_TEXT(tell(&subject, "vfork"), "EACCES"); /* the first look of this process */
    COMES(&subject, "abort", EPERM_);
    tell(&subject, "pair");
    replace_file(path, "reject EACCES\n");
    sleep_ms(LOOK_MS);
    CHECK_TEXT(tell(&subject, "vfork"), "EPERM");
    COMES(&subject, "abort", EACCES_);
    end_quietly(&subject);
    remove_directory();
}

static void test_fork(void)
{
    const char *path = in_directory("policy");
    struct subject subject;

    write_file(path, "reject EACCES\n");
    subject = start_with_policy(path);
    CHECK_TEXT(tell(&subject, "fork"), EACCES_);
    CHECK_TEXT(tell(&subject, "abort"), EACCES_);
    replace_file(path, "reject EPERM\n");
    COMES(&subject, "fork", EPERM_); /* each child looks for itself, when its parent's second is over */
    COMES(&subject, "abort", EPERM_);
    end_quietly(&subject);
    remove_directory();
}

static void test_small_stack(void)
{
    static const char *const errors[] = {"rejekt\n", "reject EACCESS\n", "allow local 10.0.0.0/33\n", "drain 5\n",
                                         "orderly on unraed\n"};
    const char *path = in_directory("policy");
    struct subject subject;

    write_file(path, "orderly\n");
    subject = start_with_policy(path);
    if (strcmp(tell(&subject, "signal"), "none") == 0)
        tap_skip("sigaltstack", "this machine's registers need more than 8 KiB");
    for (size_t i = 0; i < TAP_COUNT(errors); i++) {
        replace_file(path, errors[i]);
        sleep_ms(LOOK_MS);
        tell(&subject, "signal");
        CHECK_TEXT(tell(&subject, "signal"), DISARMED);
        CHECK_INT(said(&subject, "stays in force"), (long long)i + 1);
    }
    replace_file(path, "allow exe a,b cgroup /x local [2001:db8::1]:1-2,10.0.0.0/8 user 7 quiet\ndrain 20ms\n");
    sleep_ms(LOOK_MS);
    CHECK_TEXT(tell(&subject, "signal"), DISARMED);
    replace_file(path, "allow\n");
    COMES(&subject, "signal", ABORTED);
    end_quietly(&subject);
    remove_directory();
}

/* So small that no parser has room on it. */
static void test_smaller_stack(void)
{
    const char *path = in_directory("policy");
    char variable[256];
    const char *const variables[] = {variable, "LINGERGUARD_LOG=off", NULL};
    struct subject subject;

    snprintf(variable, sizeof variable, "LINGERGUARD_POLICY=%s", path);
    write_file(path, "orderly\n");
    subject = start(variables);
    if (strcmp(tell(&subject, "small"), DISARMED) != 0)
        tap_skip("sigaltstack", "the stack is too small for this machine");
    replace_file(path, "reject EACCESS\norderly on unraed\n");
    sleep_ms(LOOK_MS);
    CHECK_TEXT(tell(&subject, "small"), DISARMED);
    CHECK_CONTAINS(tell(&subject, "visible"), "17 ");
    replace_file(path, "allow exe a,b cgroup /x local [2001:db8::1]:1-2,10.0.0.0/8 user 7 quiet\nallow\n");
    COMES(&subject, "small", ABORTED);
    end_quietly(&subject);
    remove_directory();
}

static void test_sandbox(void)
{
    const char *path = in_directory("policy");
    struct subject subject;

    write_file(path, "orderly\n");
    subject = start_with_policy(path);
    CHECK_TEXT(tell(&subject, "abort"), DISARMED);
    tell(&subject, "sandbox");
    replace_file(path, "reject EPERM\n");
    STAYS(&subject, "abort", DISARMED);
    end_quietly(&subject);
    remove_directory();
}

/* ---- /etc/lingerguard ---- */

static void write_off(void)
{
    write_file("/etc/lingerguard/off", "at 3 a.m.\n");
}

static void test_off(void)
{
    struct subject subject;

    own_etc();
    write_file("/etc/lingerguard/policy", "reject EACCES\norderly on unread\n");
    subject = start(NULL);
    CHECK_TEXT(tell(&subject, "abort"), EACCES_);
    CHECK_TEXT(tell(&subject, "unread"), DISARMED);
    write_off();
    COMES(&subject, "abort", ABORTED);
    COMES(&subject, "unread", ABORTED);
    CHECK_CONTAINS(tell(&subject, "visible"), "5 ");
    write_file("/etc/lingerguard/policy", "reject EPERM\norderly on unread\n");
    STAYS(&subject, "abort", ABORTED);
    REQUIRE(unlink("/etc/lingerguard/off") == 0);
    COMES(&subject, "unread", DISARMED);
    COMES(&subject, "abort", EPERM_);
    CHECK_CONTAINS(tell(&subject, "visible"), "1 ");
    end_quietly(&subject);
}

/* There at the start: nothing is opened; gone, all is as if it were started now. */
static void test_off_at_start(void)
{
    struct subject subject;
    char *err;

    own_etc();
    write_file("/etc/lingerguard/policy", "log file /etc/log\nreject EACCES\norderly on unread\n");
    write_off();
    subject = start(NULL);
    CHECK_TEXT(tell(&subject, "abort"), ABORTED);
    CHECK(access("/etc/log", F_OK) != 0);
    CHECK_CONTAINS(tell(&subject, "visible"), "5 00000000");
    REQUIRE(unlink("/etc/lingerguard/off") == 0);
    COMES(&subject, "abort", EACCES_);
    CHECK_TEXT(tell(&subject, "unread"), DISARMED);
    CHECK(access("/etc/log", F_OK) == 0);
    CHECK_CONTAINS(tell(&subject, "visible"), " /etc/log -");
    err = end(&subject);
    CHECK_TEXT(err, "");
    free(err);
}

/* Loaded for everybody, not by a name in LD_PRELOAD: records go to standard error all the same. */
static void test_off_at_start_for_everybody(void)
{
    const char *const environment[] = {"LINGERGUARD_RULES=reject EACCES", NULL};
    struct proc_options options = {.input_pipe = true,
                                   .deadline_ms = 60000,
                                   .environment = environment,
                                   .preload_before = "/etc/for-everybody.so"};
    struct subject subject = {.asked = 0};

    own_etc();
    write_off();
    REQUIRE(symlink(proc_library(), options.preload_before) == 0);
    subject.process = proc_snippet_start("obey", NULL, &options);
    CHECK_TEXT(tell(&subject, "abort"), ABORTED);
    REQUIRE(unlink("/etc/lingerguard/off") == 0);
    COMES(&subject, "abort", EACCES_);
    CHECK_INT(said(&subject, "abort refused"), 1);
    end_quietly(&subject);
}

/* A relative log is that of the start. */
static void test_off_at_start_with_rules(void)
{
    const char *const relative[] = {"LINGERGUARD_RULES=log file off.log; reject EACCES", NULL};
    const char *path = in_directory("off.log");
    struct under under = {.variable = {relative[0]},
                          .start = {.input_pipe = true, .deadline_ms = 60000, .directory = directory}};
    struct subject subject = {.asked = 0};

    own_etc();
    write_off();
    subject.process = start_under("obey", NULL, &under);
    CHECK_TEXT(tell(&subject, "abort"), ABORTED);
    CHECK_TEXT(tell(&subject, "chdir /"), "");
    REQUIRE(unlink("/etc/lingerguard/off") == 0);
    COMES(&subject, "abort", EACCES_);
    CHECK(access(path, F_OK) == 0);
    end_quietly(&subject);
    remove_directory();
}

/* Nothing is in force yet that could stay: it is as if the program were started now. */
static void test_off_at_start_and_unusable(void)
{
    struct subject subject;
    struct records records;
    char *err;

    own_etc();
    write_file("/etc/lingerguard/policy", "rejekt\n");
    write_off();
    subject = start(NULL);
    CHECK_TEXT(tell(&subject, "abort"), ABORTED);
    CHECK_INT(said(&subject, "lingerguard"), 0);
    REQUIRE(unlink("/etc/lingerguard/off") == 0);
    STAYS(&subject, "abort", ABORTED);
    CHECK_INT(said(&subject, "the policy cannot be used, so linger-zero is observed"), 1);
    CHECK_CONTAINS(tell(&subject, "visible"), "9 ");
    write_file("/etc/lingerguard/policy", "reject EACCES\n");
    COMES(&subject, "abort", EACCES_);
    CHECK_CONTAINS(tell(&subject, "visible"), "1 ");
    err = end(&subject);
    records = records_parse(err, false);
    CHECK(records_find(&records, "rule=fallback:1 outcome=aborted") != NULL);
    records_free(&records);
    free(err);
}

static void test_system_policy(void)
{
    struct subject subject;

    own_etc();
    subject = start(NULL);
    CHECK_TEXT(tell(&subject, "abort"), DISARMED);
    write_file("/etc/lingerguard/policy", "reject EACCES\n");
    COMES(&subject, "abort", EACCES_);
    end_quietly(&subject);
}

static void test_directory(void)
{
    struct subject subject;
    struct records records;
    char *err;

    own_etc();
    write_file("/etc/lingerguard/policy", "tag main\nreject EACCES\n");
    REQUIRE(mkdir("/etc/lingerguard/policy.d", 0755) == 0);
    write_file("/etc/lingerguard/policy.d/20-b.policy", "allow\n");
    write_file("/etc/lingerguard/policy.d/10-a.policy", "# first\nreject EPERM\n");
    write_file("/etc/lingerguard/policy.d/00-no", "allow\n");
    write_file("/etc/lingerguard/policy.d/.00.policy", "allow\n");
    write_file("/etc/lingerguard/policy.d/00.policy", "log off\nallow\n");
    write_file("/etc/lingerguard/policy.d/.policy", "allow\n");
    subject = start(NULL);
    CHECK_TEXT(tell(&subject, "abort"), EPERM_);
    CHECK_INT(said(&subject, "left out: /etc/lingerguard/policy.d/00.policy:1:1: error"), 1);
    REQUIRE(unlink("/etc/lingerguard/policy.d/10-a.policy") == 0);
    COMES(&subject, "abort", ABORTED);
    REQUIRE(unlink("/etc/lingerguard/policy.d/20-b.policy") == 0);
    COMES(&subject, "abort", EACCES_);
    replace_file("/etc/lingerguard/policy.d/A.policy", "reject EPERM\n");
    COMES(&subject, "abort", EPERM_);
    write_file("/etc/lingerguard/policy.d/B.policy", "reject EACCES\norderly on unread quiet\n");
    STAYS(&subject, "abort", EPERM_);
    write_file("/etc/lingerguard/policy.d/A.policy.bad", "allow\n");
    replace_file("/etc/lingerguard/policy.d/A.policy", "nonsense\n");
    COMES(&subject, "abort", EACCES_);
    REQUIRE(rename("/etc/lingerguard/policy.d", "/etc/lingerguard/away") == 0);
    COMES(&subject, "unread", ABORTED);
    REQUIRE(rename("/etc/lingerguard/away", "/etc/lingerguard/policy.d") == 0);
    COMES(&subject, "unread", DISARMED);
    REQUIRE(unlink("/etc/lingerguard/policy") == 0); /* without its main policy it is another one */
    replace_file("/etc/lingerguard/policy.d/A.policy", "reject EPERM\n");
    STAYS(&subject, "abort", EACCES_);
    err = end(&subject);
    records = records_parse(err, false);
    CHECK(records_find(&records, "rule=/etc/lingerguard/policy.d/10-a.policy:2 tag=main") != NULL);
    CHECK(records_find(&records, "rule=/etc/lingerguard/policy.d/B.policy:1 tag=main") != NULL);
    records_free(&records);
    free(err);
}

/* It is not there at the start; it comes before any main policy; and LINGERGUARD_RULES alone is all there is. */
static void test_directory_comes(void)
{
    const char *path = in_directory("policy");
    char variable[256];
    const char *const alone[] = {"LINGERGUARD_RULES=reject EACCES", NULL};
    const char *const both[] = {variable, "LINGERGUARD_RULES=observe local :1", NULL};
    struct subject subject, main_subject;

    own_etc();
    write_file(path, "reject EACCES\n");
    snprintf(variable, sizeof variable, "LINGERGUARD_POLICY=%s", path);
    subject = start(alone);
    main_subject = start(both);
    CHECK_TEXT(tell(&subject, "abort"), EACCES_);
    CHECK_TEXT(tell(&main_subject, "abort"), EACCES_);
    REQUIRE(mkdir("/etc/lingerguard/policy.d", 0755) == 0);
    write_file("/etc/lingerguard/policy.d/a.policy", "reject EPERM\n");
    COMES(&main_subject, "abort", EPERM_);
    STAYS(&subject, "abort", EACCES_);
    end_quietly(&subject);
    subject = start(alone);
    CHECK_TEXT(tell(&subject, "abort"), EACCES_);
    end_quietly(&subject);
    end_quietly(&main_subject);
    remove_directory();
}

/* So many that not all of them count. */
static void test_many_files(void)
{
    struct subject subject;
    char path[96];

    own_etc();
    REQUIRE(mkdir("/etc/lingerguard/policy.d", 0755) == 0);
    for (int i = 99; i >= 0; i--) {
        snprintf(path, sizeof path, "/etc/lingerguard/policy.d/%02d.policy", i);
        write_file(path, i == 63 ? "reject EACCES\n" : i > 63 ? "allow\n" : "allow local :1\n");
    }
    subject = start(NULL);
    CHECK_TEXT(tell(&subject, "abort"), EACCES_);
    CHECK_INT(said(&subject, "more in policy.d than 64"), 1);
    REQUIRE(unlink("/etc/lingerguard/policy.d/00.policy") == 0);
    REQUIRE(unlink("/etc/lingerguard/policy.d/63.policy") == 0);
    COMES(&subject, "abort", ABORTED);
    end_quietly(&subject);
}

/* ---- A program that runs with more rights than its user ---- */

static void become_nobody(void *context)
{
    (void)context;
    become_nobody_for_good();
}

static void copy_program(const char *from, const char *to, mode_t mode)
{
    const char *const words[] = {"cp", "-L", from, to, NULL};
    struct proc_options options = {0};
    struct proc_result result = proc_run(words, &options);

    CHECK_INT(result.exit_status, 0);
    proc_result_free(&result);
    REQUIRE(chmod(to, mode) == 0);
}

static void replace_as(const char *path, const char *text, uid_t owner)
{
    char beside[256];

    snprintf(beside, sizeof beside, "%s.new", path);
    write_file(beside, text);
    REQUIRE(chown(beside, owner, 0) == 0 && rename(beside, path) == 0);
}

/* It takes nothing, and stands aside for nothing, that is not root's alone. */
static void test_secure(void)
{
    const char *const words[] = {"/etc/program", "--snippet", "obey", NULL};
    struct proc_options options = {.before_exec = become_nobody, .input_pipe = true, .deadline_ms = 60000};
    struct subject subject = {.asked = 0};
    char self[512] = {0};

    needs_root();
    REQUIRE(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
    own_etc();
    copy_program(proc_library(), "/etc/liblingerguard.so", 0755);
    copy_program(self, "/etc/program", 04755);
    write_file("/etc/ld.so.preload", "/etc/liblingerguard.so\n");
    write_file("/etc/lingerguard/policy", "log off\nreject EACCES\n");
    REQUIRE(mkdir("/etc/lingerguard/policy.d", 0755) == 0);
    subject.process = proc_start(words, &options);
    CHECK_TEXT(tell(&subject, "abort"), EACCES_);
    replace_as("/etc/lingerguard/policy", "reject EPERM\n", NOBODY);
    replace_as("/etc/lingerguard/off", "", NOBODY);
    replace_as("/etc/lingerguard/policy.d/a.policy", "allow\n", NOBODY);
    STAYS(&subject, "abort", EACCES_);
    replace_as("/etc/lingerguard/policy", "reject EPERM\n", 0);
    COMES(&subject, "abort", EPERM_);
    replace_as("/etc/lingerguard/off", "", 0);
    COMES(&subject, "abort", ABORTED);
    REQUIRE(unlink("/etc/lingerguard/off") == 0);
    replace_as("/etc/lingerguard/policy.d/a.policy", "reject EACCES\n", 0);
    COMES(&subject, "abort", EACCES_);
    end_quietly(&subject);
}

/* ---- Settings ---- */

static void test_settings(void)
{
    const char *path = in_directory("policy"), *first = in_directory("first.log"), *second = in_directory("second.log");
    char text[512];
    struct subject subject;
    char *log;

    snprintf(text, sizeof text, "log file %s\ntag one\nreject EACCES\n", first);
    write_file(path, text);
    subject = start_with_policy(path);
    CHECK_TEXT(tell(&subject, "abort"), EACCES_);
    snprintf(text, sizeof text, "log file %s\ntag two\nreject EPERM\n", second);
    replace_file(path, text);
    COMES(&subject, "abort", EPERM_);
    CHECK_CONTAINS(tell(&subject, "visible"), second);
    snprintf(text, sizeof text, "log file /nowhere/log\ntag three\nreject EACCES\n");
    replace_file(path, text);
    COMES(&subject, "abort", EACCES_);
    replace_file(path, "log off\nreject EPERM\n");
    COMES(&subject, "abort", EPERM_);
    end_quietly(&subject);
    log = records_file(first);
    CHECK_CONTAINS(log, "\"tag\":\"one\"");
    CHECK_LACKS(log, "\"tag\":\"two\"");
    free(log);
    log = records_file(second);
    CHECK_CONTAINS(log, "\"tag\":\"two\"");
    CHECK_CONTAINS(log, "\"tag\":\"three\"");
    CHECK_CONTAINS(log, "the log of the changed policy cannot be used (ENOENT)");
    CHECK_LACKS(log, "\"errno\":\"EPERM\",\"rule\":\"x:2\"");
    free(log);
    remove_directory();
}

/* What the environment says stays. */
static void test_overrides(void)
{
    const char *path = in_directory("policy");
    char variable[256];
    const char *const variables[] = {variable, "LINGERGUARD_LOG=stderr", "LINGERGUARD_RULES=tag kept; allow local :1",
                                     NULL};
    struct subject subject;
    struct records records;
    char *err;

    snprintf(variable, sizeof variable, "LINGERGUARD_POLICY=%s", path);
    write_file(path, "reject EACCES\n");
    subject = start(variables);
    CHECK_TEXT(tell(&subject, "abort"), EACCES_);
    replace_file(path, "log off\nformat text\ntag lost\nreject EPERM\n");
    COMES(&subject, "abort", EPERM_);
    err = end(&subject);
    records = records_parse(err, false);
    CHECK(records_find(&records, "errno=EPERM tag=kept") != NULL);
    records_free(&records);
    free(err);
    remove_directory();
}

/* `skip` comes and goes. */
static void test_skip(void)
{
    const char *path = in_directory("policy");
    struct subject subject;

    write_file(path, "reject EACCES\norderly on unread\n");
    subject = start_with_policy(path);
    CHECK_TEXT(tell(&subject, "abort"), EACCES_);
    replace_file(path, "skip exe *\nreject EACCES\n");
    COMES(&subject, "abort", ABORTED);
    CHECK_TEXT(tell(&subject, "unread"), ABORTED);
    replace_file(path, "orderly on linger-zero,unread\n");
    COMES(&subject, "abort", DISARMED);
    CHECK_TEXT(tell(&subject, "unread"), DISARMED);
    end_quietly(&subject);
    remove_directory();
}

static const struct proc_snippet snippets[] = {
    {"obey", snippet_obey},
};

static const struct tap_test tests[] = {
    {"an edit, in place and by rename, is in force at a next abort, and in its record", test_edits, 60000},
    {"a link that is changed on the way", test_config_map, 60000},
    {"a relative path is that of the load", test_relative, 60000},
    {"an error keeps the policy from before, and is told once", test_bad_edit, 60000},
    {"a policy that could not be used, mended", test_mended, 60000},
    {"a policy that is removed stays in force", test_gone, 60000},
    {"after a chroot the policy stays", test_chroot, 60000},
    {"a policy that may not be read any more stays, and that is told once", test_dropped, 60000},
    {"a child of vfork goes on as its parent did", test_vfork, 60000},
    {"a child of fork looks for itself", test_fork, 60000},
    {"on a signal stack of 8 KiB", test_small_stack, 60000},
    {"on a signal stack that is smaller still", test_smaller_stack, 60000},
    {"a process with a filter on its system calls looks no more", test_sandbox, 60000},
    {"/etc/lingerguard/off, there and gone", test_off, 60000},
    {"/etc/lingerguard/off at the start", test_off_at_start, 60000},
    {"/etc/lingerguard/off at the start: standard error is known", test_off_at_start_for_everybody, 60000},
    {"/etc/lingerguard/off at the start: a relative log is that of the start", test_off_at_start_with_rules, 60000},
    {"/etc/lingerguard/off at the start, and a policy that cannot be used", test_off_at_start_and_unusable, 60000},
    {"a system's policy that comes later", test_system_policy, 60000},
    {"policy.d before the main policy, in its order, without what is wrong", test_directory, 60000},
    {"policy.d that comes later; with LINGERGUARD_RULES alone there is none", test_directory_comes, 60000},
    {"policy.d has 64 files at most", test_many_files, 60000},
    {"a setuid program takes what is root's alone", test_secure, 60000},
    {"log, tag and format of the changed policy", test_settings, 60000},
    {"what the environment says stays", test_overrides, 60000},
    {"skip", test_skip, 60000},
};

int main(int argc, char **argv)
{
    proc_snippet_main(argc, argv, snippets, TAP_COUNT(snippets));
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
