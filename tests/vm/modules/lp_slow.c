// SPDX-License-Identifier: GPL-2.0
/* Its callback takes 4 seconds, during which the kernel holds its livepatch lock. */
#include <linux/delay.h>

#include "lp.h"

static int lp_take_time(struct klp_object *obj)
{
	msleep(4000);
	return 0;
}

LP_PROC_SHOW(lp_slow_show)
LP_OBJECT(NULL, "uptime_proc_show", lp_slow_show, .callbacks.pre_patch = lp_take_time);
LP_COMPLETE();
