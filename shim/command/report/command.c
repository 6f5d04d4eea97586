/* SPDX-License-Identifier: MIT */
/* lingerguard report: json records in, a table, a page, json or metrics out. */
#include "shim/command/common/command.h"
#include "shim/command/common/output.h"
#include "shim/command/common/policy_source.h"
#include "shim/command/report/file.h"
#include "shim/command/report/report.h"
#include "shim/command/report/resets/resets.h"
#include "shim/command/report/whatif/whatif.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROWS_DEFAULT 10u
#define WIDTH_MAX    240u

enum { EXIT_SOME_UNREAD = 1 };
enum { OPTION_RESETS = 256 }; /* without a letter */

static const char help[] =
    "Usage: lingerguard report [-f FORMAT] [-n ROWS] [-o FILE] [-p POLICY | --resets TRACE] [LOG...]\n"
    "Sums up json records: who aborts, where, to whom, what was saved and what was lost.\n"
    "Reads standard input without LOG, or for '-'; compressed logs come through a pipe:\n"
    "zcat log*.gz | lingerguard report\n\n"
    "  -f, --format FORMAT  table (default), json, html, prometheus\n"
    "  -n, --rows ROWS      rows of each table, 0 for all; 10, or for json all of them\n"
    "  -o, --output FILE    write FILE, which is replaced only by a complete report\n"
    "  -p, --policy POLICY  say instead what this policy would have made of these\n"
    "                       connections, rule by rule; as table or json\n"
    "      --resets TRACE   say instead of each reset that the kernel sent what the log knows\n"
    "                       of it; as table or json\n"
    "  -h, --help           show this text\n\n"
    "Lines that are no records are counted and reported, not fatal. Exit status: 0, 1 when\n"
    "a LOG could not be read or has records in format text (the others are reported), 2 for a\n"
    "usage error.\n";

typedef bool format_fn(const struct lg_report *report);

enum format { FORMAT_TABLE = 0, FORMAT_JSON, FORMAT_HTML, FORMAT_PROMETHEUS, FORMAT_COUNT };

static const char *const format_names[FORMAT_COUNT] = {"table", "json", "html", "prometheus"};
static format_fn *const formats[FORMAT_COUNT] = {lg_report_as_table, lg_report_as_json, lg_report_as_html,
                                                 lg_report_as_prometheus};

struct options {
    int format;
    long rows; /* below 0: not given */
    const char *output;
    const char *policy;
    const char *resets;
    bool help;
};

static bool read_rows(const char *text, long *rows)
{
    char *end;

    errno = 0;
    *rows = strtol(text, &end, 10);
    return errno == 0 && *end == '\0' && text[0] >= '0' && text[0] <= '9';
}

/* Returns LG_EXIT_OK, or an exit status after the message. */
static int read_options(int argc, char **argv, struct options *options)
{
    static const struct option longs[] = {
        {"format", required_argument, NULL, 'f'},
        {"rows", required_argument, NULL, 'n'},
        {"output", required_argument, NULL, 'o'},
        {"policy", required_argument, NULL, 'p'},
        {"help", no_argument, NULL, 'h'},
        {"resets", required_argument, NULL, OPTION_RESETS},
        {NULL, 0, NULL, 0},
    };
    int option;

    *options = (struct options){.rows = -1};
    while ((option = getopt_long(argc, argv, ":f:n:o:p:h", longs, NULL)) != -1) {
        switch (option) {
        case 'f':
            options->format = lg_option_word("report", "--format", optarg, format_names, FORMAT_COUNT);
            if (options->format < 0)
                return LG_EXIT_USAGE;
            break;
        case 'n':
            if (!read_rows(optarg, &options->rows))
                return lg_usage_error("report", "--rows: '%s' is not a number of rows", optarg);
            break;
        case 'o':
            options->output = optarg;
            break;
        case 'p':
            options->policy = optarg;
            break;
        case OPTION_RESETS:
            options->resets = optarg;
            break;
        case 'h':
            options->help = true;
            break;
        default:
            return lg_option_error("report", option, argv, longs);
        }
    }
    if (options->policy && options->resets)
        return lg_usage_error("report", "--policy and --resets are two reports");
    if ((options->policy || options->resets) && options->format != FORMAT_TABLE && options->format != FORMAT_JSON)
        return lg_usage_error("report", "%s: the format is table or json", options->policy ? "--policy" : "--resets");
    return LG_EXIT_OK;
}

/* https://no-color.org: set and not empty. */
static bool wants_colour(const char *output)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    return output == NULL && isatty(STDOUT_FILENO) && (no_color == NULL || no_color[0] == '\0') && term != NULL &&
           strcmp(term, "dumb") != 0;
}

static void read_inputs(struct lg_aggregate *aggregate, struct lg_report_inputs *inputs, char **names)
{
    if (*names == NULL) {
        if (isatty(STDIN_FILENO))
            fputs("lingerguard: report: reading records from standard input\n", stderr);
        lg_report_input_read(inputs, aggregate, "-");
    }
    for (; *names != NULL; names++)
        lg_report_input_read(inputs, aggregate, *names);
    lg_aggregate_finish(aggregate);
}

static int out_of_memory(void)
{
    lg_say_error("report: out of memory");
    return LG_EXIT_USAGE;
}

/* What the records are seen as instead, or NULL. */
struct views {
    const struct lg_whatif *whatif;
    const struct lg_resets *resets;
};

static bool write_form(const struct lg_report *report, const struct views *views, int format)
{
    bool is_json = format == FORMAT_JSON;

    if (views->whatif != NULL)
        return is_json ? lg_whatif_as_json(views->whatif, report) : lg_whatif_as_table(views->whatif, report);
    if (views->resets != NULL)
        return is_json ? lg_resets_as_json(views->resets, report) : lg_resets_as_table(views->resets, report);
    return formats[format](report);
}

static int write_report(const struct lg_aggregate *aggregate, const struct lg_report_inputs *inputs,
                        const struct views *views, const struct options *options, char **names)
{
    char host[256] = "";
    struct lg_report_file file;
    struct lg_report report = {
        .aggregate = aggregate,
        .inputs = inputs,
        .host = host,
        .names = names,
        .rows = options->rows >= 0               ? (size_t)options->rows
                : options->format == FORMAT_JSON ? 0
                                                 : ROWS_DEFAULT,
        .width = lg_terminal_width(1, WIDTH_MAX),
        .utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
        .colour = wants_colour(options->output),
    };

    if (!lg_report_file_open(&file, options->output))
        return LG_EXIT_USAGE;
    report.out = file.out;
    gethostname(host, sizeof(host) - 1);
    if (!write_form(&report, views, options->format)) {
        lg_report_file_drop(&file);
        return out_of_memory();
    }
    if (!lg_report_file_finish(&file))
        return LG_EXIT_USAGE;
    return inputs->unreadable != 0 || inputs->text != 0 ? (int)EXIT_SOME_UNREAD : LG_EXIT_OK;
}

/* Of the policy and the trace, whichever is asked for; false after a message. */
static bool read_sources(struct lg_policy *policy, struct lg_resets *resets, const struct options *options)
{
    return (!options->policy || lg_policy_load(policy, NULL, options->policy)) &&
           (!options->resets || lg_resets_read(resets));
}

/* One of both at most: records are seen by what a policy would have made of them, or by the resets of a trace. */
static int report_on(struct lg_aggregate *aggregate, const struct options *options, char **names)
{
    static struct lg_policy policy;
    struct lg_report_inputs inputs = {0};
    struct lg_whatif whatif;
    struct lg_resets resets;
    const struct views views = {options->policy ? &whatif : NULL, options->resets ? &resets : NULL};
    bool is_ready = lg_aggregate_init(aggregate, LG_JOIN_SOCKETS);
    int status = LG_EXIT_USAGE;

    if (views.whatif) {
        is_ready = lg_whatif_init(&whatif, &policy, options->policy) && is_ready;
        aggregate->each = lg_whatif_record;
        aggregate->each_context = &whatif;
    }
    if (views.resets) {
        is_ready = lg_resets_init(&resets, options->resets) && is_ready;
        aggregate->each = lg_resets_record;
        aggregate->each_context = &resets;
    }
    if (!is_ready) {
        status = out_of_memory();
    } else if (read_sources(&policy, &resets, options)) {
        read_inputs(aggregate, &inputs, names);
        if (views.resets)
            lg_resets_finish(&resets);
        status = write_report(aggregate, &inputs, &views, options, names);
    }
    if (views.whatif)
        lg_whatif_free(&whatif);
    if (views.resets)
        lg_resets_free(&resets);
    lg_aggregate_free(aggregate);
    return status;
}

int lg_cmd_report(int argc, char **argv)
{
    struct options options;
    struct lg_aggregate *aggregate;
    int status = read_options(argc, argv, &options);

    if (status != LG_EXIT_OK)
        return status;
    if (options.help) {
        fputs(help, stdout);
        return LG_EXIT_OK;
    }
    setlocale(LC_CTYPE, "");
    aggregate = malloc(sizeof(*aggregate));
    if (aggregate == NULL)
        return out_of_memory();
    status = report_on(aggregate, &options, argv + optind);
    free(aggregate);
    return status;
}
