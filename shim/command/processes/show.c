/* SPDX-License-Identifier: MIT */
/* The two questions of `status`, and their exit statuses. */
#include "shim/command/common/command.h"
#include "shim/command/processes/processes.h"
#include "shim/command/processes/rows.h"

static void show(const struct lg_rows *rows, bool missing, bool json)
{
    if (json)
        lg_rows_json(rows, missing);
    else
        lg_rows_table(rows, missing);
}

int lg_processes_show(bool json)
{
    struct lg_rows rows;
    int status = LG_EXIT_USAGE;

    if (lg_rows_read(&rows, (struct lg_text){NULL, 0})) {
        show(&rows, false, json);
        status = lg_rows_warn(&rows) ? LG_EXIT_OK : LG_EXIT_NO;
    }
    lg_rows_free(&rows);
    return status;
}

int lg_processes_missing(struct lg_text glob, bool json)
{
    struct lg_rows rows;
    int status = LG_EXIT_USAGE;
    bool whole;

    if (lg_rows_read(&rows, glob)) {
        show(&rows, true, json);
        whole = lg_rows_warn(&rows);
        status = rows.count > 0 ? LG_EXIT_NO : whole ? LG_EXIT_OK : LG_EXIT_USAGE;
    }
    lg_rows_free(&rows);
    return status;
}
