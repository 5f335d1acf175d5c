// SPDX-License-Identifier: GPL-2.0
/* The plain case: /proc/cmdline says who patched it. */
#include "lp.h"

LP_PROC_SHOW(lp_cmdline_show)
LP_OBJECT(NULL, "cmdline_proc_show", lp_cmdline_show);
LP_COMPLETE();
