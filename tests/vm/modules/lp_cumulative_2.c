// SPDX-License-Identifier: GPL-2.0
/* A newer cumulative patch than lp_cumulative, or another vendor's. */
#include "lp.h"

LP_PROC_SHOW(lp_cumulative_2_show)
LP_OBJECT(NULL, "cmdline_proc_show", lp_cumulative_2_show);
LP_PATCH(.replace = true);
LP_EXIT();
LP_MARK();
