// SPDX-License-Identifier: GPL-2.0
/* Brings the machine down while it is loaded. */
#include "lp.h"

static int lp_bring_down(struct klp_object *obj)
{
	panic("lp_panic_load was told to");
	return 0;
}

LP_PROC_SHOW(lp_panic_load_show)
LP_OBJECT(NULL, "meminfo_proc_show", lp_panic_load_show, .callbacks.pre_patch = lp_bring_down);
LP_COMPLETE();
