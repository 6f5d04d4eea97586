/* SPDX-License-Identifier: MIT */
/*
 * TCP for tests: listeners and connected pairs on loopback, what the kernel knows of them, a network
 * namespace of one's own, and scripted peers that run in a process of their own, outside of any
 * preload. `family` is AF_INET or AF_INET6. Functions that return a descriptor fail the test when
 * the system fails them, and every descriptor is close-on-exec.
 */
#ifndef NET_H
#define NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* ---- Waiting ---- */

typedef bool net_condition_fn(void *context);

/* Asks until the condition holds or the deadline (times TAP_SLOW) passes; returns whether it held. */
bool net_wait_for(net_condition_fn *holds, void *context, unsigned deadline_ms);

long long net_now_ms(void); /* CLOCK_MONOTONIC */

/* ---- Connections ---- */

/* How sockets are made. All zero: the kernel's defaults, TCP, loopback, a port that is free. */
struct net_options {
    int protocol;        /* 0: TCP; IPPROTO_MPTCP */
    unsigned send_bytes; /* SO_SNDBUF and SO_RCVBUF, set before the connection exists */
    unsigned receive_bytes;
    const char *address; /* of the listener; NULL: loopback */
    uint16_t port;       /* of the listener; 0: any */
    int backlog;         /* 0: 16 */
};

int net_listen(int family, const struct net_options *options);
int net_connect(int family, const char *address, uint16_t port, const struct net_options *options);
int net_accept(int listener); /* at most 10 seconds */

uint16_t net_local_port(int fd);
uint16_t net_peer_port(int fd);

struct net_pair {
    int client, server; /* server: accepted */
    uint16_t client_port, server_port;
};

/* `options` holds for both ends, and may be NULL. */
struct net_pair net_pair(int family, const struct net_options *options);

/* The bytes of every stream here: a pattern of the offset, so that a lost or doubled part shows. */
void net_pattern(uint8_t *buffer, uint64_t offset, size_t bytes);

/* Sends the pattern from `offset` until the kernel takes no more; returns the bytes it took. */
uint64_t net_fill(int fd, uint64_t offset);

/* Sends `bytes` of the pattern; returns false when the kernel did not take them in 10 seconds. */
bool net_send_pattern(int fd, uint64_t offset, uint64_t bytes);

/* What a reader of the pattern saw until the end. */
struct net_received {
    uint64_t bytes;
    bool eof;    /* an orderly end */
    int error;   /* errno of the read that failed; ECONNRESET is a RST; ETIME: the deadline passed */
    bool intact; /* each byte was that of the pattern */
};

struct net_received net_read_all(int fd, unsigned deadline_ms);

/* ---- What the kernel knows ---- */

int net_tcp_state(int fd);                /* TCP_ESTABLISHED and so on, of <netinet/tcp.h> */
const char *net_state_name(int state);    /* "ESTABLISHED" */
int net_unsent_bytes(int fd);             /* SIOCOUTQ: not acknowledged by the peer */
int net_unread_bytes(int fd);             /* SIOCINQ */
int net_get_linger(int fd, int *seconds); /* SO_LINGER; returns l_onoff */

bool net_wait_state(int fd, int state, unsigned deadline_ms);
bool net_wait_unread(int fd, int bytes, unsigned deadline_ms); /* at least that many */

/*
 * A counter of /proc/net/netstat or /proc/net/snmp of this namespace, named as nstat(8) does
 * ("TcpExtTCPAbortOnData", "TcpOutRsts").
 */
long long net_counter(const char *name);

/* Sockets of a state with this local port in this namespace, orphans and TIME-WAIT included, both families. Right
   only in a namespace of one's own: elsewhere the port may serve others too. */
unsigned net_count_sockets(uint16_t local_port, int state);
bool net_wait_count(uint16_t local_port, int state, unsigned count, unsigned deadline_ms);

/* ---- Namespaces ---- */

/* Moves this process into a new network namespace with lo up; skips the test (group netns) without the right to. */
void net_own_namespace(void);
void net_device_up(const char *device);

/* ---- Peers ---- */

enum peer_action {
    PEER_END = 0,     /* end of the script: closes, reports and exits */
    PEER_SEND,        /* `bytes` of the pattern */
    PEER_SEND_TEXT,   /* `text` */
    PEER_READ,        /* `bytes`, or up to the end */
    PEER_READ_ALL,    /* up to the end */
    PEER_READ_SLOWLY, /* `bytes` at a time each `ms`, up to the end */
    PEER_WAIT,        /* `ms` */
    PEER_DRIP,        /* a byte each `ms`, until a send fails; reads too */
    PEER_PUMP,        /* as much as the kernel takes, until a send fails; reads too */
    PEER_SHUTDOWN,    /* its FIN */
    PEER_RESET,       /* linger zero and close */
    PEER_HOLD,        /* neither reads nor closes until it is killed */
};

struct peer_step {
    enum peer_action action;
    uint64_t bytes;
    unsigned ms;
    const char *text;
};

/* What a peer saw; `done` when its script is over. Filled in while it runs. */
struct peer_report {
    bool connected;
    bool eof;
    bool intact; /* what it read was the pattern */
    bool done;
    int read_error; /* errno of the first read that failed; ECONNRESET is a RST */
    int send_error; /* the same of a send; EPIPE or ECONNRESET */
    uint16_t port;  /* its own */
    unsigned step;  /* where in the script it is */
    uint64_t received_bytes, sent_bytes;
    uint64_t received_hash; /* FNV-1a of what it read */
    char text[256];         /* the first bytes it read, terminated */
};

struct peer_options {
    int family;
    int listener;        /* accept from this one; 0: connect */
    const char *address; /* to connect to; NULL: loopback */
    uint16_t port;
    struct net_options socket;
    int namespace_fd; /* of /proc/PID/ns/net to live in; 0: this one */
};

struct peer {
    pid_t pid;
    volatile struct peer_report *report;
};

/* Starts a peer that follows the script. The caller may close the listener afterwards. */
struct peer peer_start(const struct peer_options *options, const struct peer_step *script, size_t steps);

/* Waits until the script is over, kills the peer where it is not, and returns its report. */
struct peer_report peer_wait(struct peer *peer, unsigned deadline_ms);

/* Kills it now: its kernel closes what it held. */
struct peer_report peer_kill(struct peer *peer);

uint64_t net_hash(const void *data, size_t bytes, uint64_t seed); /* FNV-1a; NET_HASH_SEED to begin with */
#define NET_HASH_SEED 0xcbf29ce484222325u

#endif
