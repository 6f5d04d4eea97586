/* SPDX-License-Identifier: MIT */
/* What it costs to preload anything at all. */
extern int bench_empty;
int bench_empty;
