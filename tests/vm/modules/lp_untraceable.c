// SPDX-License-Identifier: GPL-2.0
/* Patches a function that ftrace cannot hook: EINVAL. */
#include "lp.h"

LP_PROC_SHOW(lp_untraceable_show)
LP_OBJECT(NULL, "memcpy", lp_untraceable_show);
LP_COMPLETE();
