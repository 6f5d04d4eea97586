/* SPDX-License-Identifier: MIT */
#include "tests/harness/relay.h"

#include "tests/harness/net.h"
#include "tests/harness/tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/ipv6.h>
#include <net/if.h>
#include <netinet/in.h>
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
#include <unistd.h>

#define PACKET_BYTES_MAX 2048u /* the devices have an MTU of 1500 */
#define QUEUE_MAX        8192u
#define V4_PREFIX        "255.255.255.0"
#define V6_PREFIX_BITS   64u
#define READY_MS         5000u
#define TCP_FLAGS_BYTE   13
#define TCP_FIN          0x01u
#define TCP_RST          0x04u

struct packet {
    long long due_ms;
    size_t bytes;
    uint8_t data[PACKET_BYTES_MAX];
};

/* Packets of one direction, in order: a path has one delay, so what comes first leaves first. */
struct queue {
    struct packet *packets; /* QUEUE_MAX of them */
    unsigned first, count;
    uint32_t random;
};

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    tap_fail(__FILE__, __LINE__, "%s: %s", what, strerror(errno));
    tap_end_failed();
}

const char *relay_near(int family)
{
    return family == AF_INET ? RELAY_NEAR_V4 : RELAY_NEAR_V6;
}

const char *relay_far(int family)
{
    return family == AF_INET ? RELAY_FAR_V4 : RELAY_FAR_V6;
}

static void set_v4(const char *device, const char *address)
{
    struct ifreq request = {0};
    struct sockaddr_in *at = (struct sockaddr_in *)&request.ifr_addr;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    must(fd >= 0, "socket");
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", device);
    at->sin_family = AF_INET;
    must(inet_pton(AF_INET, address, &at->sin_addr) == 1, address);
    must(ioctl(fd, SIOCSIFADDR, &request) == 0, "SIOCSIFADDR");
    must(inet_pton(AF_INET, V4_PREFIX, &at->sin_addr) == 1, V4_PREFIX);
    must(ioctl(fd, SIOCSIFNETMASK, &request) == 0, "SIOCSIFNETMASK");
    close(fd);
}

struct route {
    const char *from, *to;
};

/* Whether the kernel would choose `from` to reach `to`. */
static bool is_chosen(void *context)
{
    const struct route *route = context;
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(9)};
    struct in6_addr from;
    socklen_t length = sizeof address;
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool chosen;

    inet_pton(AF_INET6, route->to, &address.sin6_addr);
    inet_pton(AF_INET6, route->from, &from);
    chosen = connect(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
             getsockname(fd, (struct sockaddr *)&address, &length) == 0 &&
             memcmp(&address.sin6_addr, &from, sizeof from) == 0;
    close(fd);
    return chosen;
}

/* A kernel without IPv6 has no address to give; what needs it skips when it cannot bind. */
static void set_v6(const char *device, const char *address, const char *other)
{
    struct route route = {address, other};
    struct in6_ifreq request = {.ifr6_prefixlen = V6_PREFIX_BITS, .ifr6_ifindex = (int)if_nametoindex(device)};
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return;
    must(inet_pton(AF_INET6, address, &request.ifr6_addr) == 1, address);
    must(ioctl(fd, SIOCSIFADDR, &request) == 0, "SIOCSIFADDR for IPv6");
    close(fd);
    /* The link becomes ready a little later; until then the kernel would send from ::1. */
    must(net_wait_for(is_chosen, &route, READY_MS), "the IPv6 address did not become usable");
}

static int open_tun(const char *device, const char *v4, const char *v6, const char *other_v6)
{
    struct ifreq request = {0};
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        tap_skip("tun", "/dev/net/tun: %s", strerror(errno));
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", device);
    if (ioctl(fd, TUNSETIFF, &request) != 0)
        tap_skip("tun", "TUNSETIFF: %s", strerror(errno));
    set_v4(device, v4);
    net_device_up(device);
    set_v6(device, v6, other_v6);
    return fd;
}

static int this_namespace(void)
{
    int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

    must(fd >= 0, "/proc/self/ns/net");
    return fd;
}

/* The TCP header of a packet, its flags and payload; false for what is no TCP. */
static bool read_tcp(const uint8_t *packet, size_t bytes, unsigned *flags, size_t *payload_bytes)
{
    size_t ip_bytes, tcp_bytes;

    if (bytes < 40)
        return false;
    ip_bytes = packet[0] >> 4 == 4 ? (packet[0] & 15u) * 4u : 40;
    if (packet[packet[0] >> 4 == 4 ? 9 : 6] != IPPROTO_TCP || bytes < ip_bytes + 20)
        return false;
    tcp_bytes = (size_t)(packet[ip_bytes + 12] >> 4) * 4u;
    *flags = packet[ip_bytes + TCP_FLAGS_BYTE];
    *payload_bytes = bytes > ip_bytes + tcp_bytes ? bytes - ip_bytes - tcp_bytes : 0;
    return true;
}

static bool count_down(volatile unsigned *count)
{
    if (*count == 0)
        return false;
    (*count)--;
    return true;
}

static bool is_dropped(volatile struct relay_path *path, struct queue *queue, const uint8_t *packet, size_t bytes)
{
    size_t payload_bytes = 0;
    unsigned flags = 0;

    if (path->silent || queue->count == QUEUE_MAX)
        return true;
    queue->random = queue->random * 1664525u + 1013904223u;
    if ((queue->random >> 8) % 1000u < path->lose_permille)
        return true;
    if (!read_tcp(packet, bytes, &flags, &payload_bytes))
        return false;
    return (payload_bytes > 0 && count_down(&path->drop_data)) ||
           ((flags & TCP_FIN) != 0 && count_down(&path->drop_fin)) ||
           ((flags & TCP_RST) != 0 && count_down(&path->drop_rst));
}

static void take_packets(int fd, volatile struct relay_path *path, struct queue *queue)
{
    uint8_t buffer[PACKET_BYTES_MAX];
    ssize_t bytes;

    while ((bytes = read(fd, buffer, sizeof buffer)) > 0) {
        struct packet *packet = &queue->packets[(queue->first + queue->count) % QUEUE_MAX];

        if (is_dropped(path, queue, buffer, (size_t)bytes)) {
            path->dropped++;
            continue;
        }
        packet->due_ms = net_now_ms() + path->delay_ms;
        packet->bytes = (size_t)bytes;
        memcpy(packet->data, buffer, (size_t)bytes);
        queue->count++;
    }
}

static void pass_packets(int fd, volatile struct relay_path *path, struct queue *queue)
{
    while (queue->count > 0 && queue->packets[queue->first].due_ms <= net_now_ms()) {
        const struct packet *packet = &queue->packets[queue->first];

        if (write(fd, packet->data, packet->bytes) < 0 && errno == EAGAIN)
            return;
        path->passed++;
        queue->first = (queue->first + 1) % QUEUE_MAX;
        queue->count--;
    }
}

/* Milliseconds until the first packet of either queue is due; -1: there is none. */
static int next_due_ms(const struct queue *queues)
{
    long long due_ms = -1;

    for (int i = 0; i < 2; i++)
        if (queues[i].count > 0 && (due_ms < 0 || queues[i].packets[queues[i].first].due_ms < due_ms))
            due_ms = queues[i].packets[queues[i].first].due_ms;
    if (due_ms < 0)
        return -1;
    due_ms -= net_now_ms();
    return due_ms < 0 ? 0 : (int)due_ms;
}

static void pass_on(const int tun[2], volatile struct relay_path *paths)
{
    struct queue queues[2] = {{.random = 1}, {.random = 2}};

    for (int i = 0; i < 2; i++) {
        queues[i].packets = calloc(QUEUE_MAX, sizeof(struct packet));
        if (queues[i].packets == NULL)
            _exit(1);
    }
    for (;;) {
        struct pollfd ready[2] = {{tun[0], POLLIN, 0}, {tun[1], POLLIN, 0}};

        poll(ready, 2, next_due_ms(queues));
        for (int i = 0; i < 2; i++) {
            take_packets(tun[i], &paths[i], &queues[i]);
            pass_packets(tun[1 - i], &paths[i], &queues[i]);
        }
    }
}

static void keep_only(const int tun[2])
{
    for (int fd = STDERR_FILENO + 1; fd < 1024; fd++)
        if (fd != tun[0] && fd != tun[1])
            close(fd);
}

struct relay relay_open(void)
{
    struct relay relay = {.pid = -1};
    struct relay_path *paths = mmap(NULL, 2 * sizeof *paths, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int near_namespace = this_namespace(), tun[2];

    must(paths != MAP_FAILED, "mmap");
    tun[0] = open_tun(RELAY_NEAR_DEVICE, RELAY_NEAR_V4, RELAY_NEAR_V6, RELAY_FAR_V6);
    must(unshare(CLONE_NEWNET) == 0, "unshare");
    net_device_up("lo");
    tun[1] = open_tun(RELAY_FAR_DEVICE, RELAY_FAR_V4, RELAY_FAR_V6, RELAY_NEAR_V6);
    relay.far_namespace_fd = this_namespace();
    must(setns(near_namespace, CLONE_NEWNET) == 0, "setns");
    close(near_namespace);
    relay.near_to_far = &paths[0];
    relay.far_to_near = &paths[1];
    fflush(NULL);
    relay.pid = fork();
    must(relay.pid >= 0, "fork");
    if (relay.pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        keep_only(tun);
        pass_on(tun, paths);
    }
    close(tun[0]);
    close(tun[1]);
    return relay;
}

void relay_close(struct relay *relay)
{
    kill(relay->pid, SIGKILL);
    while (waitpid(relay->pid, NULL, 0) == -1 && errno == EINTR)
        continue;
    close(relay->far_namespace_fd);
    munmap((void *)relay->near_to_far, 2 * sizeof(struct relay_path));
    relay->pid = -1;
}

void relay_enter_far(const struct relay *relay)
{
    must(setns(relay->far_namespace_fd, CLONE_NEWNET) == 0, "setns");
}
