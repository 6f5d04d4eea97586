/* SPDX-License-Identifier: MIT */
/*
 * A storm: many threads that make every kind of call of ours at once, on numbers that go from one thread to the next
 * all the time, under signals. Each thread knows which file each of its descriptors stands for, and that every call on
 * it has to succeed; so a number that is closed for somebody else, or a result that is not libc's, is seen.
 */
#ifndef STORM_H
#define STORM_H

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "tests/interpose/interpose.h"

#define STORM_THREADS 48

extern char **environ;

static atomic_bool storm_is_over;
static atomic_int storm_bad;
static atomic_long storm_turns, storm_signals;
static int storm_listener;

static inline void storm_fail(const char *what, int line, long got)
{
    if (atomic_fetch_add(&storm_bad, 1) < 5)
        fprintf(stderr, "storm: line %d: %s is %ld, errno %d\n", line, what, got, errno);
}

#define STORM(call, want)                                                                                              \
    do {                                                                                                               \
        long storm_got = (long)(call);                                                                                 \
        if (storm_got != (long)(want))                                                                                 \
            storm_fail(#call, __LINE__, storm_got);                                                                    \
    } while (0)

/* ---- Descriptors with an identity ---- */

struct mine {
    int fd;
    ino_t inode;
};

static inline struct mine mine(int fd)
{
    struct stat about = {0};

    STORM(fstat(fd, &about), 0);
    return (struct mine){fd, about.st_ino};
}

static inline void still_mine(struct mine what)
{
    STORM(mine(what.fd).inode, what.inode);
}

static inline void end_mine(struct mine what)
{
    still_mine(what);
    STORM(close(what.fd), 0);
}

struct ends {
    struct mine client, server;
};

/* Any other thread may accept the connection that we made, and we the one of another: the pair is by chance. */
static inline struct ends storm_pair(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), server;

    to.sin_port = htons(net_local_port(storm_listener));
    while (connect(client, (struct sockaddr *)&to, sizeof to) != 0 && errno == EINTR)
        continue;
    do
        server = accept4(storm_listener, NULL, NULL, SOCK_CLOEXEC);
    while (server < 0 && errno == EINTR);
    return (struct ends){mine(client), mine(server)};
}

static inline void ask(int fd)
{
    set_linger(fd, 1, 0); /* under `reject` it fails, and that is right */
}

/* The peer's end is in another thread's hands, which ends it soon. */
static inline void end_both(struct ends pair)
{
    end_mine(pair.client);
    end_mine(pair.server);
}

/* ---- The kinds ---- */

static inline void kind_abort(void)
{
    struct ends pair = storm_pair();

    ask(pair.server.fd);
    end_both(pair);
}

static inline void kind_unread(void)
{
    struct ends pair = storm_pair();

    send(pair.client.fd, "unread", 6, MSG_NOSIGNAL); /* whoever has the other end may have ended it */
    shutdown(pair.client.fd, SHUT_WR);
    end_mine(pair.server);
    end_mine(pair.client);
}

static inline void kind_nonblocking(void)
{
    struct ends pair = storm_pair();

    STORM(fcntl(pair.server.fd, F_SETFL, O_NONBLOCK), 0);
    ask(pair.server.fd);
    send(pair.client.fd, "unread", 6, MSG_NOSIGNAL); /* whoever has the other end may have ended it */
    end_both(pair);
}

static inline void kind_dup(void)
{
    struct ends pair = storm_pair();
    struct mine copy = mine(dup(pair.server.fd)), third = mine(dup(copy.fd));

    ask(copy.fd);
    end_mine(pair.server);
    still_mine(copy);
    end_mine(third);
    end_mine(copy);
    end_mine(pair.client);
}

static inline void kind_dup2(void)
{
    struct ends pair = storm_pair(), other = storm_pair();

    ask(pair.server.fd);
    STORM(dup2(other.server.fd, pair.server.fd), pair.server.fd);
    pair.server.inode = other.server.inode;
    STORM(dup2(other.server.fd, pair.server.fd), pair.server.fd); /* over one of its own */
    end_both(other);
    end_both(pair);
}

static inline void kind_dup3(void)
{
    struct ends pair = storm_pair();
    struct mine null = mine(open("/dev/null", O_RDWR | O_CLOEXEC));

    ask(pair.server.fd);
    STORM(dup3(null.fd, pair.server.fd, O_CLOEXEC), pair.server.fd);
    pair.server.inode = null.inode;
    STORM(dup3(null.fd, null.fd, 0), -1);
    end_mine(null);
    end_both(pair);
}

static inline void kind_fcntl(void)
{
    struct ends pair = storm_pair();
    struct mine copy = mine(fcntl(pair.server.fd, F_DUPFD_CLOEXEC, 300));

    ask(copy.fd);
    end_mine(copy);
    end_both(pair);
}

static inline void kind_stream(void)
{
    struct ends pair = storm_pair();
    FILE *stream = fdopen(pair.server.fd, "r+");

    ask(pair.server.fd);
    still_mine(pair.server);
    STORM(fputs("hello", stream) >= 0, 1);
    if (fclose(stream) != 0) /* hello goes out now */
        STORM(errno == ECONNRESET || errno == EPIPE, 1);
    end_mine(pair.client);
}

static inline void kind_reopened(void)
{
    struct ends pair = storm_pair();
    FILE *stream = fdopen(pair.server.fd, "w");

    ask(pair.server.fd);
    stream = freopen("/dev/null", "we", stream);
    STORM(stream != NULL, 1);
    STORM(fclose(stream), 0);
    end_mine(pair.client);
}

static inline void kind_number(void)
{
    struct ends pair = storm_pair();

    ask(pair.server.fd);
    still_mine(pair.server);
    STORM(syscall(SYS_close, pair.server.fd), 0);
    end_mine(pair.client);
}

static inline void kind_range(void)
{
    struct ends pair = storm_pair();
    unsigned fd = (unsigned)pair.server.fd;

    ask(pair.server.fd);
    still_mine(pair.server);
    STORM(close_range(fd, fd, 0), 0);
    end_mine(pair.client);
}

static inline void kind_unseen(void)
{
    struct ends pair = storm_pair();

    ask(pair.server.fd);
    still_mine(pair.server);
    raw_close(pair.server.fd);
    end_mine(pair.client);
}

static inline void kind_message(void)
{
    struct ends pair = storm_pair();
    char byte = 0, control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec data = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *part = CMSG_FIRSTHDR(&message);
    int over[2], fd = -1;

    STORM(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, over), 0);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(part), &pair.server.fd, sizeof fd);
    ask(pair.server.fd);
    STORM(sendmsg(over[0], &message, MSG_NOSIGNAL), 1);
    STORM(recvmsg(over[1], &message, MSG_CMSG_CLOEXEC), 1);
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    end_mine(pair.server);
    STORM(mine(fd).inode, pair.server.inode);
    STORM(close(fd), 0);
    end_mine(pair.client);
    STORM(close(over[0]) + close(over[1]), 0);
}

static inline void kind_disconnect(void)
{
    struct ends pair = storm_pair();
    struct sockaddr_storage unspec = {.ss_family = AF_UNSPEC};

    connect(pair.client.fd, (struct sockaddr *)&unspec, sizeof(struct sockaddr));
    end_both(pair);
}

static inline void kind_linger2(void)
{
    struct ends pair = storm_pair();
    int never = -1;

    setsockopt(pair.server.fd, IPPROTO_TCP, TCP_LINGER2, &never, sizeof never);
    ask(pair.client.fd);
    set_linger(pair.client.fd, 0, 0);
    end_both(pair);
}

static inline void kind_listener(void)
{
    struct mine own = mine(net_listen(AF_INET, NULL));

    ask(own.fd);
    shutdown(own.fd, SHUT_RD);
    end_mine(own);
}

static inline void kind_files(void)
{
    struct mine a = mine(open("/dev/null", O_RDWR | O_CLOEXEC)), b = mine(dup(a.fd));
    int pipes[2];

    STORM(pipe2(pipes, O_CLOEXEC), 0);
    STORM(write(pipes[1], "x", 1), 1);
    end_mine(a);
    end_mine(b);
    STORM(close(pipes[0]) + close(pipes[1]), 0);
}

static inline void kind_wrong(void)
{
    STORM(close(-1), -1);
    STORM(close(1 << 19), -1);
    STORM(dup2(-1, 500), -1);
    STORM(close_range(9, 8, 0), -1);
    STORM(setsockopt(-1, SOL_SOCKET, SO_LINGER, "12345678", 8), -1);
}

static inline void kind_fork(void)
{
    struct ends pair = storm_pair();
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        ask(pair.client.fd);
        close(pair.server.fd);
        close_range(3, ~0u, 0);
        _exit(0);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    STORM(status, 0);
    end_both(pair);
}

static inline void kind_spawn(void)
{
    static char *const words[] = {(char *)"true", NULL};
    struct ends pair = storm_pair();
    int status = -1;
    pid_t child = -1;

    STORM(posix_spawn(&child, "/bin/true", NULL, NULL, words, words + 1), 0); /* its class may be another: no preload */
    ask(pair.server.fd);
    end_both(pair);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    STORM(status, 0);
}

static inline void kind_vfork(void)
{
    struct ends pair = storm_pair();
    int status = -1;
    pid_t child = vfork();

    if (child == 0) {
        close(pair.server.fd);
        _exit(0);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    STORM(status, 0);
    end_both(pair);
}

typedef void storm_kind(void);

static storm_kind *const storm_kinds[] = {
    kind_abort,   kind_unread,     kind_nonblocking, kind_dup,      kind_dup2,  kind_dup3,
    kind_fcntl,   kind_stream,     kind_reopened,    kind_number,   kind_range, kind_unseen,
    kind_message, kind_disconnect, kind_linger2,     kind_listener, kind_files, kind_wrong,
};

/* They cost so much that the others would not be seen beside them. */
static storm_kind *const storm_rare_kinds[] = {kind_fork, kind_spawn, kind_vfork};

static inline void *storm_thread(void *seed)
{
    unsigned state = *(unsigned *)seed;

    while (!atomic_load(&storm_is_over)) {
        if (rand_r(&state) % 200 == 0)
            storm_rare_kinds[(unsigned)rand_r(&state) % TAP_COUNT(storm_rare_kinds)]();
        else
            storm_kinds[(unsigned)rand_r(&state) % TAP_COUNT(storm_kinds)]();
        atomic_fetch_add(&storm_turns, 1);
    }
    return NULL;
}

/* ---- What goes on beside them ---- */

static inline void storm_handler(int number)
{
    int before = errno, fd;

    (void)number;
    if (atomic_fetch_add(&storm_signals, 1) % 16 == 0 && (fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) >= 0) {
        ask(fd);
        STORM(close(fd), 0);
    }
    errno = before;
}

static inline void storm_timer(long microseconds)
{
    struct itimerval every = {{0, microseconds}, {0, microseconds}};
    struct sigaction action = {.sa_handler = storm_handler, .sa_flags = SA_RESTART};

    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &every, NULL);
}

/* Moves the log away all the time: `path` becomes path.0, path.1 and so on. Returns how often. */
static inline int storm_rotate(const char *path, unsigned seconds)
{
    long long until_ms = net_now_ms() + 1000ll * seconds;
    char moved[512];
    int count = 0;

    while (net_now_ms() < until_ms) {
        snprintf(moved, sizeof moved, "%s.%d", path, count);
        if (path[0] == '/' && rename(path, moved) == 0)
            count++;
        usleep(20000);
    }
    return count;
}

/* How many there are but for the log's, which another test is about; says what they are when that is not `wanted`. */
static inline int storm_descriptors(int wanted, const char *log)
{
    DIR *numbers = opendir("/proc/self/fd");
    struct dirent *entry;
    char names[2048] = "", target[256];
    int count = 0;

    while ((entry = readdir(numbers)) != NULL) {
        ssize_t length = readlinkat(dirfd(numbers), entry->d_name, target, sizeof target - 1);
        size_t used = strlen(names);

        target[length > 0 ? length : 0] = '\0';
        if (strncmp(target, log, strlen(log)) == 0)
            continue;
        snprintf(names + used, sizeof names - used, " %s=%s", entry->d_name, target);
        count++;
    }
    closedir(numbers);
    if (wanted > 0 && count != wanted)
        fprintf(stderr, "storm: descriptors:%s\n", names);
    return count;
}

/* storm SECONDS PATH: says how many times the log was moved, and that all went well. */
static inline void storm(unsigned seconds, const char *path)
{
    pthread_t threads[STORM_THREADS];
    unsigned seeds[STORM_THREADS];
    struct net_options long_queue = {.backlog = 4096};
    int before, moved;

    signal(SIGPIPE, SIG_IGN);
    storm_listener = net_listen(AF_INET, &long_queue);
    kind_abort(); /* the log is open now */
    before = storm_descriptors(0, path);
    storm_timer(100);
    for (unsigned i = 0; i < STORM_THREADS; i++) {
        seeds[i] = i;
        REQUIRE(pthread_create(&threads[i], NULL, storm_thread, &seeds[i]) == 0);
    }
    moved = storm_rotate(path, seconds);
    atomic_store(&storm_is_over, true);
    for (unsigned i = 0; i < STORM_THREADS; i++)
        pthread_join(threads[i], NULL);
    storm_timer(0);
    CHECK_INT(storm_descriptors(before, path), before);
    CHECK_INT(atomic_load(&storm_bad), 0);
    CHECK(atomic_load(&storm_turns) > (long)STORM_THREADS);
    printf("moved=%d turns=%ld signals=%ld\n", moved, atomic_load(&storm_turns), atomic_load(&storm_signals));
}

#endif
