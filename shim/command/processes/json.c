/* SPDX-License-Identifier: MIT */
/* The list as one JSON object; its keys are documented in lingerguard(1) and stay. */
#include "policy/print.h"
#include "policy/text.h"
#include "shim/command/common/output.h"
#include "shim/command/processes/rows.h"

#define FORM_VERSION 1 /* grows when a key changes its meaning or goes */

static void put_text(const char *key, const char *text)
{
    printf(",\"%s\":", key);
    if (text && text[0])
        lg_json_string(stdout, text);
    else
        fputs("null", stdout);
}

static void put_truth(const char *key, bool truth)
{
    printf(",\"%s\":%s", key, truth ? "true" : "false");
}

/* null where there is nothing to reach, and where it is not known */
static void put_reach(const char *reachable, const char *problem, const struct lg_reach *reach)
{
    if (reach->answer == LG_REACH_YES || reach->answer == LG_REACH_NO)
        put_truth(reachable, reach->answer == LG_REACH_YES);
    else
        printf(",\"%s\":null", reachable);
    put_text(problem, reach->why);
}

static void put_policy(const struct lg_row *row)
{
    fputs(",\"policy\":", stdout);
    if (!lg_row_is_loaded(row) || (row->visible.flags & LG_VISIBLE_OFF)) {
        fputs("null", stdout);
        return;
    }
    putchar('"');
    lg_digest_print(row->visible.digest, lg_put_file, stdout);
    putchar('"');
}

static void put_flags(const struct lg_row *row)
{
    const char *between = "";

    fputs(",\"flags\":[", stdout);
    for (const struct lg_flag_words *words = lg_flag_words; words->word && row->shown; words++) {
        if (!(row->visible.flags & words->flag))
            continue;
        printf("%s\"%s\"", between, words->word);
        between = ",";
    }
    putchar(']');
}

static void put_library(const struct lg_row *row)
{
    const char *version = row->shown ? lg_visible_version(&row->visible) : "";
    bool loaded = lg_row_is_loaded(row);

    put_text("library", row->library);
    put_text("version", version);
    put_truth("same_version", strcmp(version, LG_VERSION) == 0);
    put_truth("deleted", row->deleted);
    put_truth("denied", row->denied);
    put_truth("loaded", loaded);
    put_policy(row);
    put_flags(row);
    put_text("log", loaded ? row->visible.log : NULL);
    put_reach("log_reachable", "log_problem", &row->log);
    put_text("drainer", loaded ? row->visible.drainer : NULL);
    put_reach("drainer_reachable", "drainer_problem", &row->drainer);
}

void lg_rows_json(const struct lg_rows *rows, bool missing)
{
    printf("{\"version\":%d,\"command_version\":\"" LG_VERSION "\",\n\"%s\":[", FORM_VERSION,
           missing ? "missing" : "processes");
    for (size_t i = 0; i < rows->count; i++) {
        const struct lg_row *row = &rows->rows[i];

        printf("%s\n{\"pid\":%d", i == 0 ? "" : ",", (int)row->pid);
        put_text("exe", row->exe);
        put_text("unit", row->unit);
        if (missing) {
            put_text("why", lg_why_word(row->why));
            put_text("text", lg_why_text(row->why));
        } else {
            put_library(row);
        }
        putchar('}');
    }
    printf("],\n\"others\":%zu,\"denied\":%zu,\"unanswered\":%zu}\n", rows->others, rows->denied, rows->unanswered);
}
