/* SPDX-License-Identifier: MIT */
/* The end of the process by exit(3): what is still open, and what is still to be told. */
#include "shim/record/record.h"
#include "shim/release/closing.h"

__attribute__((destructor)) static void at_exit(void)
{
    lg_closing_exit();
    lg_record_dropped();
}
