// SPDX-License-Identifier: GPL-2.0
/* A second patch, independent of lp_cmdline: both can be enabled at once. */
#include "lp.h"

LP_PROC_SHOW(lp_meminfo_show)
LP_OBJECT(NULL, "meminfo_proc_show", lp_meminfo_show);
LP_COMPLETE();
