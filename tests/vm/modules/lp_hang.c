// SPDX-License-Identifier: GPL-2.0
/* Hangs while it is loaded, with one processor and the lock of all livepatches. */
#include <linux/processor.h>

#include "lp.h"

static int lp_spin(struct klp_object *obj)
{
	for (;;)
		cpu_relax();
	return 0;
}

LP_PROC_SHOW(lp_hang_show)
LP_OBJECT(NULL, "version_proc_show", lp_hang_show, .callbacks.pre_patch = lp_spin);
LP_COMPLETE();
