// SPDX-License-Identifier: GPL-2.0
/* A newer cumulative patch than lp_cumulative_2, whose function warns whenever it is called. */
#include "lp.h"

static int lp_cumulative_3_show(struct seq_file *m, void *v)
{
	seq_printf(m, "patched by %s\n", THIS_MODULE->name);
	WARN(1, "lp_cumulative_3 was told to");
	return 0;
}

LP_OBJECT(NULL, "version_proc_show", lp_cumulative_3_show);
LP_PATCH(.replace = true);
LP_EXIT();
LP_MARK();
