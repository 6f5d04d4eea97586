/* SPDX-License-Identifier: MIT */
#include "shim/socket/mute.h"

#include <linux/filter.h>
#include <stddef.h>
#include <sys/socket.h>

#include "shim/base/sys.h"

#define DATA_OFFSET 12 /* byte of the TCP header whose upper half counts its words (RFC 9293 section 3.1) */
#define FLAGS       13
#define FIN         0x01
#define PASS_WHOLE  0x40000
#define DROP        0

/*
 * A segment is cut to its header, which is what it returns the length of; a FIN that comes with data
 * is dropped, since it would otherwise arrive before the data that it follows.
 */
static struct sock_filter instructions[] = {
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, DATA_OFFSET), /* A = 16 * words of the header */
    BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 4),          /**/
    BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 2),          /* A = its bytes */
    BPF_STMT(BPF_MISC | BPF_TAX, 0),                 /**/
    BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),           /* A = bytes of the segment */
    BPF_JUMP(BPF_JMP | BPF_JGT | BPF_X, 0, 1, 0),    /* payload? */
    BPF_STMT(BPF_RET | BPF_K, PASS_WHOLE),           /**/
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, FLAGS),       /**/
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, FIN, 0, 1), /**/
    BPF_STMT(BPF_RET | BPF_K, DROP),                 /**/
    BPF_STMT(BPF_MISC | BPF_TXA, 0),                 /**/
    BPF_STMT(BPF_RET | BPF_A, 0),                    /**/
};

static bool has_filter(int fd)
{
    uint32_t instructions_there = 0;

    /* With no room the answer is their number; a filter that is not classic cannot be read, which is an error. */
    return lg_sys_getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, NULL, &instructions_there) < 0 || instructions_there > 0;
}

bool lg_mute(int fd)
{
    struct sock_fprog program = {sizeof instructions / sizeof instructions[0], instructions};

    return !has_filter(fd) && lg_sys_setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0;
}
