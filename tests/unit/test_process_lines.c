/* SPDX-License-Identifier: MIT */
/*
 * What is read of /proc and out of a process's memory.
 *
 * links: shim/command/processes/lines.c shim/command/processes/visible.c
 */
#include "shim/command/processes/lines.h"

#include <stdlib.h>
#include <string.h>

#include "policy/text.h"
#include "shim/command/processes/mapped.h"
#include "tests/harness/tap.h"

/* A terminated copy, for the macros. */
static const char *shown(struct lg_text text)
{
    static char copy[512];

    if (!text.at)
        return "(none)";
    memcpy(copy, text.at, text.length_bytes);
    copy[text.length_bytes] = '\0';
    return copy;
}

static void test_mapping(void)
{
    struct lg_mapping mapping;

    REQUIRE(
        lg_mapping_parse(lg_text_of("7f1c2a000000-7f1c2a021000 rw-p 00001000 fe:01 1234   /usr/lib/a b.so"), &mapping));
    CHECK(mapping.start == 0x7f1c2a000000 && mapping.end == 0x7f1c2a021000);
    CHECK(mapping.readable && mapping.writable && !mapping.executable && !mapping.deleted);
    CHECK_TEXT(shown(mapping.path), "/usr/lib/a b.so");
    REQUIRE(lg_mapping_parse(lg_text_of("0-fff r-xp 0 00:00 0 /x/liblingerguard.so (deleted)"), &mapping));
    CHECK(mapping.readable && !mapping.writable && mapping.executable && mapping.deleted);
    CHECK_TEXT(shown(mapping.path), "/x/liblingerguard.so");
    REQUIRE(lg_mapping_parse(lg_text_of("ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 "), &mapping));
    CHECK(!mapping.readable && mapping.path.length_bytes == 0);
}

static void test_no_mapping(void)
{
    static const char *const lines[] = {
        "",
        "x",
        "12-34",
        "34-12 rw-p 0 0:0 0 /x",
        "12-3g rw-p 0 0:0 0 /x",
        "-34 rw-p 0 0:0 0 /x",
        "12- rw-p 0 0:0 0 /x",
        "1234 rw-p 0 0:0 0 /x",
        "10000000000000000-10000000000000001 rw-p 0 0:0 0 /x",
        "12-34 rw- 0 0:0 0 /x",
        "12-34 rw-p 0 0:0",
    };
    struct lg_mapping mapping;

    for (size_t i = 0; i < TAP_COUNT(lines); i++) {
        tap_note("%s", lines[i]);
        CHECK(!lg_mapping_parse(lg_text_of(lines[i]), &mapping));
    }
}

static void test_units(void)
{
    static const struct {
        const char *cgroup;
        const char *unit;
    } cases[] = {
        {"0::/system.slice/nginx.service\n", "nginx.service"},
        {"0::/system.slice/nginx.service/workers\n", "nginx.service"},
        {"0::/user.slice/user-1000.slice/user@1000.service/app.slice/foo.service\n", "foo.service"},
        {"0::/user.slice/user-1000.slice/session-3.scope\n", "session-3.scope"},
        {"0::/machine.slice/libpod-0123456789abcdef.scope/container\n", "libpod-0123456789abcdef.scope"},
        {"0::/docker/0123456789abcdef0123\n", "0123456789abcdef0123"},
        {"0::/docker/0123456789abcdef0123/system.slice/sshd.service\n", "sshd.service"},
        {"0::/kubepods/burstable/podx/0123456789abcdef0123\n", "0123456789abcdef0123"},
        {"0::/\n", "(none)"},
        {"0::/system.slice\n", "(none)"},
        {"0::/deadbeef\n", "(none)"},
        {"0::/x/..service.d\n", "(none)"},
        {"12:memory:/system.slice/wrong.service\n1:name=systemd:/system.slice/cron.service\n0::/\n", "cron.service"},
        {"1:name=systemd:/system.slice/old.service\n0::/system.slice/new.service\n", "new.service"},
        {"10::/a.service\n", "(none)"},
        {"0:cpu:/a.service\n", "(none)"},
        {"0::/a.service", "a.service"},
        {"0\n::\n0:\n\n0::/b.service\n", "b.service"},
        {"", "(none)"},
    };

    for (size_t i = 0; i < TAP_COUNT(cases); i++) {
        tap_note("%s", cases[i].cgroup);
        CHECK_TEXT(shown(lg_cgroup_unit(lg_text_of(cases[i].cgroup))), cases[i].unit);
    }
}

static void test_environ(void)
{
    static const char text[] = "A=1\0LD_PRELOADED=x\0LD_PRELOAD\0LD_PRELOAD=/a.so:/b.so\0LD_PRELOAD=late";
    struct lg_text all = {text, sizeof text - 1};

    CHECK_TEXT(shown(lg_environ_value(all, "LD_PRELOAD")), "/a.so:/b.so");
    CHECK_TEXT(shown(lg_environ_value(all, "A")), "1");
    CHECK_TEXT(shown(lg_environ_value(all, "B")), "(none)");
    CHECK_TEXT(shown(lg_environ_value((struct lg_text){"A=", 2}, "A")), "");
    CHECK_TEXT(shown(lg_environ_value((struct lg_text){NULL, 0}, "A")), "(none)");
}

static void test_start(void)
{
    uint64_t ticks = 0;

    CHECK(lg_stat_start(lg_text_of("7 (a) b) c) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20\n"), &ticks));
    CHECK_INT((long long)ticks, 4711);
    CHECK(!lg_stat_start(lg_text_of("7 (a) S 1 2 3\n"), &ticks));
    CHECK(!lg_stat_start(lg_text_of("7 a S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20\n"), &ticks));
    CHECK(!lg_stat_start(lg_text_of(""), &ticks));
}

static void test_status(void)
{
    struct lg_text text = lg_text_of("Name:\tUid: 7\nUid:\t1\t2\t3\t4\nGroups:\t4 24 27 \nNSpid:\t9\n");
    uint32_t numbers[4];

    CHECK_INT(lg_status_numbers(text, "Uid:", numbers, 4), 4);
    CHECK(numbers[0] == 1 && numbers[1] == 2 && numbers[3] == 4);
    CHECK_INT(lg_status_numbers(text, "Groups:", numbers, 4), 3);
    CHECK_INT(numbers[2], 27);
    CHECK_INT(lg_status_numbers(text, "Groups:", numbers, 2), 2);
    CHECK_INT(lg_status_numbers(text, "Gid:", numbers, 4), 0);
}

static void test_auxv(void)
{
    const uint64_t wide[] = {16, 1, 23, 1, 0, 0};
    const uint32_t narrow[] = {16, 1, 23, 7, 0, 0};
    uint64_t value = 0;

    CHECK(lg_auxv_value((struct lg_text){(const char *)wide, sizeof wide}, 64, 23, &value) && value == 1);
    CHECK(lg_auxv_value((struct lg_text){(const char *)narrow, sizeof narrow}, 32, 23, &value) && value == 7);
    CHECK(!lg_auxv_value((struct lg_text){(const char *)wide, sizeof wide}, 64, 17, &value));
    CHECK(!lg_auxv_value((struct lg_text){(const char *)wide, 31}, 64, 23, &value));
}

/* Memory with structs at odd places. */
static char memory[4096];

static struct lg_text whole_memory(void)
{
    return (struct lg_text){memory, sizeof memory};
}

static void put(size_t at, const char *name, uint32_t flags)
{
    struct lg_visible visible = {.size_bytes = sizeof visible, .flags = flags, .digest = 0x2bf34b8b};

    size_t length = strlen(name);

    memcpy(visible.name, name, length < sizeof visible.name ? length : sizeof visible.name);
    memcpy(memory + at, &visible, sizeof visible);
}

static void test_visible(void)
{
    struct lg_visible visible;

    put(100, LG_VISIBLE_MAGIC "0.1.0", LG_VISIBLE_LOADED);
    REQUIRE(lg_visible_find(whole_memory(), &visible));
    CHECK_TEXT(lg_visible_version(&visible), "0.1.0");
    CHECK_INT(visible.digest, 0x2bf34b8b);
}

static void test_visible_loaded_first(void)
{
    struct lg_visible visible;

    put(0, LG_VISIBLE_MAGIC "1", 0);
    put(sizeof memory - sizeof visible, LG_VISIBLE_MAGIC "2", LG_VISIBLE_LOADED);
    REQUIRE(lg_visible_find(whole_memory(), &visible));
    CHECK_TEXT(lg_visible_version(&visible), "2");
    memset(memory + sizeof memory - sizeof visible, 0, sizeof visible);
    REQUIRE(lg_visible_find(whole_memory(), &visible));
    CHECK_TEXT(lg_visible_version(&visible), "1");
}

static void test_no_visible(void)
{
    struct lg_visible visible;
    uint32_t small = sizeof visible - 1, large = 65537;

    CHECK(!lg_visible_find(whole_memory(), &visible));
    put(0, LG_VISIBLE_MAGIC "x", LG_VISIBLE_LOADED);
    CHECK(!lg_visible_find(whole_memory(), &visible));
    put(0, LG_VISIBLE_MAGIC "0123456789012345678901234567890123456789", LG_VISIBLE_LOADED);
    CHECK(!lg_visible_find(whole_memory(), &visible)); /* the name does not end */
    put(0, LG_VISIBLE_MAGIC "0", LG_VISIBLE_LOADED);
    memcpy(memory + offsetof(struct lg_visible, size_bytes), &small, sizeof small);
    CHECK(!lg_visible_find(whole_memory(), &visible));
    memcpy(memory + offsetof(struct lg_visible, size_bytes), &large, sizeof large);
    CHECK(!lg_visible_find(whole_memory(), &visible));
    put(0, LG_VISIBLE_MAGIC "0", LG_VISIBLE_LOADED);
    CHECK(!lg_visible_find((struct lg_text){memory, sizeof visible - 1}, &visible)); /* cut off */
    CHECK(lg_visible_find((struct lg_text){memory, sizeof visible}, &visible));
}

static void test_visible_terminated(void)
{
    struct lg_visible visible;

    put(0, LG_VISIBLE_MAGIC "0", LG_VISIBLE_LOADED);
    memset(memory + offsetof(struct lg_visible, log), 'x', sizeof visible.log + sizeof visible.drainer);
    REQUIRE(lg_visible_find(whole_memory(), &visible));
    CHECK_INT((long long)strlen(visible.log), sizeof visible.log - 1);
    CHECK_INT((long long)strlen(visible.drainer), sizeof visible.drainer - 1);
}

static const struct tap_test tests[] = {
    {"a line of maps", test_mapping, 0},
    {"what is no line of maps", test_no_mapping, 0},
    {"the unit of a process", test_units, 0},
    {"a variable of its environment", test_environ, 0},
    {"when it started", test_start, 0},
    {"numbers of its status", test_status, 0},
    {"its auxiliary vector", test_auxv, 0},
    {"what the library shows is found in memory", test_visible, 0},
    {"one that has started goes before the file's text", test_visible_loaded_first, 0},
    {"what only looks like it is not taken", test_no_visible, 0},
    {"its strings end, whatever is in them", test_visible_terminated, 0},
};

int main(int argc, char **argv)
{
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
