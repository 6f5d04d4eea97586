/* SPDX-License-Identifier: MIT */
/*
 * Every way in which linger zero can come on a connection, and every way in which a connection can
 * end: each ends in RST on the bare kernel, and the table says what becomes of it under `orderly`.
 */
#include "tests/wire/ways.h"

#define FIN_AND_RECORD(call) "FIN", call
#define FIN_UNSEEN           "FIN", NULL
#define STILL_RST            "RST", NULL

/*
 * With the abort disarmed where it was asked for, the end may be one that no library sees: it is
 * orderly all the same, only the record of the close is missing.
 */
static const struct row rows[] = {
    /* the call that asks, and the end; what is on the wire; the record of the end */
    {"linger0", "close", FIN_AND_RECORD("close")},
    {"linger0", "__close", FIN_AND_RECORD("close")},
    {"linger0", "dup2", FIN_AND_RECORD("dup2")},
    {"linger0", "dup3", FIN_AND_RECORD("dup3")},
    {"linger0", "close_range", FIN_AND_RECORD("close_range")},
    {"linger0", "closefrom", FIN_AND_RECORD("closefrom")},
    {"linger0", "fclose", FIN_AND_RECORD("fclose")},
    {"linger0", "freopen", FIN_AND_RECORD("freopen")},
    {"linger0", "syscall close", FIN_AND_RECORD("syscall")},
    {"linger0", "syscall dup3", FIN_AND_RECORD("syscall")},
    {"linger0", "syscall close_range", FIN_AND_RECORD("syscall")},
    {"linger0", "in a signal handler", FIN_AND_RECORD("close")},
    {"linger0", "exec, then close", FIN_UNSEEN}, /* seen there with inspect every-close, below */
    {"linger0", "inline close", FIN_UNSEEN},
    {"linger0", "dlsym close", FIN_UNSEEN},
    {"linger0", "io_uring close", FIN_UNSEEN},
    {"linger0", "exit", FIN_UNSEEN},
    {"linger0", "_exit", FIN_UNSEEN},
    {"linger0", "quick_exit", FIN_UNSEEN},
    {"linger0", "exit in a thread", FIN_UNSEEN},
    {"linger0", "SIGKILL", FIN_UNSEEN},
    {"linger0", "SIGTERM", FIN_UNSEEN},
    {"linger0", "abort", FIN_UNSEEN},
    {"linger0", "exec with close-on-exec", FIN_UNSEEN},
    {"linger0", "close_range for exec", FIN_UNSEEN},
    {"linger0", "unix socket with it closes", FIN_UNSEEN},
    {"linger0 after shutdown", "close", FIN_AND_RECORD("close")},
    {"{2,0}", "close", FIN_AND_RECORD("close")},
    {"{-1,0} of 16 bytes", "close", FIN_AND_RECORD("close")},
    {"syscall setsockopt", "close", FIN_AND_RECORD("close")},
    {"syscall setsockopt", "SIGKILL", FIN_UNSEEN},
    {"listener", "close", FIN_AND_RECORD("close")},
    {"listener", "SIGKILL", FIN_UNSEEN},
    {"linger2", "close", FIN_AND_RECORD("close")},
    {"linger2", "_exit", FIN_UNSEEN},
    /* Asked in a way that no library sees: the close finds it only if it looks. */
    {"inline setsockopt", "close", STILL_RST},
    {"inline setsockopt", "SIGKILL", STILL_RST},
    {"dlsym setsockopt", "close", STILL_RST},
    {"inline setsockopt of a listener", "close", STILL_RST},
};

/* Under `inspect every-close` what was asked unseen is found where the end is seen. */
static const struct row rows_inspected[] = {
    {"inline setsockopt", "close", FIN_AND_RECORD("close")},
    {"inline setsockopt", "dup2", FIN_AND_RECORD("dup2")},
    {"inline setsockopt", "close_range", FIN_AND_RECORD("close_range")},
    {"inline setsockopt", "closefrom", FIN_AND_RECORD("closefrom")},
    {"inline setsockopt", "fclose", FIN_AND_RECORD("fclose")},
    {"inline setsockopt", "syscall close", FIN_AND_RECORD("syscall")},
    {"inline setsockopt", "exec, then close", FIN_AND_RECORD("close")},
    {"dlsym setsockopt", "close", FIN_AND_RECORD("close")},
    {"inline setsockopt of a listener", "close", FIN_AND_RECORD("close")},
    {"linger0", "exec, then close", FIN_AND_RECORD("close")},
    {"inline setsockopt", "inline close", STILL_RST},
    {"inline setsockopt", "SIGKILL", STILL_RST},
    {"inline setsockopt", "_exit", STILL_RST},
    {"inline setsockopt", "exec with close-on-exec", STILL_RST},
};

/* ---- Rows ---- */

/* The test is the peer: it connects when the listener is armed, and is there until all is over. */
static struct scene_end play_row(const struct row *row, const char *rules, const char *wire)
{
    struct scene scene = {.family = AF_INET, .snippet = "way", .rules = rules};
    size_t end = find_end(row->end);
    char words[32];
    struct scene_run run;
    int fd;

    snprintf(words, sizeof words, "%zu %zu", find_ask(row->ask), end);
    scene.words = words;
    run = scene_start(&scene);
    scene_wait(&run, "armed");
    fd = net_connect(AF_INET, NULL, run.port, NULL);
    scene_go(&run);
    net_read_all(fd, SCENE_RESET_MS);
    if (strcmp(wire, "RST") == 0)
        wire_wait(run.wire, run.port, 0, WIRE_RST, 2000); /* behind a FIN in some */
    else if (ends[end].goes_on)
        scene_wait(&run, "closed");
    close(fd);
    return scene_finish(&run);
}

static bool is_missing(const struct scene_end *end)
{
    return strstr(end->program.out, "missing\n") != NULL;
}

/* TCP_LINGER2 lets FIN go first, and a shutdown has sent it: both then reset what the peer says next. */
static void check_bare(const struct row *row)
{
    struct scene_end end = play_row(row, NULL, "RST");

    if (is_missing(&end))
        tap_note("not on this system: %s", row->end);
    else if (end.ours.rst == 0)
        tap_fail(__FILE__, __LINE__, "%s, %s: no RST on the bare kernel, so nothing is shown", row->ask, row->end);
    scene_free(&end);
}

static void check_row(const struct row *row, const char *rules)
{
    struct scene_end end = play_row(row, rules, row->wire);
    const char *record = records_find(&end.records, "cause=linger-zero");
    const char *call = NULL;

    for (size_t i = 0; i < end.records.count; i++) {
        record = end.records.line[i];
        if (strcmp(record_get(record, "outcome"), "disarmed") != 0)
            call = record_get(record, "call");
    }
    if (is_missing(&end)) {
        scene_free(&end);
        return;
    }
    if ((end.ours.rst > 0) != (strcmp(row->wire, "RST") == 0) || (end.ours.rst == 0 && end.ours.fin == 0))
        tap_fail(__FILE__, __LINE__, "%s, %s: %u FIN and %u RST, not %s", row->ask, row->end, end.ours.fin,
                 end.ours.rst, row->wire);
    if (strcmp(call != NULL ? call : "none", row->call != NULL ? row->call : "none") != 0)
        tap_fail(__FILE__, __LINE__, "%s, %s: the end's record is of %s, not %s\n%s", row->ask, row->end,
                 call != NULL ? call : "none", row->call != NULL ? row->call : "none", end.program.err);
    if (row->call != NULL)
        CHECK_INT(records_count(&end.records, "outcome=orderly"), 1);
    CHECK_INT(records_count(&end.records, "outcome=disarmed"),
              strstr(row->ask, "inline") || strstr(row->ask, "dlsym") ? 0 : 1);
    scene_free(&end);
}

static void bare_kernel(void)
{
    for (size_t i = 0; i < TAP_COUNT(rows); i++)
        check_bare(&rows[i]);
}

static void under_orderly(void)
{
    for (size_t i = 0; i < TAP_COUNT(rows); i++)
        check_row(&rows[i], "orderly");
}

static void under_every_close(void)
{
    for (size_t i = 0; i < TAP_COUNT(rows_inspected); i++)
        check_row(&rows_inspected[i], "inspect every-close; orderly");
}

/* ---- Ends without linger zero ---- */

static bool other_word(const char *word, long number, int *fd)
{
    struct sockaddr unspecified = {.sa_family = AF_UNSPEC};

    (void)number;
    if (strcmp(word, "disconnect") == 0)
        subject_say("connect=%d %s", connect(*fd, &unspecified, sizeof unspecified) == 0 ? 0 : errno, "");
    else if (strcmp(word, "shutlisten") == 0)
        CHECK_INT(shutdown(3, SHUT_RDWR), 0);
    else if (strcmp(word, "closelisten") == 0)
        CHECK_INT(close(3), 0);
    else if (strcmp(word, "exit") == 0)
        _exit(0);
    else
        return false;
    return true;
}

static void subject_other(int argc, char **argv)
{
    subject_follow(argc, argv, other_word);
}

struct other_end {
    const char *words;
    const char *rules;
    const char *wire;
    const char *record; /* what must be in one record; NULL: there is none */
};

static const struct other_end other_ends[] = {
    {"accept disconnect hear", NULL, "RST", NULL},
    {"accept disconnect hear", "orderly", "RST", NULL}, /* no rule for this cause */
    {"accept disconnect hear", "observe on disconnect", "RST", "call=connect cause=disconnect outcome=aborted"},
    {"accept disconnect close hear", "reject on disconnect", "FIN",
     "call=connect cause=disconnect outcome=rejected errno=EPERM"},
    {"say:up hear closelisten hear", NULL, "RST", NULL},
    {"say:up hear closelisten hear", "orderly", "RST", NULL},
    {"say:up hear closelisten hear", "observe on backlog", "RST", "call=close cause=backlog outcome=aborted"},
    {"say:up hear shutlisten hear", "observe on backlog", "RST", "call=shutdown cause=backlog outcome=aborted"},
    {"say:up hear exit", "observe on backlog", "RST", NULL}, /* a preload cannot see this */
    {"accept unread:5 exit", NULL, "RST", NULL},
    {"accept unread:5 exit", "drain 5s on linger-zero,unread", "RST", NULL}, /* nor this */
};

static void other_causes(void)
{
    static const struct peer_step talks[] = {{.action = PEER_SEND, .bytes = 5}, {.action = PEER_READ_ALL}};
    static const struct peer_step reads[] = {{.action = PEER_READ_ALL}};

    for (size_t i = 0; i < TAP_COUNT(other_ends); i++) {
        const struct other_end *other = &other_ends[i];
        bool unread = strstr(other->words, "unread") != NULL;
        struct scene scene = {.family = AF_INET,
                              .snippet = "other",
                              .words = other->words,
                              .peer = unread ? talks : reads,
                              .peer_steps = unread ? 2 : 1,
                              .rules = other->rules};
        struct scene_run run = scene_start(&scene);
        struct scene_end end;

        if (strstr(other->words, "say:up") != NULL) {
            scene_wait(&run, "up");
            CHECK(net_wait_count(run.port, TCP_ESTABLISHED, 1, SCENE_RESET_MS));
            scene_go(&run);
        }
        end = scene_finish(&run);
        if ((end.ours.rst > 0) != (strcmp(other->wire, "RST") == 0))
            tap_fail(__FILE__, __LINE__, "%s under '%s': %u RST", other->words, other->rules, end.ours.rst);
        CHECK_INT((long long)end.records.count, other->record != NULL ? 1 : 0);
        if (other->record != NULL && records_count(&end.records, other->record) != 1)
            tap_fail(__FILE__, __LINE__, "%s under '%s':\n%s", other->words, other->rules, end.program.err);
        scene_free(&end);
    }
}

static const struct tap_test tests[] = {
    {"each way to ask and to end is an RST on the bare kernel", bare_kernel, 120000},
    {"each way to ask and to end, under orderly", under_orderly, 120000},
    {"what was asked unseen, under inspect every-close", under_every_close, 120000},
    {"disconnect, backlog, and unread input at an exit", other_causes, 60000},
};

static const struct proc_snippet snippets[] = {
    {"way", snippet_way}, {"idle", snippet_idle}, {"after exec", snippet_after_exec}, {"other", subject_other}};

int main(int argc, char **argv)
{
    proc_snippet_main(argc, argv, snippets, TAP_COUNT(snippets));
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
