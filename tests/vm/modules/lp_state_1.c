// SPDX-License-Identifier: GPL-2.0
/* Has changed the kernel's state 42, in its version 2. */
#include "lp.h"

static struct klp_state lp_states[] = { { .id = 42, .version = 2 }, {} };

LP_PROC_SHOW(lp_state_1_show)
LP_OBJECT(NULL, "cmdline_proc_show", lp_state_1_show);
LP_PATCH(.states = lp_states);
LP_EXIT();
LP_MARK();
