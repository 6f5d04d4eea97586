/* SPDX-License-Identifier: MIT */
/*
 * Where variables stand, so that a process has few pages of its own: what every process writes to stands side by side
 * (the linker sorts these by name), and what most never touch is apart.
 */
#ifndef LG_LARGE_H
#define LG_LARGE_H

#define LG_BEGINNING __attribute__((section(".bss.beginning"))) /* large, and only its beginning is used by most */
#define LG_LARGE     __attribute__((section(".bss.large")))

#endif
