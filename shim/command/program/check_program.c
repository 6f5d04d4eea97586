/* SPDX-License-Identifier: MIT */
/* lingerguard check-program, and the warning of lingerguard run. */
#include "policy/text.h"
#include "policy/words.h"
#include "shim/command/common/command.h"
#include "shim/command/common/library.h"
#include "shim/command/common/output.h"
#include "shim/command/program/program.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_SEES_PART    1
#define EXIT_SEES_NOTHING 3

static const char command[] = "check-program";

static const char help[] =
    "Usage: lingerguard check-program [-v] [-f FORMAT] PROGRAM...\n"
    "Says whether the library will see a program's closes, and why not. Nothing is executed.\n"
    "A PROGRAM without a slash is looked up in PATH; a script stands for its interpreter.\n\n"
    "  -f, --format FORMAT  text or json (one object a line)\n"
    "  -v, --verbose        name the libraries that call what the library sees\n"
    "  -h, --help           show this text\n\n"
    "Exit status: 0 sees all, 1 sees part, 3 sees nothing, 2 a PROGRAM cannot be examined; of several\n"
    "programs the worst, an error before all.\n";

static const struct option longs[] = {
    {"format", required_argument, NULL, 'f'},
    {"verbose", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* Reads the options; -1 to go on, otherwise the exit status. */
static int read_options(int argc, char **argv, bool *json, bool *verbose)
{
    int option, format;

    optind = 1;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":f:vh", longs, NULL)) != -1) {
        switch (option) {
        case 'f':
            format = lg_option_word(command, "--format", optarg, lg_format_words, LG_FORMAT_COUNT);
            if (format < 0)
                return LG_EXIT_USAGE;
            *json = format == LG_FORMAT_JSON;
            break;
        case 'v':
            *verbose = true;
            break;
        case 'h':
            fputs(help, stdout);
            return LG_EXIT_OK;
        default:
            return lg_option_error(command, option, argv, longs);
        }
    }
    if (optind == argc)
        return lg_usage_error(command, "missing PROGRAM");
    return -1;
}

/* What rules hold their exe patterns against. */
static void show_path(const struct lg_program *program)
{
    char path[PATH_MAX];

    if (!realpath(program->chain[program->chain_count - 1], path))
        return;
    fputs("  rules match: exe ", stdout);
    lg_put_safe(stdout, lg_text_of(path), LG_SAFE_MARK);
    putchar('\n');
}

static void show_text(const struct lg_program *program, const char *name, bool verbose)
{
    if (program->coverage == LG_COVERAGE_UNKNOWN) {
        lg_say_error("%s: %s: %s", command, name, program->error);
        return;
    }
    lg_put_safe(stdout, lg_text_of(name), LG_SAFE_MARK);
    fputs(": ", stdout);
    lg_program_print(program, stdout, verbose);
    putchar('\n');
    show_path(program);
    lg_program_print_notes(program, stdout, "  note: ");
}

/*
 * Which library is meant, once for all programs. What is said here is said by this version of the command:
 * it need not hold for a library of another one.
 */
static const char *say_version(const char *path, bool json, char version[LG_LIBRARY_VERSION_ROOM])
{
    bool is_known = path && lg_library_version(path, version);

    if (path && !is_known)
        lg_say_warning("%s: %s does not say its version; this command is of version " LG_VERSION, command, path);
    else if (path && strcmp(version, LG_VERSION) != 0)
        lg_say_warning("%s: %s is of version %s, and this command of " LG_VERSION, command, path, version);
    if (is_known && !json) {
        fputs("library: ", stdout);
        lg_put_safe(stdout, lg_text_of(path), LG_SAFE_MARK);
        printf(", version %s\n", version);
    }
    return is_known ? version : NULL;
}

static int worse(int status, enum lg_coverage coverage)
{
    static const int statuses[] = {LG_EXIT_OK, EXIT_SEES_PART, EXIT_SEES_NOTHING, LG_EXIT_USAGE};
    int other = statuses[coverage];

    if (status == LG_EXIT_USAGE || other == LG_EXIT_USAGE)
        return LG_EXIT_USAGE;
    return other > status ? other : status;
}

int lg_cmd_check_program(int argc, char **argv)
{
    bool json = false, verbose = false;
    char room[LG_LIBRARY_VERSION_ROOM], *path = NULL;
    const char *version;
    struct lg_program_kind library;
    int status = read_options(argc, argv, &json, &verbose);
    struct lg_program *program;

    if (status >= 0)
        return status;
    program = malloc(sizeof(*program));
    if (!program || !lg_kind_of_library(&library, &path)) {
        lg_say_error("%s: cannot tell what the library is built for", command);
        free(program);
        free(path);
        return LG_EXIT_USAGE;
    }
    version = say_version(path, json, room);
    free(path);
    status = LG_EXIT_OK;
    for (int i = optind; i < argc; i++) {
        lg_program_examine(program, argv[i], &library);
        program->library_version = version;
        if (json)
            lg_program_print_json(program, stdout, argv[i]);
        else
            show_text(program, argv[i], verbose);
        status = worse(status, program->coverage);
        lg_program_free(program);
    }
    free(program);
    return status;
}

void lg_program_warn(const char *path)
{
    struct lg_program_kind library;
    struct lg_program *program = malloc(sizeof(*program));
    char *text = NULL;
    size_t length = 0;
    FILE *file;

    if (!program)
        return;
    if (lg_kind_of_library(&library, NULL)) {
        lg_program_examine(program, path, &library);
        file = program->coverage == LG_COVERAGE_PART || program->coverage == LG_COVERAGE_NOTHING
                   ? open_memstream(&text, &length)
                   : NULL;
        if (file) {
            lg_program_print(program, file, false);
            if (fclose(file) == 0)
                lg_say_warning("%s: the library %s", path, text);
            free(text);
        }
        lg_program_free(program);
    }
    free(program);
}
