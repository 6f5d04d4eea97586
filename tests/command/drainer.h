/* SPDX-License-Identifier: MIT */
/*
 * A drainer under test, and a program that hands connections over to it: with the real message, over
 * a real link, and real connections of loopback. Included by the tests of the drainer.
 */
#ifndef TEST_DRAINER_H
#define TEST_DRAINER_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim/base/hand_off.h"
#include "tests/harness/net.h"
#include "tests/harness/proc.h"
#include "tests/harness/records.h"
#include "tests/harness/tap.h"

#define SOON_MS 10000u /* deadline for what happens at once */

struct drainer {
    struct proc process;
    char directory[64], path[96], log[96];
};

/* What is started: before its exec; may be NULL. */
static struct proc_options drainer_options;

static bool drainer_listens(void *context)
{
    struct drainer *drainer = context;
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    bool listens;

    snprintf(at.sun_path, sizeof at.sun_path, "%s", drainer->path);
    listens = connect(fd, (struct sockaddr *)&at, sizeof at) == 0;
    close(fd);
    return listens;
}

/* `words`: options with a blank between them. */
static inline struct drainer drainer_start(const char *words)
{
    struct drainer drainer;
    char copy[256], *rest = copy, *word;
    const char *arguments[24] = {proc_command(), "drainer", "-f", "json", "-l", drainer.log};
    size_t count = 6;

    memset(&drainer, 0, sizeof drainer);
    snprintf(drainer.directory, sizeof drainer.directory, "/tmp/lg-drainer.XXXXXX");
    REQUIRE(mkdtemp(drainer.directory) != NULL && chmod(drainer.directory, 0755) == 0);
    snprintf(drainer.path, sizeof drainer.path, "%s/socket", drainer.directory);
    snprintf(drainer.log, sizeof drainer.log, "%s/log", drainer.directory);
    snprintf(copy, sizeof copy, "%s", words);
    while ((word = strtok_r(rest, " ", &rest)) != NULL && count < 20)
        arguments[count++] = word;
    arguments[count++] = drainer.path;
    arguments[count] = NULL;
    drainer.process = proc_start(arguments, &drainer_options);
    REQUIRE(net_wait_for(drainer_listens, &drainer, SOON_MS));
    return drainer;
}

/* A link, or -errno. */
static inline int drainer_connect(const struct drainer *drainer)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), error;

    snprintf(at.sun_path, sizeof at.sun_path, "%s", drainer->path);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
        return fd;
    error = errno;
    close(fd);
    return -error;
}

static inline int drainer_link(const struct drainer *drainer)
{
    int fd = drainer_connect(drainer);

    REQUIRE(fd >= 0);
    return fd;
}

static inline struct lg_hand_off drainer_message(uint32_t limit_ms)
{
    struct lg_hand_off message = {
        .magic = LG_HAND_OFF_MAGIC,
        .version = LG_HAND_OFF_VERSION,
        .size_bytes = sizeof message,
        .limit_ms = limit_ms,
        .pid = 1234,
        .tid = 1235,
        .policy = 0x00c0ffee,
        .unsent_bytes = -1,
    };

    lg_hand_off_text(message.call, sizeof message.call, "close", 5);
    lg_hand_off_text(message.cause, sizeof message.cause, "unread", 6);
    lg_hand_off_text(message.rule, sizeof message.rule, "rules:1", 7);
    lg_hand_off_text(message.exe, sizeof message.exe, "/usr/sbin/program", 17);
    return message;
}

/* Sends any bytes with any descriptors; 0 or -errno. */
static inline int drainer_send(int link, const void *data, size_t bytes, const int *fds, size_t count)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(253 * sizeof(int))];
    } control;
    struct iovec part = {(void *)(uintptr_t)data, bytes};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    struct cmsghdr *rights;

    if (count > 0) {
        memset(&control, 0, sizeof control);
        header.msg_control = &control;
        header.msg_controllen = CMSG_SPACE(count * sizeof(int));
        rights = CMSG_FIRSTHDR(&header);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(rights), fds, count * sizeof(int));
    }
    return sendmsg(link, &header, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* As the library does: FIN, the descriptor, the close. Returns 0 or -errno; then it is still open. */
static inline int drainer_hand(int link, int fd, const struct lg_hand_off *message)
{
    int result;

    shutdown(fd, SHUT_WR);
    result = drainer_send(link, message, sizeof *message, &fd, 1);
    if (result == 0)
        close(fd);
    return result;
}

/* Sends until there is room in the link. */
static inline void drainer_hand_at_last(int link, int fd, const struct lg_hand_off *message)
{
    long long end_ms = net_now_ms() + 60000;
    int result;

    while ((result = drainer_hand(link, fd, message)) == -EAGAIN && net_now_ms() < end_ms)
        usleep(1000);
    REQUIRE(result == 0);
}

/* How many lines of the log have this part; the last of them, without its end, in `last`, which may be NULL. */
static inline unsigned drainer_read_log(const struct drainer *drainer, const char *part, char **last)
{
    FILE *file = fopen(drainer->log, "re");
    char *line = NULL;
    size_t room = 0;
    unsigned count = 0;

    while (file != NULL && getline(&line, &room, file) > 0) {
        if (strstr(line, part) == NULL)
            continue;
        count++;
        line[strcspn(line, "\n")] = '\0';
        if (last != NULL) {
            free(*last);
            *last = strdup(line);
        }
    }
    free(line);
    if (file != NULL)
        fclose(file);
    return count;
}

static inline unsigned drainer_lines(const struct drainer *drainer, const char *part)
{
    return drainer_read_log(drainer, part, NULL);
}

struct drainer_wanted {
    const struct drainer *drainer;
    const char *part;
    unsigned count;
};

static bool drainer_has_lines(void *context)
{
    struct drainer_wanted *wanted = context;

    return drainer_lines(wanted->drainer, wanted->part) >= wanted->count;
}

/* Waits until the log has `count` lines with this part. */
static inline bool drainer_wait(const struct drainer *drainer, const char *part, unsigned count, unsigned deadline_ms)
{
    struct drainer_wanted wanted = {drainer, part, count};

    return net_wait_for(drainer_has_lines, &wanted, deadline_ms);
}

/* A number of the counts as of now. */
static inline long long drainer_count(const struct drainer *drainer, const char *key)
{
    unsigned before = drainer_lines(drainer, "\"counts\"");
    char *line = NULL;
    long long number;

    REQUIRE(kill(drainer->process.pid, SIGUSR1) == 0);
    REQUIRE(drainer_wait(drainer, "\"counts\"", before + 1, SOON_MS));
    drainer_read_log(drainer, "\"counts\"", &line);
    number = record_number(line, key);
    free(line);
    return number;
}

struct drainer_number {
    const struct drainer *drainer;
    const char *key;
    long long number;
};

static bool drainer_has_number(void *context)
{
    struct drainer_number *wanted = context;

    return drainer_count(wanted->drainer, wanted->key) == wanted->number;
}

static inline bool drainer_wait_count(const struct drainer *drainer, const char *key, long long number)
{
    struct drainer_number wanted = {drainer, key, number};

    return net_wait_for(drainer_has_number, &wanted, SOON_MS);
}

static inline unsigned drainer_descriptors(const struct drainer *drainer)
{
    char path[64];
    unsigned count = 0;
    DIR *directory;

    snprintf(path, sizeof path, "/proc/%d/fd", (int)drainer->process.pid);
    directory = opendir(path);
    REQUIRE(directory != NULL);
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count;
}

/* How many descriptors its epoll instances watch. */
static inline unsigned drainer_watched(const struct drainer *drainer)
{
    char path[64], *text, *at;
    unsigned count = 0;

    for (int fd = 0; fd < 100; fd++) {
        snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", (int)drainer->process.pid, fd);
        text = records_file(path);
        for (at = text; (at = strstr(at, "tfd:")) != NULL; at++)
            count++;
        free(text);
    }
    return count;
}

/* A number of /proc/PID/status: "VmRSS:", in KiB. */
static inline long drainer_status(const struct drainer *drainer, const char *key)
{
    char path[64], *text, *at;
    long number = -1;

    snprintf(path, sizeof path, "/proc/%d/status", (int)drainer->process.pid);
    text = records_file(path);
    at = strstr(text, key);
    if (at != NULL)
        number = strtol(at + strlen(key), NULL, 10);
    free(text);
    return number;
}

/* Takes away what it left: after an end that is no drainer_end. */
static inline void drainer_remove(const struct drainer *drainer)
{
    char command[160];

    snprintf(command, sizeof command, "rm -rf %s", drainer->directory);
    CHECK_INT(system(command), 0);
}

/* Ends it with SIGTERM, and returns what it wrote. What it says on standard error must be nothing. */
static inline struct records drainer_end(struct drainer *drainer)
{
    struct proc_result result = proc_end(&drainer->process, SIGTERM);
    char *text = records_file(drainer->log);
    struct records records = records_parse(text, false);

    CHECK_INT(result.exit_status, 0);
    CHECK_TEXT(result.err, "");
    CHECK(access(drainer->path, F_OK) != 0);
    drainer_remove(drainer);
    proc_result_free(&result);
    free(text);
    return records;
}

/* The same, and only how many records have these values. */
static inline int drainer_end_count(struct drainer *drainer, const char *wanted)
{
    struct records records = drainer_end(drainer);
    int count = records_count(&records, wanted);

    records_free(&records);
    return count;
}

/* One that is handed over now and drained to its end: the drainer serves. */
static inline void drainer_check_serves(const struct drainer *drainer)
{
    struct net_pair pair = net_pair(AF_INET, NULL);
    struct lg_hand_off message = drainer_message(60000);
    unsigned before = drainer_lines(drainer, "still serves");
    int link = drainer_link(drainer);
    struct net_received received;

    lg_hand_off_text(message.exe, sizeof message.exe, "still serves", 12);
    CHECK(net_send_pattern(pair.server, 0, 1000));
    CHECK_INT(drainer_hand(link, pair.server, &message), 0);
    CHECK(net_send_pattern(pair.client, 0, 100000));
    received = net_read_all(pair.client, SOON_MS);
    CHECK(received.eof && received.intact && received.bytes == 1000);
    close(pair.client);
    CHECK(drainer_wait(drainer, "still serves", before + 1, SOON_MS));
    close(link);
}

#endif
