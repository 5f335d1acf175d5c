// SPDX-License-Identifier: GPL-2.0
/* lp_panic, which replaces all that is there. */
#define LP_PANIC_REPLACES
#include "lp_panic.c"
