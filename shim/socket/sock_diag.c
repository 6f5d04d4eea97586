/* SPDX-License-Identifier: MIT */
#include "shim/socket/sock_diag.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "shim/base/sys.h"

#define ANSWER_BYTES 512

struct question {
    struct nlmsghdr header;
    struct inet_diag_req_v2 request;
};

static void put_address(uint32_t *to, const struct lg_address *from)
{
    memcpy(to, from->bytes, from->family == 4 ? 4 : 16);
}

static void ask(const struct lg_socket *about, struct question *question)
{
    memset(question, 0, sizeof *question);
    question->header.nlmsg_len = sizeof *question;
    question->header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    question->header.nlmsg_flags = NLM_F_REQUEST;
    question->request.sdiag_family = about->local.family == 4 ? AF_INET : AF_INET6;
    question->request.sdiag_protocol = IPPROTO_TCP;
    question->request.idiag_states = ~0u;
    question->request.id.idiag_sport = htons(about->local.port);
    question->request.id.idiag_dport = htons(about->peer.port);
    put_address(question->request.id.idiag_src, &about->local);
    put_address(question->request.id.idiag_dst, &about->peer);
    question->request.id.idiag_if = (uint32_t)about->interface; /* a bound socket is found only by its device */
    question->request.id.idiag_cookie[0] = (uint32_t)about->cookie;
    question->request.id.idiag_cookie[1] = (uint32_t)(about->cookie >> 32);
}

/* One question, one answer; the kernel answers within the send. */
static long converse(const struct question *question, void *answer, size_t size)
{
    int fd = (int)lg_syscall3(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    long result;

    if (fd < 0)
        return fd;
    result = lg_syscall6(SYS_sendto, fd, (long)question, sizeof *question, MSG_DONTWAIT, (long)&kernel, sizeof kernel);
    if (result > 0)
        result = lg_syscall6(SYS_recvfrom, fd, (long)answer, (long)size, MSG_DONTWAIT, 0, 0);
    lg_sys_close(fd);
    return result;
}

bool lg_sock_diag_find(const struct lg_socket *socket, struct lg_orphan *orphan)
{
    char answer[ANSWER_BYTES] __attribute__((aligned(8)));
    struct question question;
    struct nlmsghdr header;
    struct inet_diag_msg found;

    if (!lg_facts_knows(socket, LG_FACTS_OF_ADDRESS))
        return false;
    ask(socket, &question);
    if (converse(&question, answer, sizeof answer) < (long)(NLMSG_HDRLEN + sizeof found))
        return false;
    memcpy(&header, answer, sizeof header);
    if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY)
        return false;
    memcpy(&found, answer + NLMSG_HDRLEN, sizeof found);
    orphan->is_held = found.idiag_inode != 0; /* sock_i_ino: an orphan has none */
    orphan->unsent_bytes = lg_facts_without_fin(found.idiag_wqueue, (enum lg_tcp_state)found.idiag_state);
    return true;
}
