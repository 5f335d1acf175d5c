// SPDX-License-Identifier: GPL-2.0
/* Knows the state 42 in its version 1 only: EINVAL while lp_state_1 is loaded. */
#include "lp.h"

static struct klp_state lp_states[] = { { .id = 42, .version = 1 }, {} };

LP_PROC_SHOW(lp_state_2_show)
LP_OBJECT(NULL, "meminfo_proc_show", lp_state_2_show);
LP_PATCH(.states = lp_states);
LP_EXIT();
LP_MARK();
