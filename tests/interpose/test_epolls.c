/* SPDX-License-Identifier: MIT */
/*
 * A connection that is handed over leaves every epoll instance first, and where one of them is not known it is not
 * handed over: no event of it reaches the program once it has closed it.
 */
#include "tests/interpose/handed.h"

#include <sched.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "shim/base/syscall_numbers.h"

extern char **environ;

static struct net_pair pair;

static int instance(void)
{
    int fd = epoll_create1(EPOLL_CLOEXEC);

    REQUIRE(fd >= 0);
    return fd;
}

static void watch(int epoll, int fd, uint32_t events)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | events, .data = {.fd = fd}};

    CHECK_INT(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), 0);
}

static int events_of(int epoll, int wait_ms)
{
    struct epoll_event events[8];

    return epoll_wait(epoll, events, 8, wait_ms);
}

/* Closes the server of `pair`, which is handed over; then whatever its client does, nothing comes. */
static void check_no_event(int epoll)
{
    int fd = close_and_see(LISTENER_FD, &pair);

    CHECK(fd >= 0);
    CHECK_INT(events_of(epoll, 0), 0);
    CHECK(net_send_pattern(pair.client, 5, 10));
    CHECK_INT(events_of(epoll, 20), 0);
    CHECK_INT(close(pair.client), 0);
    CHECK_INT(events_of(epoll, 20), 0);
    if (fd >= 0)
        raw_close(fd);
}

static void check_kept(void)
{
    CHECK_INT(close_and_see(LISTENER_FD, &pair), -1);
}

/* ---- Handed over ---- */

static void registered(uint32_t events)
{
    int epoll = instance();

    pair = unread_pair(true);
    watch(epoll, pair.server, events);
    CHECK_INT(events_of(epoll, 1000), 1); /* so that there was something to go wrong */
    if (events & EPOLLONESHOT) {
        struct epoll_event again = {.events = EPOLLIN | EPOLLONESHOT};

        CHECK_INT(epoll_ctl(epoll, EPOLL_CTL_MOD, pair.server, &again), 0);
    }
    check_no_event(epoll);
}

static void level(void)
{
    registered(0);
}

static void edge(void)
{
    registered(EPOLLET);
}

static void oneshot(void)
{
    registered(EPOLLONESHOT);
}

static void exclusive(void)
{
    int epoll = instance();
    struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE};

    pair = unread_pair(true);
    CHECK_INT(epoll_ctl(epoll, EPOLL_CTL_ADD, pair.server, &event), 0);
    check_no_event(epoll);
}

static void by_number(void)
{
    int epoll = (int)syscall(SYS_epoll_create1, EPOLL_CLOEXEC);

    pair = unread_pair(true);
    watch(epoll, pair.server, 0);
    check_no_event(epoll);
}

static void by_old_call(void)
{
    int epoll = epoll_create(1);

    pair = unread_pair(true);
    watch(epoll, pair.server, 0);
    check_no_event(epoll);
}

#ifdef SYS_epoll_create
static void by_old_number(void)
{
    int epoll = (int)syscall(SYS_epoll_create, 1);

    pair = unread_pair(true);
    watch(epoll, pair.server, 0);
    check_no_event(epoll);
}
#endif

/* As many as are followed, the socket in each, and one in the other. */
static void many(void)
{
    int epoll[64], outer = -1;

    for (int i = 0; i < 64; i++)
        epoll[i] = instance();
    outer = epoll[0];
    watch(outer, epoll[63], 0);
    pair = unread_pair(true);
    for (int i = 1; i < 64; i++)
        watch(epoll[i], pair.server, i % 2 ? EPOLLET : 0);
    CHECK_INT(events_of(outer, 1000), 1);
    check_no_event(outer);
    for (int i = 1; i < 64; i++)
        CHECK_INT(events_of(epoll[i], 0), 0);
}

/* The number of a closed instance stands for another one, then for something else. */
static void number_again(void)
{
    int epoll = instance(), other;

    CHECK_INT(close(epoll), 0);
    other = instance();
    CHECK_INT(other, epoll);
    pair = unread_pair(true);
    watch(other, pair.server, 0);
    check_no_event(other);
    CHECK_INT(close(other), 0);
    CHECK(hands_one(LISTENER_FD));
    CHECK_INT(open("/dev/null", O_RDONLY | O_CLOEXEC), other);
    CHECK(hands_one(LISTENER_FD));
    for (int i = 0; i < 200; i++) /* no place is lost */
        CHECK_INT(close(instance()), 0);
    CHECK(hands_one(LISTENER_FD));
}

/* Closed in a way that is not seen, and the number is that of a new one. */
static void number_again_unseen(void)
{
    int epoll = instance(), other;

    raw_close(epoll);
    CHECK(hands_one(LISTENER_FD));
    other = instance();
    CHECK_INT(other, epoll);
    pair = unread_pair(true);
    watch(other, pair.server, 0);
    check_no_event(other);
}

/* A vfork child has our memory, and closes its own copies. */
static void vfork_child(void)
{
    int epoll = instance();

    if (vfork() == 0) {
        close(epoll);
        _exit(0);
    }
    pair = unread_pair(true);
    watch(epoll, pair.server, 0);
    check_no_event(epoll);
    if (vfork() == 0) {
        close_range(3, ~0u, 0);
        _exit(0);
    }
    if (vfork() == 0) {
        dup2(0, epoll);
        _exit(0);
    }
    pair = unread_pair(true);
    watch(epoll, pair.server, 0);
    check_no_event(epoll);
}

static void spawned(void)
{
    static char *const words[] = {(char *)"sh", (char *)"-c", (char *)"exec 4>&- 5>&- 6>&-; :", NULL};
    int epoll = instance();
    posix_spawn_file_actions_t actions;
    pid_t child;

    CHECK_INT(fcntl(epoll, F_SETFD, 0), 0);
    CHECK_INT(posix_spawn_file_actions_init(&actions), 0);
    CHECK_INT(posix_spawn_file_actions_addclose(&actions, epoll), 0);
    CHECK_INT(posix_spawnp(&child, "sh", &actions, NULL, words, environ), 0);
    CHECK_INT(waitpid(child, NULL, 0), child);
    CHECK_INT(system("exec 4>&- 5>&-; :"), 0);
    pair = unread_pair(true);
    watch(epoll, pair.server, 0);
    check_no_event(epoll);
}

/* The parent of a fork goes on: the instance is still its own. */
static void parent_of_fork(void)
{
    int epoll = instance();
    pid_t child = fork();

    if (child == 0)
        _exit(0);
    CHECK_INT(waitpid(child, NULL, 0), child);
    pair = unread_pair(true);
    watch(epoll, pair.server, 0);
    check_no_event(epoll);
}

/* A child that makes its own. */
static void fork_child_without(void)
{
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        level();
        _exit(tap_failures() > 0);
    }
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK_INT(status, 0);
}

/* ---- Not handed over ---- */

static void one_too_many(void)
{
    for (int i = 0; i < 65; i++)
        instance();
    pair = unread_pair(true);
    check_kept();
}

static void duplicated_by(int copy)
{
    CHECK(copy >= 0);
    pair = unread_pair(true);
    watch(copy, pair.server, 0);
    check_kept();
}

static void duplicated(void)
{
    duplicated_by(dup(instance()));
}

static void duplicated_onto(void)
{
    duplicated_by(dup2(instance(), 100));
}

static void duplicated_by_fcntl(void)
{
    duplicated_by(fcntl(instance(), F_DUPFD_CLOEXEC, 50));
}

/* Sent over a pair of sockets of our own, and received again. */
static int sent_to_ourselves(int fd, bool send_unseen, bool by_plural)
{
    char control[CMSG_SPACE(sizeof fd)] __attribute__((aligned(8))) = {0}, byte = 'x';
    struct iovec part = {&byte, 1};
    struct mmsghdr whole = {
        .msg_hdr = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control}};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&whole.msg_hdr);
    int sockets[2], got;

    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(rights), &fd, sizeof fd);
    if (send_unseen)
        CHECK_INT(raw_syscall(SYS_sendmsg, sockets[0], (long)&whole.msg_hdr, 0, 0, 0), 1);
    else if (by_plural)
        CHECK_INT(sendmmsg(sockets[0], &whole, 1, 0), 1);
    else
        CHECK_INT(sendmsg(sockets[0], &whole.msg_hdr, 0), 1);
    if (!send_unseen)
        return -1;
    if (by_plural)
        CHECK_INT(recvmmsg(sockets[1], &whole, 1, 0, NULL), 1);
    else
        CHECK_INT(recvmsg(sockets[1], &whole.msg_hdr, 0), 1);
    memcpy(&got, CMSG_DATA(rights), sizeof got);
    return got;
}

static void sent(void)
{
    sent_to_ourselves(instance(), false, false);
    pair = unread_pair(true);
    check_kept();
}

static void sent_by_plural(void)
{
    sent_to_ourselves(instance(), false, true);
    pair = unread_pair(true);
    check_kept();
}

static int unseen_instance(void)
{
    return (int)raw_syscall(SYS_epoll_create1, EPOLL_CLOEXEC, 0, 0, 0, 0);
}

static void received(void)
{
    duplicated_by(sent_to_ourselves(unseen_instance(), true, false));
}

static void received_by_plural(void)
{
    duplicated_by(sent_to_ourselves(unseen_instance(), true, true));
}

/* What is no instance does no harm. */
static void received_file(void)
{
    int file = open("/dev/null", O_RDONLY | O_CLOEXEC), pipes[2];

    CHECK_INT(pipe(pipes), 0);
    CHECK(sent_to_ourselves(file, true, false) >= 0);
    CHECK(sent_to_ourselves(pipes[0], true, false) >= 0);
    CHECK(hands_one(LISTENER_FD));
}

static void taken_by_pidfd(void)
{
    int pidfd = (int)raw_syscall(SYS_pidfd_open, getpid(), 0, 0, 0, 0);
    int hidden = unseen_instance();

    if (pidfd < 0)
        return;
    duplicated_by((int)syscall(438 /* pidfd_getfd */, pidfd, hidden, 0));
}

static void exec_self(const char *what)
{
    char *const words[] = {(char *)"self", (char *)"--snippet", (char *)"case", (char *)(uintptr_t)what, NULL};
    int epoll = instance();

    CHECK_INT(fcntl(epoll, F_SETFD, 0), 0);
    CHECK_INT(fcntl(LISTENER_FD, F_SETFD, 0), 0);
    execv("/proc/self/exe", words);
    CHECK(false);
}

static void inherited_there(void)
{
    pair = unread_pair(true);
    check_kept();
}

static void inherited(void)
{
    exec_self("what came over exec");
}

static void ring(void)
{
    static char parameters[256];
    long fd = syscall(425 /* io_uring_setup */, 2, parameters);

    pair = unread_pair(true);
    if (fd < 0) {
        tap_note("no io_uring here");
        return;
    }
    check_kept();
}

/* The registration may stand under a number that is gone. */
static void socket_with_duplicate(void)
{
    int epoll = instance(), copy;

    pair = unread_pair(true);
    copy = dup(pair.server);
    watch(epoll, copy, 0);
    CHECK_INT(close(copy), 0);
    check_kept();
    CHECK_INT(events_of(epoll, 20), 0);
    CHECK(hands_one(LISTENER_FD)); /* the next one under this number had none */
}

static void socket_with_signal(void)
{
    pair = unread_pair(true);
    CHECK_INT(fcntl(pair.server, F_SETFL, O_NONBLOCK | O_ASYNC), 0);
    check_kept();
}

static void in_child(pid_t child)
{
    int status = 0;

    if (child == 0) {
        pair = unread_pair(true);
        check_kept();
        _exit(tap_failures() > 0);
    }
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK_INT(status, 0);
}

static void fork_child(void)
{
    instance();
    in_child(fork());
    CHECK(hands_one(LISTENER_FD));
}

static void clone_child(void)
{
    instance();
    in_child((pid_t)syscall(SYS_clone, LG_CLONE_FLAGS(SIGCHLD), 0, 0, 0));
    CHECK(hands_one(LISTENER_FD));
}

/* It closes its copy, and may use the number for one of its own: the parent still has what it inherited. */
static void clone_child_closes(void)
{
    int epoll = instance();
    pid_t child = (pid_t)syscall(SYS_clone, LG_CLONE_FLAGS(SIGCHLD), 0, 0, 0);
    int status = 0;

    if (child == 0) {
        pair = unread_pair(true);
        watch(epoll, pair.server, 0);
        CHECK_INT(close(epoll), 0);
        check_kept();
        CHECK_INT(instance(), epoll);
        pair = unread_pair(true);
        check_kept();
        _exit(tap_failures() > 0);
    }
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK_INT(status, 0);
    CHECK_INT(events_of(epoll, 20), 0);
    CHECK(hands_one(LISTENER_FD));
}

struct one_case {
    const char *name;
    void (*run)(void);
};

static const struct one_case handed_cases[] = {
    {"level", level},
    {"edge", edge},
    {"oneshot", oneshot},
    {"exclusive", exclusive},
    {"syscall", by_number},
    {"epoll_create", by_old_call},
#ifdef SYS_epoll_create
    {"syscall of epoll_create", by_old_number},
#endif
    {"64 instances", many},
    {"a number again", number_again},
    {"a number again, unseen", number_again_unseen},
    {"vfork children that close", vfork_child},
    {"spawned children that close", spawned},
    {"a fork's parent", parent_of_fork},
    {"a fork's child with instances of its own", fork_child_without},
    {"a file was received", received_file},
};

static const struct one_case kept_cases[] = {
    {"65 instances", one_too_many},
    {"dup", duplicated},
    {"dup2", duplicated_onto},
    {"fcntl", duplicated_by_fcntl},
    {"sent", sent},
    {"sent by sendmmsg", sent_by_plural},
    {"received", received},
    {"received by recvmmsg", received_by_plural},
    {"pidfd_getfd", taken_by_pidfd},
    {"inherited over exec", inherited},
    {"io_uring", ring},
    {"a socket that had a duplicate", socket_with_duplicate},
    {"O_ASYNC", socket_with_signal},
    {"a fork's child", fork_child},
    {"a clone's child", clone_child},
    {"a clone's child that closes its copy", clone_child_closes},
};

static void run_case(int argc, char **argv)
{
    REQUIRE(argc == 1);
    link_end = drainer_accept(LISTENER_FD); /* made at load */
    CHECK(link_end >= 0);
    if (strcmp(argv[0], "what came over exec") == 0)
        inherited_there();
    for (size_t i = 0; i < TAP_COUNT(handed_cases); i++) {
        if (strcmp(argv[0], handed_cases[i].name) == 0)
            handed_cases[i].run();
    }
    for (size_t i = 0; i < TAP_COUNT(kept_cases); i++) {
        if (strcmp(argv[0], kept_cases[i].name) == 0)
            kept_cases[i].run();
    }
}

static void run_cases(const struct one_case *cases, size_t count)
{
    const char *directory = own_directory();
    char path[128], variable[160];
    struct under under = {.rules = HANDED_RULES, .variable = {variable}, .log = "off"};

    snprintf(path, sizeof path, "%s/socket", directory);
    snprintf(variable, sizeof variable, "LINGERGUARD_DRAINER=%s", path);
    for (size_t i = 0; i < count; i++) {
        const char *const arguments[] = {cases[i].name, NULL};
        struct proc_result result;

        under.start.inherit_fd[0] = drainer_listen(path);
        result = run_under("case", arguments, &under);
        check_ended(&result, cases[i].name);
        proc_result_free(&result);
        close(under.start.inherit_fd[0]);
    }
    unlink(path);
    rmdir(directory);
}

static void test_handed(void)
{
    run_cases(handed_cases, TAP_COUNT(handed_cases));
}

static void test_kept(void)
{
    run_cases(kept_cases, TAP_COUNT(kept_cases));
}

static const struct proc_snippet snippets[] = {{"case", run_case}};

static const struct tap_test tests[] = {
    {"handed over: out of every epoll instance, and no stale event", test_handed, 60000},
    {"not handed over where an instance may be another's, or the socket may be known by other ways", test_kept, 60000},
};

int main(int argc, char **argv)
{
    proc_snippet_main(argc, argv, snippets, TAP_COUNT(snippets));
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
