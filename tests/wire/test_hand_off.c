/* SPDX-License-Identifier: MIT */
/*
 * A server that answers before it has read an upload, O_NONBLOCK, with the drainer: the whole answer arrives, the whole
 * upload is taken, and there is no RST on the wire, in every way to close.
 */
#include "tests/wire/ways.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#define UPLOAD_BYTES 2999000 /* and a thousand before the answer */
#define ANSWER_BYTES 100000
#define RULES        "drainer %s; drain 5s on linger-zero,unread"

struct drainer {
    struct proc process;
    char directory[64], path[96], log[96];
};

static bool listens(void *context)
{
    struct drainer *drainer = context;
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    bool result;

    memcpy(at.sun_path, drainer->path, strlen(drainer->path));
    result = connect(fd, (struct sockaddr *)&at, sizeof at) == 0;
    close(fd);
    return result;
}

static void start_drainer(struct drainer *drainer)
{
    const char *const words[] = {proc_command(), "drainer", "-f", "json", "-l", drainer->log, drainer->path, NULL};
    struct proc_options plain = {0};

    strcpy(drainer->directory, "/tmp/lg-wire.XXXXXX");
    REQUIRE(mkdtemp(drainer->directory) != NULL);
    snprintf(drainer->path, sizeof drainer->path, "%s/socket", drainer->directory);
    snprintf(drainer->log, sizeof drainer->log, "%s/log", drainer->directory);
    drainer->process = proc_start(words, &plain);
    REQUIRE(net_wait_for(listens, drainer, SCENE_RESET_MS));
}

static int lines_of(const struct drainer *drainer, const char *wanted)
{
    char *text = records_file(drainer->log);
    struct records records = records_parse(text, true);
    int count = records_count(&records, wanted);

    records_free(&records);
    free(text);
    return count;
}

struct wanted_lines {
    const struct drainer *drainer;
    const char *wanted;
    int count;
};

static bool has_lines(void *context)
{
    const struct wanted_lines *lines = context;

    return lines_of(lines->drainer, lines->wanted) == lines->count;
}

static void end_drainer(struct drainer *drainer)
{
    struct proc_result result = proc_end(&drainer->process, SIGTERM);

    proc_result_free(&result);
    unlink(drainer->path);
    unlink(drainer->log);
    rmdir(drainer->directory);
}

static bool close_word(const char *word, long number, int *fd)
{
    FILE *stream;

    (void)number;
    errno = 4242;
    if (strcmp(word, "dup2") == 0)
        CHECK_INT(dup2(0, *fd), *fd);
    else if (strcmp(word, "close_range") == 0)
        CHECK_INT(close_range((unsigned)*fd, (unsigned)*fd, 0), 0);
    else if (strcmp(word, "syscall") == 0)
        CHECK_INT(syscall(SYS_close, *fd), 0);
    else if (strcmp(word, "fclose") == 0 && (stream = fdopen(*fd, "r+")) != NULL)
        CHECK_INT(fclose(stream), 0);
    else
        return false;
    CHECK_INT(errno, 4242);
    return true;
}

static void subject_closes(int argc, char **argv)
{
    subject_follow(argc, argv, close_word);
}

/* Reads late: what a RST would destroy is still in its receive queue. */
static const struct peer_step uploads[] = {
    {.action = PEER_SEND, .bytes = 1000},
    {.action = PEER_WAIT, .ms = 100},
    {.action = PEER_SEND, .bytes = UPLOAD_BYTES},
    {.action = PEER_SHUTDOWN},
    {.action = PEER_READ_ALL},
};

static void play(const struct drainer *drainer, const char *way, bool nonblocking, const char *outcome)
{
    char words[128], rules[256], wanted[128];
    struct scene scene = {
        .family = AF_INET, .snippet = "closes", .words = words, .peer = uploads, .peer_steps = TAP_COUNT(uploads)};
    struct scene_end end;

    snprintf(words, sizeof words, "accept %s unread:1000 send:%d %s", nonblocking ? "nonblock" : "", ANSWER_BYTES, way);
    snprintf(rules, sizeof rules, RULES, drainer->path);
    scene.rules = rules;
    end = scene_play(&scene);
    snprintf(wanted, sizeof wanted, "call=%s cause=unread outcome=%s", way, outcome);
    CHECK_INT(records_count(&end.records, wanted), 1);
    CHECK_INT((long long)end.records.count, 1);
    check_orderly_wire(&end);
    CHECK_INT((long long)end.peer.received_bytes, ANSWER_BYTES);
    CHECK(end.peer.eof && end.peer.intact && end.peer.send_error == 0 && end.peer.read_error == 0);
    scene_free(&end);
}

static void test_ways(void)
{
    static const char *const ways[] = {"close", "dup2", "close_range", "fclose", "syscall"};
    struct drainer drainer;
    int count = 0;

    start_drainer(&drainer);
    for (size_t i = 0; i < TAP_COUNT(ways); i++) {
        for (int nonblocking = 0; nonblocking < 2; nonblocking++) {
            struct wanted_lines lines = {&drainer, "outcome=drained drained_bytes=3000000", ++count};
            int before = tap_failures();

            play(&drainer, ways[i], nonblocking, "handed");
            CHECK(net_wait_for(has_lines, &lines, SCENE_RESET_MS));
            if (tap_failures() != before)
                tap_note("... that was: %s, %s", ways[i], nonblocking ? "O_NONBLOCK" : "blocking");
        }
    }
    end_drainer(&drainer);
}

/* The same rules and nobody there: a close that does not wait ends in RST where the kernel lets it not be muted. */
static void test_nobody(void)
{
    static const struct peer_step late[] = {
        {.action = PEER_SEND, .bytes = 1000}, {.action = PEER_READ, .bytes = 1}, {.action = PEER_PUMP}};
    struct scene scene = {.family = AF_INET,
                          .words = "accept locked nonblock unread:1000 send:1000 close",
                          .peer = late,
                          .peer_steps = TAP_COUNT(late),
                          .rules = "drainer /nowhere/socket; drain 5s on linger-zero,unread"};
    struct scene_end end = scene_play(&scene);

    CHECK_INT(records_count(&end.records, "call=close"), 1);
    CHECK_INT(records_count(&end.records, "outcome=handed"), 0);
    CHECK(end.ours.rst > 0);
    scene_free(&end);
}

static const struct tap_test tests[] = {
    {"handed over: the whole answer, the whole upload, and no RST, by every call", test_ways, 60000},
    {"without a drainer there is an RST, so that something is shown", test_nobody, 0},
};

static const struct proc_snippet snippets[] = {{"closes", subject_closes}, {"subject", subject_run}};

int main(int argc, char **argv)
{
    proc_snippet_main(argc, argv, snippets, TAP_COUNT(snippets));
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
