/* SPDX-License-Identifier: MIT */
/*
 * Who is alone: a sole holder is drained whatever else the process did before, a thread inside a call
 * on the descriptor counts as a second holder, and a socket from elsewhere is nobody's own.
 */
#include "tests/wire/sharing.h"

#include <pthread.h>
#include <sys/wait.h>

#define DRAIN_RULES "drain 5s on linger-zero,unread"

/* ---- A holder that is alone ---- */

/* Accepts, asks for the abort with the question unread, and closes. */
static void accept_and_abort(void)
{
    int fd = accept_it();

    CHECK(net_send_pattern(fd, 0, 500));
    CHECK_INT(subject_linger_zero(fd), 0);
    CHECK_INT(close(fd), 0);
    subject_say("closed");
    subject_hear();
}

static void snippet_accepts(int argc, char **argv)
{
    (void)argc, (void)argv;
    accept_and_abort();
}

static void snippet_forked_before(int argc, char **argv)
{
    pid_t child = fork();

    (void)argc, (void)argv;
    if (child == 0)
        _exit(0);
    CHECK_INT(waitpid(child, NULL, 0), child);
    CHECK_INT(system("true"), 0);
    accept_and_abort();
}

/* A pre-fork server: the listener is shared, the connection is not. */
static void snippet_worker(int argc, char **argv)
{
    pid_t child = fork();

    (void)argc, (void)argv;
    if (child == 0) {
        accept_and_abort();
        _exit(tap_failures() == 0 ? 0 : 1);
    }
    CHECK_INT(waitpid(child, NULL, 0), child);
}

static void snippet_duplicated_others(int argc, char **argv)
{
    int ends[2], copy;

    (void)argc, (void)argv;
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    copy = dup(ends[0]);
    CHECK(copy >= 0);
    CHECK_INT(dup2(ends[1], copy), copy);
    accept_and_abort();
}

/* A second descriptor that is gone again is no doubt: it is looked for. */
static void snippet_dup_closed(int argc, char **argv)
{
    int fd = accept_it(), copy = dup(fd);

    (void)argc, (void)argv;
    CHECK_INT(close(copy), 0);
    CHECK(net_send_pattern(fd, 0, 500));
    CHECK_INT(subject_linger_zero(fd), 0);
    CHECK_INT(close(fd), 0);
    subject_say("closed");
    subject_hear();
}

static struct scene_end play_alone(const char *snippet, const char *rules)
{
    static const struct peer_step talks[] = {{.action = PEER_SEND, .bytes = ASKED_BYTES}, {.action = PEER_READ_ALL}};
    struct scene scene = {.family = AF_INET, .snippet = snippet, .peer = talks, .peer_steps = 2, .rules = rules};
    struct scene_run run = scene_start(&scene);

    scene_wait(&run, "closed");
    return scene_finish(&run);
}

static void is_drained(const char *snippet)
{
    struct scene_end bare = play_alone(snippet, NULL), end = play_alone(snippet, DRAIN_RULES);
    const char *record = records_find(&end.records, "call=close outcome=drained");

    CHECK(bare.ours.rst > 0);
    CHECK(end.peer.eof);
    CHECK_INT((long long)end.peer.received_bytes, 500);
    CHECK(record != NULL);
    CHECK_INT(record != NULL ? record_number(record, "drained_bytes") : -1, ASKED_BYTES);
    check_orderly_wire(&end);
    scene_free(&bare);
    scene_free(&end);
}

static void accepted(void)
{
    is_drained("accepts");
}

static void forked_before(void)
{
    is_drained("forked before");
}

static void worker(void)
{
    is_drained("worker");
}

static void duplicated_others(void)
{
    is_drained("duplicated others");
}

static void dup_closed(void)
{
    is_drained("dup closed");
}

/* ---- A connection that the program opened ---- */

static void snippet_connects(int argc, char **argv)
{
    int fd;

    REQUIRE(argc == 1);
    fd = net_connect(AF_INET, NULL, (uint16_t)atoi(argv[0]), NULL);
    CHECK(net_wait_unread(fd, 700, 10000));
    CHECK_INT(subject_linger_zero(fd), 0);
    CHECK_INT(close(fd), 0);
    subject_say("closed");
    subject_hear();
}

static void connected(void)
{
    int listener, fd;
    char port[16];
    struct wire *wire;
    const char *const words[] = {port, NULL};
    const char *const environment[] = {"LINGERGUARD_RULES=" DRAIN_RULES, "LINGERGUARD_FORMAT=json", NULL};
    struct proc_options options = {.with_library = true, .environment = environment, .input_pipe = true};
    struct proc program;
    struct proc_result result;
    struct records records;

    net_own_namespace();
    wire = wire_open("lo");
    listener = net_listen(AF_INET, NULL);
    snprintf(port, sizeof port, "%u", net_local_port(listener));
    program = proc_snippet_start("connects", words, &options);
    fd = net_accept(listener);
    CHECK(net_send_pattern(fd, 0, 700));
    CHECK(net_read_all(fd, SCENE_RESET_MS).eof);
    close(fd);
    CHECK(proc_wait_output(&program, "closed\n", SCENE_RESET_MS));
    result = proc_wait(&program);
    records = records_parse(result.err, true);
    CHECK_INT(records_count(&records, "call=close outcome=drained drained_bytes=700"), 1);
    CHECK_INT(wire_seen(wire, 0, net_local_port(listener)).rst, 0);
    records_free(&records);
    proc_result_free(&result);
    wire_close(wire);
}

/* ---- A thread inside a call on the descriptor ---- */

static void *receive_in_thread(void *context)
{
    uint8_t bytes[ASKED_BYTES];

    subject_say("got=%d", (int)recv(*(int *)context, bytes, sizeof bytes, MSG_WAITALL));
    return NULL;
}

#define MUCH_BYTES (1 << 20)

static void *send_in_thread(void *context)
{
    uint8_t *bytes = malloc(MUCH_BYTES);

    REQUIRE(bytes != NULL);
    net_pattern(bytes, 0, MUCH_BYTES);
    subject_say("sent=%d", (int)send(*(int *)context, bytes, MUCH_BYTES, MSG_NOSIGNAL));
    free(bytes);
    return NULL;
}

struct worker_thread {
    void *(*run)(void *);
    int fd;
    pid_t tid;
};

/* The thread is inside a call whose first argument is the descriptor (proc_pid_syscall(5)). */
static bool is_in_call(void *context)
{
    const struct worker_thread *thread = context;
    char path[64];
    unsigned long first = 0;
    FILE *file;
    int found;

    snprintf(path, sizeof path, "/proc/self/task/%d/syscall", thread->tid);
    file = fopen(path, "re");
    if (file == NULL)
        return false;
    found = fscanf(file, "%*d %lx", &first);
    fclose(file);
    return found == 1 && (int)first == thread->fd;
}

static void *start_thread(void *context)
{
    struct worker_thread *thread = context;

    __atomic_store_n(&thread->tid, gettid(), __ATOMIC_RELEASE);
    return thread->run(&thread->fd);
}

static bool has_tid(void *context)
{
    return __atomic_load_n((pid_t *)context, __ATOMIC_ACQUIRE) != 0;
}

static void snippet_thread(int argc, char **argv)
{
    struct worker_thread thread = {.run = argc > 0 && strcmp(argv[0], "recv") == 0 ? receive_in_thread : send_in_thread,
                                   .fd = net_accept(LISTENER)};
    pthread_t id;

    CHECK_INT(subject_linger_zero(thread.fd), 0);
    REQUIRE(pthread_create(&id, NULL, start_thread, &thread) == 0);
    CHECK(net_wait_for(has_tid, &thread.tid, 5000));
    CHECK(net_wait_for(is_in_call, &thread, 5000));
    CHECK_INT(close(thread.fd), 0);
    subject_say("closed");
    CHECK_INT(pthread_join(id, NULL), 0);
    subject_say("joined");
    subject_hear();
}

static struct scene thread_scene(const char *call, const char *rules)
{
    return (struct scene){.family = AF_INET,
                          .program_socket = {.send_bytes = 32768},
                          .peer_socket = {.receive_bytes = 4096},
                          .snippet = "thread",
                          .words = call,
                          .rules = rules};
}

static void blocked_in_recv(void)
{
    static const char drain[] = "drain 1s on linger-zero,unread";
    static const char *const rules[] = {NULL, drain, "orderly", ""};

    for (size_t i = 0; i < TAP_COUNT(rules); i++) {
        struct scene scene = thread_scene("recv", rules[i]);
        struct scene_run run = scene_start(&scene);
        int fd = net_connect(AF_INET, NULL, run.port, NULL);
        struct net_received seen;
        struct scene_end end;
        char byte;

        scene_wait(&run, "closed");
        if (rules[i] != drain) { /* no FIN: the connection is still in use; a drain half-closes it */
            CHECK_INT(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
            CHECK_INT(errno, EAGAIN);
        }
        CHECK(net_send_pattern(fd, 0, ASKED_BYTES));
        scene_wait(&run, "joined");
        seen = net_read_all(fd, SCENE_RESET_MS);
        close(fd);
        end = scene_finish(&run);
        CHECK_INT(scene_number(&end, "got"), ASKED_BYTES);
        CHECK_INT(seen.eof, rules[i] != NULL);
        CHECK_INT(records_count(&end.records, "outcome=drained"), 0);
        scene_free(&end);
    }
}

static void blocked_in_send(void)
{
    static const char *const rules[] = {NULL, DRAIN_RULES, "orderly", ""};

    for (size_t i = 0; i < TAP_COUNT(rules); i++) {
        struct scene scene = thread_scene("send", rules[i]);
        struct scene_run run = scene_start(&scene);
        int fd = net_connect(AF_INET, NULL, run.port, &scene.peer_socket);
        struct net_received seen;
        struct scene_end end;

        scene_wait(&run, "closed");
        seen = net_read_all(fd, SCENE_RESET_MS);
        close(fd);
        scene_wait(&run, "joined");
        end = scene_finish(&run);
        CHECK_INT(scene_number(&end, "sent"), MUCH_BYTES);
        if (rules[i] != NULL)
            CHECK_INT((long long)seen.bytes, MUCH_BYTES);
        CHECK_INT(seen.eof, rules[i] != NULL);
        CHECK(seen.intact);
        CHECK_INT(records_count(&end.records, "outcome=drained"), 0);
        scene_free(&end);
    }
}

static const struct tap_test tests[] = {
    {"a connection that this process accepted is drained", accepted, 0},
    {"a connection that was accepted after a fork and a system is drained", forked_before, 0},
    {"a connection that a pre-forked worker accepted itself is drained", worker, 0},
    {"a connection is drained though other descriptors were duplicated", duplicated_others, 0},
    {"a connection that this process opened is drained", connected, 0},
    {"a connection that once had a second descriptor is drained", dup_closed, 0},
    {"a thread that is blocked in recv gets its data", blocked_in_recv, 60000},
    {"a thread that is blocked in send gets its data out", blocked_in_send, 60000},
};

static const struct proc_snippet snippets[] = {
    {"accepts", snippet_accepts},       {"forked before", snippet_forked_before},
    {"worker", snippet_worker},         {"duplicated others", snippet_duplicated_others},
    {"dup closed", snippet_dup_closed}, {"connects", snippet_connects},
    {"thread", snippet_thread},
};

int main(int argc, char **argv)
{
    proc_snippet_main(argc, argv, snippets, TAP_COUNT(snippets));
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
