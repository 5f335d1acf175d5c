// SPDX-License-Identifier: GPL-2.0
/* Not marked as a livepatch: EINVAL. */
#include "lp.h"

LP_PROC_SHOW(lp_unmarked_show)
LP_OBJECT(NULL, "cmdline_proc_show", lp_unmarked_show);
LP_PATCH();
LP_EXIT();
