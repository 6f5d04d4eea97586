/* SPDX-License-Identifier: MIT */
/*
 * The drainer's table against a model that is slow and plain: what is in it, what is to be looked at
 * first, the order of its lists and the number of each peer's.
 * links: shim/command/drainer/table.c
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shim/command/drainer/table.h"
#include "tests/harness/tap.h"

#define MAX   2000u
#define PEERS 7u

struct model {
    bool used;
    uint32_t number;
    uint64_t wake_ms, age;
    unsigned peer;
    enum lg_entry_list list;
};

static struct model model[MAX];
static struct lg_table table;
static uint64_t age;

/* Peers 0 and 1 are one IPv6 /64, 2 and 3 one IPv4 address in two families, the others differ. */
static struct lg_address peer_of(unsigned peer)
{
    struct lg_address address = {.family = peer < 2 || peer == 3 ? 6 : 4, .port = (uint16_t)rand()};

    if (peer < 2) {
        address.bytes[0] = 0x20;
        address.bytes[15] = (uint8_t)peer;
    } else if (peer == 3) {
        address.bytes[10] = address.bytes[11] = 0xff;
        address.bytes[15] = 2;
    } else {
        address.bytes[3] = (uint8_t)peer;
    }
    return address;
}

static unsigned key_of(unsigned peer)
{
    return peer == 1 ? 0 : peer == 3 ? 2 : peer;
}

static void add_one(void)
{
    unsigned peer = (unsigned)rand() % PEERS;
    struct lg_address address = peer_of(peer);
    enum lg_entry_list list = rand() % 2 ? LG_ENTRY_SENT : LG_ENTRY_UNSENT;
    uint64_t wake_ms = (uint64_t)rand() % 1000;
    uint32_t index = lg_table_add(&table, &address, list, wake_ms);

    REQUIRE(index < MAX && !model[index].used);
    CHECK(lg_table_at(&table, index)->number != 0 && lg_table_at(&table, index)->number != model[index].number);
    model[index] = (struct model){true, lg_table_at(&table, index)->number, wake_ms, ++age, peer, list};
}

static uint32_t any_used(void)
{
    uint32_t index = (uint32_t)rand() % MAX;

    while (!model[index].used)
        index = (index + 1) % MAX;
    return index;
}

static void change_one(void)
{
    uint32_t index = any_used();

    switch (rand() % 3) {
    case 0:
        lg_table_remove(&table, index);
        model[index].used = false;
        break;
    case 1:
        model[index].wake_ms = (uint64_t)rand() % 1000;
        lg_table_wake(&table, index, model[index].wake_ms);
        break;
    default:
        model[index].list = model[index].list == LG_ENTRY_SENT ? LG_ENTRY_UNSENT : LG_ENTRY_SENT;
        model[index].age = ++age;
        lg_table_move(&table, index, model[index].list);
        break;
    }
}

static void check_list(enum lg_entry_list list)
{
    uint32_t index = table.lists[list].first, previous = LG_TABLE_NONE;
    uint64_t last_age = 0;
    uint32_t count = 0, wanted = 0;

    for (uint32_t i = 0; i < MAX; i++)
        wanted += model[i].used && model[i].list == list;
    for (; index != LG_TABLE_NONE; index = lg_table_at(&table, index)->next) {
        REQUIRE(model[index].used && model[index].list == list && model[index].age > last_age);
        REQUIRE(lg_table_at(&table, index)->previous == previous);
        last_age = model[index].age;
        previous = index;
        count++;
    }
    CHECK_INT(count, wanted);
    CHECK_INT(table.lists[list].last, previous);
}

static void check_all(void)
{
    uint32_t count = 0, of_peer[PEERS] = {0}, first = lg_table_first_to_wake(&table);
    uint64_t first_ms = UINT64_MAX;

    for (uint32_t i = 0; i < MAX; i++) {
        if (!model[i].used)
            continue;
        count++;
        of_peer[key_of(model[i].peer)]++;
        first_ms = model[i].wake_ms < first_ms ? model[i].wake_ms : first_ms;
    }
    CHECK_INT(table.count, count);
    CHECK(count == 0 ? first == LG_TABLE_NONE : lg_table_at(&table, first)->wake_ms == first_ms);
    for (unsigned i = 0; i < PEERS; i++) {
        struct lg_address peer = peer_of(i);

        CHECK_INT(lg_table_count_of(&table, &peer), of_peer[key_of(i)]);
    }
    check_list(LG_ENTRY_SENT);
    check_list(LG_ENTRY_UNSENT);
}

static void test_against_model(void)
{
    srand(1);
    CHECK_INT(lg_table_init(&table, MAX), 0);
    for (unsigned round = 0; round < 60; round++) {
        /* from empty to full and back, past the size from which memory is given back */
        for (unsigned i = 0; i < 5000; i++) {
            bool grows = rand() % 10 < (round % 20 < 10 ? 8 : 2);

            if (grows ? table.count < MAX : table.count == 0)
                add_one();
            else
                change_one();
        }
        check_all();
    }
    while (table.count < MAX)
        add_one();
    check_all();
    while (table.count > 0) {
        uint32_t index = lg_table_first_to_wake(&table);

        lg_table_remove(&table, index);
        model[index].used = false;
    }
    check_all();
    CHECK_INT(table.touched, 0); /* its memory was given back */
    add_one();
    check_all();
}

/* Addresses that differ in one bit only, and many of them. */
static void test_many_peers(void)
{
    struct lg_address address = {.family = 4};

    CHECK_INT(lg_table_init(&table, MAX), 0);
    for (uint32_t i = 0; i < MAX; i++) {
        memcpy(address.bytes, &i, sizeof i);
        lg_table_add(&table, &address, LG_ENTRY_SENT, i);
    }
    for (uint32_t i = 0; i < MAX; i++) {
        memcpy(address.bytes, &i, sizeof i);
        CHECK_INT(lg_table_count_of(&table, &address), 1);
        CHECK(lg_table_same_peer(&table, lg_table_first_to_wake(&table), &address));
        lg_table_remove(&table, lg_table_first_to_wake(&table));
        CHECK_INT(lg_table_count_of(&table, &address), 0);
    }
}

static long resident_kib(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    long pages = 0, resident = 0;

    REQUIRE(file != NULL && fscanf(file, "%ld %ld", &pages, &resident) == 2);
    fclose(file);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

/* A drainer has 2 MiB before it has a connection. */
static void test_size(void)
{
    struct lg_address address = {.family = 4};
    long before_kib = resident_kib(), used_kib;

    CHECK_INT(lg_table_init(&table, 50000), 0);
    for (uint32_t i = 0; i < 50000; i++) {
        memcpy(address.bytes, &i, sizeof i);
        lg_table_add(&table, &address, LG_ENTRY_SENT, i);
    }
    used_kib = resident_kib() - before_kib;
    tap_note("50,000 entries with a peer each: %ld KiB", used_kib);
    CHECK(used_kib < 30 * 1024);
}

static const struct tap_test tests[] = {
    {"300,000 changes, against a model", test_against_model, 0},
    {"a peer for each entry", test_many_peers, 0},
    {"50,000 of them need less than 32 MiB", test_size, 0},
};

int main(int argc, char **argv)
{
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
