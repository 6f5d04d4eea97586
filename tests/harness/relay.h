/* SPDX-License-Identifier: MIT */
/*
 * A path that delays and loses: two TUN devices, one in this namespace and one in another, joined by
 * a process of ours that passes the packets on. For kernels without netem, and to lose exactly the
 * segment that a test is about.
 *
 *     near   this namespace   10.99.0.1   fd99::1   device "near0"
 *     far    the other one    10.99.0.2   fd99::2   device "far0"
 */
#ifndef RELAY_H
#define RELAY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define RELAY_NEAR_V4     "10.99.0.1"
#define RELAY_FAR_V4      "10.99.0.2"
#define RELAY_NEAR_V6     "fd99::1"
#define RELAY_FAR_V6      "fd99::2"
#define RELAY_NEAR_DEVICE "near0"
#define RELAY_FAR_DEVICE  "far0"

/* One direction. May be changed at any time; holds for packets that arrive from then on. */
struct relay_path {
    unsigned delay_ms;
    bool silent;        /* drops everything: the other end is dead */
    unsigned drop_data; /* drops that many segments with payload, counting down */
    unsigned drop_fin;  /* and that many with FIN */
    unsigned drop_rst;
    unsigned lose_permille;   /* and that share of everything, by a fixed pseudo-random sequence */
    unsigned passed, dropped; /* packets; written by the relay */
};

struct relay {
    pid_t pid;
    int far_namespace_fd;                    /* for peer_options.namespace_fd, or setns */
    volatile struct relay_path *near_to_far; /* what this namespace sends */
    volatile struct relay_path *far_to_near;
};

/* Needs net_own_namespace first; skips the test (group tun) where there is no /dev/net/tun. */
struct relay relay_open(void);
void relay_close(struct relay *relay);

/* The address of an end for AF_INET or AF_INET6. */
const char *relay_near(int family);
const char *relay_far(int family);

/* Runs what follows, in a child of the test, in the far namespace. */
void relay_enter_far(const struct relay *relay);

#endif
