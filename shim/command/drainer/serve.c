/* SPDX-License-Identifier: MIT */
#include "shim/command/drainer/serve.h"
#include "shim/command/common/clock.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define EVENTS      256
#define NO_ROOM_MS  50u   /* until the links are read again */
#define STOPPING_MS 1000u /* for what is under way at SIGTERM */

struct loop {
    struct lg_server *server;
    uint64_t wake_ms;   /* of what the server has to do by itself */
    uint64_t resume_ms; /* the links are not read before; 0: they are */
    uint64_t stop_ms;   /* end of the stop; 0: none */
    bool program_ended;
};

int lg_serve_signals(void)
{
    static const int wanted[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGCHLD};
    sigset_t set;
    int fd;

    sigemptyset(&set);
    for (unsigned i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        signal(wanted[i], SIG_DFL); /* the one who started us may have had SIGCHLD ignored */
        sigaddset(&set, wanted[i]);
    }
    signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static void stop(struct loop *loop)
{
    struct lg_server *server = loop->server;

    if (loop->stop_ms != 0) { /* told twice */
        loop->stop_ms = server->drains.now_ms;
        return;
    }
    loop->stop_ms = server->drains.now_ms + STOPPING_MS;
    lg_notify("STOPPING=1");
    lg_listener_unlink(&server->listener);
    lg_links_stop(&server->links);
}

static void read_signals(struct loop *loop)
{
    struct signalfd_siginfo signal_info;

    while (read(loop->server->signals, &signal_info, sizeof(signal_info)) == (ssize_t)sizeof(signal_info)) {
        if (signal_info.ssi_signo == SIGUSR1)
            lg_drains_tell_counts(&loop->server->drains, loop->server->links.count);
        else if (signal_info.ssi_signo != SIGCHLD)
            stop(loop);
    }
}

/* Whether there is nothing left to do. */
static bool is_over(const struct loop *loop)
{
    const struct lg_server *server = loop->server;
    bool idle = server->drains.table.count == 0 && server->links.count == 0;

    if (loop->stop_ms != 0)
        return idle || server->drains.now_ms >= loop->stop_ms;
    return loop->program_ended && idle;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return b != 0 && b < a ? b : a;
}

static int wait_ms(const struct loop *loop)
{
    uint64_t wake_ms = earlier(earlier(loop->wake_ms, loop->resume_ms), loop->stop_ms);
    uint64_t now_ms = loop->server->drains.now_ms;

    if (wake_ms == UINT64_MAX)
        return -1;
    return wake_ms <= now_ms ? 0 : wake_ms - now_ms > INT32_MAX ? INT32_MAX : (int)(wake_ms - now_ms);
}

enum { CONNECTIONS, LINKS, SIGNALS, PROGRAM, SOURCES };

/* What of the sources has something: as one bit for each of them. */
static unsigned wait_for_sources(const struct loop *loop)
{
    const struct lg_server *server = loop->server;
    struct pollfd sources[SOURCES] = {
        [CONNECTIONS] = {.fd = server->drains.epoll, .events = POLLIN},
        [LINKS] = {.fd = loop->resume_ms == 0 ? server->links.epoll : -1, .events = POLLIN},
        [SIGNALS] = {.fd = server->signals, .events = POLLIN},
        [PROGRAM] = {.fd = loop->program_ended ? -1 : server->program, .events = POLLIN},
    };
    unsigned ready = 0;

    poll(sources, SOURCES, wait_ms(loop));
    for (unsigned i = 0; i < SOURCES; i++)
        ready |= sources[i].revents != 0 ? 1u << i : 0;
    return ready;
}

static void drain_some(struct lg_drains *drains)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(drains->epoll, events, EVENTS, 0);

    for (int i = 0; i < count; i++)
        lg_drains_event(drains, events[i].data.u64, events[i].events);
}

static void turn(struct loop *loop)
{
    struct lg_server *server = loop->server;
    unsigned ready = wait_for_sources(loop);

    server->drains.now_ms = (uint64_t)lg_now_ms();
    if (loop->resume_ms != 0 && server->drains.now_ms >= loop->resume_ms) {
        loop->resume_ms = 0;
        ready |= 1u << LINKS;
    }
    if (ready & 1u << SIGNALS)
        read_signals(loop);
    if (ready & 1u << PROGRAM)
        loop->program_ended = true;
    if (ready & 1u << CONNECTIONS)
        drain_some(&server->drains);
    if (ready & 1u << LINKS && !lg_links_turn(&server->links))
        loop->resume_ms = server->drains.now_ms + NO_ROOM_MS;
    loop->wake_ms = earlier(lg_drains_tick(&server->drains), lg_closer_tick(&server->closer, server->drains.now_ms));
}

int lg_serve(struct lg_server *server, uint32_t max, uint32_t descriptors_max)
{
    struct loop loop = {.server = server, .wake_ms = UINT64_MAX};
    int result = server->signals < 0 ? server->signals : lg_drains_init(&server->drains, max);

    server->drains.now_ms = (uint64_t)lg_now_ms();
    server->links.drains = &server->drains;
    server->links.closer = &server->closer;
    if (result == 0)
        result = lg_links_init(&server->links, server->listener.fd, descriptors_max);
    if (result != 0)
        return result;
    lg_notify("READY=1");
    while (!is_over(&loop))
        turn(&loop);
    lg_drains_end_all(&server->drains);
    lg_drains_tell_counts(&server->drains, server->links.count);
    lg_listener_unlink(&server->listener);
    return 0;
}
