/* SPDX-License-Identifier: MIT */
#include "tests/harness/net.h"

#include "tests/harness/tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define POLL_MS         2
#define CONNECT_WAIT_MS 10000
#define PEER_FDS_MAX    1024
#define CHUNK_BYTES     65536u
#define PATTERN_PERIOD  65521u /* a prime, so that no power of two of lost bytes goes unseen */

long long net_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static long long slow_factor(void)
{
    const char *text = getenv("TAP_SLOW");
    int factor = text == NULL ? 1 : atoi(text);

    return factor < 1 ? 1 : factor;
}

static void pause_ms(unsigned ms)
{
    struct timespec wait = {ms / 1000, (long)(ms % 1000) * 1000000};

    nanosleep(&wait, NULL);
}

bool net_wait_for(net_condition_fn *holds, void *context, unsigned deadline_ms)
{
    long long end_ms = net_now_ms() + (long long)deadline_ms * slow_factor();

    while (!holds(context)) {
        if (net_now_ms() >= end_ms)
            return holds(context);
        pause_ms(POLL_MS);
    }
    return true;
}

/* ---- Connections ---- */

static socklen_t make_address(struct sockaddr_storage *storage, int family, const char *address, uint16_t port)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)storage;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)storage;

    memset(storage, 0, sizeof *storage);
    storage->ss_family = (sa_family_t)family;
    if (family == AF_INET) {
        v4->sin_port = htons(port);
        REQUIRE(inet_pton(AF_INET, address == NULL ? "127.0.0.1" : address, &v4->sin_addr) == 1);
        return sizeof *v4;
    }
    v6->sin6_port = htons(port);
    REQUIRE(inet_pton(AF_INET6, address == NULL ? "::1" : address, &v6->sin6_addr) == 1);
    return sizeof *v6;
}

static int make_socket(int family, const struct net_options *options)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, options == NULL ? 0 : options->protocol);

    if (fd < 0 && family == AF_INET6 && errno == EAFNOSUPPORT)
        tap_skip("ipv6", "this kernel has no IPv6");
    if (fd < 0 && errno == EPROTONOSUPPORT)
        tap_skip("mptcp", "this kernel has no such protocol: %d", options == NULL ? 0 : options->protocol);
    REQUIRE(fd >= 0);
    if (options != NULL && options->send_bytes != 0) {
        int bytes = (int)options->send_bytes;
        REQUIRE(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes) == 0);
    }
    if (options != NULL && options->receive_bytes != 0) {
        int bytes = (int)options->receive_bytes;
        REQUIRE(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes) == 0);
    }
    return fd;
}

int net_listen(int family, const struct net_options *options)
{
    static const struct net_options defaults;
    struct sockaddr_storage address;
    socklen_t length;
    int fd, on = 1;

    if (options == NULL)
        options = &defaults;
    fd = make_socket(family, options);
    REQUIRE(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0);
    length = make_address(&address, family, options->address, options->port);
    if (bind(fd, (struct sockaddr *)&address, length) != 0 && errno == EADDRNOTAVAIL && family == AF_INET6)
        tap_skip("ipv6", "no IPv6 address on this interface");
    REQUIRE(net_local_port(fd) != 0);
    REQUIRE(listen(fd, options->backlog == 0 ? 16 : options->backlog) == 0);
    return fd;
}

int net_connect(int family, const char *address, uint16_t port, const struct net_options *options)
{
    struct sockaddr_storage to;
    socklen_t length = make_address(&to, family, address, port);
    int fd = make_socket(family, options);

    if (connect(fd, (struct sockaddr *)&to, length) != 0) {
        tap_fail(__FILE__, __LINE__, "connect to %s port %u: %s", address == NULL ? "loopback" : address, port,
                 strerror(errno));
        tap_end_failed();
    }
    return fd;
}

int net_accept(int listener)
{
    struct pollfd ready = {listener, POLLIN, 0};
    int fd;

    REQUIRE(poll(&ready, 1, CONNECT_WAIT_MS) == 1);
    fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    REQUIRE(fd >= 0);
    return fd;
}

static uint16_t port_of(const struct sockaddr_storage *address)
{
    return address->ss_family == AF_INET ? ntohs(((const struct sockaddr_in *)address)->sin_port)
                                         : ntohs(((const struct sockaddr_in6 *)address)->sin6_port);
}

uint16_t net_local_port(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof address;

    REQUIRE(getsockname(fd, (struct sockaddr *)&address, &length) == 0);
    return port_of(&address);
}

uint16_t net_peer_port(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof address;

    REQUIRE(getpeername(fd, (struct sockaddr *)&address, &length) == 0);
    return port_of(&address);
}

struct net_pair net_pair(int family, const struct net_options *options)
{
    int listener = net_listen(family, options);
    struct net_pair pair;

    pair.server_port = net_local_port(listener);
    pair.client = net_connect(family, NULL, pair.server_port, options);
    pair.client_port = net_local_port(pair.client);
    pair.server = net_accept(listener);
    close(listener);
    return pair;
}

static uint8_t pattern_byte(uint64_t offset)
{
    uint64_t place = offset % PATTERN_PERIOD;

    return (uint8_t)(place * 151 + (place >> 8) * 7 + offset / PATTERN_PERIOD);
}

void net_pattern(uint8_t *buffer, uint64_t offset, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        buffer[i] = pattern_byte(offset + i);
}

static bool is_pattern(const uint8_t *buffer, uint64_t offset, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (buffer[i] != pattern_byte(offset + i))
            return false;
    return true;
}

uint64_t net_fill(int fd, uint64_t offset)
{
    uint8_t chunk[CHUNK_BYTES];
    uint64_t total = 0;

    for (;;) {
        ssize_t sent;

        net_pattern(chunk, offset + total, sizeof chunk);
        sent = send(fd, chunk, sizeof chunk, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return total;
        REQUIRE(sent > 0);
        total += (uint64_t)sent;
    }
}

bool net_send_pattern(int fd, uint64_t offset, uint64_t bytes)
{
    long long end_ms = net_now_ms() + CONNECT_WAIT_MS * slow_factor();
    uint8_t chunk[CHUNK_BYTES];

    while (bytes > 0) {
        struct pollfd ready = {fd, POLLOUT, 0};
        size_t part = bytes < sizeof chunk ? (size_t)bytes : sizeof chunk;
        long long left_ms = end_ms - net_now_ms();
        ssize_t sent;

        if (left_ms <= 0 || poll(&ready, 1, (int)left_ms) != 1)
            return false;
        net_pattern(chunk, offset, part);
        sent = send(fd, chunk, part, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        if (sent > 0) {
            offset += (uint64_t)sent;
            bytes -= (uint64_t)sent;
        }
    }
    return true;
}

struct net_received net_read_all(int fd, unsigned deadline_ms)
{
    long long end_ms = net_now_ms() + (long long)deadline_ms * slow_factor();
    struct net_received seen = {0, false, 0, true};
    uint8_t chunk[CHUNK_BYTES];

    for (;;) {
        struct pollfd ready = {fd, POLLIN, 0};
        long long left_ms = end_ms - net_now_ms();
        ssize_t got;

        if (left_ms <= 0 || poll(&ready, 1, (int)left_ms) == 0) {
            seen.error = ETIME;
            return seen;
        }
        got = recv(fd, chunk, sizeof chunk, MSG_DONTWAIT);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (got <= 0) {
            seen.eof = got == 0;
            seen.error = got < 0 ? errno : 0;
            return seen;
        }
        seen.intact = seen.intact && is_pattern(chunk, seen.bytes, (size_t)got);
        seen.bytes += (uint64_t)got;
    }
}

/* ---- What the kernel knows ---- */

int net_tcp_state(int fd)
{
    struct tcp_info info = {0};
    socklen_t length = sizeof info;

    REQUIRE(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0);
    return info.tcpi_state;
}

const char *net_state_name(int state)
{
    static const char *const names[] = {"?",          "ESTABLISHED", "SYN-SENT",  "SYN-RECEIVED",
                                        "FIN-WAIT-1", "FIN-WAIT-2",  "TIME-WAIT", "CLOSED",
                                        "CLOSE-WAIT", "LAST-ACK",    "LISTEN",    "CLOSING"};

    return state < 1 || state > 11 ? names[0] : names[state];
}

int net_unsent_bytes(int fd)
{
    int bytes = 0;

    REQUIRE(ioctl(fd, SIOCOUTQ, &bytes) == 0);
    return bytes;
}

int net_unread_bytes(int fd)
{
    int bytes = 0;

    REQUIRE(ioctl(fd, SIOCINQ, &bytes) == 0);
    return bytes;
}

int net_get_linger(int fd, int *seconds)
{
    struct linger linger = {0, 0};
    socklen_t length = sizeof linger;

    REQUIRE(getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &length) == 0);
    if (seconds != NULL)
        *seconds = linger.l_linger;
    return linger.l_onoff;
}

struct awaited_socket {
    int fd;
    int value;
};

static bool has_state(void *context)
{
    const struct awaited_socket *awaited = context;

    return net_tcp_state(awaited->fd) == awaited->value;
}

static bool has_unread(void *context)
{
    const struct awaited_socket *awaited = context;

    return net_unread_bytes(awaited->fd) >= awaited->value;
}

bool net_wait_state(int fd, int state, unsigned deadline_ms)
{
    struct awaited_socket awaited = {fd, state};

    return net_wait_for(has_state, &awaited, deadline_ms);
}

bool net_wait_unread(int fd, int bytes, unsigned deadline_ms)
{
    struct awaited_socket awaited = {fd, bytes};

    return net_wait_for(has_unread, &awaited, deadline_ms);
}

/* Both files hold pairs of lines, names and then numbers, each behind "Group:". */
static bool find_counter(const char *path, const char *name, long long *value)
{
    char names[8192], numbers[8192];
    FILE *file = fopen(path, "re");
    bool found = false;

    REQUIRE(file != NULL);
    while (!found && fgets(names, sizeof names, file) != NULL && fgets(numbers, sizeof numbers, file) != NULL) {
        char *names_rest, *numbers_rest;
        char *group = strtok_r(names, ": \n", &names_rest), *word;
        size_t group_length = group == NULL ? 0 : strlen(group);

        strtok_r(numbers, ": \n", &numbers_rest);
        if (group == NULL || strncmp(name, group, group_length) != 0)
            continue;
        while ((word = strtok_r(NULL, " \n", &names_rest)) != NULL) {
            const char *number = strtok_r(NULL, " \n", &numbers_rest);

            if (number == NULL || strcmp(name + group_length, word) != 0)
                continue;
            *value = atoll(number);
            found = true;
        }
    }
    fclose(file);
    return found;
}

long long net_counter(const char *name)
{
    long long value = 0;

    if (!find_counter("/proc/self/net/netstat", name, &value) && !find_counter("/proc/self/net/snmp", name, &value)) {
        tap_fail(__FILE__, __LINE__, "the kernel has no counter %s", name);
        tap_end_failed();
    }
    return value;
}

static unsigned count_in(const char *path, uint16_t local_port, int state)
{
    FILE *file = fopen(path, "re");
    unsigned count = 0, port, found_state;
    char line[512];

    if (file == NULL)
        return 0;
    while (fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, " %*u: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x", &port, &found_state) == 2 &&
            port == local_port && (int)found_state == state)
            count++;
    fclose(file);
    return count;
}

unsigned net_count_sockets(uint16_t local_port, int state)
{
    return count_in("/proc/self/net/tcp", local_port, state) + count_in("/proc/self/net/tcp6", local_port, state);
}

struct awaited_count {
    uint16_t port;
    int state;
    unsigned count;
};

static bool has_count(void *context)
{
    const struct awaited_count *awaited = context;

    return net_count_sockets(awaited->port, awaited->state) == awaited->count;
}

bool net_wait_count(uint16_t local_port, int state, unsigned count, unsigned deadline_ms)
{
    struct awaited_count awaited = {local_port, state, count};

    return net_wait_for(has_count, &awaited, deadline_ms);
}

/* ---- Namespaces ---- */

void net_device_up(const char *device)
{
    struct ifreq request = {0};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    REQUIRE(fd >= 0);
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", device);
    REQUIRE(ioctl(fd, SIOCGIFFLAGS, &request) == 0);
    request.ifr_flags = (short)(request.ifr_flags | IFF_UP | IFF_RUNNING);
    REQUIRE(ioctl(fd, SIOCSIFFLAGS, &request) == 0);
    close(fd);
}

void net_own_namespace(void)
{
    if (unshare(CLONE_NEWNET) != 0)
        tap_skip("netns", "a network namespace needs root: %s", strerror(errno));
    net_device_up("lo");
}

/* ---- Peers ---- */

uint64_t net_hash(const void *data, size_t bytes, uint64_t seed)
{
    const uint8_t *at = data;

    for (size_t i = 0; i < bytes; i++)
        seed = (seed ^ at[i]) * 0x100000001b3u;
    return seed;
}

/* Returns false at the end of the stream. */
static bool peer_read_some(int fd, volatile struct peer_report *report, size_t most, int flags)
{
    uint8_t chunk[CHUNK_BYTES];
    ssize_t got;

    do {
        got = recv(fd, chunk, most < sizeof chunk ? most : sizeof chunk, flags);
    } while (got < 0 && errno == EINTR);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return true;
    if (got <= 0) {
        report->eof = got == 0;
        if (got < 0 && report->read_error == 0)
            report->read_error = errno;
        return false;
    }
    for (size_t i = 0; i < (size_t)got && report->received_bytes + i < sizeof report->text - 1; i++)
        report->text[report->received_bytes + i] = (char)chunk[i];
    report->intact = report->intact && is_pattern(chunk, report->received_bytes, (size_t)got);
    report->received_hash = net_hash(chunk, (size_t)got, report->received_hash);
    report->received_bytes += (uint64_t)got;
    return true;
}

static void peer_read(int fd, volatile struct peer_report *report, uint64_t bytes)
{
    uint64_t end = report->received_bytes + bytes;

    while (report->received_bytes < end &&
           peer_read_some(
               fd, report,
               end - report->received_bytes > CHUNK_BYTES ? CHUNK_BYTES : (size_t)(end - report->received_bytes), 0))
        continue;
}

static bool peer_send(int fd, volatile struct peer_report *report, const void *data, size_t bytes, int flags)
{
    ssize_t sent = send(fd, data, bytes, flags | MSG_NOSIGNAL);

    if (sent > 0)
        report->sent_bytes += (uint64_t)sent;
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        if (report->send_error == 0)
            report->send_error = errno;
        return false;
    }
    return true;
}

static void peer_send_bytes(int fd, volatile struct peer_report *report, const char *text, uint64_t bytes)
{
    uint64_t start = report->sent_bytes, done;
    uint8_t chunk[CHUNK_BYTES];

    while ((done = report->sent_bytes - start) < bytes) {
        size_t part = bytes - done < sizeof chunk ? (size_t)(bytes - done) : sizeof chunk;

        if (text != NULL)
            memcpy(chunk, text + done, part);
        else
            net_pattern(chunk, report->sent_bytes, part);
        if (!peer_send(fd, report, chunk, part, 0))
            return;
    }
}

/* Sends on and on; the end of the input does not stop it, only a send that fails does. */
static void peer_talk(int fd, volatile struct peer_report *report, size_t bytes, unsigned ms)
{
    uint8_t chunk[CHUNK_BYTES];
    bool readable = true;

    for (;;) {
        struct pollfd ready = {fd, (short)(POLLOUT | (readable ? POLLIN : 0)), 0};

        net_pattern(chunk, report->sent_bytes, bytes);
        if (!peer_send(fd, report, chunk, bytes, MSG_DONTWAIT))
            return;
        while (readable && net_unread_bytes(fd) > 0)
            readable = peer_read_some(fd, report, CHUNK_BYTES, MSG_DONTWAIT);
        if (readable) /* its end, which is no byte */
            readable = peer_read_some(fd, report, CHUNK_BYTES, MSG_DONTWAIT);
        if (ms > 0)
            pause_ms(ms);
        else
            poll(&ready, 1, 1000);
    }
}

/* A peer that held a copy of the test's sockets would keep them open. */
static void close_all_but(int keep)
{
    for (int fd = STDERR_FILENO + 1; fd < PEER_FDS_MAX; fd++)
        if (fd != keep)
            close(fd);
}

static int peer_open(const struct peer_options *options)
{
    int fd;

    if (options->namespace_fd > 0 && setns(options->namespace_fd, CLONE_NEWNET) != 0)
        return -1;
    close_all_but(options->listener);
    if (options->listener > 0) {
        fd = accept4(options->listener, NULL, NULL, SOCK_CLOEXEC);
        close(options->listener);
        return fd;
    }
    return net_connect(options->family, options->address, options->port, &options->socket);
}

static void peer_follow(int fd, volatile struct peer_report *report, const struct peer_step *script, size_t steps)
{
    struct linger abortive = {1, 0};

    for (size_t i = 0; i < steps; i++) {
        const struct peer_step *step = &script[i];

        report->step = (unsigned)i;
        switch (step->action) {
        case PEER_END:
            return;
        case PEER_SEND:
            peer_send_bytes(fd, report, NULL, step->bytes);
            break;
        case PEER_SEND_TEXT:
            peer_send_bytes(fd, report, step->text, strlen(step->text));
            break;
        case PEER_READ:
            peer_read(fd, report, step->bytes);
            break;
        case PEER_READ_ALL:
            while (peer_read_some(fd, report, CHUNK_BYTES, 0))
                continue;
            break;
        case PEER_READ_SLOWLY:
            while (peer_read_some(fd, report, step->bytes == 0 ? 1 : (size_t)step->bytes, 0))
                pause_ms(step->ms);
            break;
        case PEER_WAIT:
            pause_ms(step->ms);
            break;
        case PEER_DRIP:
            peer_talk(fd, report, 1, step->ms == 0 ? 100 : step->ms);
            break;
        case PEER_PUMP:
            peer_talk(fd, report, CHUNK_BYTES, 0);
            break;
        case PEER_SHUTDOWN:
            shutdown(fd, SHUT_WR);
            break;
        case PEER_RESET:
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &abortive, sizeof abortive);
            return;
        case PEER_HOLD:
            for (;;)
                pause();
        }
    }
}

struct peer peer_start(const struct peer_options *options, const struct peer_step *script, size_t steps)
{
    struct peer peer = {-1, NULL};
    struct peer_report *report = mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    REQUIRE(report != MAP_FAILED);
    report->intact = true;
    report->received_hash = NET_HASH_SEED;
    peer.report = report;
    fflush(NULL);
    peer.pid = fork();
    REQUIRE(peer.pid >= 0);
    if (peer.pid == 0) {
        int fd;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGPIPE, SIG_IGN);
        fd = peer_open(options);
        if (fd < 0)
            _exit(1);
        peer.report->port = net_local_port(fd);
        peer.report->connected = true;
        peer_follow(fd, peer.report, script, steps);
        close(fd);
        peer.report->done = true;
        _exit(0);
    }
    return peer;
}

static bool peer_has_ended(void *context)
{
    const struct peer *peer = context;
    siginfo_t info;

    info.si_pid = 0;
    return waitid(P_PID, (id_t)peer->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0;
}

struct peer_report peer_kill(struct peer *peer)
{
    struct peer_report report;

    kill(peer->pid, SIGKILL);
    while (waitpid(peer->pid, NULL, 0) == -1 && errno == EINTR)
        continue;
    report = *(struct peer_report *)peer->report;
    munmap((void *)peer->report, sizeof report);
    peer->report = NULL;
    peer->pid = -1;
    return report;
}

struct peer_report peer_wait(struct peer *peer, unsigned deadline_ms)
{
    net_wait_for(peer_has_ended, peer, deadline_ms);
    return peer_kill(peer);
}
