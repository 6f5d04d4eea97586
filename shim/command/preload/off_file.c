/* SPDX-License-Identifier: MIT */
/* lingerguard off and on: every process stands aside, or takes it back, by /etc/lingerguard/off. */
#include "shim/command/preload/off_file.h"
#include "shim/command/common/command.h"
#include "shim/command/common/output.h"
#include "shim/command/preload/in_root.h"
#include "shim/command/preload/load_test.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define WORDS_BYTES 256u /* of what is in the file, for messages */

static const char off_help[] =
    "Usage: lingerguard off [--root DIR]\n"
    "Makes every process that has the library stand aside, within a second of its next close or request\n"
    "that the library would look at, by writing " LG_OFF_PATH ".\n\n"
    "      --root DIR  write DIR" LG_OFF_PATH "\n"
    "  -h, --help      show this text\n\n"
    "A process that sees another root, such as a container's, has another file.\n"
    "Exit status: 0 when it is off now, 2 when that failed.\n";

static const char on_help[] = "Usage: lingerguard on [--root DIR]\n"
                              "Takes back 'lingerguard off': removes " LG_OFF_PATH ".\n\n"
                              "      --root DIR  remove DIR" LG_OFF_PATH "\n"
                              "  -h, --help      show this text\n\n"
                              "Exit status: 0 when it is not off any more, 2 when that failed.\n";

static const struct option longs[] = {
    {"root", required_argument, NULL, 'r'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* -1 to go on with *root, or the exit status. */
static int read_options(int argc, char **argv, const char *help, const char **root)
{
    int option;

    *root = "";
    while ((option = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return LG_EXIT_OK;
        }
        if (option != 'r')
            return lg_option_error(argv[0], option, argv, longs);
        if (optarg[0] == 0)
            return lg_usage_error(argv[0], "--root: empty path");
        *root = lg_root_trim(optarg);
    }
    if (optind < argc)
        return lg_usage_error(argv[0], "unexpected argument '%s'", argv[optind]);
    return -1;
}

static bool fail(const char *root, int error)
{
    lg_say_error("%s" LG_OFF_PATH ": %s", root, strerror(error));
    return false;
}

/* Makes the directory where only it is missing, in an etc/ that is in the root. */
static bool make_directory(const char *root)
{
    char problem[1024], *path = NULL, *etc = lg_in_root(root, "/etc", NULL, problem, sizeof(problem));
    int error = 0;

    if (!etc) {
        lg_say_error("%s", problem);
        return false;
    }
    if (asprintf(&path, "%s" LG_ETC, root) < 0) {
        path = NULL;
        error = ENOMEM;
    } else if (mkdir(path, 0755) == 0 ? chmod(path, 0755) != 0 : errno != EEXIST) {
        error = errno; /* whatever the umask is, every process is to see it */
    }
    free(path);
    free(etc);
    return error ? fail(root, error) : true;
}

/*
 * The directory, which nobody but root and the caller can write to: no name in it leads elsewhere. -1 after a message,
 * -2 where there is none.
 */
static int open_directory(const char *root)
{
    char problem[1024], *real = lg_in_root(root, LG_ETC, NULL, problem, sizeof(problem));
    int fd;

    if (!real && errno == ENOENT)
        return -2;
    if (!real || !lg_path_is_protected(root, LG_ETC, problem, sizeof(problem))) {
        lg_say_error("%s", problem);
        free(real);
        return -1;
    }
    fd = open(real, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        fail(root, errno);
    free(real);
    return fd < 0 ? -1 : fd;
}

/* " (its first line)", or "" where it cannot be read: it is off all the same. */
static void read_words(int directory, char words[WORDS_BYTES])
{
    int fd = openat(directory, LG_OFF_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat status;
    ssize_t got = 0;

    if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
        got = read(fd, words + 2, WORDS_BYTES - 4);
    if (fd >= 0)
        close(fd);
    words[got > 0 ? 2 + got : 2] = 0;
    words[2 + strcspn(words + 2, "\n")] = 0;
    if (words[2]) {
        memcpy(words, " (", 2);
        strcat(words, ")");
    } else {
        words[0] = 0;
    }
}

/* Who: the user, and who logged in where that was another (sudo). */
static int describe(char *text, size_t size_bytes)
{
    time_t now = time(NULL);
    struct tm utc;
    char when[32] = "", login[32] = "";
    int fd = open("/proc/self/loginuid", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? 0 : read(fd, login, sizeof(login) - 1);
    unsigned long user = got > 0 ? strtoul(login, NULL, 10) : UINT32_MAX;

    if (fd >= 0)
        close(fd);
    if (gmtime_r(&now, &utc))
        strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &utc);
    snprintf(login, sizeof(login), ", login user %lu", user);
    return snprintf(text, size_bytes, "%s by user %u%s\n", when, (unsigned)getuid(),
                    user == UINT32_MAX || user == getuid() ? "" : login);
}

/* That the name is there counts: a disk that is full keeps nobody from switching off. */
static void fill(const char *root, int fd)
{
    char text[WORDS_BYTES];
    int length = describe(text, sizeof(text));

    errno = 0;
    if (fchmod(fd, 0644) != 0 || write(fd, text, (size_t)length) != length || fsync(fd) != 0)
        lg_say_warning("%s" LG_OFF_PATH " is there, but not who wrote it: %s", root,
                       errno ? strerror(errno) : "no room");
}

static void warn_of_others(const char *root, int directory)
{
    struct stat status;

    if (fstat(directory, &status) == 0 && !(status.st_mode & S_IXOTH))
        lg_say_warning("programs of other users do not see it: they may not look into %s" LG_ETC, root);
}

static bool there_already(const char *root, int directory)
{
    char words[WORDS_BYTES];
    struct stat status;

    if (fstatat(directory, LG_OFF_NAME, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode)) {
        lg_say_error("%s" LG_OFF_PATH ": is a symbolic link; remove it", root);
        return false;
    }
    read_words(directory, words);
    lg_say("%s" LG_OFF_PATH ": off already%s", root, words);
    return true;
}

/* Created in one step or not at all, and never through a link. */
static bool put(const char *root, int directory)
{
    int fd = openat(directory, LG_OFF_NAME, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);

    if (fd < 0 && errno == EEXIST)
        return there_already(root, directory);
    if (fd < 0)
        return fail(root, errno);
    fill(root, fd);
    close(fd);
    (void)fsync(directory); /* not every file system can */
    lg_say("%s" LG_OFF_PATH ": off; 'lingerguard on' takes it back", root);
    warn_of_others(root, directory);
    return true;
}

static bool take(const char *root, int directory)
{
    char words[WORDS_BYTES];

    read_words(directory, words);
    if (unlinkat(directory, LG_OFF_NAME, 0) != 0) {
        if (errno != ENOENT)
            return fail(root, errno);
        lg_say("%s" LG_OFF_PATH ": not off", root);
        return true;
    }
    (void)fsync(directory);
    lg_say("%s" LG_OFF_PATH ": on again%s", root, words);
    return true;
}

bool lg_off_tell(const char *root)
{
    int directory = open_directory(root);
    char words[WORDS_BYTES];
    struct stat status;

    if (directory < 0)
        return directory == -2;
    if (fstatat(directory, LG_OFF_NAME, &status, AT_SYMLINK_NOFOLLOW) == 0) {
        read_words(directory, words);
        lg_say("%s" LG_OFF_PATH ": off%s; 'lingerguard on' takes it back", root, words);
    }
    close(directory);
    return true;
}

int lg_cmd_off(int argc, char **argv)
{
    const char *root;
    int status = read_options(argc, argv, off_help, &root), directory;
    bool done;

    if (status >= 0)
        return status;
    directory = make_directory(root) ? open_directory(root) : -1;
    if (directory == -2)
        fail(root, ENOENT); /* taken away again meanwhile */
    done = directory >= 0 && put(root, directory);
    if (directory >= 0)
        close(directory);
    return done ? LG_EXIT_OK : LG_EXIT_USAGE;
}

int lg_cmd_on(int argc, char **argv)
{
    const char *root;
    int status = read_options(argc, argv, on_help, &root), directory;
    bool done;

    if (status >= 0)
        return status;
    directory = open_directory(root);
    if (directory == -2)
        lg_say("%s" LG_OFF_PATH ": not off", root);
    done = directory == -2 || (directory >= 0 && take(root, directory));
    if (directory >= 0)
        close(directory);
    return done ? LG_EXIT_OK : LG_EXIT_USAGE;
}
