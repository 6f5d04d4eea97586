/* SPDX-License-Identifier: MIT */
/* The variables that the library reads, as the command finds them in its own environment. */
#ifndef LG_COMMAND_ENVIRONMENT_H
#define LG_COMMAND_ENVIRONMENT_H

/* Warns about a library that is switched off, and about variables with the prefix that are none. */
void lg_environment_warn(void);

#endif
