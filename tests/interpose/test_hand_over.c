/* SPDX-License-Identifier: MIT */
/*
 * The link to the drainer, what is said over it, and what becomes of it: the program may do what it likes to numbers
 * that it did not open, the drainer may come and go, and a connection that cannot be handed over is closed at once as
 * without a drainer.
 */
#include "tests/interpose/handed.h"

#include <dirent.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#ifndef CLOSE_RANGE_UNSHARE
#define CLOSE_RANGE_UNSHARE 2
#endif

#define NOBODY  65534
#define SOON_MS 5000u

static const char *own_path(void)
{
    return getenv("LINGERGUARD_DRAINER");
}

/* The number of the library's descriptor; -1 when there is none. */
static int find_link(void)
{
    for (int fd = 3; fd < 4096; fd++) {
        struct sockaddr_un at = {0};
        socklen_t size = sizeof at;

        if (raw_syscall(SYS_getpeername, fd, (long)&at, (long)&size, 0, 0) == 0 && at.sun_family == AF_UNIX &&
            strcmp(at.sun_path, own_path()) == 0)
            return fd;
    }
    return -1;
}

/* How many descriptors are open. */
static int count_open(void)
{
    DIR *numbers = opendir("/proc/self/fd");
    int count = 0;

    REQUIRE(numbers != NULL);
    while (readdir(numbers) != NULL)
        count++;
    closedir(numbers);
    return count;
}

static bool hands_one_now(void *listener)
{
    return hands_one(*(int *)listener);
}

/* Once a second the drainer is looked for. */
static void check_hands_soon(int listener)
{
    CHECK(net_wait_for(hands_one_now, &listener, SOON_MS));
}

/* ---- What is said ---- */

static struct net_pair pair;
static struct lg_hand_off message;

static void check_text(const char *field, size_t size, const char *want)
{
    char text[65] = {0};

    memcpy(text, field, size);
    CHECK_TEXT(text, want);
}

#define CHECK_FIELD(field, want) check_text(field, sizeof(field), want)

static uint64_t cookie_of_socket(int fd)
{
    uint64_t cookie = 0;
    socklen_t size = sizeof cookie;

    CHECK_INT(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size), 0);
    return cookie;
}

/* Each way to close, by its name in the message. */
static void close_by(const char *way, int fd)
{
    FILE *stream;

    errno = UNTOUCHED;
    if (strcmp(way, "close") == 0)
        CHECK_INT(close(fd), 0);
    else if (strcmp(way, "dup2") == 0)
        CHECK_INT(dup2(0, fd), fd);
    else if (strcmp(way, "dup3") == 0)
        CHECK_INT(dup3(0, fd, O_CLOEXEC), fd);
    else if (strcmp(way, "close_range") == 0)
        CHECK_INT(close_range((unsigned)fd, (unsigned)fd, 0), 0);
    else if (strcmp(way, "closefrom") == 0)
        closefrom(fd);
    else if (strcmp(way, "syscall") == 0)
        CHECK_INT(syscall(SYS_close, fd), 0);
    else if (strcmp(way, "fclose") == 0 && (stream = fdopen(fd, "r+")) != NULL)
        CHECK_INT(fclose(stream), 0);
    else if (strcmp(way, "freopen") == 0 && (stream = fdopen(fd, "r+")) != NULL)
        CHECK(freopen("/dev/null", "r", stream) != NULL);
    if (strcmp(way, "freopen") != 0) /* where a terminal is asked for, in vain */
        CHECK_INT(errno, UNTOUCHED);
}

static void check_said(const char *way)
{
    uint64_t cookie;
    char exe[256] = {0};
    int fd;

    pair = unread_pair(true);
    CHECK(net_fill(pair.server, 0) > 0);
    cookie = cookie_of_socket(pair.server);
    close_by(way, pair.server);
    fd = handed(LISTENER_FD, &message);
    REQUIRE(fd >= 0);
    CHECK(cookie_of_socket(fd) == cookie);
    CHECK(message.magic == LG_HAND_OFF_MAGIC);
    CHECK_INT(message.version, LG_HAND_OFF_VERSION);
    CHECK_INT(message.size_bytes, sizeof message);
    CHECK_INT(message.flags, 0);
    CHECK_INT(message.limit_ms, 300);
    CHECK_INT(message.idle_ms, 200);
    CHECK_INT(message.pid, getpid());
    CHECK_INT(message.tid, getpid());
    CHECK(message.policy != 0);
    CHECK(message.cookie == cookie);
    CHECK(message.unsent_bytes > 0);
    CHECK_FIELD(message.call, way);
    CHECK_FIELD(message.cause, "unread");
    CHECK_FIELD(message.rule, "rules:2");
    CHECK(readlink("/proc/self/exe", exe, sizeof exe - 1) > 0);
    CHECK_FIELD(message.exe, strlen(exe) > sizeof message.exe ? "" : exe);
    CHECK_INT(net_tcp_state(fd), TCP_FIN_WAIT1); /* its FIN is on its way */
    CHECK_INT(net_unread_bytes(fd), 5);
    printf("unsent_bytes=%lld socket=%llu\n", (long long)message.unsent_bytes, (unsigned long long)message.cookie);
    raw_close(pair.client); /* it has unread input too */
    raw_close(fd);
}

static void said(int argc, char **argv)
{
    (void)argc;
    link_end = drainer_accept(LISTENER_FD);
    check_said(argv[0]);
}

/* ---- Threads ---- */

static void *sleep_on(void *unused)
{
    pause();
    return unused;
}

static void *write_blocked(void *bytes)
{
    static uint8_t data[4 << 20];
    ssize_t *sent = bytes;

    *sent = send(pair.server, data, sizeof data, MSG_NOSIGNAL);
    return NULL;
}

/* Blocking, and another thread may be inside a read: the drainer is told. O_NONBLOCK: nobody can be. */
static void threads(int argc, char **argv)
{
    pthread_t thread;
    ssize_t sent = 0;
    int fd;

    (void)argc, (void)argv;
    link_end = drainer_accept(LISTENER_FD);
    pair = unread_pair(false);
    CHECK_INT(close(pair.server), 0);
    fd = handed(LISTENER_FD, &message);
    CHECK(fd >= 0);
    CHECK_INT(message.flags, 0); /* alone */
    CHECK_INT(pthread_create(&thread, NULL, sleep_on, NULL), 0);
    pair = unread_pair(false);
    CHECK_INT(close(pair.server), 0);
    fd = handed(LISTENER_FD, &message);
    CHECK(fd >= 0);
    CHECK_INT(message.flags, LG_HAND_OFF_OTHER_READER);
    CHECK_INT(message.tid, raw_syscall(SYS_gettid, 0, 0, 0, 0, 0));
    pair = unread_pair(true);
    CHECK_INT(close(pair.server), 0);
    fd = handed(LISTENER_FD, &message);
    CHECK(fd >= 0);
    CHECK_INT(message.flags, 0);
    pthread_cancel(thread);
    pthread_join(thread, NULL);

    /* A FIN would end a write that is blocked. */
    pair = unread_pair(false);
    CHECK_INT(pthread_create(&thread, NULL, write_blocked, &sent), 0);
    while (raw_syscall(SYS_ppoll, (long)&(struct pollfd){pair.server, POLLOUT, 0}, 1, (long)&(struct timespec){0, 0}, 0,
                       0) > 0)
        usleep(1000);
    CHECK_INT(close(pair.server), 0);
    CHECK_INT(handed(LISTENER_FD, &message), -1);
    net_read_all(pair.client, 5000);
    pthread_join(thread, NULL);
    CHECK_INT(sent, 4 << 20);
}

/* ---- Our number ---- */

/* Handed over, by the link that there was. */
static void check_still(const char *what)
{
    int before = link_end;
    bool hands = hands_one(LISTENER_FD);

    if (!hands || link_end != before || drainer_accept(LISTENER_FD) >= 0)
        tap_fail(__FILE__, __LINE__, "after %s: %s", what, hands ? "by another link" : "not handed over");
}

#define STILL(call) ((void)(call), check_still(#call))

static void guarded(int argc, char **argv)
{
    int link = find_link();

    (void)argc, (void)argv;
    link_end = drainer_accept(LISTENER_FD);
    REQUIRE(link > 100 && fcntl(link, F_GETFD) == FD_CLOEXEC);
    for (int inspecting = 0; inspecting < 2; inspecting++) { /* check_still makes every close inspected */
        errno = 0;
        CHECK(close(link) == -1 && errno == EBADF);
        CHECK(syscall(SYS_close, link) == -1 && errno == EBADF);
        CHECK_INT(close_range((unsigned)link, (unsigned)link, 0), 0);
        STILL(close_range((unsigned)link - 1, (unsigned)link + 1, 0));
        STILL(close_range(20, ~0u, 0));
        STILL(syscall(SYS_close_range, 20, ~0u, 0));
        STILL(closefrom(20));
        for (int fd = 20; fd < 4096; fd++)
            close(fd);
        check_still("a loop of close");
        for (int fd = 20; fd < 4096; fd++)
            syscall(SYS_close, fd);
        check_still("a loop of syscall");
        CHECK_INT(find_link(), link);
    }
    CHECK_INT(dup2(0, link), link); /* it takes another number */
    check_still("dup2");
    CHECK(find_link() != link);
    CHECK_INT(close(link), 0);
    link = find_link();
    CHECK_INT(dup3(0, link, O_CLOEXEC), link);
    check_still("dup3");
    CHECK_INT(syscall(SYS_dup3, 0, find_link(), 0), link + 1);
    check_still("syscall of dup3");
    STILL(close_range(20, ~0u, CLOSE_RANGE_UNSHARE));
}

/* Closed in a way that is not seen, and the number is the program's: no byte, no close. */
static void taken(int argc, char **argv)
{
    int number = find_link();
    struct net_pair own = net_pair(AF_INET, NULL);
    uint64_t cookie = cookie_of_socket(own.client);
    char byte;

    (void)argc, (void)argv;
    link_end = drainer_accept(LISTENER_FD);
    REQUIRE(number > 100);
    CHECK_INT(raw_syscall(SYS_dup3, own.client, number, O_CLOEXEC, 0, 0), number);
    raw_close(own.client);
    CHECK(!hands_one(LISTENER_FD));
    check_hands_soon(LISTENER_FD);
    CHECK(cookie_of_socket(number) == cookie);
    CHECK(find_link() != number);
    CHECK(recv(own.server, &byte, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN);
    CHECK_INT(close(number), 0);
    CHECK_INT(recv(own.server, &byte, 1, 0), 0);

    number = find_link(); /* closed, and the number is free */
    raw_close(number);
    CHECK(!hands_one(LISTENER_FD));
    CHECK(close(number) == -1 && errno == EBADF);
    check_hands_soon(LISTENER_FD);
}

/* ---- The drainer comes and goes ---- */

static void comes_later(int argc, char **argv)
{
    int listener;

    (void)argc, (void)argv;
    CHECK_INT(find_link(), -1);
    pair = unread_pair(true);
    CHECK_INT(close(pair.server), 0);
    listener = drainer_listen(own_path());
    check_hands_soon(listener);
}

/* While it is away the number stays ours: a thread may be about to send to it. */
static void comes_anew(int argc, char **argv)
{
    int listener = LISTENER_FD, number = find_link(), open = 0, other;

    (void)argc, (void)argv;
    for (int i = 0; i < 3; i++) {
        check_hands_soon(listener);
        CHECK_INT(find_link(), number);
        if (i > 0)
            CHECK_INT(count_open(), open);
        open = count_open();
        if (i < 2) { /* with messages that it has not read, by which the sender gets ECONNRESET */
            raw_close(listener);
            pair = unread_pair(true);
            CHECK_INT(close(pair.server), 0);
            close(pair.client);
        }
        raw_close(link_end);
        link_end = -1;
        if (i == 2)
            break;
        for (int j = 0; j < 3; j++) {
            pair = unread_pair(true);
            CHECK_INT(close(pair.server), 0);
            CHECK(net_read_all(pair.client, 1000).error != ETIME); /* closed all the same */
            close(pair.client);
        }
        other = fcntl(0, F_DUPFD, number);
        CHECK_INT(other, number + 1);
        CHECK_INT(close(other), 0);
        CHECK(close(number) == -1 && errno == EBADF);
        listener = drainer_listen(own_path());
    }
    usleep(1100000); /* the drainer is there, only the link is gone: the same close finds it */
    CHECK(hands_one(listener));
}

/* ---- Elsewhere, and nobody ---- */

static void elsewhere(int argc, char **argv)
{
    char path[256];
    int decoy;

    REQUIRE(argc == 1);
    link_end = drainer_accept(LISTENER_FD);
    snprintf(path, sizeof path, "%s%s", argv[0], own_path());
    decoy = drainer_listen(path);
    REQUIRE(chmod(path, 0777) == 0);
    REQUIRE(chroot(argv[0]) == 0 && chdir("/") == 0);
    REQUIRE(setgid(NOBODY) == 0 && setuid(NOBODY) == 0);
    check_still("chroot and setuid");
    closefrom(20);
    check_still("closefrom");
    raw_close(link_end);
    link_end = -1;
    usleep(1100000);
    CHECK(!hands_one(LISTENER_FD)); /* the path means something else here */
    CHECK(drainer_accept(decoy) < 0);
}

/* ---- No room ---- */

static int hand_until_refused(int limit)
{
    int count = 0;

    for (; count < limit; count++) {
        long long before_ms;

        pair = unread_pair(true);
        before_ms = net_now_ms();
        CHECK_INT(close(pair.server), 0);
        CHECK(net_now_ms() - before_ms < 5000);
        close(pair.client);
    }
    count = 0;
    for (int fd; (fd = drainer_read(link_end, &message)) >= 0; count++)
        raw_close(fd);
    return count;
}

static void queue_full(int argc, char **argv)
{
    int got;

    (void)argc, (void)argv;
    link_end = drainer_accept(LISTENER_FD);
    got = hand_until_refused(400);
    printf("handed %d\n", got);
    CHECK(got > 100 && got < 400);
    check_still("a full queue");
}

static void too_many_in_flight(int argc, char **argv)
{
    struct rlimit limit = {64, 64};
    int got;

    (void)argc, (void)argv;
    link_end = drainer_accept(LISTENER_FD);
    REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    REQUIRE(setgid(NOBODY) == 0 && setuid(NOBODY) == 0);
    got = hand_until_refused(200);
    printf("handed %d\n", got);
    CHECK(got > 0 && got < 100);
    check_still("too many references");
}

/* ---- The rest ---- */

static void shared(int argc, char **argv)
{
    (void)argc, (void)argv;
    link_end = drainer_accept(LISTENER_FD);
    for (int i = 0; i < 3; i++) {
        pid_t child = fork();
        int status = 0;

        if (child == 0) {
            check_still("fork");
            _exit(tap_failures() > 0);
        }
        CHECK_INT(waitpid(child, &status, 0), child);
        CHECK_INT(status, 0);
        check_still("the end of a child");
    }
}

static void many(int argc, char **argv)
{
    int listener, open;
    uint16_t port;

    (void)argc, (void)argv;
    link_end = drainer_accept(LISTENER_FD);
    listener = net_listen(AF_INET, NULL);
    port = net_local_port(listener);
    open = count_open();
    for (int i = 0; i < 10000; i++) {
        int client = net_connect(AF_INET, NULL, port, NULL), server = accept4(listener, NULL, NULL, SOCK_NONBLOCK), fd;

        CHECK_INT(send(client, "hello", 5, 0), 5);
        errno = UNTOUCHED;
        CHECK_INT(close(server), 0);
        CHECK_INT(errno, UNTOUCHED);
        fd = handed(LISTENER_FD, &message);
        REQUIRE(fd >= 0);
        raw_close(fd);
        close(client);
    }
    CHECK_INT(count_open(), open);
}

#define DENY(call)                                                                                                     \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)SYS_##call, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)

/* What the library would ask, and the program never did. */
static void enter_sandbox(void)
{
    static struct sock_filter words[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        DENY(getpid),
        DENY(gettid),
        DENY(shutdown),
        DENY(sendmsg),
        DENY(epoll_ctl),
#ifdef SYS_fstat64
        DENY(fstat64),
#else
        DENY(fstat),
#endif
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    static const struct sock_fprog filter = {sizeof words / sizeof words[0], words};

    REQUIRE(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    REQUIRE(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, (unsigned long)&filter, 0, 0) == 0);
}

static void sandbox(int argc, char **argv)
{
    int link = find_link(), epoll = epoll_create1(0), sockets[2], got = -1;
    char control[CMSG_SPACE(sizeof got)] __attribute__((aligned(8))) = {0}, byte;
    struct iovec part = {&byte, 1};
    struct msghdr whole = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&whole);

    (void)argc, (void)argv;
    link_end = drainer_accept(LISTENER_FD);
    check_still("nothing");
    REQUIRE(link > 100 && socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof epoll);
    memcpy(CMSG_DATA(rights), &epoll, sizeof epoll);
    REQUIRE(sendmsg(sockets[0], &whole, 0) == 1);
    pair = unread_pair(true);
    enter_sandbox();
    CHECK_INT(recvmsg(sockets[1], &whole, 0), 1);
    CHECK(epoll_create1(0) >= 0);
    CHECK_INT(close(epoll), 0);
    epoll = epoll_create1(0);
    CHECK(epoll >= 0);
    CHECK_INT(close(epoll), 0);
    CHECK_INT(close(pair.server), 0);
    CHECK_INT(handed(LISTENER_FD, &message), -1);
    CHECK_INT(close_range((unsigned)link + 1, (unsigned)link + 2, 0), 0);
    CHECK_INT(dup2(0, link), link); /* it is of no use any more */
    CHECK_INT(close(link), 0);
}

/* Under a relative path, and then in another directory, where somebody else listens under that name. */
static void moves_away(int argc, char **argv)
{
    int decoy;

    REQUIRE(argc == 1);
    CHECK(hands_one(LISTENER_FD));
    REQUIRE(chdir(argv[0]) == 0);
    decoy = drainer_listen(own_path());
    raw_close(link_end);
    link_end = -1;
    usleep(1100000);
    CHECK(hands_one(LISTENER_FD));
    CHECK(drainer_accept(decoy) < 0);
}

static void hands(int argc, char **argv)
{
    (void)argc, (void)argv;
    printf("%s\n", hands_one(LISTENER_FD) ? "handed" : "kept");
}

/* ---- Runs ---- */

static char directory[64], socket_path[128], log_path[128], variable[256];

/* Ours, with a listener at the path of `socket_path`. */
static struct under under_drainer(const char *rules)
{
    strcpy(directory, own_directory());
    snprintf(socket_path, sizeof socket_path, "%s/socket", directory);
    snprintf(log_path, sizeof log_path, "%s/log", directory);
    snprintf(variable, sizeof variable, "LINGERGUARD_DRAINER=%s", socket_path);
    return (struct under){.rules = rules,
                          .log = log_path,
                          .variable = {variable},
                          .start = {.inherit_fd = {drainer_listen(socket_path)}, .deadline_ms = 30000}};
}

static int records_in_log(const char *wanted)
{
    char *text = records_file(log_path);
    struct records records = records_parse(text, false);
    int count = records_count(&records, wanted);

    records_free(&records);
    free(text);
    return count;
}

static void end_drainer(const struct under *under)
{
    remove_tree(directory);
    close(under->start.inherit_fd[0]);
}

static struct proc_result run_drained(const char *snippet, const char *argument, const struct under *under)
{
    const char *const arguments[] = {argument, NULL};
    struct proc_result result = run_under(snippet, arguments, under);

    check_ended(&result, argument != NULL ? argument : snippet);
    return result;
}

static void run_one(const char *snippet)
{
    struct under under = under_drainer(HANDED_RULES);
    struct proc_result result = run_drained(snippet, NULL, &under);

    CHECK_TEXT(result.err, "");
    proc_result_free(&result);
    end_drainer(&under);
}

static void test_said(void)
{
    static const char *const ways[] = {"close",     "dup2",    "dup3",   "close_range",
                                       "closefrom", "syscall", "fclose", "freopen"};

    for (size_t i = 0; i < TAP_COUNT(ways); i++) {
        struct under under = under_drainer(HANDED_RULES);
        struct proc_result result = run_drained("said", ways[i], &under);
        char wanted[256];

        result.out[strcspn(result.out, "\n")] = '\0';
        snprintf(wanted, sizeof wanted, "call=%s cause=unread outcome=handed unread_bytes=5 %s", ways[i], result.out);
        CHECK_INT(records_in_log(wanted), 1);
        CHECK_INT(records_in_log("outcome=handed"), 1);
        proc_result_free(&result);
        end_drainer(&under);
    }
}

static void test_threads(void)
{
    struct under under = under_drainer(HANDED_RULES);
    struct proc_result result = run_drained("threads", NULL, &under);

    CHECK_INT(records_in_log("outcome=handed"), 3);
    proc_result_free(&result);
    end_drainer(&under);
}

static void test_guarded(void)
{
    run_one("guarded");
}

static void test_taken(void)
{
    run_one("taken");
}

static void test_comes_later(void)
{
    struct under under = under_drainer(HANDED_RULES);
    struct proc_result result;

    REQUIRE(unlink(socket_path) == 0);
    result = run_drained("comes later", NULL, &under);
    CHECK_TEXT(result.err, "");
    CHECK_INT(records_in_log("outcome=handed"), 1);
    proc_result_free(&result);
    end_drainer(&under);
}

static void test_comes_anew(void)
{
    run_one("comes anew");
}

static void test_elsewhere(void)
{
    struct under under = under_drainer(HANDED_RULES);
    char root[80], inner[160];
    const char *const words[] = {"mkdir", "-p", inner, NULL};
    struct proc_options plain = {0};
    struct proc_result result;

    if (getuid() != 0)
        tap_skip("root", "chroot needs root");
    snprintf(root, sizeof root, "%s/root", directory);
    snprintf(inner, sizeof inner, "%s%s", root, directory);
    result = proc_run(words, &plain);
    proc_result_free(&result);
    result = run_drained("elsewhere", root, &under);
    proc_result_free(&result);
    end_drainer(&under);
}

static void check_refused(const char *snippet)
{
    struct under under = under_drainer(HANDED_RULES);
    struct proc_result result;
    int count;

    if (getuid() != 0)
        tap_skip("root", "another user needs root");
    chmod(directory, 0777);
    result = run_drained(snippet, NULL, &under);
    count = atoi(strstr(result.out, "handed ") != NULL ? strstr(result.out, "handed ") + 7 : "-1");
    CHECK_INT(records_in_log("outcome=handed"), count + 1);
    proc_result_free(&result);
    end_drainer(&under);
}

static void test_queue_full(void)
{
    check_refused("queue full");
}

static void test_too_many(void)
{
    check_refused("too many in flight");
}

static void test_shared(void)
{
    run_one("shared");
}

static void test_many(void)
{
    struct under under = under_drainer(HANDED_RULES " quiet");
    struct proc_result result = run_drained("many", NULL, &under);

    CHECK_INT(records_in_log(""), 0);
    proc_result_free(&result);
    end_drainer(&under);
}

static void test_sandbox(void)
{
    struct under under = under_drainer(HANDED_RULES);
    struct proc_result result = run_drained("sandbox", NULL, &under);

    CHECK_INT(records_in_log("outcome=handed"), 1);
    proc_result_free(&result);
    end_drainer(&under);
}

static void check_path(const char *value, const char *rules, const char *want)
{
    struct under under = under_drainer(rules);
    struct proc_result result;
    char chosen[512];

    under.variable[0] = NULL;
    if (value != NULL) {
        snprintf(chosen, sizeof chosen, "LINGERGUARD_DRAINER=%s", value);
        under.variable[0] = chosen;
    }
    result = run_drained("hands", NULL, &under);
    if (strcmp(result.out, want) != 0)
        tap_fail(__FILE__, __LINE__, "%s under '%s': %s", value != NULL ? value : "-", rules, result.out);
    proc_result_free(&result);
    end_drainer(&under);
}

/* A path of so many bytes with a listener, or without; cleared by the next. */
static void check_long_path(size_t bytes, const char *want)
{
    struct under under = under_drainer(HANDED_RULES);
    char path[160] = {0};
    struct proc_result result;

    close(under.start.inherit_fd[0]);
    memset(path, 'x', bytes);
    memcpy(path, directory, strlen(directory));
    path[strlen(directory)] = '/';
    under.start.inherit_fd[0] = drainer_listen(path);
    snprintf(variable, sizeof variable, "LINGERGUARD_DRAINER=%s", path);
    result = run_drained("hands", NULL, &under);
    CHECK_TEXT(result.out, want);
    proc_result_free(&result);
    end_drainer(&under);
}

static void test_paths(void)
{
    char rules[256], file[64], below[96];

    strcpy(file, own_directory());
    snprintf(below, sizeof below, "%s/file", file);
    write_file(below, "");
    check_path(below, HANDED_RULES, "kept\n");
    snprintf(below, sizeof below, "%s/missing/socket", file);
    check_path(below, HANDED_RULES, "kept\n");
    check_path("", HANDED_RULES, "kept\n");
    check_path("none", HANDED_RULES, "kept\n");
    check_path(NULL, HANDED_RULES, "kept\n");
    check_path(NULL, "drainer none; " HANDED_RULES, "kept\n");
    snprintf(rules, sizeof rules, "drainer %s/none; " HANDED_RULES, file);
    check_path(NULL, rules, "kept\n");
    check_long_path(107, "handed\n");
    check_long_path(108, "kept\n");
    snprintf(below, sizeof below, "%s/file", file);
    unlink(below);
    rmdir(file);
}

static void test_moves_away(void)
{
    struct under under = under_drainer("drainer lost; " HANDED_RULES);
    char other[80];
    struct proc_result result;

    snprintf(other, sizeof other, "%s/other", directory);
    REQUIRE(mkdir(other, 0755) == 0);
    under.start.directory = directory;
    strcpy(variable, "LINGERGUARD_DRAINER=socket");
    result = run_drained("moves away", other, &under);
    proc_result_free(&result);
    end_drainer(&under);
}

static const struct proc_snippet snippets[] = {
    {"said", said},
    {"threads", threads},
    {"guarded", guarded},
    {"taken", taken},
    {"comes later", comes_later},
    {"comes anew", comes_anew},
    {"elsewhere", elsewhere},
    {"queue full", queue_full},
    {"too many in flight", too_many_in_flight},
    {"shared", shared},
    {"many", many},
    {"sandbox", sandbox},
    {"moves away", moves_away},
    {"hands", hands},
};

static const struct tap_test tests[] = {
    {"each call that closes hands over, and says what was closed and why", test_said, 60000},
    {"threads: the drainer is told of a possible reader, and a blocked writer is not cut off", test_threads, 0},
    {"the link cannot be closed, and moves from a number that the program takes", test_guarded, 0},
    {"a number that the program took unseen is the program's", test_taken, 0},
    {"a drainer that is started later is found", test_comes_later, 0},
    {"a drainer that ended and comes back is found, and the number of the link stays ours", test_comes_anew, 60000},
    {"chroot and another user: the link goes on, the path is not followed any more", test_elsewhere, 0},
    {"a full queue: the next way, at once", test_queue_full, 0},
    {"too many descriptors in flight: the next way, at once", test_too_many, 0},
    {"children of a fork share the link", test_shared, 0},
    {"10,000 hand-offs leave no descriptor and no errno", test_many, 60000},
    {"in a sandbox the library makes no call of its own", test_sandbox, 0},
    {"a relative path is that of the load", test_moves_away, 0},
    {"paths where no drainer is, and the longest one", test_paths, 60000},
};

int main(int argc, char **argv)
{
    proc_snippet_main(argc, argv, snippets, TAP_COUNT(snippets));
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
