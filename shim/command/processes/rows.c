/* SPDX-License-Identifier: MIT */
#include "shim/command/processes/rows.h"
#include "policy/glob.h"
#include "policy/text.h"
#include "shim/command/common/output.h"
#include "shim/command/processes/ask.h"
#include "shim/command/processes/lines.h"
#include "shim/command/processes/process.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define CGROUP_BYTES 8192u

struct reading {
    struct lg_rows *rows;
    const pid_t *pids;
    struct lg_text glob;
    struct lg_why_facts facts;
};

static void read_unit(int process, char unit[LG_UNIT_BYTES])
{
    char text[CGROUP_BYTES];
    ssize_t length = lg_process_read(process, "cgroup", text, sizeof(text));
    struct lg_text name = lg_cgroup_unit((struct lg_text){text, length > 0 ? (size_t)length : 0});

    if (name.length_bytes >= LG_UNIT_BYTES)
        name.length_bytes = LG_UNIT_BYTES - 1;
    if (name.at)
        memcpy(unit, name.at, name.length_bytes);
}

static void look_for_library(int *process, struct lg_seen *seen)
{
    seen->look = lg_mapped_look_any(process, &seen->mapped);
    if (seen->look != LG_LOOK_DONE || !seen->mapped.present)
        return;
    seen->wanted = true;
    lg_process_exe(*process, seen->exe);
    read_unit(*process, seen->unit);
    if (!seen->mapped.shown || !(seen->mapped.visible.flags & LG_VISIBLE_LOADED))
        return;
    lg_reach_log(*process, seen->mapped.visible.log, &seen->log);
    lg_reach_drainer(*process, seen->mapped.visible.drainer, &seen->drainer);
}

static void look_for_reason(const struct reading *reading, int *process, struct lg_seen *seen)
{
    bool known = lg_process_exe(*process, seen->exe);

    if (known && !lg_glob_fits(reading->glob, lg_text_of(seen->exe))) {
        seen->look = LG_LOOK_DONE;
        return;
    }
    seen->look = lg_mapped_look_any(process, &seen->mapped);
    if (seen->look != LG_LOOK_DONE || seen->mapped.present)
        return;
    if (!known && !lg_process_exe(*process, seen->exe)) {
        seen->look = LG_LOOK_DENIED;
        return;
    }
    seen->wanted = lg_glob_fits(reading->glob, lg_text_of(seen->exe));
    if (!seen->wanted)
        return;
    read_unit(*process, seen->unit);
    seen->why = lg_why(*process, &reading->facts);
}

static void look(void *context, size_t index, void *answer)
{
    const struct reading *reading = context;
    int process = lg_process_open(reading->pids[index]);

    if (process < 0)
        return;
    if (reading->glob.at)
        look_for_reason(reading, &process, answer);
    else
        look_for_library(&process, answer);
    close(process);
}

static struct lg_row *new_row(struct lg_rows *rows)
{
    if (rows->count == rows->room) {
        size_t wanted = rows->room ? rows->room * 2 : 64;
        struct lg_row *grown = realloc(rows->rows, wanted * sizeof(*grown));

        if (!grown)
            return NULL;
        rows->rows = grown;
        rows->room = wanted;
    }
    return &rows->rows[rows->count++];
}

static bool keep(struct lg_rows *rows, pid_t pid, const struct lg_seen *seen)
{
    struct lg_row *row = new_row(rows);

    if (!row)
        return false;
    *row = (struct lg_row){
        .pid = pid,
        .exe = strdup(seen->exe),
        .unit = strdup(seen->unit),
        .why = seen->why,
        .library = strdup(seen->mapped.path),
        .deleted = seen->mapped.deleted,
        .denied = seen->mapped.denied,
        .shown = seen->mapped.shown,
        .visible = seen->mapped.visible,
        .log = seen->log,
        .drainer = seen->drainer,
    };
    return row->exe && row->unit && row->library;
}

static bool take(void *context, size_t index, const void *answer)
{
    struct reading *reading = context;
    const struct lg_seen *seen = answer;
    struct lg_rows *rows = reading->rows;

    if (!seen)
        rows->unanswered++;
    else if (seen->look == LG_LOOK_DENIED)
        rows->denied++;
    else if (seen->look == LG_LOOK_DONE && !seen->wanted)
        rows->others++;
    else if (seen->look == LG_LOOK_DONE && !keep(rows, reading->pids[index], seen)) {
        lg_say_error("%s", strerror(ENOMEM));
        return false;
    }
    return true;
}

bool lg_rows_read(struct lg_rows *rows, struct lg_text glob)
{
    struct reading reading = {.rows = rows, .glob = glob};
    size_t count;
    pid_t *pids = lg_process_list(&count);
    bool done;

    *rows = (struct lg_rows){.rows = NULL};
    if (!pids)
        return false;
    reading.pids = pids;
    if (glob.at)
        lg_why_facts_read(&reading.facts);
    done = lg_ask_each(count, sizeof(struct lg_seen), look, take, &reading);
    free(pids);
    return done;
}

void lg_rows_free(struct lg_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        free(rows->rows[i].exe);
        free(rows->rows[i].unit);
        free(rows->rows[i].library);
    }
    free(rows->rows);
}

static void warn(size_t count, const char *what, const char *advice)
{
    if (count > 0)
        lg_say_warning("%s of %zu %s%s", what, count, count == 1 ? "process" : "processes", advice);
}

bool lg_rows_warn(const struct lg_rows *rows)
{
    const char *advice = geteuid() == 0 ? "" : "; run it as root";
    size_t hidden = 0;

    for (size_t i = 0; i < rows->count; i++)
        hidden += rows->rows[i].denied;
    warn(rows->denied, "no permission to read the memory map", advice);
    warn(hidden, "no permission to read the memory", advice);
    warn(rows->unanswered, "no answer in time", "");
    return rows->denied == 0 && hidden == 0 && rows->unanswered == 0;
}

bool lg_row_is_loaded(const struct lg_row *row)
{
    return row->shown && (row->visible.flags & LG_VISIBLE_LOADED);
}

const struct lg_flag_words lg_flag_words[] = {
    {LG_VISIBLE_OFF, "off", "off"},
    {LG_VISIBLE_OFF_FILE, "off-file", "off by /etc/lingerguard/off"},
    {LG_VISIBLE_UNUSABLE, "unusable", "the policy cannot be used"},
    {LG_VISIBLE_KEPT, "kept", "a newer policy cannot be used"},
    {LG_VISIBLE_SANDBOXED, "sandboxed", "sandboxed"},
    {0, NULL, NULL},
};
