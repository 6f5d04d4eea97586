/* SPDX-License-Identifier: MIT */
#include "shim/command/report/key.h"
#include "policy/text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

struct key {
    char *start;
    char *at;
    struct lg_modules *modules;
};

static void put_part(struct key *key, struct lg_text part)
{
    if (part.length_bytes != 0)
        memcpy(key->at, part.at, part.length_bytes);
    key->at += part.length_bytes;
    *key->at++ = '\0';
}

static void put_module(struct key *key, struct lg_text path)
{
    put_part(key, lg_modules_same(key->modules, path));
}

/* MODULE+0xOFFSET */
static void put_caller(struct key *key, struct lg_text caller)
{
    size_t plus = caller.length_bytes;

    while (plus > 0 && caller.at[plus - 1] != '+')
        plus--;
    if (plus == 0) {
        put_part(key, caller);
        return;
    }
    put_module(key, lg_text_make(caller.at, plus - 1));
    key->at--; /* goes on where the part would end */
    put_part(key, lg_text_skip(caller, plus - 1));
}

static struct lg_text finish_key(const struct key *key)
{
    return (struct lg_text){key->start, (size_t)(key->at - key->start)};
}

/* The ports of outgoing connections are the kernel's choice, a new one each time: one group. */
static void put_port(struct key *key, const struct lg_report_record *record)
{
    char text[sizeof("outgoing")] = "";

    if (record->role == LG_ROLE_CONNECTED)
        strcpy(text, "outgoing");
    else if (record->local.family != 0)
        snprintf(text, sizeof(text), "%u", record->local.port);
    put_part(key, lg_text_of(text));
}

/* The /24 of IPv4, the /64 of IPv6: about one site each. */
static void put_network(struct key *key, const struct lg_address *peer)
{
    char text[INET6_ADDRSTRLEN + 4] = "";
    uint8_t bytes[16] = {0};

    if (peer->family != 0) {
        memcpy(bytes, peer->bytes, peer->family == 4 ? 3 : 8);
        inet_ntop(peer->family == 4 ? AF_INET : AF_INET6, bytes, text, INET6_ADDRSTRLEN);
        strcat(text, peer->family == 4 ? "/24" : "/64");
    }
    put_part(key, lg_text_of(text));
}

struct lg_text lg_key_of(char room[LG_KEY_ROOM], struct lg_modules *modules, enum lg_table table,
                         const struct lg_report_record *record)
{
    struct key key = {room, room, modules};

    switch (table) {
    case LG_TABLE_PORT:
        put_port(&key, record);
        break;
    case LG_TABLE_NETWORK:
        put_network(&key, &record->peer);
        break;
    case LG_TABLE_RULE:
        put_part(&key, record->rule);
        put_part(&key, record->policy);
        break;
    case LG_TABLE_POLICY:
        put_part(&key, record->policy);
        break;
    case LG_TABLE_TAG:
        put_part(&key, record->tag);
        break;
    case LG_TABLE_PROGRAM:
    case LG_TABLE_PROBLEM_PROGRAM:
        put_module(&key, record->exe);
        break;
    case LG_TABLE_METRIC:
        put_module(&key, record->exe);
        __attribute__((fallthrough));
    case LG_TABLE_CAUSE:
        put_part(&key, record->cause);
        put_part(&key, record->verdict);
        put_part(&key, record->outcome_text);
        break;
    case LG_TABLE_SITE:
        put_module(&key, record->exe);
        for (unsigned i = 0; i < record->caller_count; i++)
            put_caller(&key, record->callers[i]);
        break;
    case LG_TABLE_PROBLEM:
        put_part(&key, record->exe);
        put_part(&key, record->error);
        break;
    case LG_TABLE_COUNT:
        break;
    }
    return finish_key(&key);
}
