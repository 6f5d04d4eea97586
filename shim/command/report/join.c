/* SPDX-License-Identifier: MIT */
#include "shim/command/report/join.h"

#include <stdlib.h>
#include <string.h>

#define WAYS 8u /* sockets that share a set */

bool lg_join_init(struct lg_join *join, uint32_t socket_count, lg_join_leave_fn *leave, void *context)
{
    *join = (struct lg_join){.socket_count = socket_count, .leave = leave, .context = context};
    join->sockets = calloc(socket_count, sizeof(*join->sockets));
    return join->sockets != NULL;
}

void lg_join_flush(struct lg_join *join)
{
    for (uint32_t i = 0; i < join->socket_count; i++) {
        if (join->sockets[i].cookie == 0)
            continue;
        join->leave(join->context, &join->sockets[i]);
        join->sockets[i].cookie = 0;
    }
}

void lg_join_free(struct lg_join *join)
{
    free(join->sockets);
    join->sockets = NULL;
}

static struct lg_join_socket *set_of(struct lg_join *join, uint64_t cookie)
{
    uint64_t hash = cookie * UINT64_C(0x9E3779B97F4A7C15);

    return &join->sockets[(hash >> 32) % (join->socket_count / WAYS) * WAYS];
}

/* Whether `a` should make room before `b`. */
static bool goes_first(const struct lg_join *join, const struct lg_join_socket *a, const struct lg_join_socket *b)
{
    if (a->is_closed != b->is_closed)
        return a->is_closed;
    return join->clock - a->heard > join->clock - b->heard;
}

static void start(struct lg_join_socket *at, uint64_t cookie)
{
    memset(at, 0, sizeof(*at));
    at->cookie = cookie;
    at->asker = LG_GROUP_NONE;
    at->closer = LG_GROUP_NONE;
    for (unsigned i = 0; i < LG_JOIN_TABLES; i++)
        at->groups[i] = LG_GROUP_NONE;
    lg_count_init(&at->end);
}

static struct lg_join_socket *make_room(struct lg_join *join, struct lg_join_socket *set)
{
    struct lg_join_socket *chosen = &set[0];

    for (unsigned i = 0; i < WAYS; i++) {
        if (set[i].cookie == 0)
            return &set[i];
        if (goes_first(join, &set[i], chosen))
            chosen = &set[i];
    }
    join->pushed_out += !chosen->is_closed;
    join->leave(join->context, chosen);
    return chosen;
}

struct lg_join_socket *lg_join_find(struct lg_join *join, uint64_t cookie, uint64_t peer)
{
    struct lg_join_socket *set = set_of(join, cookie);
    struct lg_join_socket *found = NULL;

    for (unsigned i = 0; i < WAYS && found == NULL; i++) {
        if (set[i].cookie == cookie)
            found = &set[i];
    }
    if (found == NULL) {
        found = make_room(join, set);
        start(found, cookie);
    } else if (peer != 0 && found->peer != 0 && found->peer != peer) {
        join->leave(join->context, found);
        start(found, cookie);
    }
    if (peer != 0)
        found->peer = peer;
    found->heard = join->clock++;
    return found;
}
