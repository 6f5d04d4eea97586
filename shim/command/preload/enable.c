/* SPDX-License-Identifier: MIT */
/* lingerguard enable and disable, and what status says of them: the library in every program, by /etc/ld.so.preload. */
#include "policy/text.h"
#include "shim/command/common/command.h"
#include "shim/command/common/library.h"
#include "shim/command/common/output.h"
#include "shim/command/common/policy_source.h"
#include "shim/command/common/preload_text.h"
#include "shim/command/preload/each_class.h"
#include "shim/command/preload/in_root.h"
#include "shim/command/preload/load_test.h"
#include "shim/command/preload/off_file.h"
#include "shim/command/preload/preload_file.h"
#include "shim/command/preload/programs.h"
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char enable_help[] =
    "Usage: lingerguard enable [--library PATH] [--root DIR]\n"
    "Puts the library into /etc/ld.so.preload, so that it is loaded into every program that starts.\n\n"
    "      --library PATH   the library as programs will find it; default the installed one\n"
    "      --root DIR       edit DIR/etc/ld.so.preload; PATH is below DIR\n"
    "  -h, --help           show this text\n\n"
    "Refuses a library that does not load, that breaks a kind of program (it is tried on each) or\n"
    "that others could replace, and an /etc/lingerguard/policy that has errors or whose log cannot\n"
    "be written. Below DIR nothing is executed. Other entries, comments and their order are kept.\n"
    "Exit status: 0 when it is enabled, 2 when it could not be.\n";

static const char disable_help[] =
    "Usage: lingerguard disable [--root DIR]\n"
    "Takes the library out of /etc/ld.so.preload; a file that is empty then is removed.\n\n"
    "      --root DIR       edit DIR/etc/ld.so.preload\n"
    "  -h, --help           show this text\n\n"
    "Exit status: 0 when it is not enabled any more, 2 when that failed.\n";

struct options {
    const char *library;
    const char *root; /* "" for the system's own */
    bool help;
};

enum { OPTION_LIBRARY = 256, OPTION_ROOT };

/* `disable` takes the table from its second entry on. */
static const struct option longs[] = {
    {"library", required_argument, NULL, OPTION_LIBRARY},
    {"root", required_argument, NULL, OPTION_ROOT},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* Returns 0, or the exit status after a usage error. */
static int read_options(int argc, char **argv, const struct option *table, struct options *options)
{
    int option;

    *options = (struct options){.root = ""};
    while ((option = getopt_long(argc, argv, ":h", table, NULL)) != -1) {
        switch (option) {
        case OPTION_LIBRARY:
            options->library = optarg;
            break;
        case OPTION_ROOT:
            if (optarg[0] == 0)
                return lg_usage_error(argv[0], "--root: empty path");
            options->root = lg_root_trim(optarg);
            break;
        case 'h':
            options->help = true;
            return 0;
        default:
            return lg_option_error(argv[0], option, argv, table);
        }
    }
    if (optind < argc)
        return lg_usage_error(argv[0], "unexpected argument '%s'", argv[optind]);
    return 0;
}

static void warn_of_musl(const char *root)
{
    char *pattern = NULL;
    glob_t found;

    if (asprintf(&pattern, "%s/lib/ld-musl-*.so.1", root) < 0)
        return;
    if (glob(pattern, 0, NULL, &found) == 0) {
        lg_say_warning("programs linked with musl (%s is here) ignore " LG_PRELOAD_FILE
                       "; set LD_PRELOAD for them, as 'lingerguard run' does",
                       found.gl_pathv[0]);
        globfree(&found);
    }
    free(pattern);
}

/* $LIB is meant to be expanded (shim/command/preload/each_class.h), and nothing else is. */
static const char *path_problem(char *library)
{
    char *token = strstr(library, "$LIB/");
    const char *problem;

    if (token)
        *token = '_';
    problem = lg_preload_path_problem(library);
    if (token)
        *token = '$';
    return problem;
}

/* Absolute and fit for the list; the caller frees it. NULL after a message. */
static char *choose_library(const struct options *options)
{
    const char *problem;
    char *library;

    if (options->library)
        library = strdup(options->library);
    else if (options->root[0])
        library = strdup(LG_LIBDIR "/" LG_LIBRARY_NAME);
    else
        library = lg_library_find(true);
    if (!library) {
        if (!options->library && !options->root[0])
            fputs("Give --library PATH to use another.\n", stderr);
        return NULL;
    }
    problem = path_problem(library);
    if (library[0] != '/')
        problem = "is not an absolute path";
    else if (!problem && strchr(library, '#'))
        problem = "has a '#' in its path, which starts a comment there";
    else if (!problem && !lg_preload_is_ours(lg_text_of(library)))
        problem = "is not called " LG_LIBRARY_NAME ", the name by which 'disable' and 'status' know it";
    if (problem) {
        lg_say_error("library '%s' %s", library, problem);
        free(library);
        return NULL;
    }
    return library;
}

/* A broken policy would be a complaint in every program that starts. */
static bool policy_is_usable(const char *root)
{
    static struct lg_policy policy;
    char problem[1024], *real = lg_in_root(root, LG_POLICY_PATH, NULL, problem, sizeof(problem)), *path = NULL;

    if (!real && errno == ENOENT)
        return true;
    if (!real || !lg_path_is_protected(root, LG_POLICY_PATH, problem, sizeof(problem))) {
        lg_say_error("%s", problem);
        free(real);
        return false;
    }
    free(real);
    /* not freed: the policy's source is this name */
    return asprintf(&path, "%s" LG_POLICY_PATH, root) >= 0 && lg_policy_path_is_lasting(path) &&
           lg_policy_load(&policy, NULL, path);
}

/* Of another system nothing is executed: its library is looked at. */
static bool library_starts_programs(const char *root, const char *library, char *problem, size_t problem_bytes)
{
    return root[0] ? lg_each_class(lg_library_is_one, root, library, problem, problem_bytes)
                   : lg_library_loads(library, problem, problem_bytes);
}

static void warn_of_others(const char *library)
{
    char problem[1024];

    if (geteuid() == 0 && !lg_library_serves(library, true, problem, sizeof(problem)))
        lg_say_warning("programs of other users: %s", problem);
}

/* What the library finds of policy and log when it is loaded for root, and for others. */
static bool settings_are_usable(const char *library)
{
    char problem[1024];

    if (!lg_library_serves(library, false, problem, sizeof(problem))) {
        lg_say_error("%s", problem);
        return false;
    }
    warn_of_others(library);
    return true;
}

static bool library_is_usable(const char *root, const char *library)
{
    char problem[1024];

    if (!lg_each_class(lg_path_is_protected, root, library, problem, sizeof(problem)) ||
        !library_starts_programs(root, library, problem, sizeof(problem))) {
        lg_say_error("library '%s%s' cannot be used: %s", root, library, problem);
        return false;
    }
    return true;
}

/* The last word before the entry is written: each kind of program goes on as it did. */
static bool programs_start(const char *library)
{
    char problem[1024], other_class[256];

    if (!lg_programs_start(library, other_class, problem, sizeof(problem))) {
        lg_say_error("library '%s' cannot be used: %s", library, problem);
        return false;
    }
    if (other_class[0])
        lg_say_warning(
            "%s is of another class than the library: programs of that class will say 'wrong ELF class', each "
            "time they start, and run without it; see $LIB in lingerguard(1)",
            other_class);
    return true;
}

static int put_in(struct lg_preload_file *file, const char *library)
{
    struct lg_text first = {NULL, 0}, without, with;
    unsigned count = lg_preload_text_count(file->text, &first);
    bool done;

    if (count == 1 && first.length_bytes == strlen(library) && memcmp(first.at, library, first.length_bytes) == 0) {
        lg_say("%s: %s is enabled already", file->path, library);
        return LG_EXIT_OK;
    }
    if (!lg_preload_text_remove(file->text, &without)) {
        lg_say_error("%s", strerror(ENOMEM));
        return LG_EXIT_USAGE;
    }
    done = lg_preload_text_insert(without, library, &with);
    free((char *)without.at);
    if (!done) {
        lg_say_error("%s", strerror(ENOMEM));
        return LG_EXIT_USAGE;
    }
    done = lg_preload_file_replace(file, with);
    free((char *)with.at);
    if (done)
        lg_say("%s: %s is enabled%s", file->path, library, count ? ", in place of what was listed" : "");
    return done ? LG_EXIT_OK : LG_EXIT_USAGE;
}

static int take_out(struct lg_preload_file *file)
{
    struct lg_text without;
    bool done;

    if (lg_preload_text_count(file->text, NULL) == 0) {
        lg_say("%s: not enabled", file->path);
        return LG_EXIT_OK;
    }
    if (!lg_preload_text_remove(file->text, &without)) {
        lg_say_error("%s", strerror(ENOMEM));
        return LG_EXIT_USAGE;
    }
    done = lg_preload_file_replace(file, without);
    free((char *)without.at);
    if (done)
        lg_say("%s: disabled; programs that run already keep the library", file->path);
    return done ? LG_EXIT_OK : LG_EXIT_USAGE;
}

static int tell(const struct lg_preload_file *file, const char *root)
{
    char library[4096], problem[1024];
    struct lg_text first = {NULL, 0};
    unsigned count = lg_preload_text_count(file->text, &first);

    if (count == 0) {
        lg_say("%s: not enabled", file->path);
        return LG_EXIT_NO;
    }
    snprintf(library, sizeof(library), "%.*s", (int)first.length_bytes, first.at);
    if (!library_starts_programs(root, library, problem, sizeof(problem))) {
        lg_say_error("%s: %s is listed but does not load: %s", file->path, library, problem);
        return LG_EXIT_USAGE;
    }
    lg_say("%s: %s is enabled%s", file->path, library, root[0] ? "" : " and loads");
    if (!root[0])
        warn_of_others(library);
    if (count > 1)
        lg_say_warning("%s lists the library %u times; 'lingerguard enable' makes it one", file->path, count);
    warn_of_musl(root);
    return LG_EXIT_OK;
}

int lg_cmd_enable(int argc, char **argv)
{
    struct lg_preload_file file;
    struct options options;
    int status = read_options(argc, argv, longs, &options);
    char *library;

    if (status != 0)
        return status;
    if (options.help) {
        fputs(enable_help, stdout);
        return LG_EXIT_OK;
    }
    library = choose_library(&options);
    if (!library)
        return LG_EXIT_USAGE;
    status = LG_EXIT_USAGE;
    if (library_is_usable(options.root, library) && policy_is_usable(options.root) &&
        (options.root[0] || (settings_are_usable(library) && programs_start(library)))) {
        if (lg_preload_file_open(&file, options.root, true))
            status = put_in(&file, library);
        lg_preload_file_close(&file);
    }
    if (status == LG_EXIT_OK)
        warn_of_musl(options.root);
    free(library);
    return status;
}

int lg_cmd_disable(int argc, char **argv)
{
    struct lg_preload_file file;
    struct options options;
    int status = read_options(argc, argv, longs + 1, &options);

    if (status != 0)
        return status;
    if (options.help) {
        fputs(disable_help, stdout);
        return LG_EXIT_OK;
    }
    status = lg_preload_file_open(&file, options.root, true) ? take_out(&file) : LG_EXIT_USAGE;
    lg_preload_file_close(&file);
    return status;
}

int lg_preload_status(char *directory)
{
    const char *root = directory ? lg_root_trim(directory) : "";
    struct lg_preload_file file;
    int status = lg_preload_file_open(&file, root, false) ? tell(&file, root) : LG_EXIT_USAGE;

    lg_preload_file_close(&file);
    return lg_off_tell(root) ? status : LG_EXIT_USAGE;
}
