/* SPDX-License-Identifier: MIT */
#include "tests/harness/scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness/tap.h"

#define WORDS_MAX           32
#define PROGRAM_DEADLINE_MS 15000u

static size_t split(char *text, const char *words[WORDS_MAX])
{
    size_t count = 0;
    char *rest;

    for (char *word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        REQUIRE(count + 1 < WORDS_MAX);
        words[count++] = word;
    }
    words[count] = NULL;
    return count;
}

static struct proc start_program(const struct scene *scene, int listener)
{
    char text[1024], rules[1024];
    const char *words[WORDS_MAX];
    const char *const environment[] = {rules, "LINGERGUARD_FORMAT=json", NULL};
    struct proc_options options = {
        .with_library = scene->rules != NULL,
        .environment = environment,
        .input_pipe = true,
        .inherit_fd = {listener},
        .deadline_ms = PROGRAM_DEADLINE_MS,
    };

    snprintf(text, sizeof text, "%s", scene->words != NULL ? scene->words : "");
    snprintf(rules, sizeof rules, "LINGERGUARD_RULES=%s", scene->rules != NULL ? scene->rules : "");
    split(text, words);
    return proc_snippet_start(scene->snippet != NULL ? scene->snippet : "subject", words, &options);
}

static struct peer start_peer(const struct scene_run *run)
{
    const struct scene *scene = &run->scene;
    struct peer_options options = {
        .family = scene->family,
        .address = scene->over_relay ? relay_near(scene->family) : NULL,
        .port = run->port,
        .socket = scene->peer_socket,
        .namespace_fd = scene->over_relay ? run->relay.far_namespace_fd : 0,
    };

    return peer_start(&options, scene->peer, scene->peer_steps);
}

static bool is_connected(void *context)
{
    const struct peer *peer = context;

    return peer->report->connected;
}

struct scene_run scene_start(const struct scene *scene)
{
    struct scene_run run = {.scene = *scene};
    struct net_options socket = scene->program_socket;
    int listener;

    net_own_namespace();
    if (scene->over_relay) {
        run.relay = relay_open();
        socket.address = relay_near(scene->family);
    }
    run.wire = wire_open(scene->over_relay ? RELAY_NEAR_DEVICE : "lo");
    listener = net_listen(scene->family, &socket);
    run.port = net_local_port(listener);
    run.aborts_on_data = net_counter("TcpExtTCPAbortOnData");
    run.aborts_on_close = net_counter("TcpExtTCPAbortOnClose");
    if (scene->peer != NULL) { /* in the backlog: a RST that is quicker would make its connect fail */
        run.peer = start_peer(&run);
        CHECK(net_wait_for(is_connected, &run.peer, SCENE_RESET_MS));
    }
    run.program = start_program(scene, listener);
    close(listener);
    return run;
}

void scene_wait(const struct scene_run *run, const char *word)
{
    char line[64];
    char *errors;

    snprintf(line, sizeof line, "%s\n", word);
    if (proc_wait_output(&run->program, line, SCENE_RESET_MS))
        return;
    errors = proc_errors_so_far(&run->program);
    tap_fail(__FILE__, __LINE__, "the program never said '%s' (%s under '%s'): %s", word,
             run->scene.words != NULL ? run->scene.words : run->scene.snippet,
             run->scene.rules != NULL ? run->scene.rules : "no library", errors);
    free(errors);
}

void scene_go(const struct scene_run *run)
{
    CHECK_INT(write(run->program.stdin_fd, "\n", 1), 1);
}

static bool holds_on(const struct scene *scene)
{
    return scene->peer_steps > 0 && scene->peer[scene->peer_steps - 1].action == PEER_HOLD;
}

static bool is_holding(void *context)
{
    const struct scene_run *run = context;

    return run->peer.report->step + 1 >= run->scene.peer_steps;
}

struct scene_end scene_finish(struct scene_run *run)
{
    struct scene_end end = {0};

    if (run->scene.peer != NULL && holds_on(&run->scene)) {
        CHECK(net_wait_for(is_holding, run, SCENE_RESET_MS));
        end.peer = *(struct peer_report *)run->peer.report;
    } else if (run->scene.peer != NULL) {
        end.peer = peer_wait(&run->peer, SCENE_RESET_MS);
        CHECK(end.peer.done);
    }
    end.program = proc_wait(&run->program);
    if (run->peer.pid > 0)
        peer_kill(&run->peer);
    CHECK(!end.program.timed_out);
    end.records = records_parse(end.program.err, true);
    end.ours = wire_seen(run->wire, run->port, 0);
    end.theirs = wire_seen(run->wire, 0, run->port);
    end.aborts_on_data = net_counter("TcpExtTCPAbortOnData") - run->aborts_on_data;
    end.aborts_on_close = net_counter("TcpExtTCPAbortOnClose") - run->aborts_on_close;
    wire_close(run->wire);
    if (run->scene.over_relay)
        relay_close(&run->relay);
    return end;
}

struct scene_end scene_play(const struct scene *scene)
{
    struct scene_run run = scene_start(scene);

    return scene_finish(&run);
}

void scene_free(struct scene_end *end)
{
    records_free(&end->records);
    proc_result_free(&end->program);
}

long long scene_number(const struct scene_end *end, const char *name)
{
    char key[64];
    const char *at;

    snprintf(key, sizeof key, "%s=", name);
    at = strstr(end->program.out, key);
    return at == NULL ? -1 : atoll(at + strlen(key));
}
