// SPDX-License-Identifier: GPL-2.0
/* No exit function: it can be disabled, but its module stays loaded until the next boot. */
#include "lp.h"

LP_PROC_SHOW(lp_noexit_show)
LP_OBJECT(NULL, "uptime_proc_show", lp_noexit_show);
LP_PATCH();
LP_MARK();
