/* SPDX-License-Identifier: MIT */
#include "shim/command/drainer/links.h"

#include "shim/command/drainer/message.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define LISTENER      UINT64_MAX /* in an event; otherwise the index of a link */
#define EVENTS        32
#define ACCEPT_MOST   16u /* in a turn */
#define MESSAGES_MOST 32u /* of one link, in a turn */
#define OWN           32u /* descriptors that are neither links nor connections, and some to spare */
#define TELL_MS       1000u
#define DESCRIPTORS   9 /* room for one beside the credentials, and for more only without these */

int lg_links_init(struct lg_links *links, int listener, uint32_t descriptors_max)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = LISTENER};
    uint32_t spare = descriptors_max - links->drains->table.max;

    links->listener = listener;
    links->descriptors_max = descriptors_max;
    links->max = spare < LG_LINKS_MAX + OWN ? spare - OWN : LG_LINKS_MAX;
    for (unsigned i = 0; i < LG_LINKS_MAX; i++)
        links->links[i].fd = -1;
    links->epoll = epoll_create1(EPOLL_CLOEXEC);
    return links->epoll < 0 || epoll_ctl(links->epoll, EPOLL_CTL_ADD, listener, &event) != 0 ? -errno : 0;
}

/* Whether what comes may be taken: it needs a descriptor, or somebody to close it. */
static bool may_receive(const struct lg_links *links)
{
    return !lg_closer_is_busy(links->closer, links->drains->now_ms) &&
           links->drains->table.count + links->count + lg_closer_held(links->closer) + OWN < links->descriptors_max;
}

/* One refusal a second in words; the counts have all of them. */
static void tell_refusal(struct lg_links *links, const char *what, const char *why)
{
    char note[128];

    if (links->told_ms != 0 && links->drains->now_ms - links->told_ms < TELL_MS)
        return;
    links->told_ms = links->drains->now_ms;
    snprintf(note, sizeof(note), "%s: %s", what, why);
    lg_drains_tell(links->drains, note);
}

/* Ends */

/* `by_closer` where something may wait in it. */
static void end_link(struct lg_links *links, struct lg_link *link, bool by_closer)
{
    epoll_ctl(links->epoll, EPOLL_CTL_DEL, link->fd, NULL);
    if (by_closer)
        lg_closer_close(links->closer, link->fd, links->drains->now_ms);
    else
        close(link->fd);
    link->fd = -1;
    links->count--;
}

static void refuse_message(struct lg_links *links, struct lg_link *link, const char *why)
{
    links->drains->counts.refused_messages++;
    tell_refusal(links, "a message was refused, and its sender", why);
    end_link(links, link, true);
}

/* New ones */

static bool is_allowed(const struct lg_link_users *users, uid_t user)
{
    if (user == users->unmapped)
        return false;
    for (unsigned i = 0; i < users->count; i++) {
        if (users->users[i] == user)
            return true;
    }
    return users->any;
}

/* A free place, for which the link that was silent for longest makes room where there is none. */
static struct lg_link *place_for_link(struct lg_links *links)
{
    struct lg_link *silent = NULL;

    for (unsigned i = 0; i < links->max; i++) {
        struct lg_link *link = &links->links[i];

        if (link->fd < 0)
            return link;
        if (!silent || link->used_ms < silent->used_ms)
            silent = link;
    }
    end_link(links, silent, true);
    return silent;
}

/* What a message may bring beside descriptors: its sender, by which a message is told from the end. */
static void set_credentials(int fd)
{
    int on = 1, off = 0;

    setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_PASSSEC, &off, sizeof(off));
}

static void add_link(struct lg_links *links, int fd)
{
    struct lg_link *link = place_for_link(links);
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.u64 = (uint64_t)(link - links->links)};

    set_credentials(fd);
    *link = (struct lg_link){fd, links->drains->now_ms};
    links->count++;
    if (epoll_ctl(links->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        end_link(links, link, true);
}

static void accept_some(struct lg_links *links)
{
    for (unsigned i = 0; i < ACCEPT_MOST && may_receive(links); i++) {
        int fd = accept4(links->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        struct ucred sender = {0, (uid_t)-1, (gid_t)-1};
        socklen_t size = sizeof(sender);

        if (fd < 0)
            return;
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &sender, &size) == 0 && is_allowed(&links->users, sender.uid)) {
            add_link(links, fd);
            continue;
        }
        links->drains->counts.refused_senders++;
        tell_refusal(links, "a sender was refused", "its user is not allowed");
        lg_closer_close(links->closer, fd, links->drains->now_ms);
    }
}

/* Messages */

struct arrival {
    struct lg_hand_off data; /* as much of the message as there is room for */
    ssize_t length_bytes;    /* of all of it, or a negative errno */
    int descriptors[DESCRIPTORS];
    unsigned descriptor_count;
    bool has_sender;
    bool is_cut; /* it brings more descriptors, or one that we may not have */
};

static void read_control(struct msghdr *header, struct arrival *arrival)
{
    for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
        if (part->cmsg_level != SOL_SOCKET)
            continue;
        if (part->cmsg_type == SCM_CREDENTIALS)
            arrival->has_sender = true;
        if (part->cmsg_type != SCM_RIGHTS)
            continue;
        arrival->descriptor_count = (unsigned)((part->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(arrival->descriptors, CMSG_DATA(part), arrival->descriptor_count * sizeof(int));
    }
}

/* Looks at the first message of the link without taking it; its descriptor is ours already. */
static void look(int fd, struct arrival *arrival)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(struct ucred)) + CMSG_LEN(sizeof(int))];
    } control;
    struct iovec part = {&arrival->data, sizeof(arrival->data)};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control};

    _Static_assert((sizeof(control.bytes) - CMSG_LEN(0)) / sizeof(int) <= DESCRIPTORS, "all that could come");
    memset(arrival, 0, sizeof(*arrival));
    header.msg_controllen = CMSG_SPACE(sizeof(struct ucred)) + CMSG_LEN(sizeof(int));
    arrival->length_bytes = recvmsg(fd, &header, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (arrival->length_bytes < 0) {
        arrival->length_bytes = -errno;
        return;
    }
    arrival->is_cut = header.msg_flags & MSG_CTRUNC;
    read_control(&header, arrival);
}

/* Takes the message that was looked at; its descriptor in the message is not the last one. */
static void take(int fd)
{
    recv(fd, NULL, 0, MSG_DONTWAIT);
}

static void close_descriptors(struct lg_links *links, const struct arrival *arrival)
{
    for (unsigned i = 0; i < arrival->descriptor_count; i++)
        lg_closer_close(links->closer, arrival->descriptors[i], links->drains->now_ms);
}

/* NULL, or why the message is not taken. */
static const char *find_problem(const struct arrival *arrival, struct lg_hand_off *message,
                                struct lg_connection *connection)
{
    const char *problem = lg_message_read(&arrival->data, (size_t)arrival->length_bytes, message);

    if (problem)
        return problem;
    if (arrival->is_cut)
        return "it has more than one descriptor, or one that may not be received";
    if (arrival->descriptor_count != 1)
        return "it has no descriptor";
    if (!lg_connection_look(arrival->descriptors[0], connection))
        return "its descriptor is no TCP connection";
    return NULL;
}

enum look_result { TOOK = 0, NOTHING_MORE, NO_ROOM };

static enum look_result take_message(struct lg_links *links, struct lg_link *link)
{
    struct lg_connection connection;
    struct lg_hand_off message;
    struct arrival arrival;
    const char *problem;

    look(link->fd, &arrival);
    if (arrival.length_bytes == -EAGAIN)
        return NOTHING_MORE;
    if (arrival.length_bytes == 0 && !arrival.has_sender) {
        end_link(links, link, false); /* all of its senders are gone, and nothing waits in it */
        return NOTHING_MORE;
    }
    problem = arrival.length_bytes < 0 ? "it cannot be received" : find_problem(&arrival, &message, &connection);
    if (problem) {
        close_descriptors(links, &arrival);
        refuse_message(links, link, problem);
        return NOTHING_MORE;
    }
    if (!lg_drains_make_room(links->drains)) {
        close(arrival.descriptors[0]); /* a TCP connection, and not the last of it: the message waits on */
        return NO_ROOM;
    }
    take(link->fd);
    link->used_ms = links->drains->now_ms;
    lg_drains_take(links->drains, arrival.descriptors[0], &connection, &message);
    return TOOK;
}

static bool read_link(struct lg_links *links, struct lg_link *link)
{
    for (unsigned i = 0; i < MESSAGES_MOST; i++) {
        enum look_result result = may_receive(links) ? take_message(links, link) : NO_ROOM;

        if (result != TOOK)
            return result == NOTHING_MORE;
    }
    return true;
}

bool lg_links_turn(struct lg_links *links)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(links->epoll, events, EVENTS, 0);
    bool room = true;

    for (int i = 0; i < count && room; i++) {
        if (events[i].data.u64 == LISTENER)
            accept_some(links);
        else if (links->links[events[i].data.u64].fd >= 0)
            room = read_link(links, &links->links[events[i].data.u64]);
    }
    return room && may_receive(links);
}

void lg_links_stop(struct lg_links *links)
{
    if (links->listener < 0)
        return;
    accept_some(links);
    epoll_ctl(links->epoll, EPOLL_CTL_DEL, links->listener, NULL);
    lg_closer_close(links->closer, links->listener, links->drains->now_ms); /* with what was not accepted */
    links->listener = -1;
    for (unsigned i = 0; i < links->max; i++) {
        if (links->links[i].fd >= 0)
            shutdown(links->links[i].fd, SHUT_RD);
    }
}
