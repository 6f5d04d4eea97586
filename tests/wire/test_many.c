/* SPDX-License-Identifier: MIT */
/* 10,000 connections that are drained one after another leave nothing behind. */
#include "tests/wire/wire.h"

#include <dirent.h>

#define CONNECTIONS 10000
#define WARM_UP     200
#define LISTENER    3
/* Evidence about the numbers that are used (shim/holder), and a page or two of stack. */
#define TABLE_KIB 16
#define SLACK_KIB (TABLE_KIB + 16)

static int count_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    int count = 0;

    REQUIRE(directory != NULL);
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count;
}

/* Of /proc/self/status, in KiB; what was mapped from files is not ours to bound. */
static long read_status(const char *key)
{
    FILE *file = fopen("/proc/self/status", "re");
    char line[256];
    long value = -1;

    REQUIRE(file != NULL);
    while (fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, key, strlen(key)) == 0)
            value = atol(line + strlen(key));
    fclose(file);
    return value;
}

static void end_one(bool nonblocking)
{
    int fd = nonblocking ? accept4(LISTENER, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)
                         : accept4(LISTENER, NULL, NULL, SOCK_CLOEXEC);

    char byte;

    REQUIRE(fd >= 0);
    CHECK(net_wait_unread(fd, 1, 10000)); /* the client is past its connect */
    CHECK_INT(recv(fd, &byte, 1, 0), 1);
    CHECK_INT(send(fd, "answer", 6, MSG_NOSIGNAL), 6);
    CHECK_INT(subject_linger_zero(fd), 0);
    CHECK_INT(close(fd), 0);
}

/* Says what it holds after the warm-up and at the end. */
static void snippet_serves(int argc, char **argv)
{
    bool nonblocking = argc > 0 && strcmp(argv[0], "nonblock") == 0;
    int connections = argc > 1 ? atoi(argv[1]) : 0;

    for (int i = 0; i < WARM_UP; i++)
        end_one(nonblocking);
    subject_say("fds_before=%d", count_descriptors());
    subject_say("anon_before=%ld", read_status("RssAnon:"));
    subject_say("size_before=%ld", read_status("VmSize:"));
    for (int i = 0; i < connections; i++)
        end_one(nonblocking);
    subject_say("fds_after=%d", count_descriptors());
    subject_say("anon_after=%ld", read_status("RssAnon:"));
    subject_say("size_after=%ld", read_status("VmSize:"));
    subject_say("served");
    subject_hear();
}

struct ends_seen {
    long whole, other;
};

/* Asks, and reads the answer to its end. Without TIME-WAIT of its own: the server closes first. */
static void ask_one(uint16_t port, struct ends_seen *seen)
{
    int fd = net_connect(AF_INET, NULL, port, NULL);
    char answer[16];
    ssize_t got;

    CHECK_INT(send(fd, "?", 1, MSG_NOSIGNAL), 1);
    got = recv(fd, answer, 6, MSG_WAITALL);

    if (got == 6 && recv(fd, answer, 1, 0) == 0)
        seen->whole++;
    else
        seen->other++;
    close(fd);
}

/* Sockets of the port in any state but LISTEN and TIME-WAIT. */
static unsigned left_behind(uint16_t port)
{
    unsigned count = 0;

    for (int state = TCP_ESTABLISHED; state <= TCP_CLOSING; state++)
        if (state != TCP_LISTEN && state != TCP_TIME_WAIT)
            count += net_count_sockets(port, state);
    return count;
}

static bool none_left(void *context)
{
    return left_behind(*(uint16_t *)context) == 0;
}

static long field(const char *text, const char *key)
{
    const char *at = strstr(text, key);

    REQUIRE(at != NULL);
    return atol(at + strlen(key));
}

static struct ends_seen serve_many(const char *mode, int connections, const char *rules)
{
    char count[16];
    char variable[128];
    const char *const environment[] = {variable, "LINGERGUARD_LOG=off", NULL};
    const char *const words[] = {mode, count, NULL};
    struct proc_options options = {.with_library = rules != NULL, .environment = environment, .input_pipe = true};
    struct ends_seen seen = {0, 0};
    struct proc_result result;
    struct proc program;
    uint16_t port;
    int listener;

    net_own_namespace();
    listener = net_listen(AF_INET, NULL);
    port = net_local_port(listener);
    options.inherit_fd[0] = listener;
    options.deadline_ms = 60000;
    snprintf(count, sizeof count, "%d", connections);
    snprintf(variable, sizeof variable, "LINGERGUARD_RULES=%s", rules != NULL ? rules : "");
    program = proc_snippet_start("serves", words, &options);
    for (int i = 0; i < WARM_UP + connections; i++)
        ask_one(port, &seen);
    CHECK(proc_wait_output(&program, "served\n", SCENE_RESET_MS));
    CHECK(net_wait_for(none_left, &port, SCENE_RESET_MS));
    result = proc_wait(&program);
    CHECK_INT(result.exit_status, 0);
    CHECK_INT(field(result.out, "fds_after="), field(result.out, "fds_before="));
    CHECK(field(result.out, "anon_after=") <= field(result.out, "anon_before=") + SLACK_KIB);
    CHECK_INT(field(result.out, "size_after="), field(result.out, "size_before="));
    CHECK_INT(net_count_sockets(port, TCP_TIME_WAIT) > 0, rules != NULL);
    tap_note("%s under '%s': anonymous memory %ld to %ld KiB", mode, rules != NULL ? rules : "nothing",
             field(result.out, "anon_before="), field(result.out, "anon_after="));
    proc_result_free(&result);
    return seen;
}

static void check_whole(const char *mode, const char *rules)
{
    struct ends_seen seen = serve_many(mode, CONNECTIONS, rules);

    CHECK_INT(seen.whole, WARM_UP + CONNECTIONS);
    CHECK_INT(seen.other, 0);
}

static void bare_kernel(void)
{
    CHECK_INT(serve_many("block", 300, NULL).whole, 0);
}

static void drained(void)
{
    check_whole("block", "drain 5s");
}

static void drained_nonblocking(void)
{
    check_whole("nonblock", "drain 5s");
}

static const struct tap_test tests[] = {
    {"aborted connections on the bare kernel: none ends well", bare_kernel, 120000},
    {"10,000 drained connections leave no descriptor, memory or socket", drained, 120000},
    {"10,000 drained connections on O_NONBLOCK leave none either", drained_nonblocking, 120000},
};

static const struct proc_snippet snippets[] = {{"serves", snippet_serves}};

int main(int argc, char **argv)
{
    proc_snippet_main(argc, argv, snippets, TAP_COUNT(snippets));
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
