/* SPDX-License-Identifier: MIT */
#include "shim/release/hand_off.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "policy/print.h"
#include "policy/words.h"
#include "shim/base/gate.h"
#include "shim/base/hand_off.h"
#include "shim/base/line.h"
#include "shim/base/sys.h"
#include "shim/holder/epolls.h"
#include "shim/holder/holder.h"
#include "shim/release/in_force.h"
#include "shim/socket/drain.h"

#define AGAIN_MS 1000 /* between two tries to reach the drainer */

/*
 * The link is one word, so that whoever reads it has the number and what it stands for at the same moment: the number
 * plus 1, whether the drainer has ended it, and the inode of the socket in the upper half (sockfs counts in 32 bits).
 * Once there, it keeps its number, and a new one takes the place of an ended one there: a number that another thread
 * is about to send to is at no time the program's.
 */
#define LINK_NUMBER ((uint64_t)0x7fffffff)
#define LINK_ENDED  ((uint64_t)1 << 31)

static struct {
    const struct sockaddr_un *to; /* NULL: none */
    struct lg_file_id root;       /* at load: under another root the path means something else */
    uint64_t link;                /* 0: none */
    uint64_t tried_ms;
} drainer;

static uint64_t link_now(void)
{
    return __atomic_load_n(&drainer.link, __ATOMIC_ACQUIRE);
}

static int number_of(uint64_t link)
{
    return (int)(link & LINK_NUMBER) - 1;
}

/* What the socket `fd` would be as a link; 0 for what is no socket. */
static uint64_t link_of(int fd)
{
    struct lg_file_id id;

    if (lg_sys_fstat(fd, &id) < 0 || (id.mode & S_IFMT) != S_IFSOCK)
        return 0;
    return (uint64_t)(uint32_t)id.inode << 32 | (uint64_t)(fd + 1);
}

static void set_link(uint64_t link)
{
    __atomic_store_n(&drainer.link, link, __ATOMIC_RELEASE);
    lg_gate_own(LG_OWN_LINK, number_of(link));
}

/* Only what was read: another thread may have made it anew. */
static void change_link(uint64_t from, uint64_t to)
{
    if (__atomic_compare_exchange_n(&drainer.link, &from, to, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        lg_gate_own(LG_OWN_LINK, number_of(to));
}

/* True for the one that may try now. */
static bool is_time(void)
{
    uint64_t now_ms = lg_sys_now_ms();
    uint64_t tried_ms = __atomic_load_n(&drainer.tried_ms, __ATOMIC_RELAXED);

    return (tried_ms == 0 || now_ms >= tried_ms + AGAIN_MS) &&
           __atomic_compare_exchange_n(&drainer.tried_ms, &tried_ms, now_ms | 1, false, __ATOMIC_RELAXED,
                                       __ATOMIC_RELAXED);
}

/* A descriptor or a negative errno. */
static int connect_anew(void)
{
    const struct sockaddr_un *to = __atomic_load_n(&drainer.to, __ATOMIC_ACQUIRE);
    int fd = (int)lg_syscall3(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int result;

    if (fd < 0)
        return fd;
    result = (int)lg_syscall3(SYS_connect, fd, (long)to, sizeof *to);
    if (result == 0)
        return fd;
    lg_sys_close(fd);
    return result;
}

/* A drainer that was started anew listens under the same path. True when there is a new link. */
static bool connect_link(void)
{
    int old, fd, number;

    if (!is_time() || !lg_sys_names("/", &drainer.root))
        return false;
    fd = connect_anew();
    if (fd < 0)
        return false;
    old = lg_hand_off_fd();
    if (old < 0) {
        number = lg_sys_raise(fd);
    } else {
        number = (int)lg_syscall3(SYS_dup3, fd, old, O_CLOEXEC);
        lg_sys_close(fd);
    }
    if (number < 0)
        return false;
    set_link(link_of(number));
    return true;
}

/* One that still means the same file when the program has changed its directory. */
static bool keep_path(struct lg_text path, struct sockaddr_un *to)
{
    char *out = to->sun_path;
    size_t used = 0;

    if (path.length_bytes == 0)
        return false;
    if (path.at[0] != '/') {
        long got = lg_syscall3(SYS_getcwd, (long)out, sizeof to->sun_path, 0);

        if (got <= 0 || out[0] != '/')
            return false;
        used = (size_t)got; /* counts the NUL, which becomes the slash */
        out[used - 1] = '/';
    }
    if (path.length_bytes >= sizeof to->sun_path - used)
        return false;
    memcpy(out + used, path.at, path.length_bytes);
    out[used + path.length_bytes] = '\0';
    return true;
}

/* The link to the one from before is as one that it has ended. */
static void forget_link(void)
{
    uint64_t link = link_now();

    if (link != 0)
        change_link(link, link | LINK_ENDED);
    __atomic_store_n(&drainer.tried_ms, 0, __ATOMIC_RELAXED);
}

void lg_hand_off_start(struct lg_text path, struct sockaddr_un *to)
{
    const struct sockaddr_un *before = drainer.to;

    if (path.length_bytes == 0) {
        __atomic_store_n(&drainer.to, NULL, __ATOMIC_RELEASE);
        return;
    }
    if (!keep_path(path, to) || lg_sys_stat("/", &drainer.root) < 0)
        return;
    to->sun_family = AF_UNIX;
    if (!before)
        lg_epolls_follow();
    __atomic_store_n(&drainer.to, to, __ATOMIC_RELEASE);
    if (before && memcmp(before, to, sizeof *to) == 0)
        return;
    forget_link();
    connect_link();
}

bool lg_hand_off_is_on(void)
{
    return __atomic_load_n(&drainer.to, __ATOMIC_ACQUIRE) != NULL;
}

int lg_hand_off_fd(void)
{
    uint64_t link = link_now();

    if (link == 0 || lg_gate_is_sandboxed())
        return -1;
    if (link_of(number_of(link)) == (link & ~LINK_ENDED))
        return number_of(link);
    change_link(link, 0); /* closed in a way that we do not see: the number may be the program's by now */
    return -1;
}

bool lg_hand_off_owns(int fd)
{
    return fd >= 0 && fd == number_of(link_now()) && fd == lg_hand_off_fd();
}

void lg_hand_off_move(void)
{
    uint64_t link = link_now();
    int fd = lg_hand_off_fd();
    int moved;

    if (fd < 0)
        return;
    moved = lg_sys_fcntl(fd, F_DUPFD_CLOEXEC, fd + 1);
    change_link(link, moved < 0 ? 0 : (link & ~LINK_NUMBER) | (uint64_t)(moved + 1));
}

static void put_rule(const struct lg_event *event, struct lg_hand_off *message)
{
    char text[256];
    struct lg_line rule;

    lg_line_init(&rule, text, sizeof text);
    lg_decision_source_print(event->policy, &event->decision, lg_line_put, &rule);
    lg_hand_off_text(message->rule, sizeof message->rule, text, rule.used_bytes);
}

static void put_word(char *field, size_t field_bytes, const char *word)
{
    lg_hand_off_text(field, field_bytes, word, strlen(word));
}

/* Asked for already in all but a socket from before cookies were wanted. */
static uint64_t cookie_of(const struct lg_socket *socket)
{
    uint64_t noted = lg_holder_cookie(socket->fd);

    return noted != 0 ? noted : lg_facts_cookie(socket->fd);
}

static void describe(const struct lg_event *event, int pid, int flags, struct lg_hand_off *message)
{
    const struct lg_socket *socket = &event->socket;
    struct lg_text exe = event->in_force->process.exe;
    bool may_have_reader = !(flags & O_NONBLOCK) && !lg_sys_is_single_threaded();

    *message = (struct lg_hand_off){
        .magic = LG_HAND_OFF_MAGIC,
        .version = LG_HAND_OFF_VERSION,
        .size_bytes = sizeof *message,
        .flags = (may_have_reader ? LG_HAND_OFF_OTHER_READER : 0u) | (event->decision.quiet ? LG_HAND_OFF_QUIET : 0u),
        .limit_ms = event->decision.verdict.duration_ms,
        .idle_ms = event->decision.verdict.idle_ms,
        .pid = pid,
        .tid = lg_sys_is_single_threaded() ? pid : lg_sys_tid(),
        .policy = lg_policy_digest(event->policy),
        .cookie = cookie_of(socket),
        .unsent_bytes = lg_facts_knows(socket, LG_FACT_UNSENT) ? socket->unsent_bytes : -1,
    };
    put_word(message->call, sizeof message->call, lg_call_name(event->call));
    put_word(message->cause, sizeof message->cause, lg_cause_name(event->cause));
    put_rule(event, message);
    lg_hand_off_text(message->exe, sizeof message->exe, exe.at, exe.length_bytes);
}

static long send_descriptor(int link_fd, int fd, struct lg_hand_off *message)
{
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof fd)];
    } control;
    struct iovec part = {message, sizeof *message};
    struct msghdr whole = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *rights = &control.head;

    memset(&control, 0, sizeof control);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(rights), &fd, sizeof fd);
    return lg_syscall3(SYS_sendmsg, link_fd, (long)&whole, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static bool is_end(long result)
{
    return result == -EPIPE || result == -ENOTCONN || result == -ECONNRESET || result == -ECONNREFUSED;
}

static long send_over_link(int fd, struct lg_hand_off *message)
{
    uint64_t link = link_now();
    int link_fd = lg_hand_off_fd();
    long sent = link_fd < 0 ? -ENOTCONN : send_descriptor(link_fd, fd, message);

    if (is_end(sent) && link_fd >= 0)
        change_link(link, link | LINK_ENDED);
    return sent;
}

static bool send_or_reconnect(int fd, struct lg_hand_off *message)
{
    long sent = send_over_link(fd, message);

    if (is_end(sent) && connect_link())
        sent = send_over_link(fd, message);
    return sent > 0;
}

/* Without a look at it: that comes right before the sending. */
static bool has_link(void)
{
    uint64_t link = link_now();

    return (link != 0 && !(link & LINK_ENDED)) || connect_link();
}

/* A blocked writer would get EPIPE by our FIN: on a blocking descriptor there must be room to write. */
static bool may_half_close(const struct lg_socket *socket, int flags)
{
    return flags & O_NONBLOCK || socket->ready & POLLOUT || lg_sys_is_single_threaded();
}

bool lg_hand_off(const struct lg_event *event)
{
    int fd = event->socket.fd;
    int pid, flags;
    struct lg_hand_off message;

    if (!lg_hand_off_is_on() || lg_holder_was_duplicated(fd) || !has_link())
        return false;
    pid = lg_sys_pid();
    if (!lg_epolls_are_known(pid))
        return false;
    flags = lg_facts_flags(fd);
    if (flags & O_ASYNC || !may_half_close(&event->socket, flags))
        return false;
    describe(event, pid, flags, &message);
    lg_epolls_remove(fd);
    lg_drain_half_close(fd);
    return send_or_reconnect(fd, &message);
}
