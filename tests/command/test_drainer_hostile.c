/* SPDX-License-Identifier: MIT */
/*
 * Senders that the drainer must not suffer from, and its bounds: whatever comes, it goes on serving
 * the others, closes what it was sent, and waits for nobody.
 */
#include "tests/command/drainer.h"

#include <linux/fuse.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/mount.h>

static bool has_ended(void *link)
{
    struct pollfd look = {.fd = *(int *)link, .events = POLLIN};

    return poll(&look, 1, 0) == 1 && look.revents & POLLHUP;
}

/* The sender learns that it is not welcome. */
static bool link_ends(int link)
{
    return net_wait_for(has_ended, &link, SOON_MS);
}

struct few {
    const struct drainer *drainer;
    unsigned count;
};

static bool has_few_descriptors(void *context)
{
    struct few *few = context;

    return drainer_descriptors(few->drainer) <= few->count;
}

/* What it had before is all that it has now. */
static bool goes_back_to(const struct drainer *drainer, unsigned count)
{
    struct few few = {drainer, count};

    return net_wait_for(has_few_descriptors, &few, SOON_MS);
}

static bool has_no_child(void *context)
{
    const struct drainer *drainer = context;
    char path[64], *text;
    bool none;

    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)drainer->process.pid, (int)drainer->process.pid);
    text = records_file(path);
    none = text[0] == '\0';
    free(text);
    return none;
}

/* ---- Messages ---- */

static void change_magic(struct lg_hand_off *message)
{
    message->magic++;
}

static void change_version(struct lg_hand_off *message)
{
    message->version++;
}

static void change_size(struct lg_hand_off *message)
{
    message->size_bytes++;
}

static void test_wrong_messages(void)
{
    static const struct {
        void (*change)(struct lg_hand_off *);
        size_t bytes, descriptors;
    } rows[] = {
        {change_magic, sizeof(struct lg_hand_off), 1},
        {change_version, sizeof(struct lg_hand_off), 1},
        {change_size, sizeof(struct lg_hand_off), 1},
        {NULL, sizeof(struct lg_hand_off) - 1, 1},
        {NULL, sizeof(struct lg_hand_off) + 1, 1},
        {NULL, sizeof(struct lg_hand_off), 0},
        {NULL, sizeof(struct lg_hand_off), 2},
        {NULL, sizeof(struct lg_hand_off), 100},
        {NULL, sizeof(struct lg_hand_off), 253},
        {NULL, 1, 0},
        {NULL, 0, 0},
        {NULL, 0, 1},
        {NULL, 65536, 1},
    };
    struct drainer drainer = drainer_start("");
    unsigned before = drainer_descriptors(&drainer);
    static char data[65536];
    int fds[253];

    for (size_t i = 0; i < TAP_COUNT(rows); i++) {
        struct lg_hand_off message = drainer_message(60000);
        struct net_pair pair = net_pair(AF_INET, NULL);
        int link = drainer_link(&drainer);
        struct net_received received;

        if (rows[i].change)
            rows[i].change(&message);
        memcpy(data, &message, sizeof message);
        for (size_t j = 0; j < rows[i].descriptors; j++)
            fds[j] = pair.server;
        CHECK_INT(drainer_send(link, data, rows[i].bytes, fds, rows[i].descriptors), 0);
        close(pair.server);
        CHECK(link_ends(link));
        received = net_read_all(pair.client, SOON_MS);
        if (!received.eof)
            tap_fail(__FILE__, __LINE__, "message %zu: its connection stays", i);
        close(pair.client);
        close(link);
    }
    drainer_check_serves(&drainer);
    CHECK(goes_back_to(&drainer, before));
    CHECK_INT(drainer_count(&drainer, "refused_messages"), (long long)TAP_COUNT(rows));
    CHECK_INT(drainer_end_count(&drainer, "exe=still\\ serves"), 0);
}

/* ---- Descriptors ---- */

static int make_listener(void)
{
    return net_listen(AF_INET, NULL);
}

static int make_file(void)
{
    return open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
}

static int make_pipe(void)
{
    int ends[2];

    REQUIRE(pipe(ends) == 0);
    close(ends[0]);
    return ends[1];
}

static int make_udp(void)
{
    return socket(AF_INET, SOCK_DGRAM, 0);
}

static int make_unix(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0);
}

static int make_new_tcp(void)
{
    return socket(AF_INET, SOCK_STREAM, 0);
}

static int make_bound_tcp(void)
{
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    struct sockaddr_in6 any = {.sin6_family = AF_INET6};

    REQUIRE(bind(fd, (struct sockaddr *)&any, sizeof any) == 0);
    return fd;
}

static int make_epoll(void)
{
    return epoll_create1(0);
}

static int make_directory(void)
{
    return open("/", O_PATH | O_CLOEXEC);
}

static void test_wrong_descriptors(void)
{
    static const struct {
        const char *name;
        int (*make)(void);
    } rows[] = {
        {"listener", make_listener}, {"file", make_file},   {"pipe", make_pipe},
        {"UDP", make_udp},           {"unix", make_unix},   {"TCP, not connected", make_new_tcp},
        {"bound", make_bound_tcp},   {"epoll", make_epoll}, {"O_PATH", make_directory},
    };
    struct drainer drainer = drainer_start("");
    unsigned before = drainer_descriptors(&drainer);
    struct lg_hand_off message = drainer_message(60000);

    for (size_t i = 0; i < TAP_COUNT(rows); i++) {
        int link = drainer_link(&drainer), fd = rows[i].make();

        CHECK_INT(drainer_send(link, &message, sizeof message, &fd, 1), 0);
        close(fd);
        if (!link_ends(link))
            tap_fail(__FILE__, __LINE__, "the link lives on after a descriptor: %s", rows[i].name);
        close(link);
    }
    drainer_check_serves(&drainer);
    CHECK(goes_back_to(&drainer, before));
    CHECK_INT(drainer_end_count(&drainer, "cause=unread"), 1);
}

/* Its own link, and the end of another link of its: both are sockets that hold messages. */
static void test_own_link(void)
{
    struct drainer drainer = drainer_start("");
    unsigned before = drainer_descriptors(&drainer);
    struct lg_hand_off message = drainer_message(60000);
    int link = drainer_link(&drainer), other = drainer_link(&drainer);

    CHECK_INT(drainer_send(link, &message, sizeof message, &link, 1), 0);
    CHECK_INT(drainer_send(other, &message, sizeof message, &other, 1), 0);
    CHECK(link_ends(link) && link_ends(other));
    close(link);
    close(other);
    link = drainer_link(&drainer);
    other = drainer_link(&drainer);
    CHECK_INT(drainer_send(link, &message, sizeof message, &other, 1), 0);
    CHECK_INT(drainer_send(other, &message, sizeof message, &link, 1), 0);
    close(link);
    close(other);
    drainer_check_serves(&drainer);
    CHECK(goes_back_to(&drainer, before));
    CHECK_INT(drainer_end_count(&drainer, "cause=unread"), 1);
}

/* An epoll instance that watches a connection which is drained, and a copy of that connection. */
static void test_watched_connection(void)
{
    struct drainer drainer = drainer_start("");
    struct lg_hand_off message = drainer_message(60000);
    struct net_pair pair = net_pair(AF_INET, NULL);
    int link = drainer_link(&drainer), copy = dup(pair.server), epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN};
    unsigned before;

    CHECK(drainer_wait_count(&drainer, "links", 1));
    before = drainer_watched(&drainer);
    REQUIRE(epoll_ctl(epoll, EPOLL_CTL_ADD, copy, &event) == 0);
    CHECK_INT(drainer_hand(link, pair.server, &message), 0);
    CHECK(drainer_wait_count(&drainer, "open", 1));
    /* the same connection twice more, and the sender keeps it */
    CHECK_INT(drainer_send(link, &message, sizeof message, &copy, 1), 0);
    CHECK_INT(drainer_send(link, &message, sizeof message, &copy, 1), 0);
    CHECK(drainer_wait_count(&drainer, "open", 3));
    close(pair.client);
    CHECK(drainer_wait_count(&drainer, "open", 0));
    CHECK_INT(drainer_watched(&drainer), before); /* a close alone does not end it, as the sender has it still */
    drainer_check_serves(&drainer);
    CHECK_INT(drainer_end_count(&drainer, "outcome=drained"), 4);
}

/* A close of each of these would wait for an hour: 253 in one message, and as many as a link holds behind it. */
static void test_lingering_sockets(void)
{
    struct net_options options = {.receive_bytes = 4096};
    struct drainer drainer = drainer_start("");
    unsigned before = drainer_descriptors(&drainer);
    struct lg_hand_off message = drainer_message(60000);
    struct linger hour = {1, 3600};
    int link = drainer_link(&drainer), fds[253], clients[253];
    long long start_ms;

    for (int i = 0; i < 253; i++) {
        struct net_pair pair = net_pair(AF_INET, &options);

        net_fill(pair.server, 0);
        CHECK_INT(setsockopt(pair.server, SOL_SOCKET, SO_LINGER, &hour, sizeof hour), 0);
        fds[i] = pair.server;
        clients[i] = pair.client;
    }
    /* the last references of 152 of them are in the one message, those of 101 in the queue */
    REQUIRE(kill(drainer.process.pid, SIGSTOP) == 0);
    CHECK_INT(drainer_send(link, &message, sizeof message, fds, 152), 0);
    for (int i = 152; i < 253; i++)
        CHECK_INT(drainer_send(link, &message, sizeof message, &fds[i], 1), 0);
    for (int i = 0; i < 253; i++)
        close(fds[i]);
    start_ms = net_now_ms();
    REQUIRE(kill(drainer.process.pid, SIGCONT) == 0);
    drainer_check_serves(&drainer);
    CHECK(net_now_ms() - start_ms < 5000);
    CHECK(goes_back_to(&drainer, before + 1));
    CHECK(net_wait_for(has_no_child, &drainer, SOON_MS));
    for (int i = 0; i < 253; i++)
        close(clients[i]);
    drainer_end_count(&drainer, "");
}

/* ---- A file system of somebody's ---- */

struct file_system {
    char directory[64];
    pid_t daemon;
    volatile unsigned *flushes; /* requests of closes, none of which is answered */
};

static void answer(int device, uint64_t unique, const void *data, size_t bytes)
{
    struct fuse_out_header head = {.len = (uint32_t)(sizeof head + bytes), .unique = unique};
    char reply[512];

    memcpy(reply, &head, sizeof head);
    if (bytes > 0)
        memcpy(reply + sizeof head, data, bytes);
    REQUIRE(write(device, reply, sizeof head + bytes) == (ssize_t)(sizeof head + bytes));
}

static void answer_request(int device, const struct fuse_in_header *request, volatile unsigned *flushes)
{
    struct fuse_init_out init = {.major = FUSE_KERNEL_VERSION, .minor = 31, .max_write = 65536};
    struct fuse_attr file = {.ino = 2, .mode = S_IFREG | 0666, .nlink = 1}, root = {.ino = 1, .mode = S_IFDIR | 0755};
    struct fuse_entry_out entry = {.nodeid = 2, .attr = file};
    struct fuse_attr_out attribute = {.attr = request->nodeid == 1 ? root : file};
    struct fuse_open_out opened = {.fh = 1};

    switch (request->opcode) {
    case FUSE_INIT:
        answer(device, request->unique, &init, sizeof init);
        break;
    case FUSE_LOOKUP:
        answer(device, request->unique, &entry, sizeof entry);
        break;
    case FUSE_GETATTR: /* no answer for the file: a stat of it waits too */
        if (request->nodeid == 1)
            answer(device, request->unique, &attribute, sizeof attribute);
        break;
    case FUSE_OPEN:
        answer(device, request->unique, &opened, sizeof opened);
        break;
    case FUSE_FLUSH:
        (*flushes)++;
        break;
    default:
        break;
    }
}

static void serve_files(int device, volatile unsigned *flushes)
{
    static union {
        struct fuse_in_header head;
        char bytes[FUSE_MIN_READ_BUFFER + 65536];
    } request;

    while (read(device, &request, sizeof request) >= (ssize_t)sizeof request.head || errno == EINTR)
        answer_request(device, &request.head, flushes);
    _exit(0);
}

static struct file_system mount_files(void)
{
    struct file_system files = {.directory = "/tmp/lg-fuse.XXXXXX"};
    int device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    char options[96];

    if (geteuid() != 0 || device < 0 || unshare(CLONE_NEWNS) != 0)
        tap_skip("fuse", "needs root and /dev/fuse");
    REQUIRE(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
    REQUIRE(mkdtemp(files.directory) != NULL);
    files.flushes = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0", device);
    REQUIRE(mount("test", files.directory, "fuse", 0, options) == 0);
    files.daemon = fork();
    if (files.daemon == 0)
        serve_files(device, files.flushes);
    close(device);
    return files;
}

/* Holds the file open on: a close of it, its own end included, would wait. */
static pid_t send_file(const struct drainer *drainer, const struct file_system *files)
{
    struct lg_hand_off message = drainer_message(60000);
    char path[96];
    pid_t child = fork();
    int fd;

    if (child != 0)
        return child;
    snprintf(path, sizeof path, "%s/file", files->directory);
    fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0 || drainer_send(drainer_link(drainer), &message, sizeof message, &fd, 1) != 0)
        _exit(1);
    for (;;)
        pause();
}

static bool has_flush(void *context)
{
    return *((struct file_system *)context)->flushes > 0;
}

/* More of them than there are children who close. */
static void test_fuse(void)
{
    struct file_system files = mount_files();
    struct drainer drainer = drainer_start("");
    unsigned before = drainer_descriptors(&drainer);
    pid_t senders[24];

    for (size_t i = 0; i < TAP_COUNT(senders); i++) {
        senders[i] = send_file(&drainer, &files);
        if (i == 0)
            CHECK(net_wait_for(has_flush, &files, SOON_MS));
        drainer_check_serves(&drainer);
    }
    sleep(2); /* those that close are told to end, and cannot */
    drainer_check_serves(&drainer);
    CHECK_INT(drainer_count(&drainer, "refused_messages"), TAP_COUNT(senders));
    for (size_t i = 0; i < TAP_COUNT(senders); i++)
        kill(senders[i], SIGKILL);
    kill(files.daemon, SIGKILL);
    waitpid(files.daemon, NULL, 0);
    for (size_t i = 0; i < TAP_COUNT(senders); i++)
        waitpid(senders[i], NULL, 0);
    CHECK(goes_back_to(&drainer, before));
    CHECK(net_wait_for(has_no_child, &drainer, SOON_MS));
    CHECK_INT(drainer_end_count(&drainer, "outcome=drained"), 25);
    umount2(files.directory, MNT_DETACH);
    rmdir(files.directory);
}

/* ---- Senders ---- */

/* In a child with this user: its answer is the exit status. */
static int as_user(uid_t user, int (*act)(const struct drainer *), const struct drainer *drainer)
{
    pid_t child = fork();
    int status = -1;

    if (child == 0)
        _exit(setresgid(user, user, user) != 0 || setresuid(user, user, user) != 0 ? 99 : act(drainer));
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* 0: served; 1: the link ends; else the error of the connect. */
static int try_to_hand(const struct drainer *drainer)
{
    struct lg_hand_off message = drainer_message(60000);
    struct net_pair pair = net_pair(AF_INET, NULL);
    int link = drainer_connect(drainer);
    char byte;

    if (link < 0)
        return -link;
    if (drainer_hand(link, pair.server, &message) == -EPIPE)
        return 1;
    /* whoever took it waits for our FIN; whoever refused it does not, and has reset it for this byte */
    send(pair.client, "x", 1, MSG_NOSIGNAL);
    usleep(100000);
    send(pair.client, "x", 1, MSG_NOSIGNAL);
    if (recv(pair.client, &byte, 1, 0) != 0 || send(pair.client, "x", 1, MSG_NOSIGNAL) != 1)
        return 1;
    close(pair.client);
    return 0;
}

static void test_users(void)
{
    struct drainer drainer;

    if (geteuid() != 0)
        tap_skip("root", "needs other users");
    drainer = drainer_start("");
    CHECK_INT(as_user(1234, try_to_hand, &drainer), EACCES);
    CHECK_INT(as_user(0, try_to_hand, &drainer), 0);
    CHECK_INT(chmod(drainer.path, 0777), 0); /* the mode is not all that there is */
    CHECK_INT(as_user(1234, try_to_hand, &drainer), 1);
    CHECK_INT(drainer_count(&drainer, "refused_senders"), 1);
    CHECK_INT(drainer_end_count(&drainer, "outcome=drained"), 1);

    drainer = drainer_start("--allow-user 1234 --allow-user 1235");
    CHECK_INT(as_user(1234, try_to_hand, &drainer), 0);
    CHECK_INT(as_user(1235, try_to_hand, &drainer), 0);
    CHECK_INT(as_user(0, try_to_hand, &drainer), 0);
    CHECK_INT(as_user(1236, try_to_hand, &drainer), 1);
    CHECK_INT(drainer_end_count(&drainer, "outcome=drained"), 3);

    drainer = drainer_start("--allow-user any");
    CHECK_INT(as_user(1234, try_to_hand, &drainer), 0);
    CHECK_INT(as_user(65534, try_to_hand, &drainer), 1);
    CHECK_INT(drainer_end_count(&drainer, "outcome=drained"), 1);
}

/* A program that connected as root and dropped its privileges keeps its link. */
static int hand_over_inherited(const struct drainer *drainer)
{
    struct lg_hand_off message = drainer_message(60000);
    struct net_pair pair = net_pair(AF_INET, NULL);

    return drainer_hand((int)(intptr_t)drainer->process.stdin_fd, pair.server, &message) == 0 ? 0 : 1;
}

static void test_dropped_privileges(void)
{
    struct drainer drainer, sender;

    if (geteuid() != 0)
        tap_skip("root", "needs other users");
    drainer = drainer_start("");
    sender = drainer;
    sender.process.stdin_fd = drainer_link(&drainer);
    CHECK_INT(as_user(1234, hand_over_inherited, &sender), 0);
    CHECK(drainer_wait(&drainer, "\"outcome\":\"drained\"", 1, SOON_MS));
    CHECK_INT(drainer_end_count(&drainer, "outcome=drained"), 1);
}

/* Each fills its link with what is nothing, or with messages that are refused, and comes again. */
static void flood(const struct drainer *drainer, bool valid)
{
    struct lg_hand_off message = drainer_message(60000);
    static char garbage[60000];

    for (;;) {
        int link = drainer_connect(drainer);

        if (link < 0)
            continue;
        while (drainer_send(link, valid ? (char *)&message : garbage, valid ? sizeof message : sizeof garbage, NULL,
                            0) == 0)
            continue;
        close(link);
    }
}

static void test_floods(void)
{
    struct drainer drainer = drainer_start("");
    unsigned before = drainer_descriptors(&drainer);
    pid_t senders[6];

    for (size_t i = 0; i < TAP_COUNT(senders); i++) {
        senders[i] = fork();
        if (senders[i] == 0)
            flood(&drainer, i % 2);
    }
    for (int i = 0; i < 20; i++)
        drainer_check_serves(&drainer);
    for (size_t i = 0; i < TAP_COUNT(senders); i++) {
        kill(senders[i], SIGKILL);
        waitpid(senders[i], NULL, 0);
    }
    CHECK(goes_back_to(&drainer, before));
    drainer_check_serves(&drainer);
    CHECK_INT(drainer_end_count(&drainer, "outcome=drained"), 21);
}

static void few_descriptors(void *context)
{
    struct rlimit limit = {200, 200};

    (void)context;
    REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

/* Links that nobody uses make room for those that are used. */
static void test_many_links(void)
{
    struct drainer drainer;
    int links[600];

    drainer_options.before_exec = few_descriptors;
    drainer = drainer_start("");
    for (size_t i = 0; i < TAP_COUNT(links); i++) {
        links[i] = drainer_connect(&drainer);
        CHECK(links[i] >= 0);
        if (i % 100 == 0)
            drainer_check_serves(&drainer);
    }
    drainer_check_serves(&drainer);
    for (size_t i = 0; i < TAP_COUNT(links); i++)
        close(links[i]);
    drainer_end_count(&drainer, "");
}

static const struct tap_test tests[] = {
    {"messages that are none, and those with too many descriptors or too few", test_wrong_messages, 60000},
    {"descriptors that are no TCP connections", test_wrong_descriptors, 0},
    {"links in links", test_own_link, 0},
    {"a connection that is sent three times and that its sender watches and keeps", test_watched_connection, 0},
    {"sockets whose close lingers for an hour, 152 in one message", test_lingering_sockets, 0},
    {"files of a daemon that does not answer", test_fuse, 60000},
    {"users: its own and root, those of a list, never the unmapped one", test_users, 0},
    {"a link survives that its program becomes another user", test_dropped_privileges, 0},
    {"floods of messages without a descriptor and of garbage", test_floods, 60000},
    {"links that nobody uses", test_many_links, 0},
};

int main(int argc, char **argv)
{
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
