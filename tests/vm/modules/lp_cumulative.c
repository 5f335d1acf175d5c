// SPDX-License-Identifier: GPL-2.0
/* Cumulative: enabling it disables every other patch. */
#include "lp.h"

LP_PROC_SHOW(lp_cumulative_show)
LP_OBJECT(NULL, "cmdline_proc_show", lp_cumulative_show);
LP_PATCH(.replace = true);
LP_EXIT();
LP_MARK();
