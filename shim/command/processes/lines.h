/* SPDX-License-Identifier: MIT */
/* The texts that proc(5) and cgroups(7) have of a process. Pure: bytes in memory, which may be anybody's. */
#ifndef LG_PROCESS_LINES_H
#define LG_PROCESS_LINES_H

#include "policy/policy.h"

/* The next line of *rest, without its end; *rest is moved behind it. False at the end. */
bool lg_line_next(struct lg_text *rest, struct lg_text *line);

/* A line of /proc/PID/maps. */
struct lg_mapping {
    uint64_t start;
    uint64_t end;
    bool readable;
    bool writable;
    bool executable;
    bool deleted;        /* the name of its file is gone, or another file has it */
    struct lg_text path; /* without " (deleted)"; into the line, empty without a file */
};

/* False for what is no such line. */
bool lg_mapping_parse(struct lg_text line, struct lg_mapping *mapping);

/* A path of the kernel without the " (deleted)" that it puts behind one whose file is gone. */
struct lg_text lg_path_without_deleted(struct lg_text path, bool *deleted);

/*
 * Of /proc/PID/cgroup: the last part of the unified path (else of systemd's own) that is a unit of systemd or
 * the id of a container (12 hexadecimal digits or more). {NULL, 0} where there is none.
 */
struct lg_text lg_cgroup_unit(struct lg_text text);

/* The value of a variable in /proc/PID/environ, where NULs end them; {NULL, 0} without it. */
struct lg_text lg_environ_value(struct lg_text text, const char *name);

/* Of /proc/PID/stat: when it started, in ticks after the boot. False for what is no such text. */
bool lg_stat_start(struct lg_text text, uint64_t *ticks);

/* Of /proc/PID/status: a line such as "Uid:", up to `room` numbers of it, and how many there were. */
unsigned lg_status_numbers(struct lg_text text, const char *name, uint32_t *numbers, unsigned room);

/* An entry of /proc/PID/auxv of a process of `bits`, 32 or 64. False without it. */
bool lg_auxv_value(struct lg_text bytes, unsigned bits, uint64_t type, uint64_t *value);

#endif
