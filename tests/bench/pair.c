/* SPDX-License-Identifier: MIT */
/*
 * CPU time of the thread that closes, in nanoseconds: of a setsockopt of SO_LINGER and the close, or of one line that
 * is written down. Whatever else there is - other threads, open descriptors - is there before the clock starts.
 *
 *     pair fin|abort ROUNDS [THREADS [DESCRIPTORS]]    the pair: linger off, or on with time 0
 *     pair syslog ROUNDS                               a line by syslog(3) instead
 *     pair write ROUNDS FILE                           a line by one write(2) to the end of a file instead
 *
 * With BENCH_SYSLOG set it listens on /dev/log itself, and empties it while the clock stands. Prints the best round
 * and the one in the middle.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define PAIRS       200
#define QUEUED      4 /* pairs, of two records each: a socket of /dev/log takes ten lines by default */
#define ROUNDS_MAX  1000
#define LINE_BYTES  275
#define STACK_BYTES (64 << 10)

static int listener, log_socket = -1, file = -1;
static struct sockaddr_in address;
static char line[LINE_BYTES + 1];
static long clock_ns; /* what reading the clock costs */

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static long now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * 1000000000L + now.tv_nsec;
}

static void find_clock_ns(void)
{
    clock_ns = 1000000;
    for (int i = 0; i < 1000; i++) {
        long start = now_ns(), took = now_ns() - start;

        if (took < clock_ns)
            clock_ns = took;
    }
}

static void listen_somewhere(void)
{
    socklen_t size = sizeof address;

    listener = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) < 0 ||
        listen(listener, PAIRS) < 0 || getsockname(listener, (struct sockaddr *)&address, &size) < 0)
        die("listen");
}

static void listen_on_log(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};

    log_socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (bind(log_socket, (struct sockaddr *)&at, sizeof at) < 0)
        die("/dev/log");
}

static void empty_log(void)
{
    char text[4096];

    while (log_socket >= 0 && read(log_socket, text, sizeof text) > 0)
        ;
}

static void *idle(void *nothing)
{
    for (;;)
        pause();
    return nothing;
}

static void start_threads(long count)
{
    pthread_attr_t small;
    pthread_t thread;

    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, STACK_BYTES);
    while (--count > 0) {
        if (pthread_create(&thread, &small, idle, NULL) != 0)
            die("so many threads");
    }
}

static void open_descriptors(long count)
{
    struct rlimit limit = {(rlim_t)count + 1000, (rlim_t)count + 1000};
    int null = open("/dev/null", O_RDONLY);

    if (count > 0 && setrlimit(RLIMIT_NOFILE, &limit) < 0)
        die("so many descriptors");
    while (count-- > 0) {
        if (dup(null) < 0)
            die("so many descriptors");
    }
}

static void open_pairs(int *ours, int *peers, int count)
{
    for (int i = 0; i < count; i++) {
        peers[i] = socket(AF_INET, SOCK_STREAM, 0);
        if (peers[i] < 0 || connect(peers[i], (struct sockaddr *)&address, sizeof address) < 0 ||
            (ours[i] = accept(listener, NULL, NULL)) < 0)
            die("a connection");
    }
}

static long close_pairs(int on, int count)
{
    struct linger linger = {on, 0}, reset = {1, 0};
    int ours[PAIRS], peers[PAIRS];
    long start, took;

    open_pairs(ours, peers, count);
    start = now_ns();
    for (int i = 0; i < count; i++) {
        setsockopt(ours[i], SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
        close(ours[i]);
    }
    took = now_ns() - start;
    for (int i = 0; i < count; i++) {
        setsockopt(peers[i], SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(peers[i]);
    }
    return took;
}

static long write_lines(const char *what, int count)
{
    long start = now_ns();

    for (int i = 0; i < count; i++) {
        if (*what == 's')
            syslog(LOG_WARNING, "%s", line);
        else if (write(file, line, LINE_BYTES) != LINE_BYTES)
            die("write");
    }
    return now_ns() - start;
}

static long one_round(const char *what)
{
    int at_once = log_socket >= 0 ? QUEUED : PAIRS;
    bool lines = strcmp(what, "syslog") == 0 || strcmp(what, "write") == 0;
    long took = 0;

    for (int i = 0; i < PAIRS; i += at_once) {
        took += (lines ? write_lines(what, at_once) : close_pairs(strcmp(what, "abort") == 0, at_once)) - clock_ns;
        empty_log();
    }
    return took / PAIRS;
}

static int compare(const void *a, const void *b)
{
    long x = *(const long *)a, y = *(const long *)b;

    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    long rounds = argc > 2 ? atol(argv[2]) : 0;
    static long took[ROUNDS_MAX];

    if (rounds < 1 || rounds > ROUNDS_MAX) {
        fprintf(stderr, "usage: pair fin|abort|syslog|write ROUNDS [FILE | THREADS [DESCRIPTORS]]\n");
        return 2;
    }
    memset(line, 'x', LINE_BYTES);
    line[LINE_BYTES - 1] = '\n';
    if (strcmp(argv[1], "write") == 0 && argc > 3)
        file = open(argv[3], O_WRONLY | O_APPEND | O_CREAT, 0600);
    else if (argc > 3)
        start_threads(atol(argv[3]));
    open_descriptors(argc > 4 ? atol(argv[4]) : 0);
    if (getenv("BENCH_SYSLOG"))
        listen_on_log();
    listen_somewhere();
    find_clock_ns();
    for (long i = 0; i < rounds; i++)
        took[i] = one_round(argv[1]);
    qsort(took, (size_t)rounds, sizeof took[0], compare);
    printf("%ld %ld\n", took[0], took[rounds / 2]);
    return 0;
}
