// SPDX-License-Identifier: GPL-2.0
/* Its own callback refuses: the kernel gives up the load with the callback's error. */
#include "lp.h"

static int lp_refuse(struct klp_object *obj)
{
	return -EIO;
}

LP_PROC_SHOW(lp_prefail_show)
LP_OBJECT(NULL, "cmdline_proc_show", lp_prefail_show, .callbacks.pre_patch = lp_refuse);
LP_COMPLETE();
