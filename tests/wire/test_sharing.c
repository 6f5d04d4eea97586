/* SPDX-License-Identifier: MIT */
/*
 * Two holders of one connection: whatever the first one does to end it, the second one's conversation
 * goes on byte for byte. And a holder that is alone is not held back by any of this.
 */
#include "tests/wire/sharing.h"

#include <sched.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "shim/base/syscall_numbers.h"

extern char **environ;

/* ---- By fork ---- */

static void fork_before(const struct sharing *sharing, int fd)
{
    ask_for_abort(sharing, fd);
    if (sharing->fork() == 0)
        other_holder(sharing, fd);
    close(fd);
    go(sharing);
}

static void fork_child_closes(const struct sharing *sharing, int fd)
{
    pid_t child = sharing->fork();

    if (child == 0) {
        ask_for_abort(sharing, fd);
        close(fd);
        _exit(0);
    }
    CHECK_INT(waitpid(child, NULL, 0), child);
    talk(fd);
}

static void fork_child_exits(const struct sharing *sharing, int fd)
{
    pid_t child = sharing->fork();

    if (child == 0) {
        ask_for_abort(sharing, fd);
        _exit(0);
    }
    CHECK_INT(waitpid(child, NULL, 0), child);
    talk(fd);
}

static pid_t fork_by_number(void)
{
#ifdef SYS_fork
    return (pid_t)syscall(SYS_fork);
#else
    return (pid_t)syscall(SYS_clone, LG_CLONE_FLAGS(SIGCHLD), 0, 0, 0);
#endif
}

static pid_t clone_by_number(void)
{
    return (pid_t)syscall(SYS_clone, LG_CLONE_FLAGS(SIGCHLD), 0, 0, 0);
}

static struct cloned {
    const struct sharing *sharing;
    int fd;
} cloned;

static int clone_main(void *unused)
{
    (void)unused;
    other_holder(cloned.sharing, cloned.fd);
}

static void by_clone(const struct sharing *sharing, int fd)
{
    static char stack[256 << 10] __attribute__((aligned(16)));

    ask_for_abort(sharing, fd);
    cloned = (struct cloned){sharing, fd};
    CHECK(clone(clone_main, stack + sizeof stack, SIGCHLD, NULL) > 0);
    close(fd);
    go(sharing);
}

static void by_daemon(const struct sharing *sharing, int fd)
{
    ask_for_abort(sharing, fd);
    REQUIRE(daemon(1, 1) == 0);
    talk(fd);
}

/* The parent closes while the daemon is not up yet: its copy is as good. */
static void by_daemon_dup(const struct sharing *sharing, int fd)
{
    int copy = dup(fd);

    ask_for_abort(sharing, fd);
    REQUIRE(daemon(1, 1) == 0);
    close(fd);
    talk(copy);
}

/* ---- By another program: what an inetd does ---- */

static void let_inherit(const struct sharing *sharing, int fd)
{
    CHECK_INT(fcntl(fd, F_SETFD, 0), 0);
    CHECK_INT(fcntl(sharing->go[0], F_SETFD, 0), 0);
}

static void by_posix_spawn(const struct sharing *sharing, int fd)
{
    struct program_words *words = program_words(sharing, fd, "talker");
    posix_spawn_file_actions_t actions;
    pid_t child;

    ask_for_abort(sharing, fd);
    let_inherit(sharing, fd);
    CHECK_INT(posix_spawn_file_actions_init(&actions), 0);
    CHECK_INT(posix_spawn(&child, words->at[0], &actions, NULL, words->at, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(fd);
    go(sharing);
}

static void by_posix_spawnp(const struct sharing *sharing, int fd)
{
    struct program_words *words = program_words(sharing, fd, "talker");
    pid_t child;

    ask_for_abort(sharing, fd);
    let_inherit(sharing, fd);
    CHECK_INT(posix_spawnp(&child, words->at[0], NULL, NULL, words->at, environ), 0);
    close(fd);
    go(sharing);
}

static void by_vfork(const struct sharing *sharing, int fd)
{
    struct program_words *words = program_words(sharing, fd, "talker");

    ask_for_abort(sharing, fd);
    let_inherit(sharing, fd);
    if (vfork() == 0) {
        execv(words->at[0], words->at);
        _exit(127);
    }
    close(fd);
    go(sharing);
}

/* The program that was started is the one that closes first. */
static void spawned_closes(const struct sharing *sharing, int fd)
{
    struct program_words *words = program_words(sharing, fd, "closer");
    int status = -1;
    pid_t child;

    let_inherit(sharing, fd);
    CHECK_INT(posix_spawn(&child, words->at[0], NULL, NULL, words->at, environ), 0);
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK_INT(status, 0);
    talk(fd);
}

static void by_popen(const struct sharing *sharing, int fd)
{
    ask_for_abort(sharing, fd);
    let_inherit(sharing, fd);
    CHECK(popen(shell_words(sharing, fd, ""), "w") != NULL);
    close(fd);
    go(sharing);
}

static void by_system(const struct sharing *sharing, int fd)
{
    ask_for_abort(sharing, fd);
    let_inherit(sharing, fd);
    CHECK_INT(system(shell_words(sharing, fd, "&")), 0);
    close(fd);
    go(sharing);
}

/* ---- By a message ---- */

static void send_over(int unix_fd, int fd, bool many)
{
    char byte = 0, control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec data = {&byte, 1};
    struct mmsghdr message = {
        .msg_hdr = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control}};
    struct cmsghdr *part = CMSG_FIRSTHDR(&message.msg_hdr);

    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(part), &fd, sizeof fd);
    if (many)
        CHECK_INT(sendmmsg(unix_fd, &message, 1, 0), 1);
    else
        CHECK_INT(sendmsg(unix_fd, &message.msg_hdr, 0), 1);
}

static int receive_from(int unix_fd)
{
    char byte, control[CMSG_SPACE(sizeof(int))];
    struct iovec data = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    int fd = -1;

    CHECK_INT(recvmsg(unix_fd, &message, MSG_CMSG_CLOEXEC), 1);
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    return fd;
}

/* A pre-fork server: the worker is there before the connection, which is passed to it. */
static void pass_on(const struct sharing *sharing, bool many)
{
    int ends[2], fd;

    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    if (sharing->fork() == 0)
        other_holder(sharing, receive_from(ends[1]));
    fd = accept_it();
    ask_for_abort(sharing, fd);
    send_over(ends[0], fd, many);
    close(fd);
    go(sharing);
}

static void by_sendmsg(const struct sharing *sharing, int fd)
{
    (void)fd;
    pass_on(sharing, false);
}

static void by_sendmmsg(const struct sharing *sharing, int fd)
{
    (void)fd;
    pass_on(sharing, true);
}

/* The worker that received it closes first. */
static void receiver_closes(const struct sharing *sharing, int unused)
{
    int ends[2], fd, received;
    pid_t child;

    (void)unused;
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    child = sharing->fork();
    if (child == 0) {
        received = receive_from(ends[1]);
        ask_for_abort(sharing, received);
        close(received);
        _exit(0);
    }
    fd = accept_it();
    send_over(ends[0], fd, false);
    CHECK_INT(waitpid(child, NULL, 0), child);
    talk(fd);
}

/* Nobody has received it yet, and it is closed here: the message holds it. */
static void in_flight(const struct sharing *sharing, int fd)
{
    int ends[2];

    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    ask_for_abort(sharing, fd);
    send_over(ends[0], fd, false);
    close(fd);
    talk(receive_from(ends[1]));
}

/* ---- By a second descriptor ---- */

static void close_first(const struct sharing *sharing, int fd, int second)
{
    REQUIRE(second >= 0);
    ask_for_abort(sharing, fd);
    close(fd);
    talk(second);
}

static void by_dup(const struct sharing *sharing, int fd)
{
    close_first(sharing, fd, dup(fd));
}

static void by_dup2(const struct sharing *sharing, int fd)
{
    close_first(sharing, fd, dup2(fd, 77));
}

static void by_dup3(const struct sharing *sharing, int fd)
{
    close_first(sharing, fd, dup3(fd, 77, O_CLOEXEC));
}

static void by_dupfd(const struct sharing *sharing, int fd)
{
    close_first(sharing, fd, fcntl(fd, F_DUPFD, 40));
}

static void by_dupfd_cloexec(const struct sharing *sharing, int fd)
{
    close_first(sharing, fd, fcntl(fd, F_DUPFD_CLOEXEC, 40));
}

static void by_dup_number(const struct sharing *sharing, int fd)
{
    close_first(sharing, fd, (int)syscall(SYS_dup, fd));
}

/* The second goes first. */
static void dup_closed_first(const struct sharing *sharing, int fd)
{
    close_first(sharing, dup(fd), fd);
}

/* One stream to read and one to write, as many servers do. */
static void by_streams(const struct sharing *sharing, int fd)
{
    int second = dup(fd);
    FILE *in = fdopen(fd, "r");

    REQUIRE(in != NULL);
    ask_for_abort(sharing, fd);
    CHECK_INT(fclose(in), 0);
    talk(second);
}

/* Over another descriptor that is the same socket: dup2 ends only the one it replaces. */
static void replaced(const struct sharing *sharing, int fd)
{
    int second = dup(fd), null = open("/dev/null", O_RDWR | O_CLOEXEC);

    ask_for_abort(sharing, fd);
    CHECK_INT(dup2(null, fd), fd);
    talk(second);
}

static const struct way_to_share ways[] = {
    {"fork, and the parent closes", fork_before, fork, false, false},
    {"fork, and the child closes", fork_child_closes, fork, false, false},
    {"fork, and the child exits", fork_child_exits, fork, false, false},
    {"_Fork", fork_before, fork_quietly, false, false},
    {"_Fork, and the child closes", fork_child_closes, fork_quietly, false, false},
    {"syscall(SYS_fork)", fork_before, fork_by_number, false, false},
    {"syscall(SYS_clone)", fork_before, clone_by_number, false, false},
    {"syscall(SYS_clone), and the child closes", fork_child_closes, clone_by_number, false, false},
    {"clone", by_clone, NULL, false, false},
    {"daemon", by_daemon, NULL, false, false},
    {"daemon with a dup", by_daemon_dup, NULL, false, false},
    {"posix_spawn", by_posix_spawn, NULL, false, false},
    {"posix_spawnp", by_posix_spawnp, NULL, false, false},
    {"posix_spawn, and the program closes", spawned_closes, NULL, false, false},
    {"vfork and exec", by_vfork, NULL, false, false},
    {"popen", by_popen, NULL, false, false},
    {"system", by_system, NULL, false, false},
    {"sendmsg to a worker", by_sendmsg, fork, true, false},
    {"sendmmsg to a worker", by_sendmmsg, fork, true, false},
    {"sendmsg, and the worker closes", receiver_closes, fork, true, false},
    {"sendmsg, in flight", in_flight, NULL, false, false},
    {"dup", by_dup, NULL, false, true},
    {"dup, and the second closes first", dup_closed_first, NULL, false, true},
    {"dup2", by_dup2, NULL, false, true},
    {"dup3", by_dup3, NULL, false, true},
    {"F_DUPFD", by_dupfd, NULL, false, true},
    {"F_DUPFD_CLOEXEC", by_dupfd_cloexec, NULL, false, true},
    {"syscall(SYS_dup)", by_dup_number, NULL, false, true},
    {"dup2 over one of two", replaced, NULL, false, true},
    {"fdopen and fclose", by_streams, NULL, false, true},
};

/* ---- The tests ---- */

static void snippet_share(int argc, char **argv)
{
    share(ways, TAP_COUNT(ways), argc, argv);
}

static const char *const both_asks[] = {"linger0", "plain"};

/* The first holder's end must be without any effect: here on the bare kernel, where it is. */
static void bare_kernel(void)
{
    for (size_t i = 0; i < TAP_COUNT(ways); i++) {
        struct scene_end end = play_sharing(i, "linger0", NULL);

        if (end.ours.rst == 0)
            tap_fail(__FILE__, __LINE__, "%s: linger zero was not in force", ways[i].name);
        scene_free(&end);
    }
}

static void goes_on(const char *rules)
{
    for (size_t i = 0; i < TAP_COUNT(ways); i++)
        for (size_t k = 0; k < TAP_COUNT(both_asks); k++) {
            int before = tap_failures();
            struct scene_end end = play_sharing(i, both_asks[k], rules);

            check_conversation(&end, ways[i].within && k == 0 && strstr(rules, "drain") != NULL);
            if (tap_failures() != before)
                tap_note("... that was: %s, %s, under '%s'\n%s%s", ways[i].name, both_asks[k], rules, end.program.out,
                         end.program.err);
            scene_free(&end);
        }
}

static void under_drain(void)
{
    goes_on("drain 2s on linger-zero,unread");
}

static void under_drain_every_close(void)
{
    goes_on("inspect every-close; drain 2s on linger-zero,unread");
}

static void under_orderly(void)
{
    goes_on("orderly within 30s on linger-zero,unread");
}

static void under_default(void)
{
    goes_on("");
}

static const struct tap_test tests[] = {
    {"linger zero of a shared connection resets on the bare kernel, in the end", bare_kernel, 120000},
    {"the other holder's conversation goes on under drain", under_drain, 240000},
    {"the other holder's conversation goes on under drain, every close inspected", under_drain_every_close, 240000},
    {"the other holder's conversation goes on under orderly", under_orderly, 240000},
    {"the other holder's conversation goes on under the built-in policy", under_default, 240000},
};

static const struct proc_snippet snippets[] = {
    {"share", snippet_share}, {"talker", snippet_talker}, {"closer", snippet_closer}};

int main(int argc, char **argv)
{
    proc_snippet_main(argc, argv, snippets, TAP_COUNT(snippets));
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
