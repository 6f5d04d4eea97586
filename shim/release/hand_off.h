/* SPDX-License-Identifier: MIT */
/*
 * Handing a connection over to the drainer, a process that closes gracefully for others: it reads until
 * the peer is done, and so neither waits here nor answers by RST (shim/base/hand_off.h is the message).
 *
 * Only for a proven sole holder, whose socket never had a second descriptor, and only while every epoll
 * instance that may know the socket is known: it is taken out of each before it goes, since a
 * registration lives as long as somebody holds the file. FIN goes out here, so that a drainer that is
 * lost costs no more than a close without one.
 *
 * The link to the drainer is one descriptor of ours, close-on-exec, guarded by the interposed calls and
 * held against its identity before each use. It is made at load, so that it survives a change of root
 * and dropped privileges, and anew, once a second at most, where it is lost.
 *
 * Async-signal-safe, thread-safe, fork-safe; errno untouched. Nothing waits.
 */
#ifndef LG_RELEASE_HAND_OFF_H
#define LG_RELEASE_HAND_OFF_H

#include <stdbool.h>
#include <sys/un.h>

#include "shim/record/event.h"

/*
 * The drainer's socket, {NULL, 0}: none. The address is put into `to`, which is all zero and must stay where it is. One
 * at a time: for the constructor, and for who has the process's turn (shim/base/copied.h).
 */
void lg_hand_off_start(struct lg_text path, struct sockaddr_un *to);

/* False before start, and without a drainer. */
bool lg_hand_off_is_on(void);

/*
 * Hands event->socket over. False, and then the socket is still to be closed as it would be without a
 * drainer: its FIN may be out, and it may have left its epoll instances. After LG_FACT_READY.
 */
bool lg_hand_off(const struct lg_event *event);

/* The descriptor of the link, -1 when there is none or the number was taken from us; whether `fd` is that. */
int lg_hand_off_fd(void);
bool lg_hand_off_owns(int fd);

/* The program is about to put something else under its number: it takes another one. */
void lg_hand_off_move(void);

#endif
